"""One ASGI layer around every service: request id, metrics, the access log, and the last-resort 500.

It is a single layer in plain ASGI because it runs on every scan; four stacked ones cost more than the scan.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.core.errors import AppError, error_body, machine_exhausted
from magacin.core.logging import REQUEST_ID, log_request
from magacin.core.metrics import HTTP_REQUEST_DURATION, HTTP_REQUESTS, HTTP_REQUESTS_IN_PROGRESS

access_log = structlog.get_logger("access")

UNCOUNTED = ("/metrics", "/health", "/health/ready", "/health/live")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CARRIED = "magacin.carried"
_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")


class ObservabilityMiddleware:
    """Measures and logs each HTTP request. WebSockets and lifespan events pass through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._counters: dict[tuple[str, int, str], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}
        self._gauges: dict[str, Gauge] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] in UNCOUNTED:
            await _Request(scope, send).run(self.app, receive)
        else:
            await self._measure(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A client may invent methods; each would be a new time series for ever.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        in_progress = self._gauges.get(method) or self._gauges.setdefault(
            method, HTTP_REQUESTS_IN_PROGRESS.labels(method)
        )
        request = _Request(scope, send)
        started = time.perf_counter()
        in_progress.inc()
        try:
            await request.run(self.app, receive)
        finally:
            seconds = time.perf_counter() - started
            in_progress.dec()
            carried: Sequence[Carried] = scope.get(_CARRIED) or (
                Carried(method, endpoint_of(scope), request.status, request.id),
            )
            for one in carried:
                self._record(*one, seconds)

    def _record(self, method: str, endpoint: str, status: int, request_id: str, seconds: float) -> None:
        counter = self._counters.get((method, status, endpoint))
        if counter is None:
            counter = HTTP_REQUESTS.labels(method, str(status), endpoint)
            self._counters[method, status, endpoint] = counter
        counter.inc()
        histogram = self._histograms.get((method, endpoint))
        if histogram is None:
            histogram = HTTP_REQUEST_DURATION.labels(method, endpoint)
            self._histograms[method, endpoint] = histogram
        histogram.observe(seconds)
        log_request(method, endpoint, status, seconds, request_id)


class _Request:
    """One request on its way: gives it an id, notes the status, answers when nobody else did."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 500
        self._started = False
        self.id = _request_id(scope)

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        REQUEST_ID.set(self.id)  # of this request's task alone
        self._scope.setdefault("state", {})["request_id"] = self.id
        try:
            await app(self._scope, receive, self._forward)
        except Exception as error:
            answer = unforeseen(error, self._scope["path"], self.id)
            if self._started:
                raise  # half an answer is out; closing the connection is the only honest end
            await answer(self._scope, receive, self._forward)

    async def _forward(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.id.encode())]
        await self._send(message)


def unforeseen(error: Exception, path: str, request_id: str) -> Response:
    """Return the answer where nobody else had one: the client gets no internals, the log gets everything."""
    access_log.error("unhandled_error", path=path, error=type(error).__name__, exc_info=error)
    answer = machine_exhausted(error) or AppError(
        "Something went wrong on our side. It is logged under the request id.",
        details={"request_id": request_id},
    )
    body = error_body(answer.code, answer.message, answer.details)
    return Response(body, answer.status, answer.headers, "application/json")


class Carried(NamedTuple):
    """A request that came within another one, as it is measured and logged."""

    method: str
    endpoint: str
    status: int
    request_id: str


def carries(scope: Scope, requests: Sequence[Carried]) -> None:
    """Have the requests that one brought measured and logged, each for itself, and not the one around them.

    How long each took is how long they took together.
    """
    scope[_CARRIED] = requests


class BodyLimitMiddleware:
    """Refuses bodies over a limit with 413 in our error form, by their declared length or while they come.

    It does so where the body is read, so that who may not ask at all hears that first.
    Not FastAPI's own `max_body_size`: that stands outside the metrics and answers in plain text.
    """

    def __init__(self, app: ASGIApp, limit: int, by_path: Mapping[str, int]) -> None:
        self.app = app
        self._limit = limit
        self._by_path = dict(by_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._by_path.get(scope["path"], self._limit)
        declared = _header(scope, b"content-length")
        # With a length the server hands on no more than that; without one, somebody has to count.
        if declared is None or int(declared) > limit:
            receive = _limited(receive, limit, int(declared or 0))
        await self.app(scope, receive, send)


def _size(count: int) -> str:
    """Return a number of bytes for people: in megabytes, of either kind, where that is a whole number."""
    whole = next((unit for unit in (1024**2, 1000**2) if count and count % unit == 0), None)
    return f"{count // whole} MB" if whole else f"{count:,} bytes"


def _limited(receive: Receive, limit: int, total: int) -> Receive:
    async def counting() -> Message:
        nonlocal total
        message: Message = {} if total > limit else await receive()
        total += len(message.get("body", b""))
        if total > limit:
            # FastAPI takes every other exception that reading a body raises for a malformed body.
            raise HTTPException(413, f"The body is larger than the limit of {_size(limit)}.")
        return message

    return counting


def endpoint_of(scope: Scope) -> str:
    """Return the template of the route that matched (`/api/tasks/{task_id}`), or `unmatched`."""
    return getattr(scope.get("route"), "path_format", None) or "unmatched"


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    # A loop: a generator takes three times as long, and every request pays for it.
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(value):
            return str(value, "ascii")
    # An id, not a secret: asking the kernel for randomness took 7 % of a forwarded request.
    return f"{random.getrandbits(128):032x}"
