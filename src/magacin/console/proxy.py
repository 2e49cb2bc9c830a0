"""The parts of Prometheus' and Alertmanager's APIs that the pages need, and nothing else of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from magacin.console.ranges import read_query
from magacin.console.state import Console, ConsoleState
from magacin.console.upstream import Answer
from magacin.core.errors import AppError, BadRequest, error_body

router = APIRouter(include_in_schema=False)

_FORM = "application/x-www-form-urlencoded"

# Prometheus' paths below /api/v1 that only read, but for the queries, which have routes of their own.
_PROMETHEUS = (
    "labels",
    "series",
    "metadata",
    "rules",
    "alerts",
    "targets",
    "status/buildinfo",
    "status/config",
    "status/tsdb",
    "status/runtimeinfo",
    "status/flags",
)
_ALERTMANAGER = ("alerts", "alerts/groups", "silences", "status", "receivers")

LabelName = Annotated[str, Path(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=200)]
_MOST_QUERIES = 200

SilenceId = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{36}$")]


def _response(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    # Alertmanager answers some changes with nothing.
    return Response(
        answer.body, answer.status, dict(headers or {}), "application/json" if answer.body else None
    )


async def _parameters(request: Request) -> list[tuple[str, str]]:
    """Return what a query comes with, in the address or as a form."""
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        if not request.headers.get("content-type", "").lower().startswith(_FORM):
            raise BadRequest(f"Send the query as {_FORM}.")
        try:
            pairs += parse_qsl((await request.body()).decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise BadRequest("The form is not UTF-8.") from error
    return pairs


async def _range(console: ConsoleState, pairs: list[tuple[str, str]]) -> tuple[Answer, dict[str, str]]:
    """Return the answer to a range query, and headers that say where it came from."""
    query = read_query(dict(pairs))
    if query is None:
        return await console.backends.prometheus_query("query_range", pairs), {}
    answer, outcome = await console.backends.ranges.get(query)
    return answer, {"X-Cache": outcome}


@router.api_route("/api/prometheus/api/v1/query_range", methods=["GET", "POST"])
async def query_range(request: Request, console: Console) -> Response:
    """Answer a range query on the grid of its step, from what is known where that is complete."""
    return _response(*await _range(console, await _parameters(request)))


@router.api_route("/api/prometheus/api/v1/query", methods=["GET", "POST"])
async def query(request: Request, console: Console) -> Response:
    """Answer a query for one point of time."""
    return _response(await console.backends.prometheus_query("query", await _parameters(request)))


class Query(BaseModel):
    """One of several queries: Prometheus' path, and the form that it takes."""

    path: Literal["query", "query_range"]
    form: dict[str, str]


@router.post("/api/prometheus/queries")
async def queries(
    console: Console, asked: Annotated[list[Query], Body(max_length=_MOST_QUERIES)]
) -> StreamingResponse:
    """Answer many queries at once, a line each as soon as it is known: which one, its status and its answer.

    A page of dashboards asks hundreds; asked one by one they would wait for each other in the browser.
    """
    return StreamingResponse(_answers(console, asked), media_type="application/x-ndjson")


async def _answers(console: ConsoleState, asked: list[Query]) -> AsyncIterator[bytes]:
    tasks = [asyncio.create_task(_line(console, at, query)) for at, query in enumerate(asked)]
    try:
        for line in asyncio.as_completed(tasks):
            yield await line
    finally:
        for task in tasks:
            task.cancel()


async def _line(console: ConsoleState, at: int, query: Query) -> bytes:
    pairs = list(query.form.items())
    try:
        if query.path == "query":
            answer = await console.backends.prometheus_query("query", pairs)
        else:
            answer, _ = await _range(console, pairs)
    except AppError as error:
        answer = Answer(error.status, error_body(error.code, error.message, error.details))
    # What Prometheus says is JSON on one line already: it is not read and written again.
    return b'{"at":%d,"status":%d,"answer":%b}\n' % (at, answer.status, answer.body.replace(b"\n", b" "))


@router.get("/api/prometheus/api/v1/label/{name}/values")
async def label_values(request: Request, name: LabelName, console: Console) -> Response:
    """Return the values of a label."""
    pairs = request.query_params.multi_items()
    return _response(await console.backends.prometheus_read(f"label/{name}/values", pairs))


async def _prometheus(request: Request, console: Console) -> Response:
    path = request.url.path.removeprefix("/api/prometheus/api/v1/")
    return _response(await console.backends.prometheus_read(path, await _parameters(request)))


async def _alertmanager(request: Request, console: Console) -> Response:
    path = request.url.path.removeprefix("/api/alertmanager/api/v2/")
    return _response(await console.backends.alertmanager_read(path, request.query_params.multi_items()))


for _path in _PROMETHEUS:
    _methods = ["GET", "POST"] if _path in ("labels", "series") else ["GET"]
    router.add_api_route(f"/api/prometheus/api/v1/{_path}", _prometheus, methods=_methods)
for _path in _ALERTMANAGER:
    router.add_api_route(f"/api/alertmanager/api/v2/{_path}", _alertmanager, methods=["GET"])


@router.post("/api/alertmanager/api/v2/silences")
async def silence(request: Request, content: dict[str, Any], console: Console) -> Response:
    """Make a silence, or change the one whose id it has."""
    return _response(await console.backends.alertmanager_change("POST", "silences", content))


@router.get("/api/alertmanager/api/v2/silence/{silence_id}")
async def get_silence(request: Request, silence_id: SilenceId, console: Console) -> Response:
    """Return a silence."""
    return _response(await console.backends.alertmanager_read(f"silence/{silence_id}", []))


@router.delete("/api/alertmanager/api/v2/silence/{silence_id}")
async def expire_silence(request: Request, silence_id: SilenceId, console: Console) -> Response:
    """End a silence now."""
    return _response(await console.backends.alertmanager_change("DELETE", f"silence/{silence_id}"))
