"""A target fails now and then."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import Delay, Drill, Proof
from magacin.drills.faults._outages import outage

_APART = 400.0


class ScrapesFailing(Drill):
    """The Redis exporter hangs three times, minutes apart, each time too short for ServiceDown."""

    proves = (
        Proof(
            alert="ScrapesFailing",
            severity="warning",
            service="redis-exporter",
            signal='changes(up{job="redis-exporter"}[1h]) > 5',
            # The third outage is the one that counts, so the first of the three leaves the window.
            clears=Delay(real=3600 - 2 * _APART),
        ),
    )
    holds = frozenset({"redis-exporter"})
    first = 100

    async def cause(self) -> None:
        """Suspend it, with long pauses."""
        for turn in range(3):
            if turn:
                await asyncio.sleep(self.timing.scaled(_APART))
            await outage(self.rig, self.scope, "redis-exporter")
