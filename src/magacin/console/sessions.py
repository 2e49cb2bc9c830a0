"""The operator's session: a signed cookie, and what every request below `/api` must show.

Sessions are not stored, so they outlive a restart of the console. One ends by itself, with a new key or a new
password, or by logging out; what was logged out is kept in a file until it would have ended.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

import jwt
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from magacin.console.logouts import FILE_NAME, Logouts
from magacin.console.settings import ConsoleSettings
from magacin.core.errors import error_response

CSRF_HEADER = "X-CSRF-Token"
_DAY = 86_400
_SAFE = frozenset({"GET", "HEAD"})
# Open to everybody: whether one is logged in, and logging in.
_OPEN = frozenset({("GET", "/api/session"), ("HEAD", "/api/session"), ("POST", "/api/session")})


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says. `since` is the login, `issued` when the cookie was last made anew."""

    id: str
    since: int
    issued: int


class Sessions:
    """Makes sessions and recognises them."""

    def __init__(self, settings: ConsoleSettings) -> None:
        password = settings.operator_password.get_secret_value().encode()
        key = settings.console_key.get_secret_value().encode()
        # With the password in it, a new one ends the sessions that the old one began.
        self._key = hmac.digest(key, password, hashlib.sha256)
        self._idle = int(settings.console_session_days * _DAY)
        self._longest = int(settings.console_login_days * _DAY)
        self._secure = settings.console_https
        self._logouts = Logouts(settings.data_dir / FILE_NAME)
        # Browsers share cookies among the ports of a host; two stacks must not log each other out.
        self.cookie_name = f"magacin_console_{settings.port}"

    def recall(self) -> None:
        """Learn which sessions were ended before this process began."""
        self._logouts.recall()

    def begin(self) -> Session:
        """Return a new session."""
        now = int(time.time())
        return Session(secrets.token_urlsafe(16), now, now)

    def end(self, session: Session) -> None:
        """Let a session's cookie count for nothing from now on."""
        self._logouts.add(session.id, session.since + self._longest)

    def csrf_token(self, session: Session) -> str:
        """Return what unsafe requests of a session must carry, which no other site's page can know."""
        return hmac.new(self._key, f"csrf:{session.id}".encode(), hashlib.sha256).hexdigest()

    def cookie(self, session: Session | None) -> str:
        """Return a Set-Cookie header that keeps a session, or forgets it."""
        value, age = "", 0
        if session is not None:
            ends = min(session.issued + self._idle, session.since + self._longest)
            claims = {"jti": session.id, "since": session.since, "iat": session.issued, "exp": ends}
            value, age = jwt.encode(claims, self._key, algorithm="HS256"), ends - session.issued
        secure = "; Secure" if self._secure else ""
        return f"{self.cookie_name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}"

    def find(self, headers: Headers) -> Session | None:
        """Return the session that a request shows, if it is ours and not over."""
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.cookie_name)
            claims = jwt.decode(
                morsel.value if morsel else "",
                self._key,
                algorithms=["HS256"],
                options={"require": ["jti", "iat", "exp"]},
            )
            session = Session(str(claims["jti"]), int(claims["since"]), int(claims["iat"]))
        except (CookieError, jwt.PyJWTError, KeyError, ValueError):
            return None
        return None if session.id in self._logouts else session

    def renewed(self, session: Session) -> Session | None:
        """Return the session with more time, when a good part of its time has passed."""
        now = int(time.time())
        if now - session.issued < self._idle / 7:
            return None
        return Session(session.id, session.since, now)


class SessionGuard:
    """Answers what is below `/api` to the operator only, and changes only with the session's CSRF token."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self.app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, as ASGI defines it."""
        if scope["type"] != "http" or not scope["path"].startswith("/api"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = self._sessions.find(headers)
        scope["state"]["session"] = session
        is_open = (scope["method"], scope["path"]) in _OPEN
        if session is None and not is_open:
            refusal = error_response(401, "unauthorized", "Log in first.")
            await refusal(scope, receive, send)
            return
        if session is not None and not is_open and not self._is_meant(session, scope["method"], headers):
            message = f"A change must carry the session's token as {CSRF_HEADER}. Load the page again."
            await error_response(403, "csrf", message)(scope, receive, send)
            return
        await self.app(scope, receive, self._renewing(session, send))

    def _is_meant(self, session: Session, method: str, headers: Headers) -> bool:
        given = headers.get(CSRF_HEADER, "")
        return method in _SAFE or hmac.compare_digest(
            given.encode(), self._sessions.csrf_token(session).encode()
        )

    def _renewing(self, session: Session | None, send: Send) -> Send:
        renewed = self._sessions.renewed(session) if session is not None else None
        if renewed is None:
            return send

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                # Logging in and out have set it already.
                if "set-cookie" not in answer:
                    answer.append("Set-Cookie", self._sessions.cookie(renewed))
            await send(message)

        return forward
