"""The messages that are kept: in memory, so many and so large, the oldest go first.

Heartbeats come every minute and say nothing but that they came: only the last of them are kept, so that they
do not push the alerts out within a day.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from magacin.contracts.inbox import MessageDetail, MessageKind
from magacin.inbox.metrics import DROPPED, KEPT, RECEIVED

HEARTBEATS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages somebody asks for; what is None is not asked about."""

    after: int = 0
    kind: MessageKind | None = None
    recipient: str | None = None
    alert: str | None = None
    service: str | None = None
    severity: str | None = None
    status: str | None = None

    def matches(self, message: MessageDetail) -> bool:
        """Say whether a message is one of them."""
        asked = (
            (self.kind, message.kind),
            (self.alert, message.alert),
            (self.service, message.service),
            (self.severity, message.severity),
            (self.status, message.status),
        )
        return (
            message.id > self.after
            and all(wanted is None or wanted == found for wanted, found in asked)
            and (self.recipient is None or self.recipient in message.recipients)
        )


class Store:
    """Holds at most `messages` messages and `size` bytes of them."""

    def __init__(self, messages: int, size: int) -> None:
        self._most, self._largest = messages, size
        self._kept: deque[MessageDetail] = deque()
        self._size = 0
        self._came = asyncio.Condition()
        self.last_id = 0
        self.dropped = 0

    async def add(self, make: Callable[[int], MessageDetail]) -> MessageDetail:
        """Keep the message that `make` returns for its id, and wake those who wait."""
        self.last_id += 1
        message = make(self.last_id)
        self._kept.append(message)
        self._size += message.size
        RECEIVED.labels(message.kind.value).inc()
        if message.kind is MessageKind.HEARTBEAT:
            self._thin_heartbeats()
        while len(self._kept) > self._most or (self._size > self._largest and len(self._kept) > 1):
            self._drop(self._kept[0])
        KEPT.set(len(self._kept))
        async with self._came:
            self._came.notify_all()
        return message

    def _thin_heartbeats(self) -> None:
        beats = [message for message in self._kept if message.kind is MessageKind.HEARTBEAT]
        if len(beats) > HEARTBEATS:
            self._drop(beats[0])

    def _drop(self, message: MessageDetail) -> None:
        self._kept.remove(message)
        self._size -= message.size
        self.dropped += 1
        DROPPED.inc()

    def find(self, wanted: Wanted) -> list[MessageDetail]:
        """Return the messages that match, oldest first."""
        return [message for message in self._kept if wanted.matches(message)]

    def get(self, message_id: int) -> MessageDetail | None:
        """Return one message, or None when it never came or had to go."""
        return next((message for message in self._kept if message.id == message_id), None)

    async def wait_for(self, wanted: Wanted, seconds: float) -> list[MessageDetail]:
        """Return the messages that match as soon as there is one; after `seconds`, none."""
        try:
            async with asyncio.timeout(seconds), self._came:
                while not (found := self.find(wanted)):
                    await self._came.wait()
                return found
        except TimeoutError:
            return []

    def clear(self) -> int:
        """Forget everything. Returns how many messages that were."""
        count = len(self._kept)
        self._kept.clear()
        self._size = 0
        KEPT.set(0)
        return count
