"""What the checks look at: one stack, asked politely and never changed."""

from __future__ import annotations

import asyncio
import http.client
import json
import shlex
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from magacin.stack import clients, lan
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS
from magacin.stack.paths import DataDir, default_data_dir
from magacin.stack.secrets import APP_ROLE
from magacin.stack.status import PartStatus

if TYPE_CHECKING:
    import asyncpg

    from magacin.stack.site import Site
    from magacin.stack.supervise import Process

T = TypeVar("T")


class Skipped(Exception):
    """A check could not look; the reason is for the person."""


class Patient:
    """A stack as the doctor sees it. What is asked once is remembered for the other checks."""

    def __init__(self, stack: Stack, now: Callable[[], float] = time.time) -> None:
        self.stack = stack
        self.data: DataDir = stack.data
        self.now = now

    @cached_property
    def site(self) -> Site:
        """Where the stack is."""
        return self.stack.site()

    @cached_property
    def identity(self) -> str:
        """What the stack's processes are marked with; empty for a directory that never had a stack."""
        known = self.data.identity()
        return known.id if known else ""

    @cached_property
    def processes(self) -> dict[str, Process]:
        """The parts that were started, as their supervisor sees them."""
        return {name: process for name, process in self.stack.supervisor.processes().items() if process.used}

    @cached_property
    def status(self) -> dict[str, PartStatus]:
        """The same, probed."""
        return {status.part.name: status for status in self.stack.status()}

    def runs(self, part: str) -> bool:
        """Say whether a part is there to be asked: it runs, or a probe of it succeeded."""
        return part in self.status and self.status[part].state in ("running", "starting")

    def require(self, part: str) -> None:
        """Raise Skipped unless a part is healthy: what is wrong with it is said elsewhere, once."""
        if part not in self.status or not self.status[part].healthy:
            raise Skipped(f"{PARTS[part].title} does not answer")

    def get(self, part: str, path: str) -> tuple[int, str]:
        """Ask a part over HTTP; raise Skipped when it does not answer."""
        try:
            answer = clients.ask(self.site, part, path)
        except (OSError, http.client.HTTPException) as error:
            raise Skipped(f"{PARTS[part].title} does not answer") from error
        return answer.status, answer.text

    def json(self, part: str, path: str, **query: str) -> Any:
        """Ask a part for JSON; raise Skipped when it has none."""
        self.require(part)
        status, body = self.get(part, f"{path}?{urlencode(query)}" if query else path)
        try:
            return json.loads(body)
        except ValueError as error:
            raise Skipped(f"{PARTS[part].title} answers {path} with {status}") from error

    def prometheus(self, path: str, **query: str) -> Any:
        """Return the `data` of an answer of Prometheus' API."""
        answer = self.json("prometheus", f"/api/v1/{path}", **query)
        if answer.get("status") != "success":
            raise Skipped(f"Prometheus answers {path} with {answer.get('error', 'an error')}")
        return answer["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the result of a PromQL query, series by series."""
        rows = self.prometheus("query", query=expression)["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def database(
        self,
        work: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]],
        role: str = APP_ROLE,
        *,
        seconds: float = clients.SECONDS,
    ) -> T:
        """Let `work` ask PostgreSQL, as the application; raise Skipped when it does not answer in time."""
        import asyncpg

        self.require("postgres")

        async def run() -> T:
            async with clients.postgres(self.site, role=role, seconds=seconds) as connection:
                # Whatever a check does, it cannot write.
                await connection.execute("SET default_transaction_read_only = on")
                return await work(connection)

        try:
            return asyncio.run(run())
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise Skipped(f"PostgreSQL does not answer ({type(error).__name__})") from error

    def value(self, query: str, *arguments: object) -> Any:
        """Return the one value that a query of the database finds; raise Skipped when it does not answer."""
        return self.database(lambda connection: connection.fetchval(query, *arguments))

    def redis(self, work: Callable[[Any], T], *, password: str | None = None) -> T:
        """Let `work` ask Redis; raise Skipped when it does not answer."""
        import redis

        self.require("redis")
        try:
            with clients.redis_client(self.site, password=password, decode=True) as client:
                return work(client)
        except redis.AuthenticationError:
            raise
        except redis.RedisError as error:
            raise Skipped(f"Redis does not answer ({type(error).__name__})") from error

    def metrics(self, part: str) -> Mapping[str, float]:
        """Return the series of a part's metrics page, by name and labels as they stand there."""
        _, page = self.get(part, "/metrics")
        pairs = (line.rpartition(" ") for line in page.splitlines() if line and line[0] != "#")
        return {series: float(value) for series, _, value in pairs}

    def command(self, *arguments: str) -> str:
        """Return a command line of ours that is about this stack, as a person types it."""
        here = (
            [] if self.data.path == DataDir(default_data_dir()).path else ["--data-dir", str(self.data.path)]
        )
        return shlex.join(["./magacin", *arguments, *here])

    def restart(self, part: str) -> str:
        """Return the command that starts a part anew, with a configuration written anew."""
        return f"{self.command('stop', part)} && {self.command(*self._up())}"

    def renew(self) -> str:
        """Return the command that starts everything anew."""
        return f"{self.command('down')} && {self.command(*self._up())}"

    def _up(self) -> list[str]:
        """Return what starts the same parts again, those that run only when asked for among them."""
        door = lan.read(self.data)
        optional = (f"--{name}" for name in self.processes if PARTS[name].optional)
        return ["up", "--detach", *optional, *(door.options() if door else ())]
