"""HTTP: pick tasks."""

from __future__ import annotations

from fastapi import APIRouter

from magacin.contracts.tasks import AssignIn, Page, Task, TasksIn, TaskStatus, TaskSummary
from magacin.core.requests import After, Id, Limit, Transaction
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks import service

router = APIRouter(tags=["pick tasks"])


@router.get("/api/tasks")
async def list_tasks(
    connection: Transaction,
    identity: CurrentIdentity,
    after: After = 0,
    limit: Limit = 100,
    status: TaskStatus | None = None,
    mine: bool = False,
) -> Page[TaskSummary]:
    """Return tasks; `mine` asks for those assigned to the caller."""
    with timed("pick_tasks"):
        return await service.list_tasks(connection, after, limit, status, identity.username if mine else None)


@router.post("/api/tasks", status_code=201)
async def create_tasks(connection: Transaction, wanted: TasksIn) -> list[TaskSummary]:
    """Make a pick task of each requisition: all, or none and an error."""
    with timed("pick_tasks"):
        return await service.create_tasks(connection, wanted)


@router.get("/api/tasks/{task_id}")
async def get_task(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Return a task with its lines: one's own or nobody's; supervisors see all."""
    with timed("pick_tasks"):
        return await service.read_task(connection, task_id, identity)


@router.post("/api/tasks/{task_id}/assign")
async def assign(connection: Transaction, task_id: Id, to: AssignIn) -> Task:
    """Give a task to workers; an empty list puts it back to open."""
    with timed("pick_tasks"):
        return await service.assign(connection, task_id, to.workers)


@router.post("/api/tasks/{task_id}/claim")
async def claim(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Take an open task."""
    with timed("pick_tasks"):
        return await service.claim(connection, task_id, identity)


@router.post("/api/tasks/{task_id}/start")
async def start(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Begin to pick."""
    with timed("pick_tasks"):
        return await service.start(connection, task_id, identity)


@router.post("/api/tasks/{task_id}/complete")
async def complete(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Finish a task of which every line is picked or short."""
    with timed("pick_tasks"):
        return await service.complete(connection, task_id, identity)


@router.post("/api/tasks/{task_id}/cancel")
async def cancel(connection: Transaction, identity: CurrentIdentity, task_id: Id) -> Task:
    """Stop a task; what was picked stays picked."""
    with timed("pick_tasks"):
        return await service.cancel(connection, task_id, identity)
