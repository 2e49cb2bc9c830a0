"""Hands events to the gateways' Socket.IO servers, over Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from socketio.async_pubsub_manager import AsyncPubSubManager  # type: ignore[import-untyped]  # has none

from magacin.contracts.events import BOARD_ROOM, SOCKET_EVENT, SOCKETIO_CHANNEL, Event

log = structlog.get_logger(__name__)

HOLD_SECONDS = 10.0


class EventPublisher(AsyncPubSubManager):  # type: ignore[misc]  # its base has no types
    """A write-only Socket.IO manager that knows whether Redis took what it published.

    The library's own Redis manager logs a failed publish and returns as if it had worked, and makes one
    round trip for each message. The messages are the library's, the sending is ours.
    """

    def __init__(self, redis: Redis) -> None:
        super().__init__(channel=SOCKETIO_CHANNEL, write_only=True)
        self._redis = redis
        self._outgoing: list[str] = []

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish in order, each event once to all of its rooms; raise unless Redis took every one."""
        self._outgoing = []
        for event in events:
            # A list of rooms is one message, and a server sends it once to a socket in several of them.
            rooms = [BOARD_ROOM, *event.rooms]
            await self.emit(SOCKET_EVENT, event.model_dump(mode="json"), room=rooms)
        pipeline = self._redis.pipeline(transaction=False)
        for message in self._outgoing:
            pipeline.publish(self.channel, message)
        await pipeline.execute()

    async def _publish(self, data: dict[str, Any]) -> None:
        """Collect what `emit` made: the library's hook for sending."""
        self._outgoing.append(self.json.dumps(data))


class Listeners:
    """Tells whether the gateways that hold sockets are there to hear.

    Redis forgets a message that nobody is subscribed to. After a Redis restart the worker is back
    before the gateways' subscriptions are, and what it published then would reach no screen. So
    events wait for the subscriptions, though not for ever: a gateway that stays deaf must not keep
    events from the others.
    """

    def __init__(self, redis: Redis, expected: Callable[[], int]) -> None:
        self._redis = redis
        self._expected = expected
        self._strict_until = 0.0
        self._missing_since: float | None = None

    def connection_was_lost(self) -> None:
        """Have every gateway waited for, since all of them have to subscribe again."""
        self._strict_until = time.monotonic() + HOLD_SECONDS

    async def are_there(self) -> bool:
        """Tell whether to publish now."""
        expected = self._expected()
        if not expected:
            return True
        # In ordinary times a dead gateway, whose heartbeat lives on for seconds, holds up nobody else.
        needed = expected if time.monotonic() < self._strict_until else 1
        [(_, count)] = await self._redis.pubsub_numsub(SOCKETIO_CHANNEL)
        if count >= needed:
            self._missing_since = None
            return True
        return self._waited_enough(needed, count)

    def _waited_enough(self, needed: int, count: int) -> bool:
        now = time.monotonic()
        if self._missing_since is None:
            log.warning("waiting_for_gateways_to_subscribe", needed=needed, subscribed=count)
            self._missing_since = now
        return now - self._missing_since > HOLD_SECONDS
