"""An application of web/, sent from memory, and the headers that keep its pages to themselves."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

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
_COMPRESSED = frozenset({".js", ".css", ".html", ".svg", ".json", ".webmanifest", ".map", ".wasm"})
_MEDIA_TYPES = {".webmanifest": "application/manifest+json", ".wasm": "application/wasm"}


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

    Read once: a build that is replaced under a running service must not mix with it. `page_headers` are
    sent with the page, over those that every page has; `headers` with everything.
    """

    def __init__(
        self,
        folder: Path,
        base: str = "/",
        *,
        page_headers: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._folder = folder
        self._page_headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"}
        self._page_headers |= page_headers
        self._headers = headers
        self._files = {
            base + str(path.relative_to(folder)): _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not _is_hidden(path.relative_to(folder))
        }
        self._page = f"{base}index.html"
        index = self._files.pop(self._page, None)
        self._index = index.body if index else None

    @property
    def is_built(self) -> bool:
        """Tell whether there is an app."""
        return self._index is not None

    async def probe(self) -> None:
        """Raise where the app is not built: a probe for `Health`."""
        if not self.is_built:
            raise RuntimeError(f"there is no index.html in {self._folder}")

    def answer(self, request: Request) -> Response:
        """Return a file of the app, or the app itself for every address that a browser opens."""
        path = request.url.path
        file = self._files.get(path)
        if file is not None:
            return _send(request, file, self._headers)
        # A service worker that keeps the page asks for it by its name, and as any other file.
        asked_for = path == self._page or "text/html" in request.headers.get("accept", "")
        if path.startswith("/api/") or not asked_for:
            raise NotFound("There is no such address.")
        if self._index is None:
            raise NotFound("The pages are not built; ./magacin up builds them.")
        return HTMLResponse(self._index, headers={**self._headers, **self._page_headers})


def _is_hidden(path: Path) -> bool:
    # What the build leaves for itself: its stamp, its manifest.
    return any(part.startswith(".") for part in path.parts)


def _read(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    worth_it = path.suffix in _COMPRESSED and len(body) >= _SMALLEST_TO_COMPRESS
    known = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    media_type = known or "application/octet-stream"
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return File(
        body,
        gzip.compress(body, 9, mtime=0) if worth_it else None,
        media_type,
        etag,
        # The build puts a hash of the content into the names in there.
        hashed=path.relative_to(folder).parts[0] == "assets",
    )


def _send(request: Request, file: File, more: Mapping[str, str]) -> Response:
    headers = {**more, "ETag": file.etag, "Cache-Control": _FOR_EVER if file.hashed else "no-cache"}
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
    answer.setdefault("Referrer-Policy", "same-origin")
    answer["Cross-Origin-Opener-Policy"] = "same-origin"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
