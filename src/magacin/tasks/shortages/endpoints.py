"""HTTP: shortages."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks

from magacin.contracts.tasks import ShortageIn, Task
from magacin.core.requests import Id, Transaction
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import SHORTAGES, timed
from magacin.tasks.shortages import service

router = APIRouter(tags=["shortages"])


@router.post("/api/tasks/{task_id}/shortages", status_code=201)
async def report(
    connection: Transaction,
    identity: CurrentIdentity,
    task_id: Id,
    shortage: ShortageIn,
    after_commit: BackgroundTasks,
) -> Task:
    """Report what cannot be picked. Safe to send again with the same operation_id."""
    with timed("shortages"):
        task, new = await service.report(connection, task_id, shortage, identity)
    if new:
        after_commit.add_task(SHORTAGES.labels(shortage.reason.value).inc)
    return task
