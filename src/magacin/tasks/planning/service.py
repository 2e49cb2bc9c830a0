"""Planning: pieces are given to other tasks or places, or picked after all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import CLOSED, PlanIn, PlanResult, TaskStatus
from magacin.core.outbox import message, tell
from magacin.tasks.errors import LocationNotFound, OperationIdReused, TaskNotFound, WrongTaskStatus
from magacin.tasks.locations.repository import LocationRepository
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.pick_tasks.service import close, get_task
from magacin.tasks.planning.moves import Moves, Source
from magacin.tasks.planning.repository import PlanRepository


async def move(
    connection: AsyncConnection, task_id: int, plan: PlanIn, source: Source, identity: Identity
) -> PlanResult:
    """Move pieces of a task's lines; return both tasks as they are then.

    The same operation_id again changes nothing. A task of which nothing is left to pick is completed by
    that, or cancelled when it has no line any more.
    """
    repository = PlanRepository(connection)
    locked = await repository.lock({task_id, plan.to_task_id or task_id})
    for wanted in (task_id, plan.to_task_id):
        if wanted is not None and wanted not in locked:
            raise TaskNotFound(wanted)
    sent = {"source": source.value, "task_id": task_id, **plan.model_dump(mode="json")}
    earlier = await repository.earlier(plan.operation_id)
    if earlier is not None:
        if earlier["sent"] != sent:
            raise _reused(plan)
        return await _result(connection, task_id, earlier["target_task_id"])
    target_id = await _target(repository, locked, task_id, plan)
    moves = Moves(
        task_id,
        target_id,
        await repository.lines({task_id, target_id}),
        await _location(connection, plan.location),
    )
    moves.move(plan.lines, source)
    await _write(connection, repository, moves)
    added = await repository.add(
        operation_id=plan.operation_id,
        task_id=task_id,
        target_task_id=target_id,
        sent=sent,
        supervisor=identity.username,
    )
    if not added:
        raise _reused(plan)  # by a change of other tasks, just now
    await _tell(connection, moves, sent, identity)
    await _close_what_is_done(connection, moves, dict(locked[task_id]), identity)
    return await _result(connection, task_id, target_id)


async def _target(
    repository: PlanRepository, locked: Mapping[int, RowMapping], task_id: int, plan: PlanIn
) -> int:
    """Return the task that is to pick the pieces: one that is not closed, or a new one."""
    target_id = plan.to_task_id
    if target_id is None:
        return await repository.create_task(locked[task_id]["due_at"])
    status = TaskStatus(locked[target_id]["status"])
    if status in CLOSED:
        raise WrongTaskStatus(target_id, status, "given more to pick")
    return target_id


async def _location(connection: AsyncConnection, code: str | None) -> int | None:
    if code is None:
        return None
    found = await LocationRepository(connection).lock([code])
    if code not in found:
        raise LocationNotFound(
            f"There is no location {code!r}. Nothing was moved.", details={"codes": [code]}
        )
    return found[code]


async def _write(connection: AsyncConnection, repository: PlanRepository, moves: Moves) -> None:
    # Before the lines change: a scan that was made on the version before is compared with it.
    await PickTaskRepository(connection).begin_version(dict(moves.lines_open()))
    await repository.change(list(moves.changed.values()))
    if moves.created:
        await repository.create_lines(moves.created)
    await repository.follow_lines({moves.task_id, moves.target_id})


async def _close_what_is_done(
    connection: AsyncConnection, moves: Moves, task: Mapping[str, Any], identity: Identity
) -> None:
    if TaskStatus(task["status"]) in CLOSED or moves.lines_open()[moves.task_id]:
        return
    status = TaskStatus.CANCELLED if moves.is_emptied else TaskStatus.COMPLETED
    workers = await PickTaskRepository(connection).workers(moves.task_id)
    await close(connection, {**task, "workers": workers}, status, identity.username)


async def _tell(
    connection: AsyncConnection, moves: Moves, sent: Mapping[str, Any], identity: Identity
) -> None:
    tasks = sorted({moves.task_id, moves.target_id})
    workers = await PickTaskRepository(connection).workers_of(tasks)
    data = {**sent, "target_task_id": moves.target_id, "supervisor": identity.username}
    messages = [
        message(
            EventType.TASK_REPLANNED,
            f"task:{task_id}",
            data,
            [task_room(task_id), *(user_room(name) for name in sorted(workers.get(task_id, [])))],
        )
        for task_id in tasks
    ]
    await tell(connection, outbox, messages)


async def _result(connection: AsyncConnection, task_id: int, target_id: int) -> PlanResult:
    return PlanResult(task=await get_task(connection, task_id), target=await get_task(connection, target_id))


def _reused(plan: PlanIn) -> OperationIdReused:
    return OperationIdReused(
        "This operation_id was used for another change of plan. Give each an id of its own.",
        details={"operation_id": str(plan.operation_id)},
    )
