"""Loops that fail, hang and recover, and what health says of them."""

from __future__ import annotations

import asyncio

import pytest

from magacin.core.background import BackgroundLoop
from magacin.core.errors import DependencyUnavailable
from magacin.core.health import Check, Health


class Steps:
    """A step whose behaviour a test sets."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hang = False
        self.calls = 0
        self.called = asyncio.Event()

    async def __call__(self) -> bool:
        self.calls += 1
        self.called.set()
        if self.hang:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return False

    async def next_call(self) -> None:
        self.called.clear()
        await asyncio.wait_for(self.called.wait(), 60)
        await asyncio.sleep(0)


@pytest.mark.parametrize("error", [ValueError("broken"), DependencyUnavailable("redis")])
async def test_failure_shows_until_a_step_succeeds_again(error: Exception) -> None:
    steps = Steps()
    loop = BackgroundLoop("example", steps, idle=0.01)
    health = Health("service", "1", [Check.of(loop)])
    with pytest.raises(RuntimeError, match="not running"):
        await loop.check()
    loop.start()
    await steps.next_call()
    await loop.check()

    steps.error = error
    await steps.next_call()
    status, report = await health.report()
    assert (status, report["checks"]["example"]["status"]) == (503, "failing")

    steps.error = None
    await steps.next_call()
    await loop.check()
    await loop.stop()


async def test_step_that_hangs_is_noticed() -> None:
    steps = Steps()
    steps.hang = True
    loop = BackgroundLoop("example", steps, critical=False, stale_after=0.05)
    loop.start()
    await steps.next_call() if not steps.calls else None
    await asyncio.sleep(0.1)
    with pytest.raises(RuntimeError, match="has not come round"):
        await loop.check()
    await loop.stop()


async def test_wake_cuts_the_idle_time_short() -> None:
    steps = Steps()
    loop = BackgroundLoop("example", steps, idle=3600)
    loop.start()
    await steps.next_call()
    loop.wake()
    await steps.next_call()
    assert steps.calls == 2
    await loop.stop()


async def test_loop_that_died_is_noticed() -> None:
    async def dies() -> bool:
        raise asyncio.CancelledError

    loop = BackgroundLoop("example", dies, critical=False)
    loop.start()
    await asyncio.sleep(0.01)
    with pytest.raises(RuntimeError, match="not running"):
        await loop.check()


async def test_wake_does_not_cut_the_pause_after_a_failure_short(monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than any machine stands still.
    monkeypatch.setattr("magacin.core.background._FIRST_BACKOFF", 3600.0)
    steps = Steps()
    steps.error = ValueError("broken")
    loop = BackgroundLoop("example", steps, idle=3600)
    loop.start()
    await steps.next_call()
    for _ in range(50):
        loop.wake()
        await asyncio.sleep(0)
    assert steps.calls == 1
    await loop.stop()


async def test_a_dependency_that_is_down_is_named_and_no_more() -> None:
    steps = Steps()
    steps.error = DependencyUnavailable("postgresql")
    loop = BackgroundLoop("example", steps, idle=0.01)
    loop.start()
    await steps.next_call()
    with pytest.raises(RuntimeError, match=r"^postgresql does not answer$"):
        await loop.check()
    await loop.stop()


class TestThatTheServiceCanDoWithout:
    """A loop that may wait for a dependency: without it the service is degraded, and with nothing else."""

    async def health_of(self, loop: BackgroundLoop) -> tuple[int, str]:
        health = Health("service", "1", [Check.of(loop)])
        status, report = await health.report()
        assert report["checks"]["example"]["status"] == "failing"
        assert report["checks"]["example"]["critical"] is (status == 503)
        return status, report["status"]

    async def test_degrades_while_a_dependency_is_away(self) -> None:
        steps = Steps()
        steps.error = DependencyUnavailable("redis")
        loop = BackgroundLoop("example", steps, critical=False, idle=0.01)
        loop.start()
        await steps.next_call()
        assert await self.health_of(loop) == (200, "degraded")
        await loop.stop()

    async def test_fails_when_it_never_ran_or_ended(self) -> None:
        loop = BackgroundLoop("example", Steps(), critical=False)
        assert await self.health_of(loop) == (503, "failing")
        loop.start()
        await loop.stop()
        assert await self.health_of(loop) == (503, "failing")

    async def test_fails_when_it_was_cancelled_from_inside(self) -> None:
        async def dies() -> bool:
            raise asyncio.CancelledError

        loop = BackgroundLoop("example", dies, critical=False)
        loop.start()
        await asyncio.sleep(0.01)
        assert await self.health_of(loop) == (503, "failing")

    async def test_fails_when_its_own_work_does(self) -> None:
        steps = Steps()
        steps.error = ValueError("broken")
        loop = BackgroundLoop("example", steps, critical=False, idle=0.01)
        loop.start()
        await steps.next_call()
        assert await self.health_of(loop) == (503, "failing")
        await loop.stop()

    async def test_fails_when_it_hangs_even_after_an_outage(self) -> None:
        steps = Steps()
        steps.error = DependencyUnavailable("redis")
        loop = BackgroundLoop("example", steps, critical=False, stale_after=0.05)
        loop.start()
        await steps.next_call()
        steps.hang = True
        await steps.next_call()
        await asyncio.sleep(0.1)
        assert await self.health_of(loop) == (503, "failing")
        await loop.stop()
