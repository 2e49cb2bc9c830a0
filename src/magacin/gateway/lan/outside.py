"""What phones see of the application: all that is for everybody, and nothing that is for the machine."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.core.error_answers import error_response
from magacin.gateway.lan.authority_page import PATHS

# They need no login, and tell how busy the warehouse is and what is wrong with it.
_OF_THE_MACHINE = frozenset({"/metrics", "/health"})
_PROTO = b"x-forwarded-proto"
_INSIST_SECONDS = 30 * 86_400


class Outside:
    """The application behind TLS. `pages` are those of an authority of our own.

    Requests carry `state`, as those that come in by the usual door do. Their `X-Forwarded-Proto` says
    `https`, whatever the client wrote: Socket.IO compares a page's origin with it.
    """

    def __init__(
        self, app: ASGIApp, state: Mapping[str, object], pages: ASGIApp | None, *, insist_on_https: bool
    ) -> None:
        self._app = app
        self._state = dict(state)
        self._pages = pages
        self._insist_on_https = insist_on_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if self._insist_on_https:
            send = _insisting(send)
        is_http = scope["type"] == "http"
        if is_http and scope["path"] in _OF_THE_MACHINE:
            answer = error_response(404, "not_found", "That is for whoever is at the machine.")
            await answer(scope, receive, send)
        elif is_http and self._pages is not None and scope["path"] in PATHS:
            await self._pages(scope, receive, send)
        else:
            headers = [(name, value) for name, value in scope["headers"] if name != _PROTO]
            own = {"headers": [*headers, (_PROTO, b"https")], "state": dict(self._state)}
            await self._app({**scope, **own}, receive, send)


def _insisting(send: Send) -> Send:
    async def insisting(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Strict-Transport-Security"] = f"max-age={_INSIST_SECONDS}"
        await send(message)

    return insisting
