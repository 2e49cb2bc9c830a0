"""However much there is to do, no callback keeps an event loop longer from everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from benchmarks.watching import Longest, longest_callback

_REPEATS = 3
# What grows with the body takes ten times as long; the rest is what such short times vary by.
_MOST_TIMES = 4


async def assert_no_longer_for_more(work: Callable[[int], Awaitable[None]], few: int) -> None:
    """Assert that ten times as much `work` has no longer callbacks than `few` of it."""

    async def measured(count: int) -> Longest:
        found = []
        for _ in range(_REPEATS):
            with longest_callback() as longest:
                await work(count)
            found.append(longest)
        return min(found, key=lambda longest: longest.seconds)

    await work(few)  # what is done at the first time only
    one, ten = await measured(few), await measured(10 * few)
    assert ten.seconds < _MOST_TIMES * one.seconds, (one, ten)
