"""What the sockets are shown: the delivery stream, read on from where this process was.

A connection to Redis that breaks costs nothing, because nothing is forgotten for having been sent: what was
read is known by its id here, and the next read begins after it. Where entries are gone before they were read,
all sockets are told so, and their clients read anew. Why: docs/decisions/0043.
"""

from __future__ import annotations

from typing import Any, Protocol

import orjson
import structlog
from redis.asyncio import Redis

from magacin.contracts.events import (
    BOARD_ROOM,
    DELIVERY_AFTER,
    DELIVERY_START,
    DELIVERY_STREAM,
    STREAM_FIELD,
    EventType,
)
from magacin.core.errors import DependencyUnavailable
from magacin.core.redis import translate_unavailable

log = structlog.get_logger(__name__)

# Less than a client of Redis waits for an answer.
_BLOCK_MS = 1_000
_BATCH = 500

Entry = tuple[bytes, dict[bytes, bytes]]


class Audience(Protocol):
    """Who is shown what is read."""

    async def show(self, rooms: list[str], event: str, operation_id: str | None) -> None:
        """Show an event, a JSON object, of an operation or of none, to everybody who is in these rooms."""

    async def flush(self) -> None:
        """Show what was shown since the last time to those who are told of it together."""

    async def leave_to(self, task_id: int, workers: frozenset[str]) -> None:
        """Show a task's events no longer to workers other than those whose task it has become."""

    async def say_missed(self) -> int:
        """Tell everybody that there may be events that they were not shown; return how many there are."""


class Feed:
    """Reads for the sockets of this process. `step` is for a `BackgroundLoop`."""

    def __init__(self, redis: Redis, sockets: Audience) -> None:
        self._redis = redis
        self._sockets = sockets
        self._read_to: bytes | None = None

    async def step(self) -> bool:
        """Show what is new, or wait a second for something; return that there is always more to come."""
        try:
            async with translate_unavailable():
                await self._step()
        except DependencyUnavailable:
            raise
        except Exception:
            # What could not be shown would fail for ever: it is left out, and everybody told so.
            self._read_to = None
            raise
        return True

    async def _step(self) -> None:
        if self._read_to is None:
            # Who connected before this cannot know what there was by then.
            self._read_to = await self._newest()
            await self._missed("where it begins")
        elif entries := await self._next(self._read_to):
            for entry_id, fields in entries:
                await self._take(entry_id, fields)
        elif _parts(newest := await self._newest()) < _parts(self._read_to):
            self._read_to = newest
            await self._missed("the stream was made anew")
        # Also where nothing came: some are not told at once.
        await self._sockets.flush()

    async def _next(self, after: bytes) -> list[Entry]:
        # redis-py does not know which of its forms an answer has.
        reply: Any = await self._redis.xread({DELIVERY_STREAM: after}, count=_BATCH, block=_BLOCK_MS)
        return list(reply[0][1]) if reply else []

    async def _newest(self) -> bytes:
        newest: Any = await self._redis.xrevrange(DELIVERY_STREAM, count=1)
        return bytes(newest[0][0]) if newest else DELIVERY_START

    async def _take(self, entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        # What was before the very first entry was handed on otherwise, or lost with its stream.
        if fields[DELIVERY_AFTER] != self._read_to or self._read_to == DELIVERY_START:
            await self._missed("entries were gone before they were read")
        text = fields[STREAM_FIELD]
        event = orjson.loads(text)
        operation_id = event.get("data", {}).get("operation_id")
        await self._sockets.show([BOARD_ROOM, *event["rooms"]], text.decode(), operation_id)
        if event.get("type") == EventType.TASK_ASSIGNED and event["data"]["workers"]:
            await self._sockets.leave_to(event["data"]["task_id"], frozenset(event["data"]["workers"]))
        self._read_to = entry_id

    async def _missed(self, why: str) -> None:
        if sockets := await self._sockets.say_missed():
            log.warning("events_missed", sockets=sockets, reason=why)


def _parts(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.decode().partition("-")
    return int(milliseconds), int(sequence)
