"""Pick tasks: created from requisitions, assigned, claimed, started, completed, cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity, Role
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import (
    CLOSED,
    PICKABLE,
    Task,
    TaskChangeIn,
    TaskLine,
    TaskQuery,
    TasksIn,
    TaskStatus,
    TaskSummary,
)
from magacin.core import audit
from magacin.core.outbox import message, tell
from magacin.tasks.errors import (
    LinesRemaining,
    NotYourTask,
    RequisitionNotFound,
    TaskChanged,
    TaskExists,
    TaskHeld,
    TaskNotFound,
    WrongTaskStatus,
)
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.requisitions.repository import RequisitionRepository

_TOLD_OF_CHANGES = {"priority", "due_at", "held", "door", "revision", "changed_by"}

# The columns of a pick task whose lock is held, and its workers.
LockedTask = Mapping[str, Any]


async def list_tasks(connection: AsyncConnection, wanted: TaskQuery, identity: Identity) -> Page[TaskSummary]:
    """Return a page of the tasks that the caller may see: as for one task, not those of other workers."""
    after, limit, status = wanted.after, wanted.limit, wanted.status
    sees_all = identity.role.includes(Role.SUPERVISOR) or status is TaskStatus.OPEN
    worker = identity.username if wanted.mine or not sees_all else None
    rows = await PickTaskRepository(connection).page(
        after,
        limit,
        status,
        worker,
        or_free=not wanted.mine and status is None,
        to_begin=not identity.role.includes(Role.SUPERVISOR),
        among=wanted.task_id or None,
    )
    items = [TaskSummary.model_validate(dict(row)) for row in rows]
    return Page.of(items, limit, lambda: items[-1].task_id)


async def get_task(connection: AsyncConnection, task_id: int) -> Task:
    """Return one task with its lines; raise `TaskNotFound`."""
    row = await PickTaskRepository(connection).get(task_id)
    if row is None:
        raise TaskNotFound(task_id)
    lines = await PickTaskRepository(connection).lines(task_id)
    return Task(**row, lines=[TaskLine.model_validate(dict(line)) for line in lines])


async def read_task(connection: AsyncConnection, task_id: int, identity: Identity) -> Task:
    """Return a task that the caller may see; raise `NotYourTask` of somebody else's.

    One that nobody has is everybody's to see: who claims it has looked at it before. It is the rule for
    sockets as well: the gateway asks for a task on behalf of whoever wants to watch it.
    """
    task = await get_task(connection, task_id)
    if task.workers and identity.username not in task.workers and not identity.role.includes(Role.SUPERVISOR):
        raise NotYourTask(task_id)
    return task


async def create_tasks(connection: AsyncConnection, wanted: TasksIn, identity: Identity) -> list[TaskSummary]:
    """Make a task of each requisition, or one of all, or none: raise when one is unknown or has a task."""
    repository = PickTaskRepository(connection)
    # Their lines are counted: nobody may replace them meanwhile.
    await RequisitionRepository(connection).lock(wanted.requisition_ids)
    created = await release(
        connection, wanted.requisition_ids, wanted.due_at, together=wanted.together, door=wanted.door
    )
    left = set(wanted.requisition_ids) - created.keys()
    if taken := await repository.existing(left):
        raise TaskExists(
            f"Requisition {min(taken)} has a pick task already. No task was created.",
            details={"tasks": taken},
        )
    if left:
        raise RequisitionNotFound(
            f"There is no requisition {min(left)}. No task was created.",
            details={"requisition_ids": sorted(left)},
        )
    await repository.set_totes(wanted.totes)
    await audit.record(connection, identity, *_made(created, wanted))
    rows = await repository.summaries(created.values())
    return [TaskSummary.model_validate(dict(row)) for row in rows]


def _made(created: Mapping[int, int], wanted: TasksIn) -> list[audit.Entry]:
    """Return what the audit log says of tasks that were made of requisitions."""
    of_task: dict[int, list[int]] = {}
    for requisition_id, task_id in created.items():
        of_task.setdefault(task_id, []).append(requisition_id)
    said = {name: value for name in ("due_at", "door") if (value := getattr(wanted, name))}
    return [
        audit.Entry(Action.TASK_CREATED, "task", task_id, after={"requisition_ids": sorted(ids), **said})
        for task_id, ids in of_task.items()
    ]


async def release(
    connection: AsyncConnection,
    requisition_ids: Sequence[int],
    due_at: datetime | None,
    *,
    together: bool = False,
    door: str | None = None,
) -> dict[int, int]:
    """Create tasks where there are none; return requisition id → task id of the created ones."""
    repository = PickTaskRepository(connection)
    lines = await repository.unplanned(requisition_ids)
    if not lines:
        return {}
    served = [sorted(lines)] if together else [[requisition_id] for requisition_id in sorted(lines)]
    counts = [sum(lines[requisition_id] for requisition_id in ids) for ids in served]
    task_ids = await repository.create(served, counts, due_at, door)
    messages = [
        message(
            EventType.TASK_CREATED,
            f"task:{task_id}",
            {"task_id": task_id, "requisition_id": ids[0], "requisition_ids": ids},
        )
        for task_id, ids in zip(task_ids, served, strict=True)
    ]
    await tell(connection, outbox, messages)
    return {
        requisition_id: task_id
        for task_id, ids in zip(task_ids, served, strict=True)
        for requisition_id in ids
    }


async def release_new(connection: AsyncConnection, lines: Mapping[int, int], job_id: int | None) -> None:
    """Create the tasks of requisitions that this transaction made, of so many lines each; tell it once."""
    task_ids = await PickTaskRepository(connection).create([[id_] for id_ in lines], list(lines.values()))
    data = {"task_ids": task_ids, "requisition_ids": list(lines), "job_id": job_id}
    await tell(connection, outbox, [message(EventType.TASKS_RELEASED, f"task:{task_ids[0]}", data)])


async def change(
    connection: AsyncConnection, task_id: int, wanted: TaskChangeIn, seen: int | None, identity: Identity
) -> Task:
    """Give a task that is not closed another priority or due time, or hold it; tell everybody on it.

    Of this and of what follows, `seen` is the revision that the caller goes by, if it was said: of another
    one nothing is changed, and `TaskChanged` raised.
    """
    task = await _lock(connection, task_id)
    status = TaskStatus(task["status"])
    if status in CLOSED:
        raise WrongTaskStatus(task_id, status, "changed")
    values = wanted.model_dump(exclude_unset=True)
    await require_unchanged(connection, task, seen, wanted.model_dump(mode="json", exclude_unset=True))
    if any(task[name] != value for name, value in values.items()):
        await PickTaskRepository(connection).decide(task_id, identity.username, **values)
        differing = audit.differences(task, values)
        await audit.record(
            connection, identity, audit.Entry(Action.TASK_CHANGED, "task", task_id, *differing)
        )
    changed = await get_task(connection, task_id)
    data = changed.model_dump(mode="json", include=_TOLD_OF_CHANGES)
    await _tell(connection, EventType.TASK_CHANGED, task, data)
    return changed


async def assign(
    connection: AsyncConnection, task_id: int, workers: Sequence[str], seen: int | None, identity: Identity
) -> Task:
    """Give a task to workers, or with none of them back to everybody."""
    task = await _lock(connection, task_id)
    status = TaskStatus(task["status"])
    if status in CLOSED:
        raise WrongTaskStatus(task_id, status, "assigned")
    await require_unchanged(connection, task, seen, {"workers": sorted(set(workers))})
    await _set_workers(connection, task, workers, identity, Action.TASK_ASSIGNED, by_hand=True)
    return await get_task(connection, task_id)


async def give(connection: AsyncConnection, task_id: int, workers: Sequence[str], by: audit.Actor) -> None:
    """Give an open task to workers by a rule, which may do so again once they have given it back."""
    await _set_workers(connection, await _lock(connection, task_id), workers, by, Action.TASK_ASSIGNED)


async def require_unchanged(
    connection: AsyncConnection, task: LockedTask, seen: int | None, wanted: Mapping[str, Any]
) -> None:
    """Raise `TaskChanged`, with both sides, where a locked task is not as it was in the revision `seen`."""
    if seen is None or seen == task["revision"]:
        return
    (now,) = await PickTaskRepository(connection).summaries([task["id"]])
    raise TaskChanged(seen, wanted, TaskSummary.model_validate(dict(now)))


async def claim(connection: AsyncConnection, task_id: int, identity: Identity) -> Task:
    """Take an open task. Claiming one's own again is no error; somebody else's raises `NotYourTask`."""
    task = await _lock(connection, task_id)
    status = TaskStatus(task["status"])
    if status in CLOSED:
        raise WrongTaskStatus(task_id, status, "claimed")
    if task["workers"] and identity.username not in task["workers"]:
        raise NotYourTask(task_id)
    if not task["workers"]:
        if task["held"]:
            raise TaskHeld(task_id)
        await _set_workers(connection, task, [identity.username], identity, Action.TASK_CLAIMED)
    return await get_task(connection, task_id)


async def start(connection: AsyncConnection, task_id: int, identity: Identity) -> Task:
    """Begin to pick. Starting a started task is no error."""
    task = await lock_own(connection, task_id, identity)
    status = TaskStatus(task["status"])
    if status is TaskStatus.ASSIGNED:
        if task["held"]:
            raise TaskHeld(task_id)
        now = datetime.now(UTC)
        await PickTaskRepository(connection).update(
            task_id, status=TaskStatus.IN_PROGRESS.value, started_at=now
        )
        await _record_status(connection, task, TaskStatus.IN_PROGRESS, identity, Action.TASK_STARTED)
        await _tell(connection, EventType.TASK_STARTED, task, {"worker": identity.username})
    elif status is not TaskStatus.IN_PROGRESS:
        raise WrongTaskStatus(task_id, status, "started")
    return await get_task(connection, task_id)


async def complete(connection: AsyncConnection, task_id: int, identity: Identity) -> Task:
    """Finish a task of which every line is picked or short. Finishing a finished one is no error."""
    task = await lock_own(connection, task_id, identity)
    status = TaskStatus(task["status"])
    if status is TaskStatus.COMPLETED:
        return await get_task(connection, task_id)
    if status not in PICKABLE:
        raise WrongTaskStatus(task_id, status, "completed")
    if task["lines_open"]:
        raise LinesRemaining(
            f"{task['lines_open']} lines of task {task_id} are not done. Pick them, or report what is short.",
            details={"task_id": task_id, "remaining_lines": task["lines_open"]},
        )
    await close(connection, task, TaskStatus.COMPLETED, identity)
    return await get_task(connection, task_id)


async def cancel(connection: AsyncConnection, task_id: int, seen: int | None, identity: Identity) -> Task:
    """Stop a task. What was picked stays picked; cancelling a cancelled one is no error."""
    task = await _lock(connection, task_id)
    status = TaskStatus(task["status"])
    if status is TaskStatus.COMPLETED:
        raise WrongTaskStatus(task_id, status, "cancelled")
    if status is not TaskStatus.CANCELLED:
        await require_unchanged(connection, task, seen, {"status": TaskStatus.CANCELLED.value})
        await PickTaskRepository(connection).decide(task_id, identity.username)
        await close(connection, task, TaskStatus.CANCELLED, identity)
    return await get_task(connection, task_id)


async def close(
    connection: AsyncConnection, task: LockedTask, status: TaskStatus, identity: audit.Actor
) -> None:
    """Complete or cancel a task whose lock is held, and tell."""
    now = datetime.now(UTC)
    repository = PickTaskRepository(connection)
    await repository.update(
        task["id"], status=status.value, started_at=task["started_at"] or now, completed_at=now
    )
    is_done = status is TaskStatus.COMPLETED
    action = Action.TASK_COMPLETED if is_done else Action.TASK_CANCELLED
    await _record_status(connection, task, status, identity, action)
    event = EventType.TASK_COMPLETED if is_done else EventType.TASK_CANCELLED
    await _tell(connection, event, task, {"worker": identity.username})


async def _record_status(
    connection: AsyncConnection, task: LockedTask, status: TaskStatus, identity: audit.Actor, action: Action
) -> None:
    was, is_ = {"status": task["status"]}, {"status": status}
    await audit.record(connection, identity, audit.Entry(action, "task", task["id"], was, is_))


async def _lock(connection: AsyncConnection, task_id: int) -> LockedTask:
    repository = PickTaskRepository(connection)
    task = await repository.lock(task_id)
    if task is None:
        raise TaskNotFound(task_id)
    return {**task, "workers": await repository.workers(task_id)}


async def lock_own(connection: AsyncConnection, task_id: int, identity: Identity) -> LockedTask:
    """Return a task of the caller's, locked. Supervisors may act for anybody; others get `NotYourTask`."""
    task = await _lock(connection, task_id)
    if identity.username not in task["workers"] and not identity.role.includes(Role.SUPERVISOR):
        raise NotYourTask(task_id)
    return task


async def _set_workers(
    connection: AsyncConnection,
    task: LockedTask,
    workers: Sequence[str],
    identity: audit.Actor,
    action: Action,
    *,
    by_hand: bool = False,
) -> None:
    repository = PickTaskRepository(connection)
    names, revision = sorted(set(workers)), task["revision"]
    changed_by = task["changed_by"]
    if names != sorted(task["workers"]):
        await repository.set_workers(task["id"], names)
        changed_by = identity.username
        revision = await repository.decide(task["id"], changed_by, by_hand=by_hand or task["by_hand"])
        was, is_ = {"workers": sorted(task["workers"])}, {"workers": names}
        await audit.record(connection, identity, audit.Entry(action, "task", task["id"], was, is_))
    if task["status"] != TaskStatus.IN_PROGRESS or not workers:
        status = TaskStatus.ASSIGNED if workers else TaskStatus.OPEN
        await repository.update(task["id"], status=status.value)
    rooms = [task_room(task["id"]), *(user_room(name) for name in {*names, *task["workers"]})]
    data = {"task_id": task["id"], "workers": names, "revision": revision, "changed_by": changed_by}
    await tell(connection, outbox, [message(EventType.TASK_ASSIGNED, f"task:{task['id']}", data, rooms)])


async def _tell(
    connection: AsyncConnection, event: EventType, task: LockedTask, data: dict[str, Any]
) -> None:
    rooms = [task_room(task["id"]), *(user_room(name) for name in task["workers"])]
    body = {"task_id": task["id"], **data}
    await tell(connection, outbox, [message(event, f"task:{task['id']}", body, rooms)])
