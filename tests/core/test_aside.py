"""The loop aside: where its requests are handled, and how they end."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from types import SimpleNamespace

import aiohttp
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from magacin.core.aside import Aside, LoopAside
from magacin.core.endpoint import Endpoint
from magacin.core.errors import Conflict
from magacin.core.router import Json, Router
from magacin.core.service import MEASURED, Running, build_app, limited, state_of
from magacin.core.settings import ServerSettings
from tests.support import serving


class Found(BaseModel):
    """Where a request was handled, with which state, and how much it brought."""

    thread: str
    state: str
    size: int


HERE = Endpoint("POST", "/api/here", "On the main loop", answer=Found)
ASIDE = Endpoint("POST", "/api/aside", "On the loop aside", answer=Found)
REFUSED = Endpoint("POST", "/api/aside/refused", "Refused there", answer=Found)
_main, _aside = Router(), Router(aside=True)


@_main.handles(HERE)
async def _here(request: Request) -> Json[Found]:
    return await _found(request)


@_aside.handles(ASIDE)
async def _there(request: Request) -> Json[Found]:
    return await _found(request)


@_aside.handles(REFUSED)
async def _refused(request: Request) -> Json[Found]:
    raise Conflict("It is refused.")


async def _found(request: Request) -> Json[Found]:
    state = state_of(request.scope, SimpleNamespace).name
    return Json(Found(thread=threading.current_thread().name, state=state, size=len(await request.body())))


def app() -> FastAPI:
    async def open_(_: ServerSettings, resources: AsyncExitStack) -> Running[SimpleNamespace]:
        loop = await resources.enter_async_context(LoopAside("the other"))
        there = SimpleNamespace(name="of the other")
        return Running(state=SimpleNamespace(name="of the main one"), aside=Aside(loop, there))

    return build_app(
        "test",
        ServerSettings(port=0),
        open_,
        title="Test",
        middleware=[MEASURED, limited()],
        routers=[_main, _aside],
    )


@pytest.mark.parametrize(
    ("endpoint", "thread", "state"),
    [(HERE, "MainThread", "of the main one"), (ASIDE, "the other", "of the other")],
)
async def test_where_a_request_is_handled(endpoint: Endpoint, thread: str, state: str) -> None:
    async with serving(app()) as url, aiohttp.ClientSession() as session:
        body = b"x" * 900_000
        async with session.post(url + endpoint.path, data=body) as response:
            assert await response.json() == {"thread": thread, "state": state, "size": len(body)}


async def test_errors_and_limits_are_the_same_there() -> None:
    async with serving(app()) as url, aiohttp.ClientSession() as session:
        async with session.post(url + REFUSED.path) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (409, "conflict")
        async with session.post(url + ASIDE.path, data=b"x" * 1_000_001) as response:
            assert response.status == 413
        async with session.get(url + ASIDE.path) as response:
            assert response.status == 405


async def test_a_cancellation_arrives_there() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with LoopAside("the other") as loop:
        task = asyncio.create_task(loop.run(endless()))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.to_thread(ended.wait)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_still_runs_there_is_cancelled_at_the_end() -> None:
    ended = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with LoopAside("the other") as loop:
        task = asyncio.create_task(loop.run(endless()))
        await asyncio.sleep(0)
    assert ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        await task
