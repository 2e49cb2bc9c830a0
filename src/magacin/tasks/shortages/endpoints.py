"""HTTP: shortages."""

from __future__ import annotations

from magacin.contracts.tasks.pick_tasks import Task
from magacin.contracts.tasks.shortages import REPORT_SHORTAGE, ShortageIn, ShortageResult
from magacin.core.endpoint import Id
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.service import get_task
from magacin.tasks.scans.ledger import result
from magacin.tasks.scans.shortage import Shortage

router = Router(aside=True)


@router.handles(REPORT_SHORTAGE)
async def report(state: State, identity: CurrentIdentity, task_id: Id, shortage: ShortageIn) -> Task:
    """Report what cannot be picked; return the task as it is then. Safe to send again."""
    with timed("shortages"):
        (answer,) = await state.record([Shortage(task_id, shortage, identity)])
        result(answer, ShortageResult)
        async with state.database.begin() as connection:
            return await get_task(connection, task_id)
