"""The operator's session: a signed cookie.

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

from starlette.datastructures import Headers

from magacin.console.logouts import FILE_NAME, Logouts
from magacin.console.settings import ConsoleSettings
from magacin.core.jwt import jwt

_DAY = 86_400


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
