"""Work by the thousand beside people who scan: in turns, and in pieces that are small while somebody does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

# Lines in one transaction: many cost less each, few keep nobody waiting.
_LINES_ALONE, _LINES_BESIDE_SCANS = 10_000, 250
# How long to rest after a piece while people scan, in times of what it took.
_REST = 1.5
_LONGEST_REST = 1.0


class BulkLane:
    """One piece of bulk work at a time, in the order of arrival; `disturbs` tells whether people scan."""

    def __init__(self, disturbs: Callable[[], bool]) -> None:
        self._disturbs = disturbs
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[int]:
        """Wait for a turn; yield how many lines it is for. After it others rest, where it disturbs."""
        async with self._turn:
            started = time.monotonic()
            yield _LINES_BESIDE_SCANS if self._disturbs() else _LINES_ALONE
            if self._disturbs():
                await asyncio.sleep(min(_LONGEST_REST, _REST * (time.monotonic() - started)))
