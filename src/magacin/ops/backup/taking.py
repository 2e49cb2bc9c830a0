"""Taking a backup: one moment of the database, written whole and read back, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from magacin import __version__
from magacin.core import last_backup
from magacin.core.files import sync_folder
from magacin.ops.backup import archive, monitoring
from magacin.ops.backup.archive import Backup, Facts, Manifest, Tell
from magacin.ops.backup.encryption import Recipients
from magacin.ops.backup.monitoring import Found
from magacin.ops.backup.server import Server, Session
from magacin.ops.schemas import KEPT, SCHEMAS
from magacin.stack.errors import StackError
from magacin.stack.reporter import Reporter

# Nobody else's files have such a name: what is left of it is removed.
_BEGUN, _PART = ".magacin-backup-", ".part"


@dataclass(frozen=True)
class Taken:
    """A backup that was made, and the schemas of the database that are not ours, and not in it."""

    backup: Backup
    left_out: list[str]


def default_name(at: datetime) -> str:
    """Return the name of a backup made at a time. In UTC, so that names sort by time all year."""
    return f"magacin-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"


def take(
    server: Server,
    target: Path,
    report: Reporter,
    tell: Tell,
    *,
    with_history: bool = True,
    recipients: Recipients | None = None,
    on_trial: bool = False,
) -> Taken:
    """Write a backup of a stack's database and monitoring to `target`, which must not exist or be a backup.

    Without `with_history`, Prometheus' history is left out. With `recipients`, they alone can read it. One
    that is made `on_trial` goes away again, and is not remembered. Raises StackError when that fails;
    `target` is then as it was, and nothing half-written beside it.
    """
    _require_place(target)
    if recipients is not None:
        recipients.require_usable()
    report.doing("Counting what is in the database")
    with _whole(target) as (file, temporary):
        with server.session() as session:
            facts = _begin(session)
            left_out = _foreign(session)
            report.doing("Writing the dump")
            dump: Iterator[bytes] = server.dump(*_options(facts["snapshot"]))
            if recipients is not None:
                # Once it is encrypted nobody here can read it.
                dump = server.checked(dump)
            with monitoring.found(server.site, with_history=with_history) as found:
                facts["encrypted"] = recipients is not None
                describe = _describer(server, session, facts, found)
                archive.write(file, dump, describe, tell, found.sources, recipients)
        _to_disk(file)
        report.doing("Reading it back")
        _verify(server, temporary)
    backup = archive.read(target)
    if not on_trial:
        last_backup.remember(server.site.data.path, backup.manifest.created_at, target)
    return Taken(backup, left_out)


def _require_place(target: Path) -> None:
    if not target.parent.is_dir():
        raise StackError(f"there is no folder {target.parent}.")
    if target.exists() or target.is_symlink():
        try:
            archive.read(target)
        except StackError as error:
            raise StackError(
                f"{target} is there already, and is not a backup of ours; it was left alone.",
                "Name another file, or a folder.",
            ) from error


def _begin(session: Session) -> dict[str, Any]:
    """Begin a transaction that sees one moment, and say what there is in it."""
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # The dump may take longer than an operator lets a transaction sit idle.
    session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    return {
        "snapshot": session.value("SELECT pg_export_snapshot()"),
        "created_at": session.value("SELECT now()"),
        "revisions": _revisions(session),
        "totals": totals(session),
    }


def _options(snapshot: str) -> list[str]:
    schemas = [f"--schema={schema}" for schema in KEPT]
    # A migration that waits behind us must not keep the services waiting for long.
    return ["--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=30s", *schemas]


def _describer(
    server: Server, session: Session, facts: dict[str, Any], found: Found
) -> Callable[[Facts, dict[str, Facts]], Manifest]:
    identity = server.site.data.identity()

    def describe(dump: Facts, files: dict[str, Facts]) -> Manifest:
        return Manifest(
            format=archive.FORMAT if facts["encrypted"] else archive.PLAIN,
            encrypted=facts["encrypted"],
            magacin=__version__,
            created_at=facts["created_at"],
            stack=identity.id if identity else "",
            postgres_major=int(session.value("SHOW server_version_num")) // 10_000,
            database_bytes=session.value("SELECT pg_database_size(current_database())"),
            revisions=facts["revisions"],
            rows=facts["totals"].rows,
            sums=facts["totals"].sums,
            last_scan_at=session.value("SELECT max(scanned_at) FROM tasks.scans"),
            dump_bytes=dump.size,
            dump_sha256=dump.sha256,
            files=files,
            silences=found.silences,
        )

    return describe


def _revisions(session: Session) -> dict[str, str]:
    there = [s for s in SCHEMAS if session.value("SELECT to_regclass($1)", f"{s}.alembic_version")]
    if set(there) != set(SCHEMAS):
        raise StackError(
            "the database has no tables yet, so there is nothing to back up.",
            "Start the application, which makes them: ./magacin up",
        )
    return {s: session.value(f"SELECT version_num FROM {s}.alembic_version") for s in SCHEMAS}  # noqa: S608  the names are ours


class Totals(NamedTuple):
    """What our tables come to: rows by `schema.table`, sums by `schema.table.column`."""

    rows: dict[str, int]
    sums: dict[str, int]


def totals(session: Session) -> Totals:
    """Count the rows of each table of ours, and add up its columns of whole numbers; each is read once."""
    tables = session.rows(
        "SELECT format('%I.%I', schemaname, tablename) AS name,"
        " coalesce(array_agg(format('%I', column_name) ORDER BY column_name)"
        " FILTER (WHERE data_type IN ('smallint', 'integer', 'bigint')), '{}') AS numbers"
        " FROM pg_tables LEFT JOIN information_schema.columns"
        " ON table_schema = schemaname AND table_name = tablename"
        " WHERE schemaname = ANY($1) GROUP BY 1 ORDER BY 1",
        list(KEPT),
    )
    found = Totals({}, {})
    for table in tables:
        name, numbers = table["name"], table["numbers"]
        wanted = ", ".join(["count(*)", *(f"coalesce(sum({one}), 0)" for one in numbers)])
        [row] = session.rows(f"SELECT {wanted} FROM {name}")  # noqa: S608  quoted by PostgreSQL
        found.rows[name], *sums = map(int, row.values())
        found.sums.update({f"{name}.{one}": value for one, value in zip(numbers, sums, strict=True)})
    return found


def _foreign(session: Session) -> list[str]:
    rows = session.rows(
        "SELECT DISTINCT schemaname AS name FROM pg_tables WHERE schemaname <> ALL($1)"
        " AND schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema' ORDER BY 1",
        list(KEPT),
    )
    return [row["name"] for row in rows]


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    with contextlib.suppress(OSError):
        # So that reading it back reads the disk, and not the memory that it was written from.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _verify(server: Server, path: Path) -> None:
    backup = archive.read(path)
    backup.check(lambda _: None)
    if not backup.manifest.encrypted:
        server.readable(backup.dump(lambda _: None))


@contextmanager
def _whole(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Give a file that gets its name `target` when the body has succeeded, and is gone when it has not."""
    sweep(target.parent)
    temporary = target.with_name(f"{_BEGUN}{os.getpid()}-{target.name}{_PART}")
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StackError(f"cannot write to {target.parent} ({error.strerror}).") from error
    file = os.fdopen(descriptor, "w+b")
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file, temporary
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StackError(
            f"{'there is no room for' if full else 'cannot write'} the backup in {target.parent} "
            f"({error.strerror}); nothing of it was kept.",
            "Make room, or name another place: ./magacin backup FILE",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # it tries once more to write what did not fit
            file.close()
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what backups left in a folder that were killed outright: those nobody holds a lock on."""
    for left in folder.glob(f"{_BEGUN}*{_PART}"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
