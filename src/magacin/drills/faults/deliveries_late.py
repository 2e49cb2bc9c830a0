"""Live updates come late."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import EVENTS, RELAY, Delay, Drill, Proof
from magacin.drills.faults.relay_held import LOCK, UNLOCK, happen
from magacin.drills.traffic import new_task

# Late enough for the limit of a second, and so few that there is always one within five minutes. Ten of them
# in an hour would burn the error budget fast, and that would keep this warning back.
_LATE_SECONDS = 1.6
_APART = 200.0


class DeliveriesLate(Drill):
    """The relay hangs again and again for more than a second, each time when something happens."""

    proves = (
        Proof(
            alert="RealtimeDeliverySlow",
            severity="warning",
            service="realtime-worker",
            signal="histogram_quantile(0.95, sum by (le) (rate(realtime_delivery_seconds_bucket[5m]))) > 1",
            # Two scrapes and a relay that hangs.
            moves=Delay(real=15, fixed=_LATE_SECONDS),
            clears=Delay(real=300),
        ),
    )
    holds = frozenset({EVENTS, RELAY})
    first = 55
    uses = frozenset({"postgres", "task-service", "api-gateway", "redis", "realtime-worker"})

    async def prepare(self) -> None:
        """Make a task whose events there are going to be, and wait until those of its making are told."""
        self.task = await new_task(self.rig.person, self.rig.number(self.name))
        self.over = asyncio.Event()
        await asyncio.sleep(self.timing.scaled(330))

    async def cause(self) -> None:
        """Have events happen while the lock is held."""
        self.scope.spawn(self._delay())

    async def _delay(self) -> None:
        async with self.rig.database() as connection:
            while not self.over.is_set():
                await connection.execute(LOCK)
                await happen(self.rig, self.task)
                await asyncio.sleep(_LATE_SECONDS)
                await connection.execute(UNLOCK)
                await asyncio.sleep(max(0.5, self.timing.scaled(_APART) - _LATE_SECONDS))

    async def end(self) -> None:
        """Do it no more; the session's end lets go of the lock."""
        self.over.set()
        await self.scope.stop_background()
