"""Keeps web pages of others away from a server on loopback, which every browser of the machine can reach."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from magacin.core.error_answers import error_response
from magacin.core.middleware import UNCOUNTED


class HostGuard:
    """Answers only requests that ask for a server by its own name, and changes only from its own pages.

    A page from elsewhere can have its own name point to 127.0.0.1 (DNS rebinding); its browser still sends
    that name. It can also send forms here without reading the answer; the browser then says where from.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str], *, title: str, address: str) -> None:
        self.app = app
        self._names = names
        self._title = title
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] == "http" and scope["path"] not in UNCOUNTED:
            headers = Headers(scope=scope)
            refusal = self._refusal(headers, scope["method"])
            if refusal is not None:
                await error_response(403, "not_from_here", refusal)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refusal(self, headers: Headers, method: str) -> str | None:
        host = headers.get("host", "")
        if without_port(host) not in self._names:
            return f"The {self._title} does not go by that name. Open it as {self._address}"
        origin = headers.get("origin")
        if method not in ("GET", "HEAD") and origin is not None and _authority(origin) != host:
            return f"Another web page sent this; only the {self._title}'s own may."
        return None


def host_names(listed: str) -> frozenset[str]:
    """Return the names of a setting that lists them, separated by commas."""
    return frozenset(name.strip().lower() for name in listed.split(",") if name.strip())


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""  # no page has such an origin, and no host such a name


def without_port(host: str) -> str:
    """Return the name of a Host header."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
