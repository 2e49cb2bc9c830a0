"""What undoes a fault comes to its end, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from magacin.drills import waiting as module
from magacin.drills.waiting import cancel, eventually, uninterrupted


class TestUninterrupted:
    async def test_comes_to_its_end_although_cancelled_twice(self) -> None:
        begun, go_on, ended = asyncio.Event(), asyncio.Event(), []

        async def work() -> None:
            begun.set()
            await go_on.wait()
            ended.append(True)

        waiting = asyncio.create_task(uninterrupted(work()))
        await begun.wait()
        for _ in range(2):
            waiting.cancel()
            await asyncio.sleep(0)
        assert not waiting.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended

    async def test_returns_and_raises_as_the_work_does(self) -> None:
        async def fail() -> None:
            raise ValueError("as it is")

        assert await uninterrupted(asyncio.sleep(0, "result")) == "result"
        with pytest.raises(ValueError, match="as it is"):
            await uninterrupted(fail())


async def test_eventually_says_whether_it_became_true() -> None:
    answers = iter([False, False, True])

    async def next_answer() -> bool:
        return next(answers)

    assert await eventually(next_answer, every=0, seconds=60)
    assert not await eventually(lambda: asyncio.sleep(0, False), every=0, seconds=0)


async def test_a_cancellation_that_gets_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    begun = asyncio.Event()

    async def deaf_at_first() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf_at_first())
    await begun.wait()
    [ended] = await cancel(task)
    assert isinstance(ended, asyncio.CancelledError)
    assert await cancel() == []
