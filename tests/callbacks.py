"""How long callbacks keep an event loop from everything else, by the processor time of its thread."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

_REPEATS = 3
# What grows with the body takes ten times as long; the rest is what such short times vary by.
_MOST_TIMES = 4


@dataclass
class Longest:
    """The callback that took longest."""

    seconds: float = 0.0
    what: str = ""


@contextmanager
def longest_callback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Longest]:
    """Watch the callbacks of this thread's loop. What waits or is preempted takes no processor time."""
    longest, thread, run = Longest(), threading.get_ident(), asyncio.Handle._run
    is_watching = True

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != thread:
            run(handle)
            return
        started = time.thread_time()
        run(handle)
        seconds = time.thread_time() - started
        # The callback in which the watch ends goes on with what comes after it.
        if is_watching and seconds > longest.seconds:
            longest.seconds, longest.what = seconds, repr(handle)[:500]

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        gc.collect()
        gc.disable()  # a collection is of what all callbacks left behind
        try:
            yield longest
        finally:
            is_watching = False
            gc.enable()


async def assert_no_longer_for_more(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[int], Awaitable[None]], few: int
) -> None:
    """Assert that ten times as much `work` has no longer callbacks than `few` of it."""

    async def measured(count: int) -> Longest:
        found = []
        for _ in range(_REPEATS):
            with longest_callback(monkeypatch) as longest:
                await work(count)
            found.append(longest)
        return min(found, key=lambda longest: longest.seconds)

    await work(few)  # what is done at the first time only
    one, ten = await measured(few), await measured(10 * few)
    assert ten.seconds < _MOST_TIMES * one.seconds, (one, ten)
