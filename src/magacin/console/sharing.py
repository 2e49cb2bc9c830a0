"""The same question of several viewers is asked once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from magacin.console.upstream import Answer

Ask = Callable[[], Awaitable[Answer]]


@dataclass(slots=True)
class _Question:
    task: asyncio.Task[Answer]
    answered_at: float | None = None
    """None also for the moment in which it is answered and nobody has been told yet."""
    size: int = 0

    def holds(self, seconds: float) -> bool:
        return self.answered_at is None or time.monotonic() - self.answered_at < seconds


class Sharing:
    """Hands the answer to a question to all who ask it at the same time, and for some seconds after.

    Errors are told to those who wait for them and then forgotten, so that recovery shows at once.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._questions: OrderedDict[Hashable, _Question] = OrderedDict()

    async def get(self, key: Hashable, ask: Ask, *, seconds: float) -> tuple[Answer, bool]:
        """Return the answer to `key`, and whether it is somebody else's, at most `seconds` old."""
        question = self._questions.get(key)
        if question is not None and question.holds(seconds):
            return await asyncio.shield(question.task), True
        question = _Question(asyncio.create_task(_answer(ask)))
        self._drop(key)
        self._questions[key] = question
        question.task.add_done_callback(lambda _: self._settle(key, question))
        # Who goes away must not take the answer from those who wait as well.
        return await asyncio.shield(question.task), False

    def forget(self) -> None:
        """Have everything asked anew: something has changed."""
        self._questions.clear()
        self._bytes = 0

    def _settle(self, key: Hashable, question: _Question) -> None:
        question.answered_at = time.monotonic()
        if self._questions.get(key) is not question:
            return
        failed = question.task.cancelled() or question.task.exception() is not None
        size = 0 if failed else len(question.task.result().body)
        if failed or question.task.result().status >= 400 or size > self._max_bytes // 4:
            del self._questions[key]
            return
        question.size = size
        self._bytes += size
        self._questions.move_to_end(key)
        for oldest in list(self._questions):
            if self._bytes <= self._max_bytes:
                break
            if self._questions[oldest].task.done():
                self._drop(oldest)

    def _drop(self, key: Hashable) -> None:
        question = self._questions.pop(key, None)
        if question is not None:
            self._bytes -= question.size


async def _answer(ask: Ask) -> Answer:
    return await ask()
