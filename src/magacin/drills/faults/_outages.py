"""Short outages of a part, each just long enough for Prometheus to see it."""

from __future__ import annotations

import asyncio

from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.waiting import eventually
from magacin.stack.errors import StackError


async def outage(rig: Rig, scope: Scope, part: str) -> None:
    """Suspend a part until a scrape has failed, and let it go on until one has succeeded."""
    process = await asyncio.to_thread(scope.suspend, part)
    await _until_up_is(rig, part, 0)
    await asyncio.to_thread(process.resume)
    await _until_up_is(rig, part, 1)


async def _until_up_is(rig: Rig, part: str, value: int) -> None:
    expression = f'up{{job="{part}"}} == {value}'
    if not await eventually(lambda: rig.observer.query(expression), every=rig.timing.scrape / 5, seconds=90):
        raise StackError(f"Prometheus does not see that {part} is {'back' if value else 'away'}.")
