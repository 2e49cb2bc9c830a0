"""Puts the table to work: as a layer that forwards, and as FastAPI routes that describe it to OpenAPI."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, Path, UploadFile
from fastapi import Query as QueryParameter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.core.errors import AppError
from magacin.gateway.forwarding.forward import Forwarder
from magacin.gateway.forwarding.routes import ROUTES, Forwarded, Upload
from magacin.gateway.openapi import errors, needs
from magacin.gateway.people.dependencies import bearer

_PARAMETER = re.compile(r"\{(\w+)\}")


class Forwarding:
    """Takes the requests of the table out of the way before FastAPI sees them, and forwards them.

    FastAPI's router, exit stacks and dependencies cost about as much as the forwarding itself. Paths are
    matched as they were sent, so that `%2F` in a SKU stays part of the SKU.
    """

    def __init__(self, app: ASGIApp, application: FastAPI, routes: Sequence[APIRoute]) -> None:
        self.app = app
        self._application = application
        rows = list(zip(ROUTES, routes, strict=True))
        self._static = {(row.method, row.path.encode()): (row, route) for row, route in rows}
        self._patterns = [(_pattern(row.path), row, route) for row, route in rows]

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
            render = self._application.exception_handlers[kind]
            response: Response = await render(Request(scope), error)  # type: ignore[misc]  # all of ours are async
            await response(scope, receive, send)

    async def _try_patterns(self, scope: Scope, receive: Receive, send: Send) -> bool:
        allowed = set()
        for pattern, row, route in self._patterns:
            if (match := pattern.fullmatch(scope["raw_path"])) is None:
                continue
            scope["route"] = route
            if row.method == scope["method"]:
                params = {name: value.decode("latin-1") for name, value in match.groupdict().items()}
                await self._forward(row, params, scope, receive, send)
                return True
            allowed.add(row.method)
        if allowed:
            raise HTTPException(405, "Method Not Allowed", headers={"Allow": ", ".join(sorted(allowed))})
        return False

    async def _forward(
        self, row: Forwarded, params: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        forwarder: Forwarder = self._application.state.forwarder
        await forwarder.forward(row, params, scope, receive, send)


def _pattern(path: str) -> re.Pattern[bytes]:
    names = iter(_PARAMETER.findall(path))
    parts = [re.escape(part) for part in re.split(r"\{\w+\}", path)]
    return re.compile(
        "".join(part + (f"(?P<{name}>[^/]+)" if (name := next(names, "")) else "") for part in parts).encode()
    )


def documented_routes() -> list[APIRoute]:
    """Return a route for each row of the table: for OpenAPI, and to name the endpoint in the metrics."""
    return [_route(row) for row in ROUTES]


def _route(row: Forwarded) -> APIRoute:
    content: dict[str, Any] = (
        {"content": {row.media_type: {}}} if row.answer is None and row.status != 204 else {}
    )
    return APIRoute(
        row.path,
        _described(row),
        methods=[row.method],
        summary=row.summary,
        status_code=row.status,
        response_model=row.answer,
        responses={row.status: content, **errors(*_statuses(row))},
        tags=[_tag(row)],
        dependencies=[Depends(bearer)],
        openapi_extra=needs(row.role),
    )


def _tag(row: Forwarded) -> str:
    return {"scan": "scans"}.get(row.path.split("/")[2], row.path.split("/")[2])


def _statuses(row: Forwarded) -> list[int]:
    statuses = [401, 403, 422, 502, 503, 504]
    if "{" in row.path or row.path == "/api/scan":
        statuses.append(404)
    if row.method != "GET":
        statuses.append(409)
    if row.body is not None:
        statuses += [400, 413]
    if row.body is Upload:
        statuses.append(415)
    return sorted(statuses)


def _described(row: Forwarded) -> Callable[..., Any]:
    """Return a function with the signature of the operation, which is what OpenAPI is made from."""

    async def endpoint() -> None:
        raise AssertionError("Forwarding answers, before this route is reached")

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, annotation=Annotated[int if name.endswith("_id") else str, Path()])
        for name in _PARAMETER.findall(row.path)
    ]
    parameters += [
        inspect.Parameter(
            query.name,
            keyword,
            default=None,
            annotation=Annotated[query.type | None, QueryParameter(description=query.description)],
        )
        for query in row.query
    ]
    if row.body is Upload:
        annotation: Any = Annotated[UploadFile, File(description="A file of orders.")]
        parameters.append(inspect.Parameter("file", keyword, annotation=annotation))
    elif row.body is not None:
        parameters.append(inspect.Parameter("body", keyword, annotation=row.body))
    # A plain function has no such attribute for the type checker; `inspect.signature` honours it.
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # see above
    endpoint.__name__ = f"{row.method.lower()}_{_PARAMETER.sub('', row.path).strip('/').replace('/', '_')}"
    return endpoint
