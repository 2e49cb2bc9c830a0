"""How many tasks there are of each status, without counting a year of completed ones for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.tasks.pick_tasks.repository import PickTaskRepository

KEPT_SECONDS = 300.0
"""Then those of the days before are counted anew: an undo may have taken the completion of one back."""


class TaskCounts:
    """Tasks by status, for all who ask this process. `now` counts seconds.

    Those that were completed before today are counted once in a while, all others each time.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._before: datetime | None = None
        self._completed = 0
        self._counted_at = 0.0

    async def read(self, connection: AsyncConnection) -> dict[TaskStatus, int]:
        """Return how many there are at this moment, in the transaction of `connection`."""
        repository = PickTaskRepository(connection)
        today, counts = await repository.counts()
        if today != self._before or self._now() - self._counted_at >= KEPT_SECONDS:
            self._completed = await repository.completed_before(today)
            self._before, self._counted_at = today, self._now()
        counts[TaskStatus.COMPLETED] += self._completed
        return counts
