"""The addresses that browsers open, and the headers that keep the console's pages to themselves."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.console.state import Console
from magacin.console.web_app import File
from magacin.core.errors import NotFound

router = APIRouter(include_in_schema=False)

_OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/{path:path}")
async def anything(request: Request, console: Console) -> Response:
    """Return a file of the app, or the app itself for every address that a browser opens."""
    path = request.url.path
    file = console.web_app.file(path)
    if file is not None:
        return _send(request, file)
    if path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        raise NotFound("There is no such address.")
    return console.web_app.page()


def _send(request: Request, file: File) -> Response:
    headers = {"ETag": file.etag, "Cache-Control": _FOR_EVER if file.hashed else "no-cache"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(body, headers=headers, media_type=file.media_type)


class SecurityHeaders:
    """Says with every answer what a browser may not do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, forward)


def _protect(answer: MutableHeaders) -> None:
    answer.setdefault("Content-Security-Policy", _OTHER_POLICY)
    answer.setdefault("Cache-Control", "no-store")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Referrer-Policy"] = "same-origin"
    answer["Cross-Origin-Opener-Policy"] = "same-origin"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
