"""Waiting: for something that nobody tells of, and for something that must come to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Do some work to its end, also when whoever waits for it is cancelled meanwhile; say so afterwards."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None and not task.cancelled():
        if (problem := task.exception()) is not None:
            raise problem
        raise cancelled
    return task.result()


# A cancellation may get lost: `asyncio.wait_for` of Python 3.11, through which python-socketio waits for
# answers, swallows one that arrives with the answer. Who cleans up longer than this does so `uninterrupted`.
_AGAIN_SECONDS = 5.0


async def cancel(*tasks: asyncio.Task[Any]) -> list[Any]:
    """End tasks and wait for their ends; return what each returned or raised."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
    return await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def meanwhile(*work: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
    """Have work going on for as long as the context lasts."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        await cancel(*tasks)


async def eventually(check: Callable[[], Awaitable[object]], *, every: float, seconds: float) -> bool:
    """Wait until `check` returns something true; say whether it did within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if await check():
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(every)
