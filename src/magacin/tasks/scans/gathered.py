"""Requests to record a scan that the gateway gathered: each is answered as if it had come by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from magacin.contracts.identity import Identity
from magacin.contracts.tasks.scans import SCAN, GatheredAnswer, GatheredScan, ScanIn, ScanResult
from magacin.core.error_answers import app_error_response, validation_error_response
from magacin.core.errors import AppError
from magacin.core.middleware import unforeseen
from magacin.tasks.dependencies import TaskState
from magacin.tasks.refusals.recording import record_malformed_body
from magacin.tasks.refusals.refused import parsed
from magacin.tasks.scans.ledger import Answer, result
from magacin.tasks.scans.scan import Scan

Model = TypeVar("Model", bound=BaseModel)

# What our server says anew for each answer, and what is the same for all.
_USUAL = frozenset({"content-length", "content-type"})


def read(model: type[Model], sent: bytes | str) -> Model:
    """Read the body of a request; raise what FastAPI would, so that all ways are answered alike."""
    try:
        return model.model_validate_json(sent)
    except ValidationError as error:
        problems = [item | {"loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(problems, body=parsed(sent)) from error


async def answer_each(state: TaskState, requests: Sequence[GatheredScan]) -> list[GatheredAnswer]:
    """Record the scans of requests; return their answers, in the same order.

    All that can be recorded are queued before the first answer is waited for, so that they are committed
    together. What is wrong with one of them is its own answer.
    """
    answers = [_enter(state, one) for one in requests]
    try:
        return [await _answered(state, one, answer) for one, answer in zip(requests, answers, strict=True)]
    finally:
        for answer in answers:
            answer.cancel()  # where nobody waits any more; what is answered stays so


def _enter(state: TaskState, request: GatheredScan) -> asyncio.Future[Answer]:
    try:
        identity = Identity(request.user, request.role)
        return state.batcher.enqueue(Scan.of(read(ScanIn, request.body), identity, state.code_rules))
    except Exception as error:  # noqa: BLE001  it is the answer to this one, and the others have theirs
        failed: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        failed.set_exception(error)
        return failed


async def _answered(
    state: TaskState, request: GatheredScan, answer: asyncio.Future[Answer]
) -> GatheredAnswer:
    try:
        recorded = result(await answer, ScanResult)
        return GatheredAnswer(status=200, body=recorded.model_dump_json())
    except Exception as error:  # noqa: BLE001  as above
        with structlog.contextvars.bound_contextvars(request_id=request.request_id):
            return await _refused(state, request, error)


async def _refused(state: TaskState, request: GatheredScan, error: Exception) -> GatheredAnswer:
    try:
        if isinstance(error, RequestValidationError):
            await record_malformed_body(state.database, request.user, SCAN.path, error, error.body)
            return _written(validation_error_response(error))
        if isinstance(error, AppError):
            return _written(app_error_response(error, SCAN.path))
    except AppError as other:  # it could not be recorded
        return _written(app_error_response(other, SCAN.path))
    except Exception as other:  # noqa: BLE001  as above
        error = other
    return _written(unforeseen(error, SCAN.path, request.request_id))


def _written(response: Response) -> GatheredAnswer:
    headers = {name: value for name, value in response.headers.items() if name not in _USUAL}
    return GatheredAnswer(status=response.status_code, headers=headers, body=bytes(response.body).decode())
