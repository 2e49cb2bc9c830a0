"""The web app's files, held in memory."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import HTMLResponse

from magacin.core.errors import NotFound

# Scripts and styles come from files of ours alone: no inline ones, no nonce to give away.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
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
    """The built app. Read once: a build that is replaced under a running console must not mix with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = {
            "/" + str(path.relative_to(folder)): _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not _is_hidden(path.relative_to(folder))
        }
        index = self._files.pop("/index.html", None)
        self._index = index.body if index else None

    async def probe(self) -> None:
        """Raise where the app is not built: a probe for `Health`."""
        if self._index is None:
            raise RuntimeError(f"there is no index.html in {self._folder}")

    def file(self, path: str) -> File | None:
        """Return a file other than the page itself."""
        return self._files.get(path)

    def page(self) -> HTMLResponse:
        """Return the page that every address of the app opens."""
        if self._index is None:
            raise NotFound("The console's pages are not built; ./magacin up builds them.")
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
