"""What drills share that import files."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import aiohttp

from magacin.drills.rig import Rig
from magacin.drills.scope import Scope

FINISHED = ("succeeded", "failed")


async def upload(rig: Rig, scope: Scope, *, requisitions: int, broken: bool = False) -> dict[str, Any]:
    """Send a file of so many requisitions, or one that is not what it says; return the job."""
    number = rig.number(f"{scope.drill}-{uuid.uuid4().hex[:6]}")
    lines = [f"{number}-{n},DRILL,1" for n in range(requisitions)]
    if broken:
        # A quote that is never closed swallows all rows below it, so that the whole file is refused.
        lines[:0] = [f'{number}-x,"DRILL,1', f"{number}-y,DRILL,1"]
    content = "\n".join(["requisition,sku,quantity", *lines]) + "\n"

    def form() -> aiohttp.FormData:
        data = aiohttp.FormData()
        data.add_field("release", "false")
        data.add_field("file", content.encode(), filename=f"{number}.csv")
        return data

    job: dict[str, Any] = await rig.person.must("POST", "/api/imports", form=form)
    return job


async def finished(rig: Rig, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    """Return the job as soon as it is finished; as it is, when it is not in time."""
    deadline = time.monotonic() + seconds
    while True:
        now: dict[str, Any] = await rig.person.must("GET", f"/api/imports/{job['job_id']}")
        if now["status"] in FINISHED or time.monotonic() > deadline:
            return now
        await asyncio.sleep(0.3)


async def not_complete(rig: Rig, job: dict[str, Any], *, requisitions: int) -> list[str]:
    """Return what is wrong with an import that should have brought so many requisitions."""
    now = await finished(rig, job)
    if now["status"] != "succeeded":
        return [f"import {job['job_id']} is {now['status']}: {now['error'] or 'not finished'}"]
    created = now["counts"]["requisitions_created"]
    if created != requisitions:
        return [f"import {job['job_id']} created {created} requisitions instead of {requisitions}"]
    return []
