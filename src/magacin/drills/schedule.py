"""Which drills may run at the same time, and in which order they begin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from magacin.drills.drill import Drill, conflict


def order(drills: Iterable[type[Drill]]) -> list[type[Drill]]:
    """Return drills in the order in which they are to begin: what takes long, first."""
    return sorted(drills, key=lambda drill: (-drill.first, drill.name))


def startable(waiting: Sequence[type[Drill]], running: Iterable[type[Drill]]) -> list[type[Drill]]:
    """Return those of `waiting` that may begin now, beside what runs and beside each other."""
    chosen: list[type[Drill]] = []
    busy = list(running)
    for drill in waiting:
        if not any(conflict(drill, other) for other in busy):
            chosen.append(drill)
            busy.append(drill)
    return chosen


async def run_all(drills: Sequence[type[Drill]], run: Callable[[type[Drill]], Awaitable[None]]) -> None:
    """Run all drills, each as soon as it disturbs nobody and nobody disturbs it."""
    waiting = order(drills)
    running: dict[asyncio.Task[None], type[Drill]] = {}
    try:
        while waiting or running:
            for drill in startable(waiting, running.values()):
                waiting.remove(drill)
                running[asyncio.create_task(_as_task(run, drill))] = drill
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del running[task]
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _as_task(run: Callable[[type[Drill]], Awaitable[None]], drill: type[Drill]) -> None:
    await run(drill)
