"""What all drills of a run work with: the stack, the clients, the journal, the monitoring's files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import asyncpg
import psutil

from magacin.drills.files import Edit, MonitoringFiles
from magacin.drills.journal import Journal
from magacin.drills.observer import Observer
from magacin.drills.people import Person
from magacin.drills.proxy import Proxy
from magacin.drills.scope import Scope
from magacin.drills.timing import Timing
from magacin.drills.undo import Undoer
from magacin.drills.waiting import uninterrupted
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import LOOPBACK, PARTS
from magacin.stack.secrets import APP_ROLE, DATABASE
from magacin.stack.site import Site

if TYPE_CHECKING:
    from magacin.drills.arrangements import Machine
    from magacin.drills.drill import Claim, Drill

P = ParamSpec("P")
T = TypeVar("T")


class Rig:
    """One for a run. Everything that changes the stack goes through `changing`, one after the other."""

    def __init__(
        self, stack: Stack, observer: Observer, journal: Journal, files: MonitoringFiles, run: str
    ) -> None:
        self.stack = stack
        self.site: Site = stack.site()
        self.observer = observer
        self.journal = journal
        self.undoer = Undoer(stack, files=files)
        self.files = files
        self.run = run
        self.timing: Timing
        self.person: Person
        self.machine: Machine
        self.claims: dict[type[Drill], Claim] = {}
        """What each drill that runs needs at this moment."""
        self.parts: frozenset[str] = frozenset()
        """The parts that ran when the first drill began: those that have to run when one is over."""
        self.database_proxy = Proxy(self.site.port("postgres"))
        self._changing = asyncio.Lock()

    async def changing(self, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that changes the stack, and that blocks, in a thread."""
        async with self._changing:
            # Not to be left half done: whoever cancels waits for its end.
            return await uninterrupted(asyncio.to_thread(change, *args, **kwargs))

    async def stop_part(self, scope: Scope, *names: str) -> None:
        """Stop parts until the drill is over."""
        scope.remember("start", f"start {' and '.join(names)}", parts=list(names))
        await self.changing(self.stack.stop_parts, names)

    async def kill_part(self, scope: Scope, name: str) -> None:
        """SIGKILL a part and keep it down until the drill is over."""
        scope.remember("start", f"start {name}", parts=[name])

        def kill() -> None:
            self.kill(name)
            # The supervisor would start it again within a second or two; a machine that died does not.
            self.stack.stop_parts([name])

        await self.changing(kill)

    def kill(self, name: str) -> None:
        """SIGKILL a part's process."""
        process = self.stack.supervisor.processes().get(name)
        if process is not None and process.pid:
            os.kill(process.pid, signal.SIGKILL)

    def suspend(self, scope: Scope, name: str) -> psutil.Process:
        """SIGSTOP a part's process; the drill's end, or `resume`, lets it go on."""
        process = psutil.Process(self.stack.supervisor.processes()[name].pid)
        scope.remember("resume", f"let {name} go on", pid=process.pid, started=process.create_time())
        process.suspend()
        return process

    async def run_altered(self, scope: Scope, name: str, change: Callable[[LaunchSpec], LaunchSpec]) -> None:
        """Start a part anew with another command line or environment, until the drill is over."""
        scope.remember("relaunch", f"start {name} as usual", parts=[name])
        self.undoer.altered[name] = change(launch_spec(name, self.site))
        await self.changing(self.stack.relaunch, [name], self.undoer.altered)

    async def edit(self, scope: Scope, what: str, edit: Edit, server: str) -> None:
        """Change the files of Prometheus or Alertmanager, until the drill is over."""
        name = f"{scope.drill}: {what}"
        scope.remember("monitoring", f"undo: {what}", edit=name, servers=[server])
        await self.changing(self.files.edit, name, edit, [server])

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A session at PostgreSQL of our own. Should we be killed, the server ends it and what it holds."""
        connection = await asyncpg.connect(
            host=LOOPBACK,
            port=self.site.port("postgres"),
            user=APP_ROLE,
            password=self.site.secrets.value("postgres-app-password"),
            database=DATABASE,
            ssl=False,
            timeout=10,
            server_settings={"application_name": "magacin-drill"},
        )
        try:
            yield connection
        finally:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=5)

    def redis(self) -> Any:
        """Return a client of the stack's Redis."""
        from redis.asyncio import Redis

        return Redis(
            host=LOOPBACK,
            port=self.site.port("redis"),
            password=self.site.secrets.value("redis-password"),
            socket_timeout=10,
        )

    def number(self, what: str) -> str:
        """Return a requisition number of this run's, which shows what it is: `DRILL-…`."""
        return f"{self.prefix}{what}"

    @property
    def prefix(self) -> str:
        """What all numbers of this run begin with."""
        return f"DRILL-{self.run}-"

    def alive(self) -> frozenset[str]:
        """Return the parts of this stack that run."""
        processes = self.stack.supervisor.processes()
        return frozenset(name for name in PARTS if name in processes and processes[name].alive)
