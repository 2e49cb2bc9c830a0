"""A screen that shows what happens: a real Socket.IO client, with the accidents that screens have."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from random import Random
from typing import Any

import socketio  # type: ignore[import-untyped]  # the library has no types
import structlog
from socketio.exceptions import SocketIOError  # type: ignore[import-untyped]  # the library has no types

from magacin.contracts.events import SOCKET_EVENT
from magacin.demo.client import USER_AGENT, Person

log = structlog.get_logger(__name__)

# Seven screens that each leave after some minutes stay well below the ten in five minutes of the alert.
_SHORTEST, _LONGEST = 240.0, 900.0
_BREAKS = 0.3
_LOOK_SECONDS = 1.0
_GOODBYE = "1"  # a Socket.IO packet of the type DISCONNECT


class Screen:
    """One person's connection. `run` keeps it up until work is over, but for an interruption now and then."""

    def __init__(self, person: Person, random: Random, over: asyncio.Event) -> None:
        self.events: Counter[str] = Counter()
        self._newest: dict[str, int] = {}
        self._person = person
        self._random = random
        self._over = over
        self._watched: int | None = None
        self._shown = ""
        self._gone = asyncio.Event()
        # Reconnecting is ours: it needs a token that has not expired.
        self._client = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, http_session=person.session
        )
        self._client.on(SOCKET_EVENT, self._note)
        self._client.on("disconnect", self._note_end)

    async def run(self) -> None:
        """Watch until cancelled; when work is over, leave as one would have anyway, not all at once."""
        try:
            while not self._over.is_set():
                await self._session()
                await asyncio.sleep(self._random.uniform(1, 5))
        finally:
            await self._say_goodbye()

    async def watch(self, task_id: int) -> None:
        """Look at a task, now and after every reconnection."""
        self._watched = task_id
        await self._ask_to_watch()

    async def _session(self) -> None:
        try:
            await self._connect()
            await self._stay(self._random.uniform(_SHORTEST, _LONGEST))
            if self._client.connected and self._random.random() < _BREAKS:
                # Out of reach of the access point: the connection breaks without a goodbye.
                await self._client.eio.ws.close()
        except SocketIOError as error:
            log.info("screen_cannot_connect", username=self._person.username, reason=str(error)[:200])
        await self._say_goodbye()

    async def _stay(self, seconds: float) -> None:
        """Be there for so long, or until the connection ends."""
        leaves_at = time.monotonic() + seconds
        while not self._gone.is_set() and time.monotonic() < leaves_at:
            await self._show_token()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._gone.wait()

    async def _show_token(self) -> None:
        """Hand in the person's new token: the gateway closes a connection whose last one has expired."""
        token = await self._person.token()
        if token != self._shown and await self._ask("authenticate", {"token": token}):
            self._shown = token

    async def _say_goodbye(self) -> None:
        if self._client.connected:
            # The library closes the connection before its goodbye is written, which then looks like a
            # broken one; so ours goes ahead.
            await self._client.eio.send(_GOODBYE)
            await asyncio.sleep(0.05)
            await self._client.disconnect()

    async def _connect(self) -> None:
        self._gone.clear()
        self._shown = await self._person.token()
        await self._client.connect(
            self._person.base_url,
            auth={"token": self._shown},
            headers={"User-Agent": USER_AGENT},
            transports=["websocket"],
            wait_timeout=5,
        )
        await self._ask_to_watch()

    async def _ask_to_watch(self) -> None:
        if self._watched is not None and self._client.connected:
            await self._ask("watch", {"task_id": self._watched})

    async def _ask(self, event: str, data: dict[str, Any]) -> bool:
        """Send an event; return whether it was answered, be it with a refusal."""
        try:
            answer = await self._client.call(event, data, timeout=5)
        except SocketIOError as error:
            log.info(f"{event}_not_answered", username=self._person.username, reason=type(error).__name__)
            return False
        if isinstance(answer, dict) and "error" in answer:
            log.info(f"{event}_refused", username=self._person.username, error=answer["error"]["code"])
        return True

    async def _note(self, event: dict[str, Any]) -> None:
        key = f"{event['source']}/{event['subject']}"
        if event["id"] > self._newest.get(key, 0):
            self._newest[key] = event["id"]
            self.events[event["type"]] += 1

    async def _note_end(self, *_: object) -> None:
        self._gone.set()
