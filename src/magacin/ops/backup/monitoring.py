"""The part of a backup that is the monitoring's: Prometheus' history, silences, dashboards that people made.

A restore adds, and takes nothing away: what a stack has of its own is newer. docs/decisions/0124.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from magacin.core.files import sync_folder
from magacin.ops.backup import history
from magacin.ops.backup.archive import Backup, Manifest, Source, pieces_of
from magacin.stack import silences
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import make_private
from magacin.stack.render import MONITORING
from magacin.stack.silences import Silence
from magacin.stack.site import Site

HISTORY = "prometheus/"
SILENCES = "alertmanager/silences.json"
# Those in the data directory, and those of the checkout: people add theirs to either.
OWN, SHIPPED = "dashboards/", "grafana/dashboards/"
_DASHBOARD = re.compile(r"[^./][^/]*\.json")


@dataclass(frozen=True)
class OnDisk:
    """A file as long as it is now; one that grows is taken to that length."""

    name: str
    path: Path
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        with self.path.open("rb") as file:
            yield from pieces_of(file, self.size)


@dataclass(frozen=True)
class InMemory:
    """A file that is made for the backup."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        yield self.content


@dataclass(frozen=True)
class Found:
    """What there is to back up. `silences` is None where Alertmanager does not run."""

    sources: Sequence[Source]
    silences: int | None


@contextmanager
def found(site: Site, *, with_history: bool, monitoring: Path = MONITORING) -> Iterator[Found]:
    """Give what the monitoring has in this moment. Raises StackError where it cannot be read."""
    folders = ((OWN, site.data.path / "dashboards"), (SHIPPED, monitoring / "grafana" / "dashboards"))
    sources = [source for prefix, folder in folders for source in _files(prefix, folder, "*.json")]
    known = _silences(site)
    if known is not None:
        sources.append(InMemory(SILENCES, json.dumps(known, indent=2).encode() + b"\n"))
    with history.frozen(site.data.prometheus) if with_history else contextlib.nullcontext() as folder:
        if folder is not None:
            sources += _files(HISTORY, folder, "**/*")
        yield Found(sources, None if known is None else len(known))


def _files(prefix: str, folder: Path, pattern: str) -> list[Source]:
    paths = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    return [OnDisk(f"{prefix}{path.relative_to(folder)}", path, path.stat().st_size) for path in paths]


def _silences(site: Site) -> list[Silence] | None:
    try:
        return silences.read(site)
    except StackError:
        # Whether it should run is for an alert to say. A backup of the work must not wait for it.
        return None


@dataclass(frozen=True)
class PutBack:
    """What of the monitoring a restore has put back. `silences_later` wait for Alertmanager to be started."""

    history_bytes: int = 0
    history_aside: Path | None = None
    silences: int = 0
    silences_later: int = 0
    dashboards: Sequence[str] = ()


def history_size(manifest: Manifest) -> int:
    """Return how many bytes of Prometheus' history are in a backup."""
    return sum(facts.size for name, facts in manifest.files.items() if name.startswith(HISTORY))


def put_back(stack: Stack, backup: Backup, *, other_stack: bool) -> PutBack:
    """Add what a backup has to the monitoring of a stack. Raises StackError where that cannot be done.

    The history that a stack has of its own stays. Where `other_stack` was backed up, and this one is so new
    that it has no block yet (two to three hours), that of the backup takes its place, and it is put aside.
    """
    stack.report.doing("Putting the monitoring's files in place")
    try:
        made = _put_dashboards(backup, stack.data.path / "dashboards", stack.monitoring)
        now, later = _put_silences(stack, backup)
        size, aside = 0, None
        present = stack.data.prometheus
        if not history.is_there(present) or (other_stack and not history.blocks(present)):
            size, aside = _put_history(stack, backup)
    except OSError as error:
        raise StackError(
            f"the database is restored, and the monitoring's files are not ({error.strerror}).",
            f"They are in the backup: tar -tf {backup.path}",
        ) from error
    return PutBack(size, aside, now, later, tuple(made))


def _put_dashboards(backup: Backup, folder: Path, monitoring: Path) -> list[str]:
    """Write those dashboards that are nowhere into the data directory, where the console shows them."""
    made = []
    for member in backup.files:
        prefix = next((prefix for prefix in (OWN, SHIPPED) if member.startswith(prefix)), None)
        name = member.removeprefix(prefix or "")
        places = (folder / name, monitoring / "grafana" / "dashboards" / name)
        known = places[0].exists() or (prefix == SHIPPED and places[1].exists())
        if prefix and _DASHBOARD.fullmatch(name) and not known:
            make_private(folder)
            _write(backup, member, folder / name)
            made.append(name)
    return made


def _put_silences(stack: Stack, backup: Backup) -> tuple[int, int]:
    """Return how many were made, and how many are kept for when Alertmanager is started."""
    if SILENCES not in backup.files:
        return 0, 0
    known = json.loads(b"".join(backup.content(SILENCES)))
    if "alertmanager" in stack.alive():
        return silences.put_back(stack.site(), known), 0
    if known:
        silences.keep(stack.data, known)
    return 0, len(known)


def _put_history(stack: Stack, backup: Backup) -> tuple[int, Path | None]:
    """Write the history, and let it and the present one change places. Return its size, and where that is."""
    members = [member for member in backup.files if member.startswith(HISTORY)]
    size = sum(backup.files[member].size for member in members)
    if not members:
        return 0, None
    _require_room(stack.data.path, size)
    present = stack.data.prometheus
    new, aside = (present.with_name(f"{present.name}-{what}") for what in ("restoring", "before-restore"))
    shutil.rmtree(new, ignore_errors=True)
    for member in members:
        target = new / member.removeprefix(HISTORY)
        make_private(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(backup, member, target)
    running = {"prometheus"} & stack.alive()
    stack.stop_parts(running)
    try:
        had = history.is_there(present)
        shutil.rmtree(aside, ignore_errors=True)
        if present.exists():
            present.rename(aside)
        new.rename(present)
        sync_folder(present.parent)
    finally:
        if running:
            stack.start_parts(running)
    return size, aside if had else None


def _require_room(folder: Path, size: int) -> None:
    if (free := shutil.disk_usage(folder).free) < size:
        raise StackError(
            f"the database is restored, and there is no room for Prometheus' history: it has {size / 1e9:.1f}"
            f" GB, and the disk {free / 1e9:.1f} GB.",
            "Make room, and restore once more.",
        )


def _write(backup: Backup, member: str, target: Path) -> None:
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in backup.content(member):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
