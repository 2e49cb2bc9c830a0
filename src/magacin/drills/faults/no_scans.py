"""Nobody scans."""

from __future__ import annotations

import asyncio

from magacin.drills.arrangements import WORKING_TIME
from magacin.drills.drill import SCANS, Delay, Drill, Proof
from magacin.drills.faults import _scanning


class NoScans(Drill):
    """It is working time, there is work, and nobody scans."""

    proves = (
        Proof(
            alert="NoScansDuringShift",
            severity="warning",
            service="task-service",
            signal="sum(increase(scans_total[15m])) == 0",
            moves=Delay(real=900),
            clears=Delay(real=15, fixed=1),
        ),
    )
    holds = frozenset({SCANS})
    uses = frozenset({"postgres", "task-service", "api-gateway"})
    needs = frozenset({WORKING_TIME})
    first = 90

    async def prepare(self) -> None:
        """Scan until Prometheus has seen it."""
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        while not await self.rig.observer.value(self._scans()):
            await self.scanner.scan()
            await asyncio.sleep(0.3)

    def _scans(self) -> str:
        milliseconds = round(self.timing.scaled(900) * 1000)
        return f"sum(increase(scans_total[{milliseconds}ms])) > 0"

    async def cause(self) -> None:
        """Scan no more."""

    async def resolve(self) -> None:
        """Scan again."""
        await self.scanner.scan_on(1, scanners=1)
