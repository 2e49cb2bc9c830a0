"""HTTP: scans."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.routing import Route

from magacin.contracts.identity import Identity
from magacin.contracts.tasks import Page, ScanIn, ScanRecord, ScanResult
from magacin.core.errors import AppError
from magacin.core.requests import Id, Limit, Transaction
from magacin.core.service import state_of
from magacin.tasks.dependencies import CurrentIdentity, TaskState
from magacin.tasks.metrics import timed
from magacin.tasks.pick_tasks.service import read_task
from magacin.tasks.scans import service
from magacin.tasks.scans.ledger import Scan

router = APIRouter(tags=["scans"])


@router.post("/api/scan", response_model=ScanResult)
async def scan(request: Request, identity: CurrentIdentity, body: ScanIn) -> Response:
    """Record a scan. A refused one is an error whose code is the outcome; nothing was picked then."""
    answer = await state_of(request.scope, TaskState).batcher.submit(Scan.of(body, identity))
    if isinstance(answer, AppError):
        raise answer
    # Serialised here: FastAPI would validate a second time what was just made, on the path that matters.
    return Response(answer.model_dump_json(), media_type="application/json")


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
fast_route = Route("/api/scan", _scan, methods=["POST"])


@router.get("/api/tasks/{task_id}/scans")
async def list_scans(
    connection: Transaction, identity: CurrentIdentity, task_id: Id, limit: Limit = 100
) -> Page[ScanRecord]:
    """Return the last scans of a task that the caller may see, accepted and refused, the newest first."""
    with timed("pick_tasks"):
        await read_task(connection, task_id, identity)
        return await service.list_scans(connection, task_id, limit)
