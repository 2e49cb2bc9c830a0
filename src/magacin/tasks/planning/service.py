"""Planning: pieces are given to other tasks or places, or picked after all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.events import EventType, task_room, user_room
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import (
    CLOSED,
    Pieces,
    PlanIn,
    PlanResult,
    ShareIn,
    ShareResult,
    TaskStatus,
)
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import AppError, Conflict, NotFound
from magacin.core.outbox import message, tell
from magacin.tasks.errors import (
    LocationNotFound,
    NothingToMove,
    OperationIdReused,
    PlanRefused,
    TaskNotFound,
    WrongTaskStatus,
)
from magacin.tasks.locations.repository import LocationRepository
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.pick_tasks.service import assign, close, get_task, require_unchanged
from magacin.tasks.planning.moves import Moves, Source
from magacin.tasks.planning.repository import PlanRepository
from magacin.tasks.planning.shares import shares

Result = TypeVar("Result", PlanResult, ShareResult)

_ACTIONS = {Source.LEFT: Action.TASK_SPLIT, Source.SHORT: Action.TASK_REPLANNED}


async def move(
    database: Database, task_id: int, plan: PlanIn, source: Source, seen: int | None, identity: audit.Actor
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


async def share(
    database: Database, task_id: int, wanted: ShareIn, seen: int | None, identity: Identity
) -> ShareResult:
    """Have what is left of a task picked by several workers, or raise why nothing was done.

    All of it is one transaction; for the rest it is as `move`.
    """
    sent = {"share": wanted.workers, "task_id": task_id}
    async with database.begin() as connection:
        repository = PlanRepository(connection)
        locked = await _lock(repository, [task_id])
        answer = await _earlier(repository, wanted.operation_id, sent, ShareResult)
        if answer is None:
            await _take_id(repository, wanted.operation_id)
            change = partial(_share, connection, locked[task_id], wanted.workers, identity)
            answer = await _changed(connection, locked[task_id], sent, seen, change)
            await _keep(repository, wanted.operation_id, task_id, sent, identity, answer)
    if isinstance(answer, AppError):
        raise answer
    return answer


async def _answer(
    connection: AsyncConnection,
    task_id: int,
    plan: PlanIn,
    source: Source,
    seen: int | None,
    identity: audit.Actor,
) -> PlanResult | AppError:
    """Return what a plan is answered with. It is recorded, unless there is no such task or its id is used."""
    repository = PlanRepository(connection)
    locked = await _lock(repository, [task_id, *([plan.to_task_id] if plan.to_task_id else [])])
    sent = as_sent(task_id, plan, source)
    earlier = await repository.earlier(plan.operation_id)
    if earlier is not None:
        return replay(dict(earlier), sent) or await _result(connection, task_id, earlier["target_task_id"])
    await _take_id(repository, plan.operation_id)
    change = partial(_move, connection, locked, sent, plan, source, identity)
    answer = await _changed(connection, locked[task_id], sent, seen, change)
    await _keep(repository, plan.operation_id, task_id, sent, identity, answer)
    return answer


async def _lock(repository: PlanRepository, task_ids: Sequence[int]) -> dict[int, RowMapping]:
    locked = await repository.lock(task_ids)
    for wanted in task_ids:
        if wanted not in locked:
            raise TaskNotFound(wanted)
    return locked


async def _earlier(
    repository: PlanRepository, operation_id: UUID, sent: Mapping[str, Any], model: type[Result]
) -> Result | AppError | None:
    earlier = await repository.earlier(operation_id)
    return None if earlier is None else replay(dict(earlier), sent, model)


async def _take_id(repository: PlanRepository, operation_id: UUID) -> None:
    if not await repository.take_id(operation_id):
        raise _reused(operation_id, "operation")


async def _changed(
    connection: AsyncConnection,
    task: RowMapping,
    sent: Mapping[str, Any],
    seen: int | None,
    change: Callable[[], Awaitable[Result]],
) -> Result | AppError:
    """Change a locked task, or return why it is not changed; then nothing of it is."""
    try:
        async with connection.begin_nested():
            await require_unchanged(connection, dict(task), seen, sent)
            return await change()
    except (Conflict, NotFound) as error:
        return error


async def _keep(
    repository: PlanRepository,
    operation_id: UUID,
    task_id: int,
    sent: Mapping[str, Any],
    identity: audit.Actor,
    answer: PlanResult | ShareResult | AppError,
) -> None:
    await repository.add(
        operation_id=operation_id,
        task_id=task_id,
        target_task_id=answer.target.task_id if isinstance(answer, PlanResult) else None,
        sent=sent,
        supervisor=identity.username,
        answer=kept(answer),
    )


async def _share(
    connection: AsyncConnection, task: RowMapping, workers: Sequence[str], identity: Identity
) -> ShareResult:
    repository, task_id = PlanRepository(connection), task["id"]
    status = TaskStatus(task["status"])
    if status in CLOSED:
        raise WrongTaskStatus(task_id, status, "shared out")
    lines = await repository.lines({task_id})
    left = (await get_task(connection, task_id)).lines
    there = [Pieces(line_id=one.line_id, quantity=one.remaining) for one in left if one.remaining]
    # The first part stays where it is.
    parts = shares(there, len(workers))[1:]
    if not parts:
        raise NothingToMove(
            f"Task {task_id} has too little left to be shared out. Nothing was done.",
            details={"task_id": task_id, "remaining": sum(one.quantity for one in there)},
        )
    moves = [Moves(task_id, await repository.create_task(task), lines) for _ in parts]
    before = moves[0].amounts()
    for one, part in zip(moves, parts, strict=True):
        one.move(part, Source.LEFT)
    together = moves[0].joined(moves[1:])
    await _write(connection, repository, together, identity)
    targets = [one.target_id for one in moves]
    was, is_ = audit.differences(before, together.amounts())
    entry = audit.Entry(
        Action.TASK_SPLIT, "task", task_id, {"lines": was}, {"lines": is_, "to_tasks": targets}
    )
    await audit.record(connection, identity, entry)
    for one, part in zip(moves, parts, strict=True):
        plan = {"lines": [pieces.model_dump() for pieces in part], "to_task_id": None, "location": None}
        await _tell(connection, one, {"source": Source.LEFT.value, "task_id": task_id, **plan}, identity)
    for id_, worker in zip([task_id, *targets], workers, strict=False):
        await assign(connection, id_, [worker], None, identity)
    await _close_what_is_done(connection, together, dict(task), identity)
    told = [await get_task(connection, id_) for id_ in (task_id, *targets)]
    return ShareResult(task=told[0], targets=told[1:])


async def _move(
    connection: AsyncConnection,
    locked: Mapping[int, RowMapping],
    sent: Mapping[str, Any],
    plan: PlanIn,
    source: Source,
    identity: audit.Actor,
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
    before = moves.amounts()
    moves.move(plan.lines, source)
    await _write(connection, repository, moves, identity)
    await audit.record(connection, identity, _moved(before, moves, plan, source))
    await _tell(connection, moves, sent, identity)
    await _close_what_is_done(connection, moves, dict(locked[task_id]), identity)
    return await _result(connection, task_id, target_id)


def _moved(
    before: Mapping[str, Mapping[str, int]], moves: Moves, plan: PlanIn, source: Source
) -> audit.Entry:
    """Return what the audit log says of pieces that were moved: of each line that changed how many it has."""
    was, is_ = audit.differences(before, moves.amounts())
    to = {"to_task": moves.target_id} | ({"location": plan.location} if plan.location else {})
    return audit.Entry(_ACTIONS[source], "task", moves.task_id, {"lines": was}, {"lines": is_, **to})


def as_sent(task_id: int, plan: PlanIn, source: Source) -> dict[str, Any]:
    """Return what tells a plan that is sent again from another one under its id."""
    return {"source": source.value, "task_id": task_id, **plan.model_dump(mode="json")}


def kept(answer: PlanResult | ShareResult | AppError) -> dict[str, Any]:
    """Return what is recorded of an answer, to be given again."""
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json")
    said = {name: getattr(answer, name) for name in ("status", "code", "message", "details")}
    return {"error": said}


@overload
def replay(earlier: Mapping[str, Any], sent: Mapping[str, Any]) -> PlanResult | AppError | None: ...


@overload
def replay(
    earlier: Mapping[str, Any], sent: Mapping[str, Any], model: type[Result]
) -> Result | AppError | None: ...


def replay(
    earlier: Mapping[str, Any], sent: Mapping[str, Any], model: type[BaseModel] = PlanResult
) -> BaseModel | AppError | None:
    """Return the answer that the same plan got, None where it was not kept; raise when its id was reused."""
    if earlier["sent"] != sent:
        raise _reused(earlier["operation_id"], "change of plan")
    answer = earlier["answer"]
    if answer is None:
        return None
    return PlanRefused(**answer["error"]) if "error" in answer else model.model_validate(answer)


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
    connection: AsyncConnection, repository: PlanRepository, moves: Moves, identity: audit.Actor
) -> None:
    # Before the lines change: a scan that was made on the version before is compared with it.
    await PickTaskRepository(connection).begin_version(dict(moves.lines_open()), identity.username)
    await repository.change(list(moves.changed.values()))
    if moves.created:
        await repository.create_lines(moves.created)
    await repository.follow_lines({moves.task_id, *moves.targets})


async def _close_what_is_done(
    connection: AsyncConnection, moves: Moves, task: Mapping[str, Any], identity: audit.Actor
) -> None:
    if TaskStatus(task["status"]) in CLOSED or moves.lines_open()[moves.task_id]:
        return
    status = TaskStatus.CANCELLED if moves.is_emptied else TaskStatus.COMPLETED
    workers = await PickTaskRepository(connection).workers(moves.task_id)
    await close(connection, {**task, "workers": workers}, status, identity)


async def _tell(
    connection: AsyncConnection, moves: Moves, sent: Mapping[str, Any], identity: audit.Actor
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
