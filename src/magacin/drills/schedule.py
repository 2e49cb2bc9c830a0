"""Which drills may run at the same time, and in which order they begin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from magacin.drills.claims import Claim, Claims
from magacin.drills.drill import Drill
from magacin.drills.waiting import cancel

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


async def run_all(drills: Sequence[type[Drill]], run: RunOne, claims: Claims) -> None:
    """Run all drills, each as soon as it disturbs nobody and nobody disturbs it."""
    waiting = order(drills)
    now = claims.now
    running: dict[asyncio.Task[None], type[Drill]] = {}
    changed = asyncio.Event()

    def ease(drill: type[Drill]) -> None:
        now[drill] = replace(now[drill], fault_is_over=True)
        changed.set()

    async def one(drill: type[Drill]) -> None:
        try:
            await run(drill, lambda: ease(drill))
        finally:
            changed.set()

    try:
        while waiting or running:
            for drill in startable(waiting, now.values()):
                waiting.remove(drill)
                now[drill] = Claim(drill)
                running[asyncio.create_task(one(drill))] = drill
            await changed.wait()
            changed.clear()
            # Its task ends within the turn of the loop that follows.
            await asyncio.sleep(0)
            for task in [task for task in running if task.done()]:
                del now[running.pop(task)]
                task.result()
    finally:
        await cancel(*running)
