"""HTTP: scans."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.routing import Route

from magacin.contracts.identity import Identity
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.scans import LIST_SCANS, SCAN, ScanIn, ScanQuery, ScanRecord, ScanResult
from magacin.core.endpoint import Id
from magacin.core.errors import AppError
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.core.service import state_of
from magacin.tasks.dependencies import CurrentIdentity, TaskState
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.service import read_task
from magacin.tasks.scans import service
from magacin.tasks.scans.ledger import Scan

router = Router()


@router.handles(SCAN)
async def scan(request: Request, identity: CurrentIdentity, body: ScanIn) -> Json[ScanResult]:
    """Record a scan. A refused one is an error whose code is the outcome; nothing was picked then."""
    state = state_of(request.scope, TaskState)
    answer = await state.batcher.submit(Scan.of(body, identity, state.code_rules))
    if isinstance(answer, AppError):
        raise answer
    return Json(answer)


async def _scan(request: Request) -> Response:
    request.scope["route"] = fast_route  # what the metrics name the endpoint by; FastAPI sets only its own
    try:
        body = ScanIn.model_validate_json(await request.body())
    except ValidationError as error:
        # As FastAPI says it, so that both routes answer alike.
        problems = [item | {"loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(problems) from error
    return await scan(request, Identity.of(request.headers), body)


# Put before the route above, which then only describes it to OpenAPI: FastAPI's dependencies and exit
# stacks cost as much as the scan itself.
fast_route = Route(SCAN.path, _scan, methods=[SCAN.method])


@router.handles(LIST_SCANS)
async def list_scans(
    connection: Transaction, identity: CurrentIdentity, task_id: Id, wanted: Annotated[ScanQuery, Query()]
) -> Page[ScanRecord]:
    """Return the last scans of a task that the caller may see, accepted and refused, the newest first."""
    with timed("pick_tasks"):
        await read_task(connection, task_id, identity)
        return await service.list_scans(connection, task_id, wanted.limit)
