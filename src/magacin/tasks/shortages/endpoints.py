"""HTTP: shortages."""

from __future__ import annotations

from fastapi import BackgroundTasks

from magacin.contracts.tasks.pick_tasks import Task
from magacin.contracts.tasks.shortages import REPORT_SHORTAGE, ShortageIn
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import SHORTAGES, timed
from magacin.tasks.shortages import service

router = Router()


@router.handles(REPORT_SHORTAGE)
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
