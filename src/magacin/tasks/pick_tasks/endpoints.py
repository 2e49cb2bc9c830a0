"""HTTP: pick tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import (
    ASSIGN_TASK,
    CANCEL_TASK,
    CHANGE_TASK,
    CLAIM_TASK,
    COMPLETE_TASK,
    CREATE_TASKS,
    GET_TASK,
    LIST_TASKS,
    START_TASK,
    AssignIn,
    IfUnchanged,
    Task,
    TaskChangeIn,
    TaskQuery,
    TasksIn,
    TaskSummary,
)
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks import service

router = Router(aside=True)

Seen = Annotated[IfUnchanged, Query()]


@router.handles(LIST_TASKS)
async def list_tasks(
    request: Request,
    connection: Transaction,
    identity: CurrentIdentity,
    wanted: Annotated[TaskQuery, Query()],
) -> Json[Page[TaskSummary]]:
    """Return tasks; `mine` asks for those assigned to the caller, who sees free ones otherwise, too.

    A screen that asks again and again gets 304 where nothing has changed.
    """
    with timed("pick_tasks"):
        found = await service.list_tasks(connection, wanted, identity)
    return Json.tagged(found, request)


@router.handles(CREATE_TASKS)
async def create_tasks(
    connection: Transaction, identity: CurrentIdentity, wanted: TasksIn
) -> list[TaskSummary]:
    """Make a pick task of each requisition: all, or none and an error."""
    with timed("pick_tasks"):
        return await service.create_tasks(connection, wanted, identity)


@router.handles(GET_TASK)
async def get_task(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Return a task with its lines: one's own or nobody's; supervisors see all."""
    with timed("pick_tasks"):
        return await service.read_task(connection, task_id, identity)


@router.handles(CHANGE_TASK)
async def change(
    connection: Transaction, identity: CurrentIdentity, task_id: Id, wanted: TaskChangeIn, seen: Seen
) -> Task:
    """Give a task another priority or due time, hold it, or let it be begun again."""
    with timed("pick_tasks"):
        return await service.change(connection, task_id, wanted, seen.revision, identity)


@router.handles(ASSIGN_TASK)
async def assign(
    connection: Transaction, identity: CurrentIdentity, task_id: Id, to: AssignIn, seen: Seen
) -> Task:
    """Give a task to workers; an empty list puts it back to open."""
    with timed("pick_tasks"):
        return await service.assign(connection, task_id, to.workers, seen.revision, identity)


@router.handles(CLAIM_TASK)
async def claim(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Take an open task."""
    with timed("pick_tasks"):
        return await service.claim(connection, task_id, identity)


@router.handles(START_TASK)
async def start(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Begin to pick."""
    with timed("pick_tasks"):
        return await service.start(connection, task_id, identity)


@router.handles(COMPLETE_TASK)
async def complete(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Finish a task of which every line is picked or short."""
    with timed("pick_tasks"):
        return await service.complete(connection, task_id, identity)


@router.handles(CANCEL_TASK)
async def cancel(connection: Transaction, identity: CurrentIdentity, task_id: Id, seen: Seen) -> Task:
    """Stop a task; what was picked stays picked."""
    with timed("pick_tasks"):
        return await service.cancel(connection, task_id, seen.revision, identity)
