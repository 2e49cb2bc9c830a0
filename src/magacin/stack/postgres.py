"""The database server of a stack: making its cluster, roles and database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from magacin.core import audit_table
from magacin.core.files import write_whole
from magacin.stack import clients, install
from magacin.stack.errors import StackError
from magacin.stack.parts import LOOPBACK
from magacin.stack.paths import DataDir, Identity
from magacin.stack.secrets import APP_ROLE, DATABASE, MONITOR_ROLE, SUPERUSER, Secrets
from magacin.stack.site import Site

SERVER_USER = "postgres"
ELSEWHERE = Path("/var/lib/magacin-track")

_OR_RESTORE = "Or restore a backup of it into a new data directory: ./magacin restore FILE --data-dir DIR"

# Nobody comes in without a password, not even this machine's root through a socket: there is no socket.
# The second line is for a standby, whose role there is only where somebody makes it: docs/standby.md.
STANDBY_ROLE = "magacin_standby"
HBA = f"""\
host all all {LOOPBACK}/32 scram-sha-256
host replication {STANDBY_ROLE} {LOOPBACK}/32 scram-sha-256
"""


def settings(port: int) -> str:
    """Return our part of the server's configuration. Whatever a crash could lose stays on disk first."""
    return f"""\
# Written at each start; your own settings go to postgresql.conf, below the line that includes this file.
listen_addresses = '{LOOPBACK}'
port = {port}
# A socket's path is short, a data directory's need not be, and TCP with a password does for all clients.
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'
shared_buffers = '128MB'
work_mem = '8MB'
maintenance_work_mem = '64MB'
max_wal_size = '1GB'
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] %q%u@%d '
# Who waits for a lock on behalf of a process that is gone is noticed, and does not get it.
client_connection_check_interval = '10s'
log_min_duration_statement = '1s'
log_checkpoints = on
# A statement is understood without its parameters, and those may be what a person typed.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
cluster_name = 'magacin'
"""


def server_user() -> str | None:
    """Return the user that the server runs as, or None for our own: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER).pw_name
    except KeyError:
        raise StackError(
            "PostgreSQL refuses to run as root, and this system has no user 'postgres'.",
            "Create it: useradd --system --no-create-home postgres",
        ) from None


def server_for(cluster: Path) -> Path | None:
    """Return the server program: the newest there is, but for an existing cluster only its own version."""
    return install.find("postgres", postgres_version=_version_of(cluster))


def program(cluster: Path, name: str) -> Path:
    """Return a program of the PostgreSQL that made the cluster, such as pg_dump.

    Raises StackError where it is missing: one of another version may write what this server cannot read.
    """
    server = server_for(cluster)
    found = server.with_name(name) if server else None
    if found is None or not os.access(found, os.X_OK):
        version = _version_of(cluster)
        raise StackError(
            f"{name} of PostgreSQL {version} is not installed.",
            f"Install it: {install.how_to_get_postgres(version)}",
        )
    return found


def _version_of(cluster: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return (cluster / "PG_VERSION").read_text().strip()
    return None


def place(data: DataDir, identity: Identity, user: str | None, elsewhere: Path = ELSEWHERE) -> Path:
    """Return the cluster's folder, made and owned by the server's user.

    A data directory below, say, /root cannot be entered by that user. Then the cluster is put below
    /var/lib/magacin-track, and the data directory holds a link to it.
    """
    link = data.postgres
    if user is None:
        link.mkdir(mode=0o700, exist_ok=True)
        return link
    if not link.exists() and not _can_enter(data.path, user):
        folder = elsewhere / identity.id
        _make_owned(folder, user)
        (elsewhere / f"{identity.id}.belongs-to").write_text(f"{data.path}\n")
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
    _make_owned(link.resolve(), user)
    return link.resolve()


def _make_owned(folder: Path, user: str) -> None:
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True)
        folder.parent.chmod(0o755)
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)


def _can_enter(folder: Path, user: str) -> bool:
    return _run_as(user, ["test", "-x", str(folder)]).returncode == 0


def _run_as(user: str | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    if user is None:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    entry = pwd.getpwnam(user)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=[],
    )


@contextlib.contextmanager
def _password_file(password: str, user: str | None) -> Iterator[str]:
    """Yield a file that initdb, as its user, can read the superuser's password from."""
    with tempfile.TemporaryDirectory(prefix="magacin-") as folder:
        file = Path(folder) / "password"
        file.touch(0o600)
        file.write_text(password)
        if user is not None:
            shutil.chown(file, user)
            shutil.chown(folder, user)
        yield str(file)


def _locale() -> str:
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower()
    return "C.UTF-8" if {"c.utf8", "c.utf-8"} & set(known.split()) else "C"


def prepare(cluster: Path, known: Secrets, port: int, user: str | None) -> None:
    """Make the cluster where there is none, and write its configuration."""
    server = server_for(cluster)
    if server is None:
        version = _version_of(cluster)
        raise StackError(
            f"the database in {cluster} was made by PostgreSQL {version}, which is not installed."
            if version
            else "PostgreSQL's server is not installed.",
            f"Install it: {install.how_to_get_postgres(version)}",
            *([_OR_RESTORE] if version else []),
        )
    if _version_of(cluster) is None:
        _initialise(cluster, server.with_name("initdb"), known.value("postgres-superuser-password"), user)
    write_whole(cluster / "magacin.conf", settings(port), 0o600, user)
    write_whole(cluster / "pg_hba.conf", HBA, 0o600, user)
    main = cluster / "postgresql.conf"
    if "magacin.conf" not in main.read_text():
        with main.open("a") as file:
            file.write("\ninclude_if_exists = 'magacin.conf'\n")


def _initialise(cluster: Path, initdb: Path, password: str, user: str | None) -> None:
    # initdb wants an empty folder; what an interrupted one left holds no data yet.
    for leftover in cluster.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    with _password_file(password, user) as file:
        command = [str(initdb), "-D", str(cluster), f"--pwfile={file}", f"--username={SUPERUSER}"]
        command += ["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", f"--locale={_locale()}"]
        done = _run_as(user, command)
    if done.returncode:
        raise StackError("PostgreSQL's initdb failed.", (done.stderr or done.stdout).strip())


def bootstrap(site: Site) -> str | None:
    """Create our roles and database where they are missing, and set the passwords to the files'.

    Returns why the server cannot be asked yet, or None when all is done.
    """
    import asyncpg

    try:
        asyncio.run(_bootstrap(site))
    except clients.postgres_gone() as error:
        return str(error) or type(error).__name__
    except asyncpg.InvalidPasswordError as error:
        raise StackError(
            "PostgreSQL refuses the password of its superuser.",
            "The database and secrets/postgres-superuser-password do not belong together.",
            "Bring back the right file, or start with another --data-dir.",
        ) from error
    return None


def has_orders(site: Site) -> bool:
    """Tell whether anybody has ordered anything in this stack, whose tables are up to date."""

    async def ask() -> bool:
        async with clients.postgres(site, role=SUPERUSER) as connection:
            return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM tasks.requisitions)"))

    return asyncio.run(ask())


async def _bootstrap(site: Site) -> None:
    async with clients.postgres(site, role=SUPERUSER, database="postgres") as connection:
        for role in (APP_ROLE, MONITOR_ROLE):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
            # A password cannot be a bound parameter of DDL; ours are hexadecimal digits.
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{site.secrets.password(role)}'")
        await connection.execute(f"GRANT pg_monitor TO {MONITOR_ROLE}")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        for statement in access(DATABASE):
            await connection.execute(statement)
    async with clients.postgres(site, role=SUPERUSER) as connection:
        await connection.execute(audit_table.DEFINITION)


def access(database: str) -> list[str]:
    """Return the statements that let in who may come into a database of ours, and nobody else.

    It does not belong to the services: whoever owns a database may drop it, and the audit log with it.
    """
    return [
        f"ALTER DATABASE {database} OWNER TO {SUPERUSER}",
        f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {APP_ROLE}",
        f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {MONITOR_ROLE}",
    ]
