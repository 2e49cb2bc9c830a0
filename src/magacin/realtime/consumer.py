"""Reads the event stream as a consumer group: delivers, then acknowledges. At least once, in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import EncodableT

from magacin.contracts.events import CONSUMER_GROUP, EVENT_STREAM, STREAM_FIELD, Event
from magacin.core.redis import translate_unavailable
from magacin.realtime.leadership import Leadership
from magacin.realtime.metrics import DELIVERY_SECONDS, INVALID, MESSAGES_PROCESSED
from magacin.realtime.publisher import EventPublisher, Listeners

log = structlog.get_logger(__name__)

DEAD_STREAM = "magacin:events:dead"
DEAD_KEPT = 1_000
DEAD_BYTES = 4_096

_BLOCK_MS = 1_000
_HOLD_PAUSE = 0.05
_TRIM_STEP = 1_000

# KEYS: lock, stream. ARGV: my name, lease in ms, group, count, from where.
# Only the leader is handed entries, and being handed some renews its lease: a worker that was suspended
# and does not know yet that another one leads cannot take entries out of their order.
_READ = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local reply = redis.call(
    'XREADGROUP', 'GROUP', ARGV[3], ARGV[1], 'COUNT', ARGV[4], 'STREAMS', KEYS[2], ARGV[5])
return reply and reply[1][2] or {}
"""

# KEYS: stream. ARGV: group. From 0: what the services wrote before there was a worker is to be delivered too.
# Also in a Redis that is full, which without a group would stay so for ever.
_CREATE_GROUP = """#!lua flags=allow-oom
return redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
"""

Entry = tuple[bytes, bytes | None]
DeadLetter = dict[EncodableT, EncodableT]


class Unreadable(ValueError):
    """An entry of the stream that is no event."""


class StreamConsumer:
    """Delivers the stream's events. `step` is for a `BackgroundLoop`; only the leader's does anything."""

    def __init__(
        self,
        redis: Redis,
        leadership: Leadership,
        publisher: EventPublisher,
        listeners: Listeners,
        *,
        batch_size: int,
        keep_entries: int,
    ) -> None:
        self._redis = redis
        self._leadership = leadership
        self._publisher = publisher
        self._listeners = listeners
        self._batch_size = batch_size
        self._keep = keep_entries
        self._read_script = redis.register_script(_READ)
        self._create_group_script = redis.register_script(_CREATE_GROUP)
        self._term = 0
        self._unfinished_first = True
        self._last_id: bytes | str = "0-0"
        self._caught_up = False
        self._since_trim = 0

    async def step(self) -> bool:
        """Deliver one batch, or wait for one; return whether to come again at once."""
        try:
            async with translate_unavailable():
                return await self._step()
        except BaseException:
            # What was read and not acknowledged is still ours in Redis, and comes before anything newer.
            self._unfinished_first = True
            self._caught_up = False
            self._listeners.connection_was_lost()
            raise

    async def lag(self) -> tuple[int]:
        """Return how many events are in the stream that are not delivered yet: for a gauge."""
        async with translate_unavailable():
            return (await self._lag(),)

    async def _step(self) -> bool:
        if not await self._leadership.ensure():
            return False
        if self._term != self._leadership.term:
            await self._take_over()
        if self._caught_up and not self._unfinished_first:
            await self._redis.xread({EVENT_STREAM: self._last_id}, count=1, block=_BLOCK_MS)
        if not await self._listeners.are_there():
            await asyncio.sleep(_HOLD_PAUSE)
            return True
        entries = await self._read()
        if entries is None:
            self._leadership.lost()
        elif entries:
            await self._deliver(entries)
        elif self._unfinished_first:
            self._unfinished_first = False
        else:
            await self._note_caught_up()
        return entries is not None

    async def _take_over(self) -> None:
        """Make what other workers read and did not finish our own: it comes before anything newer."""
        await self._create_group()
        cursor: bytes | str = "0-0"
        while True:
            cursor, entries, _ = await self._redis.xautoclaim(
                EVENT_STREAM, CONSUMER_GROUP, self._leadership.name, 0, cursor, count=self._batch_size
            )
            if entries:
                log.info("pending_events_taken_over", count=len(entries))
            if cursor == b"0-0":
                break
        for consumer in await self._redis.xinfo_consumers(EVENT_STREAM, CONSUMER_GROUP):
            # Nobody but the leader is handed entries, so what is empty here stays empty.
            if consumer["pending"] == 0 and consumer["name"] != self._leadership.name.encode():
                await self._redis.xgroup_delconsumer(EVENT_STREAM, CONSUMER_GROUP, consumer["name"])
        self._unfinished_first = True
        self._caught_up = False
        self._term = self._leadership.term

    async def _create_group(self) -> None:
        try:
            await self._create_group_script(keys=[EVENT_STREAM], args=[CONSUMER_GROUP])
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        else:
            log.info("consumer_group_created", stream=EVENT_STREAM, group=CONSUMER_GROUP)

    async def _read(self) -> list[Entry] | None:
        """Return the next entries, or None when another worker leads."""
        asked_at = time.monotonic()
        start = "0" if self._unfinished_first else ">"
        arguments: list[str | int] = [
            self._leadership.name,
            self._leadership.lease_ms,
            CONSUMER_GROUP,
            self._batch_size,
            start,
        ]
        try:
            reply = await self._read_script(keys=[self._leadership.key, EVENT_STREAM], args=arguments)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._create_group()
            return []
        if reply is None:
            return None
        self._leadership.extended(asked_at)
        return [(entry_id, _field(fields)) for entry_id, fields in reply]

    async def _deliver(self, entries: Sequence[Entry]) -> None:
        events, dead = self._sort(entries)
        await self._publisher.publish(events)
        emitted_at = datetime.now(UTC)
        pipeline = self._redis.pipeline(transaction=False)
        for letter in dead:
            pipeline.xadd(DEAD_STREAM, letter, maxlen=DEAD_KEPT)
        pipeline.xack(EVENT_STREAM, CONSUMER_GROUP, *(entry_id for entry_id, _ in entries))
        await pipeline.execute()
        self._count(events, len(dead), emitted_at)
        if not self._unfinished_first:
            self._last_id = entries[-1][0]
            self._caught_up = len(entries) < self._batch_size
        self._since_trim += len(entries)
        if self._since_trim >= _TRIM_STEP:
            await self._trim()

    def _sort(self, entries: Sequence[Entry]) -> tuple[list[Event], list[DeadLetter]]:
        events: list[Event] = []
        dead: list[DeadLetter] = []
        for entry_id, payload in entries:
            try:
                events.append(parse(payload))
            except Unreadable as error:
                log.warning(
                    "unreadable_event_set_aside", entry=entry_id, reason=str(error), stream=DEAD_STREAM
                )
                shown = (payload or b"")[:DEAD_BYTES]
                dead.append({"entry": entry_id, "reason": str(error), "event": shown})
        return events, dead

    def _count(self, events: Sequence[Event], invalid: int, emitted_at: datetime) -> None:
        for event in events:
            MESSAGES_PROCESSED.labels(event.type.value).inc()
            DELIVERY_SECONDS.observe(max(0.0, (emitted_at - event.occurred_at).total_seconds()))
        if invalid:
            MESSAGES_PROCESSED.labels(INVALID).inc(invalid)

    async def _note_caught_up(self) -> None:
        group = await self._group()
        # The stream may have been made anew; waiting for ids above an old one could be waiting for ever.
        self._last_id = group["last-delivered-id"] if group else "0-0"
        self._caught_up = True

    async def _trim(self) -> None:
        """Drop the oldest entries above the number to keep; never one that is not acknowledged."""
        self._since_trim = 0
        while (excess := await self._redis.xlen(EVENT_STREAM) - self._keep) > 0:
            page = await self._redis.xrange(EVENT_STREAM, count=min(excess, _TRIM_STEP) + 1)
            if not page:
                break
            cut = await self._oldest_needed(_parts(page[-1][0]))
            removed = await self._redis.xtrim(EVENT_STREAM, minid=f"{cut[0]}-{cut[1]}", approximate=False)
            if removed < _TRIM_STEP:
                break

    async def _oldest_needed(self, candidate: tuple[int, int]) -> tuple[int, int]:
        group = await self._group()
        if group is None:
            return (0, 0)
        pending = await self._redis.xpending(EVENT_STREAM, CONSUMER_GROUP)
        bounds = [candidate, _parts(group["last-delivered-id"])]
        if pending["pending"]:
            bounds.append(_parts(pending["min"]))
        return min(bounds)

    async def _lag(self) -> int:
        group = await self._group()
        if group is None:
            return int(await self._redis.xlen(EVENT_STREAM))
        undelivered = group["lag"]
        if undelivered is None:
            # Redis cannot tell after entries were deleted by hand; counting is slow and right.
            last = str(group["last-delivered-id"], "ascii")
            undelivered = len(await self._redis.xrange(EVENT_STREAM, min=f"({last}") or [])
        return int(undelivered) + int(group["pending"])

    async def _group(self) -> dict[str, Any] | None:
        try:
            groups = await self._redis.xinfo_groups(EVENT_STREAM)
        except ResponseError as error:
            if "no such key" in str(error):
                return None
            raise
        return next((group for group in groups if group["name"] == CONSUMER_GROUP.encode()), None)


def parse(payload: bytes | None) -> Event:
    """Return the event in an entry of the stream; raise `Unreadable` with the reason."""
    if payload is None:
        raise Unreadable(f"the entry has no field {STREAM_FIELD.decode()!r}, or was deleted")
    try:
        # Stricter than pydantic's own parser: NaN and lone surrogates would break every browser.
        return Event.model_validate(orjson.loads(payload))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"not an event: {where}: {first['msg']}") from error


def _field(fields: Sequence[bytes] | None) -> bytes | None:
    pairs = dict(zip(fields[::2], fields[1::2], strict=True)) if fields else {}
    return pairs.get(STREAM_FIELD)


def _parts(entry_id: Any) -> tuple[int, int]:
    milliseconds, _, sequence = str(entry_id, "ascii").partition("-")
    return int(milliseconds), int(sequence)
