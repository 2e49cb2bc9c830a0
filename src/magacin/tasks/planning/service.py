"""Planning: pieces are given to other tasks or places, or picked after all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import CLOSED, PlanIn, PlanResult, TaskStatus
from magacin.core.db import Database
from magacin.core.errors import AppError, Conflict, NotFound
from magacin.core.outbox import message, tell
from magacin.tasks.errors import (
    LocationNotFound,
    OperationIdReused,
    PlanRefused,
    TaskNotFound,
    WrongTaskStatus,
)
from magacin.tasks.locations.repository import LocationRepository
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.pick_tasks.service import close, get_task, require_unchanged
from magacin.tasks.planning.moves import Moves, Source
from magacin.tasks.planning.repository import PlanRepository


async def move(
    database: Database, task_id: int, plan: PlanIn, source: Source, seen: int | None, identity: Identity
) -> PlanResult:
    """Move pieces of a task's lines; return both tasks as they are then, or raise why nothing was moved.

    The same operation_id again changes nothing, and gets the same answer, be it an error. A task of which
    nothing is left to pick is completed by that, or cancelled when it has no line any more. `seen` is the
    revision of the task from which they are moved, if it was said: of another one nothing is moved.
    """
    async with database.begin() as connection:
        answer = await _answer(connection, task_id, plan, source, seen, identity)
    if isinstance(answer, AppError):
        raise answer
    return answer


async def _answer(
    connection: AsyncConnection,
    task_id: int,
    plan: PlanIn,
    source: Source,
    seen: int | None,
    identity: Identity,
) -> PlanResult | AppError:
    """Return what a plan is answered with. It is recorded, unless there is no such task or its id is used."""
    repository = PlanRepository(connection)
    locked = await repository.lock({task_id, plan.to_task_id or task_id})
    for wanted in (task_id, plan.to_task_id):
        if wanted is not None and wanted not in locked:
            raise TaskNotFound(wanted)
    sent = as_sent(task_id, plan, source)
    earlier = await repository.earlier(plan.operation_id)
    if earlier is not None:
        return replay(dict(earlier), sent) or await _result(connection, task_id, earlier["target_task_id"])
    if not await repository.take_id(plan.operation_id):
        raise _reused(plan.operation_id, "operation")
    answer: PlanResult | AppError
    try:
        async with connection.begin_nested():
            await require_unchanged(connection, dict(locked[task_id]), seen, sent)
            answer = await _move(connection, locked, sent, plan, source, identity)
    except (Conflict, NotFound) as error:
        answer = error
    await repository.add(
        operation_id=plan.operation_id,
        task_id=task_id,
        target_task_id=answer.target.task_id if isinstance(answer, PlanResult) else None,
        sent=sent,
        supervisor=identity.username,
        answer=kept(answer),
    )
    return answer


async def _move(
    connection: AsyncConnection,
    locked: Mapping[int, RowMapping],
    sent: Mapping[str, Any],
    plan: PlanIn,
    source: Source,
    identity: Identity,
) -> PlanResult:
    repository = PlanRepository(connection)
    task_id = sent["task_id"]
    target_id = await _target(repository, locked, task_id, plan)
    moves = Moves(
        task_id,
        target_id,
        await repository.lines({task_id, target_id}),
        await _location(connection, plan.location),
    )
    moves.move(plan.lines, source)
    await _write(connection, repository, moves, identity)
    await _tell(connection, moves, sent, identity)
    await _close_what_is_done(connection, moves, dict(locked[task_id]), identity)
    return await _result(connection, task_id, target_id)


def as_sent(task_id: int, plan: PlanIn, source: Source) -> dict[str, Any]:
    """Return what tells a plan that is sent again from another one under its id."""
    return {"source": source.value, "task_id": task_id, **plan.model_dump(mode="json")}


def kept(answer: PlanResult | AppError) -> dict[str, Any]:
    """Return what is recorded of an answer, to be given again."""
    if isinstance(answer, PlanResult):
        return answer.model_dump(mode="json")
    said = {name: getattr(answer, name) for name in ("status", "code", "message", "details")}
    return {"error": said}


def replay(earlier: Mapping[str, Any], sent: Mapping[str, Any]) -> PlanResult | AppError | None:
    """Return the answer that the same plan got, None where it was not kept; raise when its id was reused."""
    if earlier["sent"] != sent:
        raise _reused(earlier["operation_id"], "change of plan")
    answer = earlier["answer"]
    if answer is None:
        return None
    return PlanRefused(**answer["error"]) if "error" in answer else PlanResult.model_validate(answer)


async def _target(
    repository: PlanRepository, locked: Mapping[int, RowMapping], task_id: int, plan: PlanIn
) -> int:
    """Return the task that is to pick the pieces: one that is not closed, or a new one."""
    target_id = plan.to_task_id
    if target_id is None:
        return await repository.create_task(locked[task_id])
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


async def _write(
    connection: AsyncConnection, repository: PlanRepository, moves: Moves, identity: Identity
) -> None:
    # Before the lines change: a scan that was made on the version before is compared with it.
    await PickTaskRepository(connection).begin_version(dict(moves.lines_open()), identity.username)
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


def _reused(operation_id: UUID, kind: str) -> OperationIdReused:
    return OperationIdReused(
        f"This operation_id was used for another {kind}. Give each an id of its own.",
        details={"operation_id": str(operation_id)},
    )
