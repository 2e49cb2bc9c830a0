"""Which drills may run at the same time, and in which order they begin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from magacin.drills.drill import Claim, Drill

# Runs a drill, which calls what it is given when its fault is over.
RunOne = Callable[[type[Drill], Callable[[], None]], Awaitable[None]]


def order(drills: Iterable[type[Drill]]) -> list[type[Drill]]:
    """Return drills in the order in which they are to begin: what takes long, first."""
    return sorted(drills, key=lambda drill: (-drill.first, drill.name))


def startable(waiting: Sequence[type[Drill]], running: Iterable[Claim]) -> list[type[Drill]]:
    """Return those of `waiting` that may begin now, beside what runs and beside each other."""
    chosen: list[type[Drill]] = []
    busy = list(running)
    for drill in waiting:
        claim = Claim(drill)
        if not any(claim.disturbs(other) for other in busy):
            chosen.append(drill)
            busy.append(claim)
    return chosen


async def run_all(
    drills: Sequence[type[Drill]], run: RunOne, claims: dict[type[Drill], Claim] | None = None
) -> None:
    """Run all drills, each as soon as it disturbs nobody and nobody disturbs it.

    `claims` has what each that runs needs at this moment.
    """
    waiting = order(drills)
    claims = {} if claims is None else claims
    running: dict[asyncio.Task[None], type[Drill]] = {}
    changed = asyncio.Event()

    def ease(drill: type[Drill]) -> None:
        claims[drill] = replace(claims[drill], fault_is_over=True)
        changed.set()

    async def one(drill: type[Drill]) -> None:
        try:
            await run(drill, lambda: ease(drill))
        finally:
            changed.set()

    try:
        while waiting or running:
            for drill in startable(waiting, claims.values()):
                waiting.remove(drill)
                claims[drill] = Claim(drill)
                running[asyncio.create_task(one(drill))] = drill
            await changed.wait()
            changed.clear()
            # Its task ends within the turn of the loop that follows.
            await asyncio.sleep(0)
            for task in [task for task in running if task.done()]:
                del claims[running.pop(task)]
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
