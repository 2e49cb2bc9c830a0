"""Answers in time, over real HTTP: what is late is stopped, and never by a clock of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.core.deadlines import SECONDS_HEADER, Hangs, InTime, unless_it_hangs
from tests.gateway.conftest import serving

# Of a request that is over at once, and of one that is not before the test is.
_SHORT, _LONG = "0.05", "600"


class Slow:
    """An application that does not get on until it is let, nor ends when it is stopped."""

    def __init__(self) -> None:
        self.go_on, self.may_end = asyncio.Event(), asyncio.Event()
        self.began, self.stopped = asyncio.Event(), asyncio.Event()
        self.says_first = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        says_first = self.says_first
        if says_first:
            await send(head)
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.stopped.set()
            await self.may_end.wait()
            raise
        if not says_first:
            await send(head)
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
async def url(slow: Slow) -> AsyncIterator[str]:
    application: ASGIApp = InTime(slow, "some-service")
    async with serving(application) as url:
        yield url


async def ask(url: str, seconds: str | None, path: str = "/") -> tuple[int, Any]:
    headers = {SECONDS_HEADER: seconds} if seconds is not None else {}
    async with aiohttp.ClientSession() as session, session.get(url + path, headers=headers) as response:
        is_json = response.content_type == "application/json"
        return response.status, await response.json() if is_json else await response.text()


async def test_what_is_late_is_refused_and_stopped(url: str, slow: Slow) -> None:
    status, body = await ask(url, _SHORT)
    # It is being stopped still: the answer has not waited for that.
    assert not slow.may_end.is_set()
    assert status == 503
    assert body["error"]["code"] == "dependency_unavailable"
    assert body["error"]["details"] == {"dependency": "some-service"}
    assert "with the same operation_id" in body["error"]["message"]
    await slow.stopped.wait()
    slow.may_end.set()


@pytest.mark.parametrize("seconds", [_LONG, None, "soon", "", "nan", "inf"])
async def test_what_is_in_time_is_answered(url: str, slow: Slow, seconds: str | None) -> None:
    asking = asyncio.create_task(ask(url, seconds))
    await slow.began.wait()
    slow.go_on.set()
    assert await asking == (200, "ok")


async def test_what_has_begun_to_answer_may_end(url: str, slow: Slow) -> None:
    slow.says_first = True
    over = asyncio.create_task(ask(url, _SHORT))
    await slow.began.wait()
    # A later request whose time is as short: when that is over, the first one's is.
    slow.says_first = False
    assert (await ask(url, _SHORT))[0] == 503
    slow.may_end.set()
    slow.go_on.set()
    assert await over == (200, "ok")


@pytest.mark.parametrize("path", ["/metrics", "/health", "/health/ready", "/health/live"])
async def test_scrapes_and_probes_have_limits_of_their_own(slow: Slow, path: str) -> None:
    async with serving(InTime(slow, "some-service", seconds=float(_SHORT))) as url:
        scraped = asyncio.create_task(ask(url, None, path))
        await slow.began.wait()
        slow.may_end.set()
        # Begun later, and over: the time of the scrape is, too.
        assert (await ask(url, None))[0] == 503
        slow.go_on.set()
        assert await scraped == (200, "ok")


class TestHangs:
    async def test_what_does_not_say_that_it_lives_is_not_waited_for(self) -> None:
        with pytest.raises(Hangs):
            async with unless_it_hangs(asyncio.Event().wait, after=0.01, within=0.01):
                await asyncio.Event().wait()

    async def test_what_does_is_waited_for_however_long_it_takes(self) -> None:
        asked, often = 0, asyncio.Event()

        async def probe() -> None:
            nonlocal asked
            asked += 1
            if asked == 5:
                often.set()
            raise ConnectionRefusedError  # an answer of its kind: what is waited for will break off

        async with unless_it_hangs(probe, after=0.001, within=60):
            await often.wait()

    async def test_another_timeout_is_left_as_it_is(self) -> None:
        with pytest.raises(TimeoutError) as raised:
            async with unless_it_hangs(asyncio.Event().wait, after=60, within=60):
                raise TimeoutError
        assert not isinstance(raised.value, Hangs)
