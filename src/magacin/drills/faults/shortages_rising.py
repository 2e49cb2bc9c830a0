"""Far more is missing from the shelves than usual."""

from __future__ import annotations

import asyncio
import uuid

from magacin.drills import speed
from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.faults import _scanning
from magacin.drills.traffic import Scanner
from magacin.drills.waiting import eventually

_PICKED = '{outcome=~"picked|line_complete|task_complete"}'
_HOUR = f"sum(increase(scans_total{_PICKED}[1h]))"
_DAY = f"sum(increase(scans_total{_PICKED}[1d]))"
_SHORTAGES = 12
_SCANS = 200


class ShortagesRising(Drill):
    """A day of good scans, then an hour with shortages instead."""

    proves = (
        Proof(
            alert="ShortagesRising",
            severity="warning",
            service="task-service",
            signal="sum(increase(shortages_total[1h])) > 4.5",
            moves=Delay(real=15, fixed=1),
            clears=Delay(real=300, fixed=15),
        ),
    )
    uses = frozenset({"api-gateway", "task-service"})
    first = 80

    async def prepare(self) -> None:
        """Wait until the last hour has few scans, and the day before has many."""
        self.scanner = await _scanning.scanner(self.rig, self.scope)
        if await self._scans(_DAY) < _SCANS:
            await asyncio.gather(*(_scan(self.scanner, _SCANS // 4) for _ in range(4)))
        await eventually(self._are_few, every=self.timing.scrape, seconds=self.timing.scaled(7200) + 60)

    async def _are_few(self) -> bool:
        return await self._scans(_DAY) > 2 * await self._scans(_HOUR) + 3 * _SHORTAGES

    async def _scans(self, expression: str) -> float:
        return await self.rig.observer.value(speed.expression(expression, self.timing.speed)) or 0.0

    async def cause(self) -> None:
        """Report them."""
        for _ in range(_SHORTAGES):
            body = {
                "line_id": self.scanner.line_id,
                "quantity": 1,
                "reason": "not_found",
                "operation_id": str(uuid.uuid4()),
            }
            await self.rig.person.must("POST", f"/api/tasks/{self.scanner.task_id}/shortages", body)

    async def resolve(self) -> None:
        """Scan as much as there was before, so that the hour's share is no longer twice the day's."""
        await self.scanner.scan_on(30, scanners=4)


async def _scan(scanner: Scanner, count: int) -> None:
    for _ in range(count):
        await scanner.scan()
