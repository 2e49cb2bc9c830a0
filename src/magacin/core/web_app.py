"""An application of web/, sent from memory, and the headers that keep its pages to themselves."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.core.errors import NotFound

# Scripts and styles come from files of ours alone: no inline ones, no nonce to give away.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
_FOR_EVER = "public, max-age=31536000, immutable"
_SMALLEST_TO_COMPRESS = 1024
_COMPRESSED = frozenset({".js", ".css", ".html", ".svg", ".json", ".webmanifest", ".map"})


@dataclass(frozen=True, slots=True)
class File:
    """A file of the app, as it is sent."""

    body: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    hashed: bool


class WebApp:
    """A built app, at an address that ends in `/`.

    Read once: a build that is replaced under a running service must not mix with it.
    """

    def __init__(self, folder: Path, base: str = "/") -> None:
        self._folder = folder
        self._files = {
            base + str(path.relative_to(folder)): _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not _is_hidden(path.relative_to(folder))
        }
        index = self._files.pop(f"{base}index.html", None)
        self._index = index.body if index else None

    async def probe(self) -> None:
        """Raise where the app is not built: a probe for `Health`."""
        if self._index is None:
            raise RuntimeError(f"there is no index.html in {self._folder}")

    def answer(self, request: Request) -> Response:
        """Return a file of the app, or the app itself for every address that a browser opens."""
        path = request.url.path
        file = self._files.get(path)
        if file is not None:
            return _send(request, file)
        if path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
            raise NotFound("There is no such address.")
        if self._index is None:
            raise NotFound("The pages are not built; ./magacin up builds them.")
        headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(self._index, headers=headers)


def _is_hidden(path: Path) -> bool:
    # What the build leaves for itself: its stamp, its manifest.
    return any(part.startswith(".") for part in path.parts)


def _read(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    worth_it = path.suffix in _COMPRESSED and len(body) >= _SMALLEST_TO_COMPRESS
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return File(
        body,
        gzip.compress(body, 9, mtime=0) if worth_it else None,
        media_type,
        etag,
        # The build puts a hash of the content into the names in there.
        hashed=path.relative_to(folder).parts[0] == "assets",
    )


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
