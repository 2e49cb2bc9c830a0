"""The person that drills act as, their requests, and the screens they look at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]  # the library has no types
from socketio.exceptions import SocketIOError  # type: ignore[import-untyped]  # the library has no types

from magacin.contracts.presence import ClientKind
from magacin.drills.observer import GONE
from magacin.drills.undo import PERSON
from magacin.drills.waiting import cancel, eventually
from magacin.stack.site import Site

_RENEW_AFTER = 600.0
# What a scanner answers with "try again", and does.
TRY_AGAIN = frozenset({0, 401, 429, 500, 502, 503, 504})


class Person:
    """Somebody who is logged in at the gateway and stays so."""

    def __init__(self, site: Site, session: aiohttp.ClientSession, password: str) -> None:
        self.name = PERSON.username
        self.url = site.url("api-gateway")
        self._session = session
        self._password = password
        self._token = ""
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()
        self._refusal: tuple[int, Any] = (0, "nothing")

    async def token(self) -> str:
        """Return an access token that is good for a while; the old one when there is no new one."""
        async with self._renewing:
            if time.monotonic() > self._renew_at:
                body = {"username": self.name, "password": self._password}
                status, answer = await self._send("POST", "/api/auth/login", {}, json=body)
                self._refusal = (status, answer)
                if status == 200:
                    self._token = answer["access_token"]
                    self._renew_at = time.monotonic() + _RENEW_AFTER
        return self._token

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Return status and answer; status 0 when there was none. A form is given by what makes it anew."""
        if body is not None:
            options["json"] = body
        if form := options.pop("form", None):
            options["data"] = form()
        headers = {"Authorization": f"Bearer {await self.token()}"}
        status, answer = await self._send(method, path, headers, **options)
        if status == 401:
            self._renew_at = 0.0
        return status, answer

    async def ask_as_nobody(self, method: str, path: str, body: Any) -> int:
        """Ask without a login, which the gateway refuses by itself; return the status."""
        status, _ = await self._send(method, path, {}, json=body)
        return status

    async def must(
        self, method: str, path: str, body: Any = None, *, seconds: float = 30, **options: Any
    ) -> Any:
        """Return the answer of a request that has to succeed; it may take so long to."""
        deadline = time.monotonic() + seconds
        while True:
            status, answer = await self.ask(method, path, body, **options)
            if 0 < status < 400:
                return answer
            if status not in TRY_AGAIN or time.monotonic() > deadline:
                if status == 401 and not self._token:
                    # There was no login to show, and why is what matters.
                    method, path, (status, answer) = "POST", "/api/auth/login", self._refusal
                raise Unanswered(f"{method} {path} was answered {status}: {answer}")
            await asyncio.sleep(0.3)

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], **options: Any
    ) -> tuple[int, Any]:
        try:
            async with self._session.request(method, self.url + path, headers=headers, **options) as response:
                text = await response.text()
                is_json = response.content_type == "application/json"
                return response.status, json.loads(text) if is_json else text
        except GONE as error:
            return 0, type(error).__name__


class Unanswered(Exception):
    """A request that a drill cannot do without was not answered as it has to be."""


class Screens:
    """Some Socket.IO clients, as browsers and scanners have them: they connect again when cut off."""

    def __init__(self, person: Person, count: int, client: ClientKind = ClientKind.OTHER) -> None:
        self._person = person
        self._client = client
        self._clients = [socketio.AsyncClient(reconnection=False, handle_sigint=False) for _ in range(count)]
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> int:
        """How many are connected."""
        return sum(bool(client.connected) for client in self._clients)

    @property
    def wanted(self) -> int:
        """How many there are."""
        return len(self._clients)

    async def open(self) -> None:
        """Connect all, and keep them connected."""
        self._keeping = [asyncio.create_task(self._keep(client)) for client in self._clients]
        await self.reconnected(30)

    async def reconnected(self, seconds: float) -> bool:
        """Wait until all are connected, and say whether they are."""

        async def all_are() -> bool:
            return self.connected == self.wanted

        return await eventually(all_are, every=0.1, seconds=seconds)

    async def cut(self) -> None:
        """Break all connections as a network does: without a goodbye."""
        for client in self._clients:
            if client.connected and client.eio.ws is not None:
                with contextlib.suppress(OSError):
                    client.eio.ws._response.connection.transport.abort()

    async def close(self) -> None:
        """Say goodbye."""
        await cancel(*self._keeping)
        for client in self._clients:
            if client.connected:
                with contextlib.suppress(SocketIOError, *GONE):
                    # The library closes the connection before its goodbye is written, so ours goes ahead.
                    await client.eio.send("1")
                    await asyncio.sleep(0.02)
                    await client.disconnect()

    async def _keep(self, client: Any) -> None:
        shown = ""
        while True:
            with contextlib.suppress(SocketIOError, *GONE):
                token = await self._person.token()
                if not client.connected:
                    await client.connect(
                        self._person.url,
                        auth={"token": token, "client": self._client},
                        transports=["websocket"],
                        wait_timeout=5,
                    )
                elif token != shown:
                    # The gateway ends a connection whose last token has expired: a fault that is none.
                    await client.call("authenticate", {"token": token}, timeout=5)
                shown = token
            await asyncio.sleep(0.5)
