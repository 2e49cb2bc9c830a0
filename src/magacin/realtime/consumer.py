"""Reads the event stream as a consumer group: delivers, then acknowledges. At least once, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from magacin.contracts.events import (
    CONSUMER_GROUP,
    DELIVERY_AFTER,
    DELIVERY_KEPT,
    DELIVERY_START,
    DELIVERY_STREAM,
    EVENT_STREAM,
    STREAM_FIELD,
    Event,
)
from magacin.core.redis import translate_unavailable
from magacin.realtime.leadership import Leadership
from magacin.realtime.metrics import DELIVERY_SECONDS, INVALID, MESSAGES_PROCESSED

log = structlog.get_logger(__name__)

DEAD_STREAM = "magacin:events:dead"
DEAD_KEPT = 1_000
DEAD_BYTES = 4_096

_BLOCK_MS = 1_000
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

# KEYS: stream, delivery, dead letters. ARGV: group, deliveries to keep, dead letters to keep, the id before
# all others, then of each entry its id, why it is no event (or nothing), and its content.
# Handed on and acknowledged are one thing: whatever dies, and whoever comes back after another one took over,
# each entry is in the delivery stream once. Acknowledged last, because a script that fails undoes nothing.
# Also in a Redis that is full: what is acknowledged can be trimmed.
_DELIVER = f"""#!lua flags=allow-oom
local ours = {{}}
-- More may be pending between the first and the last of them: what another worker was handed.
for _, entry in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[5], ARGV[#ARGV - 2], '{2**31 - 1}')) do
  ours[entry[1]] = true
end
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local last = newest[1] and newest[1][1] or ARGV[4]
local handed_on, done = {{}}, {{}}
for i = 5, #ARGV, 3 do
  local id, reason, content = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if ours[id] then
    if reason == '' then
      last = redis.call('XADD', KEYS[2], '*',
        '{DELIVERY_AFTER.decode()}', last, '{STREAM_FIELD.decode()}', content)
    else
      redis.call('XADD', KEYS[3], 'MAXLEN', ARGV[3], '*', 'entry', id, 'reason', reason, 'event', content)
    end
    done[#done + 1] = id
  end
  handed_on[#handed_on + 1] = ours[id] and 1 or 0
end
redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', ARGV[2])
for i = 1, #done, 1000 do
  redis.call('XACK', KEYS[1], ARGV[1], unpack(done, i, math.min(i + 999, #done)))
end
return handed_on
"""

Entry = tuple[bytes, bytes | None]


@dataclass(frozen=True)
class Judged:
    """An entry of the stream, and the event in it or why there is none."""

    entry_id: bytes
    content: bytes
    event: Event | None = None
    reason: str = ""


class Unreadable(ValueError):
    """An entry of the stream that is no event."""


class StreamConsumer:
    """Delivers the stream's events. `step` is for a `BackgroundLoop`; only the leader's does anything."""

    def __init__(
        self,
        redis: Redis,
        leadership: Leadership,
        *,
        batch_size: int,
        keep_entries: int,
        keep_deliveries: int = DELIVERY_KEPT,
    ) -> None:
        self._redis = redis
        self._leadership = leadership
        self._batch_size = batch_size
        self._keep = keep_entries
        self._keep_deliveries = keep_deliveries
        self._read_script = redis.register_script(_READ)
        self._deliver_script = redis.register_script(_DELIVER)
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
        judged = [judge(*entry) for entry in entries]
        handed_on = await self._hand_on(judged)
        self._count([entry for entry, is_ours in zip(judged, handed_on, strict=True) if is_ours])
        if not self._unfinished_first:
            self._last_id = entries[-1][0]
            self._caught_up = len(entries) < self._batch_size
        self._since_trim += len(entries)
        if self._since_trim >= _TRIM_STEP:
            await self._trim()

    async def _hand_on(self, judged: Sequence[Judged]) -> list[int]:
        """Hand entries on and acknowledge them; return for each whether nobody had done so before."""
        arguments: list[Any] = [CONSUMER_GROUP, self._keep_deliveries, DEAD_KEPT, DELIVERY_START]
        for entry in judged:
            arguments += [entry.entry_id, entry.reason, entry.content]
        keys = [EVENT_STREAM, DELIVERY_STREAM, DEAD_STREAM]
        return list(await self._deliver_script(keys=keys, args=arguments))

    def _count(self, judged: Sequence[Judged]) -> None:
        handed_on_at = datetime.now(UTC)
        for entry in judged:
            if entry.event is None:
                log.warning(
                    "unreadable_event_set_aside",
                    entry=entry.entry_id,
                    reason=entry.reason,
                    stream=DEAD_STREAM,
                )
                MESSAGES_PROCESSED.labels(INVALID).inc()
            else:
                MESSAGES_PROCESSED.labels(entry.event.type.value).inc()
                DELIVERY_SECONDS.observe(max(0.0, (handed_on_at - entry.event.occurred_at).total_seconds()))

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


def judge(entry_id: bytes, payload: bytes | None) -> Judged:
    """Return the event of an entry in the form that everybody is shown, or why it is none."""
    try:
        event = parse(payload)
    except Unreadable as error:
        return Judged(entry_id, (payload or b"")[:DEAD_BYTES], reason=str(error))
    return Judged(entry_id, event.model_dump_json().encode(), event)


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
