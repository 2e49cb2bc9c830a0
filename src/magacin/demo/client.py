"""A person at the gateway: logs in, stays logged in, tries again while something is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
import structlog

from magacin import __version__

log = structlog.get_logger(__name__)

USER_AGENT = f"magacin-demo/{__version__} (simulation)"
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
# Of a token's life: those who logged in together renew apart, and there is time left to try again.
_RENEW_EARLIEST, _RENEW_LATEST = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return self.status < 400

    @property
    def code(self) -> str:
        """The error's code, empty when there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error["code"]) if error else ""


class Refused(Exception):
    """The gateway refused something that the demo cannot do without."""


def open_session(heard: Callable[[], None]) -> aiohttp.ClientSession:
    """Return a session that says in every request what it is. `heard` is called for each good answer."""

    async def ended(_: aiohttp.ClientSession, __: object, end: aiohttp.TraceRequestEndParams) -> None:
        if end.response.status < 500:
            heard()

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    return aiohttp.ClientSession(
        headers={"User-Agent": USER_AGENT},
        timeout=aiohttp.ClientTimeout(total=60, sock_connect=3),
        trace_configs=[trace],
    )


def renew_after(life: float, random: Random) -> float:
    """Return when to replace a token that lives for so many seconds."""
    return life * random.uniform(_RENEW_EARLIEST, _RENEW_LATEST)


class Person:
    """Somebody with a name and a password. A request waits until the gateway can answer it."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, username: str, password: str, random: Random
    ) -> None:
        self.username = username
        self.base_url = base_url
        self.session = session
        self._password = password
        self._random = random
        self._access = ""
        self._refresh = ""
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def token(self) -> str:
        """Return an access token that is good for a while."""
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
            return self._access

    async def get(self, path: str, **params: str | int) -> Any:
        """Return what is there, None when there is nothing; raise `Refused` for any other refusal."""
        answer = await self.send("GET", path, params=params)
        if answer.status == 404:
            return None
        if not answer.ok:
            raise Refused(f"GET {path} was answered {answer.status} {answer.code}")
        return answer.body

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request, again and again while the gateway or what is behind it is down.

        A file to upload is given as `form`, a function that makes the body anew for each attempt.
        """
        form = options.pop("form", None)
        pause = _FIRST_PAUSE
        while True:
            token = await self.token()
            if form is not None:
                options["data"] = form()
            answer = await self._once(method, path, token, **options)
            if answer is not None and answer.status == 401:
                self._renew_at = 0.0
            elif answer is not None and answer.status not in _TRY_AGAIN:
                return answer
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def fail_to_log_in(self) -> None:
        """Mistype the password, as people do."""
        body = {"username": self.username, "password": f"{self._password[:-1]} "}
        await self._once("POST", "/api/auth/login", "", json=body)

    async def _renew(self) -> None:
        """Get tokens: by the refresh token, else with the password. Waits while the gateway is down."""
        pause = _FIRST_PAUSE
        while True:
            for path, body in self._ways_in():
                answer = await self._once("POST", path, "", json=body)
                if answer is not None and answer.ok:
                    self._keep(answer.body)
                    return
                if answer is not None and answer.status in (401, 403) and path.endswith("login"):
                    raise Refused(f"{self.username} may not log in: {answer.code}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _ways_in(self) -> list[tuple[str, dict[str, str]]]:
        refresh = self._refresh
        self._refresh = ""  # it works once, and a second use would end the login
        ways = [("/api/auth/login", {"username": self.username, "password": self._password})]
        return [("/api/auth/refresh", {"refresh_token": refresh}), *ways] if refresh else ways

    def _keep(self, tokens: dict[str, Any]) -> None:
        self._access, self._refresh = tokens["access_token"], tokens["refresh_token"]
        self._renew_at = time.monotonic() + renew_after(float(tokens["expires_in"]), self._random)

    async def _once(self, method: str, path: str, token: str, **options: Any) -> Answer | None:
        """Return the answer, or None when there was none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self.session.request(
                method, self.base_url + path, headers=headers, **options
            ) as response:
                is_json = response.content_type == "application/json"
                return Answer(response.status, await response.json() if is_json else await response.text())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.info("gateway_does_not_answer", path=path, reason=type(error).__name__)
            return None
