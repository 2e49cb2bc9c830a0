"""A screen that shows what happens: a real Socket.IO client, with the accidents that screens have."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from random import Random
from typing import Any

import socketio  # type: ignore[import-untyped]  # the library has no types
import structlog
from socketio.exceptions import SocketIOError  # type: ignore[import-untyped]  # the library has no types

from magacin.contracts.events import SOCKET_EVENT
from magacin.demo.client import USER_AGENT, Person

log = structlog.get_logger(__name__)

_SHORTEST, _LONGEST = 60.0, 240.0


class Screen:
    """One person's connection. `run` keeps it up, but for an interruption now and then."""

    def __init__(self, person: Person, random: Random) -> None:
        self.events: Counter[str] = Counter()
        self._newest: dict[str, int] = {}
        self._person = person
        self._random = random
        self._watched: int | None = None
        # Reconnecting is ours: it needs a token that has not expired.
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on(SOCKET_EVENT, self._note)

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                await self._sit_down()
            except SocketIOError as error:
                log.info("screen_cannot_connect", username=self._person.username, reason=str(error)[:200])
            await self.close()
            await asyncio.sleep(self._random.uniform(1, 5))

    async def watch(self, task_id: int) -> None:
        """Look at a task, now and after every reconnection."""
        self._watched = task_id
        await self._ask_to_watch()

    async def close(self) -> None:
        """Say goodbye, if connected."""
        if self._client.connected:
            await self._client.disconnect()

    async def _sit_down(self) -> None:
        await self._client.connect(
            self._person.base_url,
            auth={"token": await self._person.token()},
            headers={"User-Agent": USER_AGENT},
            transports=["websocket"],
            wait_timeout=5,
        )
        await self._ask_to_watch()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._stay()):
                await self._client.wait()
        if self._client.connected and self._random.random() < 0.3:
            # Out of reach of the access point: the connection breaks without a goodbye.
            await self._client.eio.disconnect(abort=True)

    async def _ask_to_watch(self) -> None:
        if self._watched is None or not self._client.connected:
            return
        try:
            answer = await self._client.call("watch", {"task_id": self._watched}, timeout=5)
        except SocketIOError as error:
            log.info("watch_not_answered", username=self._person.username, reason=type(error).__name__)
            return
        if isinstance(answer, dict) and "error" in answer:
            log.info("watch_refused", username=self._person.username, error=answer["error"]["code"])

    async def _note(self, event: dict[str, Any]) -> None:
        key = f"{event['source']}/{event['subject']}"
        if event["id"] > self._newest.get(key, 0):
            self._newest[key] = event["id"]
            self.events[event["type"]] += 1

    def _stay(self) -> float:
        return self._random.uniform(_SHORTEST, _LONGEST)
