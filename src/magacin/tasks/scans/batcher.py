"""Group commit: scans that arrive together are committed together, and each gets its own answer.

While one batch is being committed the next one gathers. So a single scan waits for nobody, and at fifty
clients one commit serves fifty scans: there is no timer to tune.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from magacin.core.errors import DependencyUnavailable
from magacin.tasks.errors import ScanQueueFull
from magacin.tasks.scans.ledger import Answer, Operation
from magacin.tasks.scans.scan import Scan

Record = Callable[[Sequence[Operation]], Awaitable[list[Answer]]]
_WAIT_SECONDS = 5.0
SCAN_SECONDS = 4.0
"""How long a batch may take, and a statement in it: less than scanners wait, so that they hear why."""
# Scans come and go; so long after the last one the next is still expected.
_BUSY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    scan: Scan
    answer: asyncio.Future[Answer]


class ScanBatcher:
    """Queues scans and records them in batches. `step` is for a `BackgroundLoop`."""

    def __init__(self, record: Record, *, batch_size: int, queue_size: int) -> None:
        self._record = record
        self._batch_size = batch_size
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(queue_size)
        self._last_scan_at = -math.inf

    def is_busy(self) -> bool:
        """Tell whether people are scanning."""
        return time.monotonic() - self._last_scan_at < _BUSY_SECONDS

    async def submit(self, scan: Scan) -> Answer:
        """Return the answer to `scan` once it is committed.

        Raises `ScanQueueFull`, or `DependencyUnavailable` when PostgreSQL is out of reach. Then the scan may
        have been recorded or not: sending it again with the same id tells.
        """
        return await self.enqueue(scan)

    def enqueue(self, scan: Scan) -> asyncio.Future[Answer]:
        """Queue `scan`; the future has what `submit` would return or raise. `ScanQueueFull` comes at once."""
        self._last_scan_at = time.monotonic()
        waiting = _Waiting(scan, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise ScanQueueFull from None
        return waiting.answer

    async def step(self) -> bool:
        """Wait for scans and record one batch of them."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                first = await self._queue.get()
        except TimeoutError:
            return True
        batch = [first]
        while len(batch) < self._batch_size and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        await self._process(batch)
        return True

    async def _process(self, batch: Sequence[_Waiting]) -> None:
        try:
            async with asyncio.timeout(SCAN_SECONDS):
                answers = await self._record([waiting.scan for waiting in batch])
        except TimeoutError:
            _answer_all(batch, DependencyUnavailable("postgresql"))
        except Exception as error:  # noqa: BLE001  whoever waits is to be told
            _answer_all(batch, error)
        except BaseException:
            _answer_all(batch, DependencyUnavailable("task-service", reason="is stopping"))
            raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                _answer(waiting, answer)


def _answer(waiting: _Waiting, answer: Answer) -> None:
    if not waiting.answer.done():  # a client that went away has cancelled its own
        waiting.answer.set_result(answer)


def _answer_all(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
