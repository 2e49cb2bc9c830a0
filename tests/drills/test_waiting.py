"""What undoes a fault comes to its end, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from magacin.drills.waiting import eventually, uninterrupted


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
