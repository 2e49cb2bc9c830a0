"""Shortages: what a worker could not pick, and why."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType, task_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import Task, TaskStatus
from magacin.contracts.tasks.shortages import ShortageIn
from magacin.core.errors import Conflict
from magacin.core.outbox import message, tell
from magacin.tasks.errors import LineNotFound, OperationIdReused, WrongTaskStatus
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.pick_tasks.service import LockedTask, close, get_task, lock_own
from magacin.tasks.shortages.repository import ShortageRepository

_REPORTABLE = frozenset({TaskStatus.ASSIGNED, TaskStatus.IN_PROGRESS})


class ShortageTooLarge(Conflict):
    """More would be short than is left on the line."""

    code = "more_than_required"


async def report(
    connection: AsyncConnection, task_id: int, shortage: ShortageIn, identity: Identity
) -> tuple[Task, bool]:
    """Record a shortage; return the task as it is then, and whether it is new.

    The last open line being short completes the task, as its being picked would. The same operation_id
    again changes nothing.
    """
    task = await lock_own(connection, task_id, identity)
    repository = ShortageRepository(connection)
    earlier = await repository.earlier(shortage.operation_id)
    if earlier is not None:
        _require_same(earlier, task_id, shortage)
        return await get_task(connection, task_id), False
    status = TaskStatus(task["status"])
    if status not in _REPORTABLE:
        raise WrongTaskStatus(task_id, status, "reported short")
    await _apply(connection, repository, task, shortage, identity)
    return await get_task(connection, task_id), True


async def _apply(
    connection: AsyncConnection,
    repository: ShortageRepository,
    task: LockedTask,
    shortage: ShortageIn,
    identity: Identity,
) -> None:
    left = await _left(repository, task, shortage)
    row = {**shortage.model_dump(mode="json"), "operation_id": shortage.operation_id}
    if not await repository.add({**row, "task_id": task["id"], "worker": identity.username}):
        # Under this task's lock nobody else reports on it: the id was used for another task just now.
        raise _reused(shortage)
    data = {**shortage.model_dump(mode="json"), "task_id": task["id"], "worker": identity.username}
    reported = message(EventType.SHORTAGE_REPORTED, f"task:{task['id']}", data, [task_room(task["id"])])
    await tell(connection, outbox, [reported])
    lines_open = task["lines_open"] - (left == shortage.quantity)
    await PickTaskRepository(connection).update(
        task["id"],
        lines_open=lines_open,
        status=TaskStatus.IN_PROGRESS.value,
        started_at=task["started_at"] or datetime.now(UTC),
    )
    if lines_open == 0:
        await close(connection, task, TaskStatus.COMPLETED, identity.username)


async def _left(repository: ShortageRepository, task: LockedTask, shortage: ShortageIn) -> int:
    line = await repository.line(task["requisition_id"], shortage.line_id)
    if line is None:
        raise LineNotFound(
            f"Task {task['id']} has no line {shortage.line_id}.", details={"line_id": shortage.line_id}
        )
    left: int = line["required"] - line["picked"] - line["short"]
    if shortage.quantity > left:
        raise ShortageTooLarge(
            f"Line {shortage.line_id} has {left} left; {shortage.quantity} cannot be short.",
            details={"line_id": shortage.line_id, "left": left},
        )
    return left


def _require_same(earlier: RowMapping, task_id: int, shortage: ShortageIn) -> None:
    sent = (task_id, shortage.line_id, shortage.quantity, shortage.reason.value)
    if sent != (earlier["task_id"], earlier["line_id"], earlier["quantity"], earlier["reason"]):
        raise _reused(shortage)


def _reused(shortage: ShortageIn) -> OperationIdReused:
    return OperationIdReused(
        "This operation_id was used for another shortage. Give each an id of its own.",
        details={"operation_id": str(shortage.operation_id)},
    )
