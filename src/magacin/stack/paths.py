"""The data directory of a stack: what lies where, and what it remembers about itself."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from magacin.core import last_backup
from magacin.core.files import write_private
from magacin.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[3]
# A socket's path fits in 107 bytes, and supervisord binds it under a longer name before it renames it.
_LONGEST_SOCKET = 96
# supervisord's and Redis's files have no way to write these that every version reads alike.
_NOT_IN_PATHS = frozenset("%;\"'\\\n")
# To supervisord, a comment begins here; without the blank it is a character like any other.
_COMMENT = re.compile(r"\s#")


@dataclass(frozen=True)
class Identity:
    """What a data directory remembers: an id of its own, where its ports are, whether people depend on it.

    Unless something says otherwise they do: a stack that ran the demo is not production.
    """

    id: str
    port_offset: int
    production: bool = True


class DataDir:
    """Paths below one data directory. Creating one of these touches nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.secrets = self.path / "secrets"
        self.etc = self.path / "etc"
        self.run = self.path / "run"
        self.logs = self.path / "logs"
        self.imports = self.path / "imports"
        self.postgres = self.path / "postgres"
        self.redis = self.path / "redis"
        self.prometheus = self.path / "prometheus"
        self.alertmanager = self.path / "alertmanager"
        self.grafana = self.path / "grafana"
        self.identity_file = self.path / last_backup.IDENTITY
        self.demo_users = self.secrets / "demo-users.json"
        self.demo_badge = self.secrets / "demo-badge.json"
        self.notifications = self.path / "notifications.yml"
        self.pid_file = self.run / "supervisord.pid"
        self.drills = self.path / "drills"
        self.lan = self.path / "lan"
        self.production = self.path / "production"
        self.backups = self.path / "backups"
        self.backup_recipients = self.path / "backup-recipients"
        self.last_backup = self.path / last_backup.NOTE

    def log(self, name: str) -> Path:
        """Return the log file of a part."""
        return self.logs / f"{name}.log"

    def socket(self) -> Path:
        """Return supervisord's control socket: in the data directory, or where a path is shorter."""
        inside = self.run / "supervisor.sock"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET:
            return inside
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path(f"/tmp/magacin-{os.geteuid()}") / f"{name}.sock"  # noqa: S108  made private by make_private, which refuses another user's

    def check_path(self) -> None:
        """Raise StackError for a path that the servers' configuration files cannot express."""
        for path, whose, advice in (
            (self.path, "the data directory's path", "Give another one with --data-dir DIR."),
            (ROOT, "the path of this checkout", "Move it elsewhere, or give its folder another name."),
        ):
            require_expressible(path, whose, advice)

    def check_folder(self) -> None:
        """Raise StackError where there is something that is no folder, or that we may not enter."""
        try:
            next(self.path.iterdir(), None)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StackError(
                f"{self.path} cannot be a data directory ({error.strerror}).",
                "Give another one with --data-dir DIR.",
            ) from error

    def create(self) -> None:
        """Make the folders, private to this user but for the way to PostgreSQL's."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # PostgreSQL may run as another user, who must pass through but not look.
            self.path.chmod(0o711)
            for folder in (self.secrets, self.etc, self.run, self.logs, self.redis):
                make_private(folder)
            for folder in (self.prometheus, self.alertmanager, self.grafana):
                make_private(folder)
            self._make_imports()
            make_private(self.socket().parent)
        except OSError as error:
            raise StackError(
                f"cannot write to the data directory {self.path} ({error.strerror}).",
                "Give another one with --data-dir DIR.",
            ) from error

    def _make_imports(self) -> None:
        """Make the folder of the imports; one that is there keeps its owner and mode.

        It may be a share, or let another account in that puts files into `incoming`.
        """
        if not self.imports.is_dir():
            make_private(self.imports)
        for folder in (self.imports, self.imports / "incoming"):
            if folder.is_dir() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise StackError(
                    f"the stack may not write to {folder}, where files to import are put and moved on.",
                    f"Let the user with uid {os.geteuid()} read, write and enter it; it may stay another's.",
                )

    def identity(self) -> Identity | None:
        """Return what the directory remembers, or None for one that is new."""
        try:
            content = json.loads(self.identity_file.read_text(encoding="utf-8"))
            return Identity(
                id=str(content["id"]),
                port_offset=int(content["port_offset"]),
                production=bool(content.get("production", True)),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StackError(
                f"{self.identity_file} is damaged ({error}).",
                'It holds {"id": "16 hex digits", "port_offset": number}; mend it.',
            ) from error

    def remember(self, port_offset: int) -> Identity:
        """Write down the identity of a new directory; an existing one keeps its own."""
        known = self.identity()
        if known is None:
            known = Identity(id=secrets.token_hex(8), port_offset=port_offset)
            self._write_identity(known)
        return known

    def not_production(self) -> None:
        """Remember that nobody depends on this stack."""
        known = self.identity()
        if known is not None and known.production:
            self._write_identity(replace(known, production=False))

    def _write_identity(self, known: Identity) -> None:
        content = {"id": known.id, "port_offset": known.port_offset}
        if not known.production:
            content["production"] = False
        write_private(self.identity_file, json.dumps(content) + "\n")

    def resolve_offset(self, wanted: int | None) -> int:
        """Return the port offset in force; raise StackError when `wanted` is not what the directory has."""
        known = self.identity()
        if known is None:
            return wanted or 0
        if wanted is not None and wanted != known.port_offset:
            raise StackError(
                f"the stack in {self.path} has port offset {known.port_offset}, not {wanted}.",
                "Its clients know its ports, so a data directory keeps its offset for life.",
                f"Leave --port-offset out, or start a second stack: --port-offset {wanted} --data-dir DIR",
            )
        return known.port_offset

    @contextlib.contextmanager
    def lock(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the directory: two starts, or a start and a stop, one after the other.

        `waiting` is called when another process holds it.
        """
        make_private(self.run)
        with (self.run / "lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(held, fcntl.LOCK_EX)
            yield


def require_expressible(path: Path, whose: str, advice: str = "Give the file another name.") -> None:
    """Raise StackError for a path that the servers' configuration files cannot express."""
    if bad := _inexpressible(path):
        raise StackError(f"{whose} must not contain {bad}: {path}", advice)


def _inexpressible(path: Path) -> str:
    """Return what a path has in it that configuration files cannot express, as shown to people."""
    bad = [repr(character) for character in sorted(_NOT_IN_PATHS & set(str(path)))]
    if comment := _COMMENT.search(str(path)):
        bad.append(repr(comment[0]))
    return " ".join(bad)


def default_data_dir() -> Path:
    """Return MAGACIN_DATA_DIR, or `.magacin` in the checkout."""
    return Path(os.environ.get("MAGACIN_DATA_DIR") or ROOT / ".magacin")


def make_private(folder: Path) -> None:
    """Create a folder that only this user can enter, and refuse one that somebody else made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid():
        raise StackError(
            f"{folder} belongs to another user (uid {status.st_uid}).",
            "Start as that user, or use another --data-dir.",
        )
    folder.chmod(0o700)
