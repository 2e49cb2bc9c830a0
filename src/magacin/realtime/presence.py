"""Adds up the sockets of all gateways from their heartbeats."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import WatchError

from magacin.contracts.presence import (
    HEARTBEAT_EXPIRES_SECONDS,
    HEARTBEAT_PREFIX,
    SEEN_KEY,
    ClientKind,
    DisconnectReason,
    Heartbeat,
)
from magacin.core.redis import translate_unavailable
from magacin.realtime.accounting import Counted, Seen, account, flat
from magacin.realtime.leadership import Leadership
from magacin.realtime.metrics import ACTIVE_CONNECTIONS, DISCONNECTIONS

log = structlog.get_logger(__name__)


class Presence:
    """Counts sockets while this worker leads. `step` is for a `BackgroundLoop`.

    What is new is first added to the totals in Redis and then to the process's counters. A worker that
    dies between the two, or before a scrape, is followed by one that starts with the totals (`restore`).
    """

    def __init__(self, redis: Redis, leadership: Leadership) -> None:
        self._redis = redis
        self._leadership = leadership
        self._observing_since: float | None = None

    async def restore(self) -> None:
        """Start the counters where the last leader's ended.

        Only before the first scrape: later, the jump would look like that many disconnections now.
        """
        async with translate_unavailable():
            seen = _parse_seen(await self._redis.get(SEEN_KEY))
        _count(flat(seen.totals))

    async def step(self) -> bool:
        """Count what is new; return False, there is nothing more until the next heartbeats."""
        if self._leadership.held:
            await self._observe()
        elif self._leadership.other is not None:
            _stand_by()
            self._observing_since = None
        return False

    async def connections(self) -> list[int]:
        """Return the number of sockets of each kind of client, 0 on standby: for gauges."""
        if not self._leadership.held and self._leadership.other is not None:
            return [0 for _ in ClientKind]
        async with translate_unavailable():
            connected = _connections(await self._heartbeats())
        return [connected[client] for client in ClientKind]

    async def _observe(self) -> None:
        try:
            async with translate_unavailable():
                counted = await self._account()
        except BaseException:
            self._observing_since = None
            raise
        _count(counted)
        if lost := sum(counted[client, DisconnectReason.GATEWAY_LOST] for client in ClientKind):
            log.warning("gateway_lost", sockets=lost)

    async def _account(self) -> Counted:
        async with self._redis.pipeline() as pipeline:
            await pipeline.watch(SEEN_KEY)
            stored = await pipeline.get(SEEN_KEY)
            heartbeats = await self._heartbeats()
            before = _parse_seen(stored)
            after, counted = account(before, heartbeats, now=time.time(), may_lose=self._may_lose())
            if after != before:
                pipeline.multi()  # type: ignore[no-untyped-call]  # redis-py left its types out
                pipeline.set(SEEN_KEY, after.model_dump_json())
                try:
                    await pipeline.execute()
                except WatchError:
                    # Somebody else counted in between: what we found new is in their totals.
                    log.info("presence_counted_by_another")
                    return Counted()
        connected = _connections(heartbeats)
        for client in ClientKind:
            ACTIVE_CONNECTIONS.labels(client).set(connected[client])
        return counted

    def _may_lose(self) -> bool:
        """Tell whether a missing heartbeat is the gateway's fault.

        While Redis was away the heartbeats expired; the gateways get the time to write new ones.
        """
        now = time.monotonic()
        if self._observing_since is None:
            self._observing_since = now
        return now - self._observing_since >= HEARTBEAT_EXPIRES_SECONDS

    async def _heartbeats(self) -> dict[str, Heartbeat | None]:
        keys = [key async for key in self._redis.scan_iter(match=f"{HEARTBEAT_PREFIX}*", count=1000)]
        values = await self._redis.mget(keys) if keys else []
        instances = [str(key, "utf-8", "replace").removeprefix(HEARTBEAT_PREFIX) for key in keys]
        return {
            instance: _parse_heartbeat(instance, value)
            for instance, value in zip(instances, values, strict=True)
            if value is not None
        }


def _parse_heartbeat(instance: str, value: bytes | str) -> Heartbeat | None:
    try:
        return Heartbeat.model_validate_json(value)
    except ValidationError as error:
        log.warning("unreadable_heartbeat", instance=instance, problems=error.error_count())
        return None


def _parse_seen(stored: bytes | str | None) -> Seen:
    if stored is None:
        return Seen()
    try:
        return Seen.model_validate_json(stored)
    except ValidationError:
        # Counting on from nothing is better than never counting again.
        log.exception("unreadable_presence_totals", key=SEEN_KEY)
        return Seen()


def _connections(heartbeats: Mapping[str, Heartbeat | None]) -> Counter[ClientKind]:
    connected: Counter[ClientKind] = Counter()
    for heartbeat in heartbeats.values():
        connected.update(heartbeat.connections if heartbeat else {})
    return connected


def _count(counted: Counted) -> None:
    for (client, reason), count in counted.items():
        DISCONNECTIONS.labels(client, reason).inc(count)


def _stand_by() -> None:
    """Report nothing: over all workers, the sum has to be what the leader reports."""
    for client in ClientKind:
        ACTIVE_CONNECTIONS.labels(client).set(0)
        for reason in DisconnectReason:
            DISCONNECTIONS.labels(client, reason).reset()
