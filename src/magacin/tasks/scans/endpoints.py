"""HTTP: scans."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.routing import Route

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import (
    RECORD_OPERATIONS,
    UNDO,
    OperationAnswer,
    OperationError,
    OperationsIn,
    OperationsResult,
    ScanOperation,
    ShortageOperation,
    UndoIn,
    UndoOperation,
    UndoResult,
)
from magacin.contracts.tasks.scans import (
    GATHERED_SCANS,
    LIST_SCANS,
    SCAN,
    GatheredAnswers,
    GatheredScans,
    ScanIn,
    ScanQuery,
    ScanResult,
    TaskScans,
)
from magacin.core.endpoint import Id
from magacin.core.errors import AppError
from magacin.core.middleware import Carried, carries
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.core.service import state_of
from magacin.tasks.codes import CodeRules
from magacin.tasks.dependencies import CurrentIdentity, State, TaskState
from magacin.tasks.errors import RepeatedOperation
from magacin.tasks.metrics import BATCH_OPERATIONS, timed
from magacin.tasks.pick_tasks.service import read_task
from magacin.tasks.refusals.recording import ScannerRoute, record_malformed, record_refused
from magacin.tasks.scans import service
from magacin.tasks.scans.gathered import answer_each, read
from magacin.tasks.scans.ledger import Answer, Operation, result
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.undo import Undo

# Single scans have a fast route of their own, below.
router = Router(route=ScannerRoute)
internal = Router()


@router.handles(SCAN)
async def scan(request: Request, identity: CurrentIdentity, body: ScanIn) -> Json[ScanResult]:
    """Record a scan. A refused one is an error whose code is the outcome; nothing was picked then."""
    state = state_of(request.scope, TaskState)
    answer = await state.batcher.submit(Scan.of(body, identity, state.code_rules))
    return Json(result(answer, ScanResult))


@router.handles(UNDO)
async def undo(state: State, identity: CurrentIdentity, body: UndoIn) -> Json[UndoResult]:
    """Take a scan or a shortage back. A refused undo is an error whose code is the outcome."""
    (answer,) = await state.record([Undo(body, identity)])
    return Json(result(answer, UndoResult))


@router.handles(RECORD_OPERATIONS)
async def record_operations(
    state: State, identity: CurrentIdentity, body: OperationsIn
) -> Json[OperationsResult]:
    """Record operations in their order, each for itself. Safe to send again."""
    owner, handed_in_by = _owner(body, identity)
    await _refuse_repetitions(state, owner, body)
    operations = [_operation(one, owner, state.code_rules, handed_in_by) for one in body.operations]
    answers = await state.record(operations)
    results = [
        _answer(one.operation_id, answer) for one, answer in zip(body.operations, answers, strict=True)
    ]
    failed = sum(one.status >= 500 for one in results)
    BATCH_OPERATIONS.labels("failed").inc(failed)
    BATCH_OPERATIONS.labels("answered").inc(len(results) - failed)
    return Json(OperationsResult(results=results))


async def _refuse_repetitions(state: TaskState, identity: Identity, body: OperationsIn) -> None:
    counts = Counter(one.operation_id for one in body.operations)
    if repeated := {one.operation_id: one for one in body.operations if counts[one.operation_id] > 1}:
        operations = [_operation(one, identity, state.code_rules) for one in repeated.values()]
        await record_refused(state.database, [one.refused(RepeatedOperation.code) for one in operations])
        ids = [str(operation_id) for operation_id in repeated]
        raise RepeatedOperation(
            f"The operation_id {ids[0]} stands twice in one batch. No operation was recorded.",
            details={"operation_ids": ids[:10]},
        )


def _owner(body: OperationsIn, identity: Identity) -> tuple[Identity, Identity | None]:
    """Return whose operations they are, with a worker's rights, and who hands them in for somebody else."""
    if body.on_behalf_of is None:
        return identity, None
    identity.require(Role.SUPERVISOR)
    return Identity(body.on_behalf_of, Role.WORKER), identity


def _operation(
    one: ScanOperation | ShortageOperation | UndoOperation,
    identity: Identity,
    rules: CodeRules,
    handed_in_by: Identity | None = None,
) -> Operation:
    match one:
        case ScanOperation():
            return Scan.of(one, identity, rules, handed_in_by)
        case ShortageOperation():
            return Shortage(one.task_id, one, identity, handed_in_by)
        case UndoOperation():
            return Undo(one, identity, handed_in_by)


def _answer(operation_id: UUID, answer: Answer) -> OperationAnswer:
    if not isinstance(answer, AppError):
        return OperationAnswer(operation_id=operation_id, status=200, result=answer)
    error = OperationError(code=answer.code, message=answer.message, details=answer.details)
    return OperationAnswer(operation_id=operation_id, status=answer.status, error=error)


async def _scan(request: Request) -> Response:
    request.scope["route"] = fast_route  # what the metrics name the endpoint by; FastAPI sets only its own
    try:
        body = read(ScanIn, await request.body())
    except RequestValidationError as error:
        await record_malformed(request, SCAN.path, error)
        raise
    return await scan(request, Identity.of(request.headers), body)


# Put before the route above, which then only describes it to OpenAPI: FastAPI's dependencies and exit
# stacks cost as much as the scan itself.
fast_route = Route(SCAN.path, _scan, methods=[SCAN.method])


@internal.handles(GATHERED_SCANS)
async def gathered_scans(request: Request, body: GatheredScans) -> Json[GatheredAnswers]:
    """Answer requests to record a scan that the gateway gathered, each as if it had come by itself."""
    answers = await answer_each(state_of(request.scope, TaskState), body.scans)
    carries(
        request.scope,
        [
            Carried(SCAN.method, SCAN.path, answer.status, one.request_id)
            for one, answer in zip(body.scans, answers, strict=True)
        ],
    )
    return Json(GatheredAnswers(answers=answers))


async def _gathered_scans(request: Request) -> Response:
    request.scope["route"] = fast_gathered_route
    return await gathered_scans(request, read(GatheredScans, await request.body()))


fast_gathered_route = Route(GATHERED_SCANS.path, _gathered_scans, methods=[GATHERED_SCANS.method])


@router.handles(LIST_SCANS)
async def list_scans(
    connection: Transaction, identity: CurrentIdentity, task_id: Id, wanted: Annotated[ScanQuery, Query()]
) -> TaskScans:
    """Return the last scans of a task that the caller may see, accepted and refused, the newest first."""
    with timed("pick_tasks"):
        await read_task(connection, task_id, identity)
        return await service.list_scans(connection, task_id, wanted.limit)
