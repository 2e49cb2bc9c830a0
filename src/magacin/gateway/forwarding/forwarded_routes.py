"""Puts the table to work: as a layer that forwards, and as FastAPI routes that describe it to OpenAPI."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.contracts.endpoint import Endpoint
from magacin.core.endpoint import JSON
from magacin.core.errors import AppError
from magacin.core.service import state_of
from magacin.gateway.forwarding.table import TABLE, Forwarded
from magacin.gateway.openapi import described
from magacin.gateway.state import GatewayState

_PARAMETER = re.compile(r"\{(\w+)\}")


class Forwarding:
    """Takes the requests of the table out of the way before FastAPI sees them, and forwards them.

    FastAPI's router, exit stacks and dependencies cost about as much as the forwarding itself. Paths are
    matched as they were sent, so that `%2F` in a SKU stays part of the SKU.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[APIRoute]) -> None:
        self.app = app
        rows = [(row.endpoint, row, route) for row, route in zip(TABLE, routes, strict=True)]
        self._static = {(one.method, one.template.encode()): (row, route) for one, row, route in rows}
        self._patterns = [(_pattern(one.template), one.method, row, route) for one, row, route in rows]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found = self._static.get((scope["method"], scope["raw_path"]))
        try:
            if found is not None:
                scope["route"] = found[1]
                await self._forward(found[0], {}, scope, receive, send)
            elif not await self._try_patterns(scope, receive, send):
                await self.app(scope, receive, send)
        except (AppError, HTTPException) as error:
            kind = AppError if isinstance(error, AppError) else HTTPException
            render = scope["app"].exception_handlers[kind]
            response: Response = await render(Request(scope), error)
            await response(scope, receive, send)

    async def _try_patterns(self, scope: Scope, receive: Receive, send: Send) -> bool:
        allowed = set()
        for pattern, method, row, route in self._patterns:
            if (match := pattern.fullmatch(scope["raw_path"])) is None:
                continue
            scope["route"] = route
            if method == scope["method"]:
                params = {name: value.decode("latin-1") for name, value in match.groupdict().items()}
                await self._forward(row, params, scope, receive, send)
                return True
            allowed.add(method)
        if allowed:
            raise HTTPException(405, "Method Not Allowed", headers={"Allow": ", ".join(sorted(allowed))})
        return False

    async def _forward(
        self, row: Forwarded, params: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        await state_of(scope, GatewayState).forwarder.forward(row, params, scope, receive, send)


def _pattern(path: str) -> re.Pattern[bytes]:
    names = iter(_PARAMETER.findall(path))
    parts = [re.escape(part) for part in re.split(r"\{\w+\}", path)]
    return re.compile(
        "".join(part + (f"(?P<{name}>[^/]+)" if (name := next(names, "")) else "") for part in parts).encode()
    )


@functools.cache  # a tenth of a second, and the same for every gateway of a process
def documented_routes() -> tuple[APIRoute, ...]:
    """Return a route for each row of the table: for OpenAPI, and to name the endpoint in the metrics."""
    return tuple(_route(row.endpoint) for row in TABLE)


def _route(endpoint: Endpoint) -> APIRoute:
    return APIRoute(endpoint.template, _described(endpoint), **described(endpoint, (403, 502, 503, 504)))


def _described(endpoint: Endpoint) -> Callable[..., Any]:
    """Return a function with the signature of the operation, which is what OpenAPI is made from."""

    async def never() -> None:
        raise AssertionError("Forwarding answers, before this route is reached")

    taken = dict(endpoint.path_types)
    if endpoint.query is not None:
        taken["query"] = Annotated[endpoint.query, Query()]
    if endpoint.body is not None and endpoint.takes == JSON:
        taken["body"] = endpoint.body
    # A plain function has no such attribute for the type checker; `inspect.signature` honours it.
    never.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # see above
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
            for name, annotation in taken.items()
        ]
    )
    path = _PARAMETER.sub("", endpoint.template).strip("/").replace("/", "_")
    never.__name__ = f"{endpoint.method.lower()}_{path}"
    return never
