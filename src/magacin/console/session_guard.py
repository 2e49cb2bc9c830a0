"""What every request below `/api` must show."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.console.sessions import Session, Sessions
from magacin.console.state import ConsoleState
from magacin.core.error_answers import error_response
from magacin.core.service import state_of

CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD"})
# Open to everybody: whether one is logged in, and logging in.
_OPEN = frozenset({("GET", "/api/session"), ("HEAD", "/api/session"), ("POST", "/api/session")})


class SessionGuard:
    """Answers what is below `/api` to the operator only, and changes only with the session's CSRF token."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http" or not scope["path"].startswith("/api"):
            await self.app(scope, receive, send)
            return
        headers, sessions = Headers(scope=scope), state_of(scope, ConsoleState).sessions
        session = sessions.find(headers)
        scope["state"]["session"] = session
        is_open = (scope["method"], scope["path"]) in _OPEN
        if session is None and not is_open:
            refusal = error_response(401, "unauthorized", "Log in first.")
            await refusal(scope, receive, send)
            return
        if session is not None and not is_open and not _is_meant(sessions, session, scope["method"], headers):
            message = f"A change must carry the session's token as {CSRF_HEADER}. Load the page again."
            await error_response(403, "csrf", message)(scope, receive, send)
            return
        await self.app(scope, receive, _renewing(sessions, session, send))


def _is_meant(sessions: Sessions, session: Session, method: str, headers: Headers) -> bool:
    given = headers.get(CSRF_HEADER, "")
    return method in _SAFE or hmac.compare_digest(given.encode(), sessions.csrf_token(session).encode())


def _renewing(sessions: Sessions, session: Session | None, send: Send) -> Send:
    renewed = sessions.renewed(session) if session is not None else None
    if renewed is None:
        return send

    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = MutableHeaders(scope=message)
            # Logging in and out have set it already.
            if "set-cookie" not in answer:
                answer.append("Set-Cookie", sessions.cookie(renewed))
        await send(message)

    return forward
