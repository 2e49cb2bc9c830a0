"""Restoring: into a new database beside the one there is, which is replaced only when all is right.

The two swap names in one transaction, so that a restore that fails or is killed at any moment has changed
nothing. The database before stays, under another name, until the next restore.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from magacin.contracts.actions import Action
from magacin.contracts.events import EVENT_STREAM
from magacin.core import audit_table, last_backup
from magacin.ops import schemas
from magacin.ops.backup import monitoring
from magacin.ops.backup.archive import Backup
from magacin.ops.backup.monitoring import PutBack
from magacin.ops.backup.server import InUse, Server, Session
from magacin.ops.backup.taking import totals
from magacin.stack import clients, install, parts, postgres, secrets
from magacin.stack.errors import StackError
from magacin.stack.interrupts import undisturbed
from magacin.stack.lifecycle import Stack
from magacin.stack.secrets import DATABASE, SUPERUSER
from magacin.stack.site import Site
from magacin.stack.starting import Wish

NEW, BEFORE = f"{DATABASE}_restoring", f"{DATABASE}_before_restore"
SETTLE = Path(__file__).with_name("settle.sql")
# The exporter comes back for each scrape; between two of its connections there is time enough.
_SWAP_ATTEMPTS = 20
_GIB = 1024**3

_RESTORED = """
INSERT INTO audit.entries (actor, action, subject_kind, subject_id, after)
VALUES ('magacin restore', $1, 'backup', $2, jsonb_build_object('taken_at', $3::timestamptz))
"""

Migrate = Callable[[SecretStr], None]


@dataclass(frozen=True)
class Restored:
    """What a restore did: the parts it started, and whether the database before is kept aside.

    And what it put back of the monitoring; a restore that is taken back leaves that alone.
    """

    started: list[str]
    kept_aside: bool
    monitoring: PutBack = field(default_factory=PutBack)


def require_known(backup: Backup) -> None:
    """Raise StackError for tables of a version that this code has never heard of."""
    if strange := schemas.unknown(backup.manifest.revisions):
        raise StackError(
            f"{backup.path} is of Magacin Track {backup.manifest.magacin}, with newer tables than we know.",
            *(f"The schema {schema} is at {revision}." for schema, revision in sorted(strange.items())),
            "Update first: git pull",
        )


def scans_since(site: Site, at: datetime) -> int | None:
    """Return how many scans the present database has that are newer; None where it cannot be asked."""
    try:
        with Server(site).session() as session:
            if not session.value("SELECT to_regclass('tasks.scans')"):
                return None
            return int(session.value("SELECT count(*) FROM tasks.scans WHERE scanned_at > $1", at))
    except StackError:
        return None


def restore(stack: Stack, backup: Backup, migrate: Migrate, port_offset: int | None = None) -> Restored:
    """Make the database of the stack that of the backup, and start the services.

    Where nothing runs, or there is no stack yet, what is needed is set up and started first. `migrate` brings
    the tables of a database up to date. Raises StackError when anything fails; the database is then as it
    was, and what ran runs. The monitoring's files come after it.
    """
    known = stack.data.identity()
    backup.require_open()
    with _stores(stack, port_offset):
        server = Server(stack.site())
        _require_fit(server, backup)
        with _writers_stopped(stack) as stopped, stack.held():
            _load(server, backup, migrate, stack)
            with undisturbed():
                kept = _swap(server, stack)
    # From here on it is the new database, whatever happens.
    _forget(stack.site())
    last_backup.remember(stack.data.path, backup.manifest.created_at, backup.path)
    started = _start(stack, stopped)
    other = known is None or known.id != backup.manifest.stack
    return Restored(started, kept, monitoring.put_back(stack, backup, other_stack=other))


def undo(stack: Stack) -> Restored:
    """Swap the database with the one that the last restore put aside."""
    with _stores(stack, None):
        server = Server(stack.site())
        with server.session(SUPERUSER, "postgres") as admin:
            if not _exists(admin, BEFORE):
                raise StackError("there is no database from before a restore.")
        with _writers_stopped(stack) as stopped, stack.held():
            with server.session(SUPERUSER, BEFORE) as admin:
                admin.execute(audit_table.DEFINITION)
            with server.session(database=BEFORE) as session:
                session.execute(SETTLE.read_text(encoding="utf-8"))
            with undisturbed():
                kept = _swap_back(server, stack)
    _forget(stack.site())
    return Restored(_start(stack, stopped), kept)


@contextmanager
def _stores(stack: Stack, port_offset: int | None) -> Iterator[None]:
    """Have PostgreSQL and Redis run; stop again what was started for it when the body fails."""
    if {part.name for part in parts.PARTS.values() if part.phase == parts.STORES} <= stack.alive():
        stack.data.resolve_offset(port_offset)
        yield
        return
    started = stack.up(Wish(stores=True, port_offset=port_offset))
    try:
        yield
    except BaseException:
        with undisturbed():
            stack.stop(started.parts, whole=started.whole)
        raise


@contextmanager
def _writers_stopped(stack: Stack) -> Iterator[list[str]]:
    """Stop everything that works with the database; start it again when the body fails. Gives the names."""
    writers = {part.name for part in parts.services()} | {"demo"}
    names = [name for name in parts.PARTS if name in writers & stack.alive()]
    stack.report.doing("Stopping what works with the database")
    try:
        stack.stop_parts(names)
        yield names
    except BaseException:
        with undisturbed():
            if names:
                stack.report.doing("Starting the services again, on the database as it was")
                stack.start_parts(names)
            stack.report.done("The database is as it was")
        raise


def _require_fit(server: Server, backup: Backup) -> None:
    manifest = backup.manifest
    with server.session(SUPERUSER, "postgres") as session:
        has = int(session.value("SHOW server_version_num")) // 10_000
    if manifest.postgres_major > has:
        raise StackError(
            f"{backup.path} was made with PostgreSQL {manifest.postgres_major}, and this stack runs {has}.",
            f"Install that one: {install.how_to_get_postgres(str(manifest.postgres_major))}",
            "Then restore into a new data directory: ./magacin restore FILE --data-dir DIR",
        )
    free = shutil.disk_usage(server.site.data.postgres).free
    if free < manifest.database_bytes:
        raise StackError(
            f"the database was {manifest.database_bytes / _GIB:.1f} GiB large, and the disk has "
            f"{free / _GIB:.1f} GiB left.",
            "While it is restored there are two of it. Make room first.",
        )


def _load(server: Server, backup: Backup, migrate: Migrate, stack: Stack) -> None:
    """Make the new database; drop it again when it does not become what was backed up."""
    with server.session(SUPERUSER, "postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NEW} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NEW} TEMPLATE template0")
        for statement in postgres.access(NEW):
            admin.execute(statement)
    try:
        total = max(1, backup.manifest.dump_bytes)
        dump = backup.dump(lambda done: stack.report.percent(99 * done // total, "Restoring the database"))
        # As the application: whatever a file contains, it can do no more than the services can.
        server.restore(dump, NEW)
        with server.session(database=NEW) as session:
            stack.report.doing("Comparing what came back with what was backed up")
            found = totals(session)
            _require_same("rows", backup.manifest.rows, found.rows)
            _require_same("in sum", backup.manifest.sums, found.sums)
        # What came back is the services'; of the audit log they give it up.
        with server.session(SUPERUSER, NEW) as admin:
            admin.execute(audit_table.DEFINITION)
        stack.report.doing("Bringing the database's tables up to date")
        migrate(server.url(NEW))
        with server.session(database=NEW) as session:
            session.execute(SETTLE.read_text(encoding="utf-8"))
            session.rows(_RESTORED, Action.BACKUP_RESTORED, backup.path.name, backup.manifest.created_at)
            session.execute("ANALYZE")
    except BaseException:
        with undisturbed(), server.session(SUPERUSER, "postgres") as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {NEW} WITH (FORCE)")
        raise


def _require_same(what: str, wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    wrong = [
        f"{table}: {found.get(table, 0):,} {what} instead of {count:,}"
        for table, count in wanted.items()
        if found.get(table, 0) != count
    ]
    if wrong:
        raise StackError("not all that was backed up came back, so nothing was replaced.", *wrong)


def _swap(server: Server, stack: Stack) -> bool:
    """Put the new database in the place of the present one; return whether that is aside now."""
    stack.report.doing("Putting the database in its place")
    with server.session(SUPERUSER, "postgres") as admin:
        # That of an earlier restore. Only now that the new one is complete.
        admin.execute(f"DROP DATABASE IF EXISTS {BEFORE} WITH (FORCE)")
        present = _exists(admin, DATABASE)
        _rename(admin, [*([(DATABASE, BEFORE)] if present else []), (NEW, DATABASE)])
    return present


def _swap_back(server: Server, stack: Stack) -> bool:
    """Put the database that is aside in the place of the present one, and that aside."""
    stack.report.doing("Putting the database in its place")
    with server.session(SUPERUSER, "postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NEW} WITH (FORCE)")
        present = _exists(admin, DATABASE)
        back = [(DATABASE, NEW), (BEFORE, DATABASE), (NEW, BEFORE)] if present else [(BEFORE, DATABASE)]
        _rename(admin, back)
    return present


def _rename(admin: Session, names: Sequence[tuple[str, str]]) -> None:
    """Rename databases, all or none of them. Whoever is connected to one is cut off."""
    renaming = "; ".join(f"ALTER DATABASE {old} RENAME TO {new}" for old, new in names)
    for left in reversed(range(_SWAP_ATTEMPTS)):
        admin.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1)",
            [old for old, _ in names],
        )
        try:
            admin.execute(renaming)
        except InUse as error:
            if not left:
                raise StackError(f"the database could not be renamed: {error}.") from error
            time.sleep(0.1)
        else:
            return


def _exists(session: Session, database: str) -> bool:
    return bool(session.value("SELECT 1 FROM pg_database WHERE datname = $1", database))


def _forget(site: Site) -> None:
    """Let go of what belongs to the database before: access tokens, and events that wait to be delivered."""
    import redis

    secrets.renew(site.secrets, "jwt-key")
    try:
        with clients.redis_client(site) as client:
            client.delete(EVENT_STREAM)
    except redis.RedisError as error:
        raise StackError(
            f"the database is restored, and Redis does not answer ({type(error).__name__}).",
            "Start what does not run: ./magacin up",
        ) from error


def _start(stack: Stack, stopped: list[str]) -> list[str]:
    try:
        if stopped:
            stack.start_parts(stopped)
            return stopped
        return [part.name for part in stack.up(Wish(only="app")).parts]
    except StackError as error:
        raise StackError(
            f"the database is restored, and the services did not start: {error.what}", *error.details
        ) from error
