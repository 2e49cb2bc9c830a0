"""A stack's PostgreSQL, as backups and restores use it: its own programs, and a session to ask it by."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import SecretStr

from magacin.stack import clients, postgres
from magacin.stack.errors import StackError
from magacin.stack.parts import LOOPBACK
from magacin.stack.processes import environment
from magacin.stack.secrets import APP_ROLE, DATABASE, database_url
from magacin.stack.site import Site

_CONNECT_SECONDS = 10
_CHUNK = 1 << 18

T = TypeVar("T")


class Session:
    """A connection, used from code that waits for each answer. No statement has a time limit.

    Each method raises StackError when the server is gone or refuses, and InUse for a database in use.
    """

    def __init__(self, runner: asyncio.Runner, connection: Any) -> None:
        self._runner = runner
        self._connection = connection

    def execute(self, statements: str) -> None:
        """Run statements, all in one transaction unless they say otherwise."""
        self._run(self._connection.execute(statements))

    def rows(self, query: str, *arguments: object) -> list[Mapping[Any, Any]]:
        """Return what a query finds."""
        return self._run(self._connection.fetch(query, *arguments))

    def value(self, query: str, *arguments: object) -> Any:
        """Return the one value that a query finds, None for no row."""
        return self._run(self._connection.fetchval(query, *arguments))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        with _translated():
            return self._runner.run(work)


class InUse(Exception):
    """Somebody is connected to a database that is to be renamed."""


@contextmanager
def _translated() -> Iterator[None]:
    import asyncpg

    try:
        yield
    except asyncpg.ObjectInUseError as error:
        raise InUse(str(error)) from error
    except clients.postgres_gone() as error:
        raise StackError(
            f"PostgreSQL does not answer, or went away ({str(error) or type(error).__name__}).",
            "See how it is: ./magacin status   Start it: ./magacin up",
        ) from error
    except asyncpg.PostgresError as error:
        raise StackError(f"PostgreSQL refuses: {str(error).rstrip('.')}.") from error


@dataclass(frozen=True)
class Server:
    """The server of a stack that runs."""

    site: Site

    @contextmanager
    def session(self, role: str = APP_ROLE, database: str = DATABASE) -> Iterator[Session]:
        """Give a connection. Raises StackError when the server cannot be reached."""
        with asyncio.Runner() as runner:
            with _translated():
                connection = runner.run(
                    clients.connect_postgres(
                        self.site, role=role, database=database, application="magacin-backup"
                    )
                )
            try:
                yield Session(runner, connection)
            except BaseException:
                # It may be in the middle of something, and would wait for the end of that.
                connection.terminate()
                raise
            with _translated():
                runner.run(connection.close(timeout=_CONNECT_SECONDS))

    def url(self, database: str) -> SecretStr:
        """Return the address of a database, as the services are given it."""
        return SecretStr(database_url(self.site.secrets, self.site.offset, database))

    def dump(self, *arguments: str) -> Iterator[bytes]:
        """Yield what pg_dump writes; raise StackError with its words when it fails."""
        with tempfile.TemporaryFile() as said, self._start("pg_dump", DATABASE, arguments, said) as process:
            assert process.stdout is not None  # noqa: S101  it is a pipe; narrows the type
            try:
                while chunk := process.stdout.read(_CHUNK):
                    yield chunk
            except BaseException:
                process.terminate()  # whoever reads has given up
                raise
            if process.wait():
                raise _failed("pg_dump", said)

    def restore(self, dump: Iterable[bytes], database: str, *arguments: str) -> None:
        """Feed pg_restore with a dump; raise StackError with its words when it fails."""
        options = ("--no-owner", "--no-privileges", "--exit-on-error", *arguments)
        with tempfile.TemporaryFile() as said:
            with self._start("pg_restore", database, options, said) as process:
                try:
                    _feed(process, dump)
                except BaseException:
                    process.terminate()
                    raise
            if process.returncode:
                raise _failed("pg_restore", said)

    def readable(self, dump: Iterable[bytes]) -> None:
        """Have pg_restore read a dump to its end, into nothing; raise StackError when it cannot."""
        for _ in self.checked(dump):
            pass

    def checked(self, dump: Iterable[bytes]) -> Iterator[bytes]:
        """Yield a dump while pg_restore reads it as well, into nothing; raise StackError when it cannot."""
        with tempfile.TemporaryFile() as said:
            command = [str(self._program("pg_restore")), "--file=/dev/null"]
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=self._environment(),
            ) as process:
                for chunk in dump:
                    _feed_one(process, chunk)
                    yield chunk
                _end(process)
            if process.returncode:
                raise _failed("pg_restore", said)

    def _start(
        self, name: str, database: str, arguments: Iterable[str], said: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        where = [f"--host={LOOPBACK}", f"--port={self.site.port('postgres')}", f"--username={APP_ROLE}"]
        # The password is in the environment, which only this user can read: arguments are everybody's.
        return subprocess.Popen(
            [str(self._program(name)), *where, "--no-password", f"--dbname={database}", *arguments],
            stdin=subprocess.PIPE if name == "pg_restore" else subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "pg_dump" else subprocess.DEVNULL,
            stderr=said,
            env=self._environment() | {"PGPASSWORD": self.site.secrets.password(APP_ROLE)},
        )

    def _program(self, name: str) -> Path:
        return postgres.program(self.site.data.postgres.resolve(), name)

    def _environment(self) -> dict[str, str]:
        own = {"PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": str(_CONNECT_SECONDS), "LC_ALL": "C"}
        return environment(os.environ) | own


def _feed(process: subprocess.Popen[bytes], dump: Iterable[bytes]) -> None:
    for chunk in dump:
        if not _feed_one(process, chunk):
            break
    _end(process)


def _feed_one(process: subprocess.Popen[bytes], chunk: bytes) -> bool:
    """Tell whether it took it. Where it has ended before all was written, its exit status says how."""
    assert process.stdin is not None  # noqa: S101  it is a pipe; narrows the type
    try:
        process.stdin.write(chunk)
    except BrokenPipeError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101  it is a pipe; narrows the type
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _failed(program: str, said: IO[bytes]) -> StackError:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return StackError(f"{program} failed, and nothing of it was kept.", *lines[-10:])
