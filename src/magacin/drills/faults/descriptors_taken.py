"""The gateway runs out of file descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import math

import psutil

from magacin.drills.drill import Delay, Drill, Proof

_SHARE = 0.88


class DescriptorsTaken(Drill):
    """The gateway may have only so many files and connections open that 88% of them are taken."""

    proves = (
        Proof(
            alert="FileDescriptorsRunningOut",
            severity="critical",
            service="api-gateway",
            signal='process_open_fds{job="api-gateway"} / process_max_fds{job="api-gateway"} > 0.8',
            moves=Delay(fixed=1),
        ),
    )
    # Who connects anew meanwhile may be refused.
    holds = frozenset({"api-gateway"})

    async def prepare(self) -> None:
        """Find the process."""
        self.process = psutil.Process(self.rig.stack.supervisor.processes()["api-gateway"].pid)

    async def cause(self) -> None:
        """Give it a limit close to what it has, and keep it there as connections come and go."""
        soft, hard = self.process.rlimit(psutil.RLIMIT_NOFILE)
        self.scope.remember(
            "descriptors",
            "give the gateway its file descriptors back",
            pid=self.process.pid,
            started=self.process.create_time(),
            limits=[soft, hard],
        )
        self._limit(hard)
        self.scope.spawn(self._go_on(hard))

    async def _go_on(self, hard: int) -> None:
        while True:
            await asyncio.sleep(0.2)
            with contextlib.suppress(psutil.Error):
                self._limit(hard)

    async def end(self) -> None:
        """Keep it there no longer; then the journal gives back what it had."""
        await self.scope.stop_background()

    def _limit(self, hard: int) -> None:
        self.process.rlimit(psutil.RLIMIT_NOFILE, (math.ceil(self.process.num_fds() / _SHARE), hard))
