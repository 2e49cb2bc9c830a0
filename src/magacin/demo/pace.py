"""The pace at which all workers together scan."""

from __future__ import annotations

import asyncio
import time
from random import Random


class Pace:
    """Gives out turns, so many a second over all who ask, unevenly as people are."""

    def __init__(self, per_second: float, random: Random) -> None:
        self._interval = 1 / per_second
        self._random = random
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._interval * self._random.uniform(0.5, 1.5)
        await asyncio.sleep(at - now)
