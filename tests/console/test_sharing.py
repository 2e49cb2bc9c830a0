"""A question that several ask is asked once, whenever they come."""

from __future__ import annotations

import asyncio

from magacin.console.sharing import Sharing
from magacin.console.upstream import Answer


async def test_who_comes_at_the_very_moment_of_the_answer_gets_it_too() -> None:
    answer = Answer(200, b"{}")
    sharing = Sharing(max_bytes=1000)
    asked = 0
    late: list[tuple[Answer, bool]] = []

    async def ask() -> Answer:
        nonlocal asked
        asked += 1
        # Runs when this has returned, and before anybody is told that it has.
        asyncio.get_running_loop().call_soon(come)
        return answer

    def come() -> None:
        coming = sharing.get("up", ask, seconds=10)
        try:
            coming.send(None)
        except StopIteration as done:
            late.append(done.value)
        else:
            coming.close()

    assert await sharing.get("up", ask, seconds=10) == (answer, False)
    assert late == [(answer, True)]
    assert asked == 1
