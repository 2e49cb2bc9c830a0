"""The parts of Prometheus' and Alertmanager's APIs that the pages need, and nothing else of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from magacin.console.range_cache import AskRange, RangeCache
from magacin.console.ranges import RangeQuery, read_query
from magacin.console.sharing import Sharing
from magacin.console.upstream import Answer, Pairs, Upstream
from magacin.core.errors import BadRequest

router = APIRouter(include_in_schema=False)

# What a page asks for every few seconds on behalf of each viewer.
_SHARED_SECONDS = 2.0
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
SilenceId = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{36}$")]


@dataclass(frozen=True, slots=True)
class Backends:
    """What the proxies ask, and what they share."""

    prometheus: Upstream
    prometheus_url: str
    alertmanager: Upstream
    alertmanager_url: str
    sharing: Sharing
    ranges: RangeCache
    query_seconds: float

    async def prometheus_read(self, path: str, pairs: Pairs) -> Answer:
        """Return what Prometheus says to a GET, or to others who have just asked."""

        async def ask() -> Answer:
            return await self.prometheus.ask("GET", f"{self.prometheus_url}/api/v1/{path}", query=pairs)

        answer, _ = await self.sharing.get(("prometheus", path, tuple(pairs)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def prometheus_query(self, path: str, pairs: Pairs) -> Answer:
        """Return what Prometheus says to a query that is not to be kept."""
        own = [(name, value) for name, value in pairs if name != "timeout"]
        form = [*own, ("timeout", f"{self.query_seconds:g}s")]

        async def ask() -> Answer:
            return await self.prometheus.ask("POST", f"{self.prometheus_url}/api/v1/{path}", form=form)

        answer, _ = await self.sharing.get(("prometheus", path, tuple(own)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def alertmanager_read(self, path: str, pairs: Pairs) -> Answer:
        """Return what Alertmanager says to a GET, or to others who have just asked."""

        async def ask() -> Answer:
            return await self.alertmanager.ask("GET", f"{self.alertmanager_url}/api/v2/{path}", query=pairs)

        answer, _ = await self.sharing.get(("alertmanager", path, tuple(pairs)), ask, seconds=_SHARED_SECONDS)
        return answer

    async def alertmanager_change(self, method: str, path: str, content: Any = None) -> Answer:
        """Have Alertmanager change something; what was known of it counts for nothing from then on."""
        try:
            return await self.alertmanager.ask(
                method, f"{self.alertmanager_url}/api/v2/{path}", content=content
            )
        finally:
            self.sharing.forget()


def range_asker(prometheus: Upstream, url: str, seconds: float) -> AskRange:
    """Return what asks Prometheus for a range, for the cache."""

    async def ask(query: RangeQuery) -> Answer:
        return await prometheus.ask("POST", f"{url}/api/v1/query_range", form=query.form(seconds))

    return ask


def _backends(request: Request) -> Backends:
    backends: Backends = request.app.state.backends
    return backends


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


@router.api_route("/api/prometheus/api/v1/query_range", methods=["GET", "POST"])
async def query_range(request: Request) -> Response:
    """Answer a range query on the grid of its step, from what is known where that is complete."""
    backends = _backends(request)
    pairs = await _parameters(request)
    query = read_query(dict(pairs))
    if query is None:
        return _response(await backends.prometheus_query("query_range", pairs))
    answer, outcome = await backends.ranges.get(query)
    return _response(answer, {"X-Cache": outcome})


@router.api_route("/api/prometheus/api/v1/query", methods=["GET", "POST"])
async def query(request: Request) -> Response:
    """Answer a query for one point of time."""
    return _response(await _backends(request).prometheus_query("query", await _parameters(request)))


@router.get("/api/prometheus/api/v1/label/{name}/values")
async def label_values(request: Request, name: LabelName) -> Response:
    """Return the values of a label."""
    pairs = request.query_params.multi_items()
    return _response(await _backends(request).prometheus_read(f"label/{name}/values", pairs))


async def _prometheus(request: Request) -> Response:
    path = request.url.path.removeprefix("/api/prometheus/api/v1/")
    return _response(await _backends(request).prometheus_read(path, await _parameters(request)))


async def _alertmanager(request: Request) -> Response:
    path = request.url.path.removeprefix("/api/alertmanager/api/v2/")
    return _response(await _backends(request).alertmanager_read(path, request.query_params.multi_items()))


for _path in _PROMETHEUS:
    _methods = ["GET", "POST"] if _path in ("labels", "series") else ["GET"]
    router.add_api_route(f"/api/prometheus/api/v1/{_path}", _prometheus, methods=_methods)
for _path in _ALERTMANAGER:
    router.add_api_route(f"/api/alertmanager/api/v2/{_path}", _alertmanager, methods=["GET"])


@router.post("/api/alertmanager/api/v2/silences")
async def silence(request: Request, content: dict[str, Any]) -> Response:
    """Make a silence, or change the one whose id it has."""
    return _response(await _backends(request).alertmanager_change("POST", "silences", content))


@router.get("/api/alertmanager/api/v2/silence/{silence_id}")
async def get_silence(request: Request, silence_id: SilenceId) -> Response:
    """Return a silence."""
    return _response(await _backends(request).alertmanager_read(f"silence/{silence_id}", []))


@router.delete("/api/alertmanager/api/v2/silence/{silence_id}")
async def expire_silence(request: Request, silence_id: SilenceId) -> Response:
    """End a silence now."""
    return _response(await _backends(request).alertmanager_change("DELETE", f"silence/{silence_id}"))
