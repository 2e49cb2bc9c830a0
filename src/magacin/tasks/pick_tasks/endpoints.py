"""HTTP: pick tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import (
    ASSIGN_TASK,
    CANCEL_TASK,
    CLAIM_TASK,
    COMPLETE_TASK,
    CREATE_TASKS,
    GET_TASK,
    LIST_TASKS,
    START_TASK,
    AssignIn,
    Task,
    TaskQuery,
    TasksIn,
    TaskSummary,
)
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks import service

router = Router(aside=True)


@router.handles(LIST_TASKS)
async def list_tasks(
    connection: Transaction, identity: CurrentIdentity, wanted: Annotated[TaskQuery, Query()]
) -> Page[TaskSummary]:
    """Return tasks; `mine` asks for those assigned to the caller."""
    with timed("pick_tasks"):
        worker = identity.username if wanted.mine else None
        return await service.list_tasks(connection, wanted.after, wanted.limit, wanted.status, worker)


@router.handles(CREATE_TASKS)
async def create_tasks(connection: Transaction, wanted: TasksIn) -> list[TaskSummary]:
    """Make a pick task of each requisition: all, or none and an error."""
    with timed("pick_tasks"):
        return await service.create_tasks(connection, wanted)


@router.handles(GET_TASK)
async def get_task(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Return a task with its lines: one's own or nobody's; supervisors see all."""
    with timed("pick_tasks"):
        return await service.read_task(connection, task_id, identity)


@router.handles(ASSIGN_TASK)
async def assign(connection: Transaction, task_id: Id, to: AssignIn) -> Task:
    """Give a task to workers; an empty list puts it back to open."""
    with timed("pick_tasks"):
        return await service.assign(connection, task_id, to.workers)


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
async def cancel(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Stop a task; what was picked stays picked."""
    with timed("pick_tasks"):
        return await service.cancel(connection, task_id, identity)
