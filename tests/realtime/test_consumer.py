"""The consumer on a real Redis: what is kept, what is trimmed, who is handed entries."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from magacin.contracts.events import CONSUMER_GROUP, DELIVERY_STREAM, EVENT_STREAM
from magacin.contracts.presence import LEADER_KEY
from magacin.core.errors import DependencyUnavailable
from magacin.realtime.consumer import StreamConsumer, Unreadable, parse
from magacin.realtime.leadership import Leadership
from tests.realtime.conftest import add, event


def make_consumer(redis: Redis, leadership: Leadership | None = None, *, keep: int = 1_000) -> StreamConsumer:
    leadership = leadership or Leadership(redis, LEADER_KEY)
    return StreamConsumer(redis, leadership, batch_size=400, keep_entries=keep)


async def delivered(redis: Redis) -> list[int]:
    """Return the ids of the events that gateways can read; see that each entry names the one before."""
    entries: Any = await redis.xrange(DELIVERY_STREAM)
    assert [fields[b"after"] for _, fields in entries[1:]] == [entry_id for entry_id, _ in entries[:-1]]
    return [orjson.loads(fields[b"event"])["id"] for _, fields in entries]


async def drain(consumer: StreamConsumer, redis: Redis) -> None:
    while await lag(consumer):
        await consumer.step()


async def lag(consumer: StreamConsumer) -> int:
    [count] = await consumer.lag()
    return count


class TestTrimming:
    async def test_about_as_many_are_kept_as_asked_for(self, redis: Redis) -> None:
        consumer = make_consumer(redis)
        for first in range(1, 10_001, 1_000):
            await add(redis, *(event(n) for n in range(first, first + 1_000)))
            await drain(consumer, redis)
        assert 1_000 <= await redis.xlen(EVENT_STREAM) <= 2_400

    async def test_what_is_not_acknowledged_is_never_trimmed(self, redis: Redis) -> None:
        await add(redis, *(event(n) for n in range(1, 5_001)))
        consumer = make_consumer(redis, keep=0)
        await redis.xgroup_create(EVENT_STREAM, CONSUMER_GROUP, id="0")
        for _ in range(4):
            await consumer.step()  # the first only finds that nothing was left unfinished
        assert await lag(consumer) == 5_000 - 3 * 400
        assert await redis.xlen(EVENT_STREAM) >= await lag(consumer)
        await drain(consumer, redis)
        assert await redis.xlen(EVENT_STREAM) < 1_000

    async def test_an_entry_somebody_holds_keeps_what_is_newer(self, redis: Redis) -> None:
        consumer = make_consumer(redis, keep=0)
        await consumer.step()
        await add(redis, *(event(n) for n in range(1, 11)))
        held = await redis.xreadgroup(CONSUMER_GROUP, "a-person", {EVENT_STREAM: ">"}, count=1)
        await add(redis, *(event(n) for n in range(11, 3_001)))
        while await lag(consumer) > 1:
            await consumer.step()
        [(first, _)] = await redis.xrange(EVENT_STREAM, count=1) or []
        assert str(first) in str(held)


class TestOrder:
    async def test_a_worker_that_does_not_lead_any_more_is_handed_nothing(self, redis: Redis) -> None:
        old_leadership, new_leadership = Leadership(redis, LEADER_KEY), Leadership(redis, LEADER_KEY)
        old, new = make_consumer(redis, old_leadership), make_consumer(redis, new_leadership)
        await old.step()
        await old.step()
        await redis.delete(LEADER_KEY)  # as if it had been suspended until its lease ran out
        await add(redis, event(1))
        await new.step()
        assert old_leadership.held  # it does not know
        await old.step()
        assert not old_leadership.held
        [consumer] = await redis.xinfo_consumers(EVENT_STREAM, CONSUMER_GROUP)
        assert consumer["name"] == new_leadership.name.encode()

    async def test_what_a_predecessor_read_comes_before_anything_newer(self, redis: Redis) -> None:
        await redis.xgroup_create(EVENT_STREAM, CONSUMER_GROUP, id="0", mkstream=True)
        await add(redis, event(1), event(2))
        await redis.xreadgroup(CONSUMER_GROUP, "predecessor", {EVENT_STREAM: ">"})
        await add(redis, event(3))
        consumer = make_consumer(redis)
        await drain(consumer, redis)
        assert await delivered(redis) == [1, 2, 3]
        names = [c["name"] for c in await redis.xinfo_consumers(EVENT_STREAM, CONSUMER_GROUP)]
        assert b"predecessor" not in names

    async def test_what_a_successor_has_handed_on_is_not_handed_on_again(self, redis: Redis) -> None:
        old = make_consumer(redis, Leadership(redis, LEADER_KEY))
        await old.step()
        await old.step()
        await add(redis, event(1), event(2))
        read = await old._read()
        assert read
        # It is suspended here, until another one leads.
        await redis.delete(LEADER_KEY)
        await drain(make_consumer(redis), redis)
        await add(redis, event(3))
        await old._deliver(read)
        assert await delivered(redis) == [1, 2]


class TestDelivery:
    async def test_what_cannot_be_handed_on_is_not_acknowledged(self, redis: Redis) -> None:
        consumer = make_consumer(redis)
        await redis.set(DELIVERY_STREAM, "not a stream")
        await add(redis, event(1), event(2))
        with pytest.raises(DependencyUnavailable, match="redis refused"):
            await drain(consumer, redis)
        assert await lag(consumer) == 2
        await redis.delete(DELIVERY_STREAM)
        await drain(consumer, redis)
        assert await delivered(redis) == [1, 2]

    async def test_in_a_redis_that_is_full_as_well(self, redis: Redis) -> None:
        consumer = make_consumer(redis)
        await add(redis, event(1), event(2))
        await redis.config_set("maxmemory", "1")
        try:
            await drain(consumer, redis)
        finally:
            await redis.config_set("maxmemory", "0")
        assert await delivered(redis) == [1, 2]

    async def test_about_as_many_are_kept_as_the_gateways_may_lag(self, redis: Redis) -> None:
        leadership = Leadership(redis, LEADER_KEY)
        consumer = StreamConsumer(redis, leadership, batch_size=400, keep_entries=0, keep_deliveries=500)
        await add(redis, *(event(n) for n in range(1, 2_001)))
        await drain(consumer, redis)
        ids = await delivered(redis)
        assert ids[-1] == 2_000
        assert 500 <= len(ids) <= 700


class TestLag:
    async def test_it_counts_what_is_undelivered_and_what_is_pending(self, redis: Redis) -> None:
        consumer = make_consumer(redis)
        assert await lag(consumer) == 0
        await add(redis, event(1), event(2), event(3))
        assert await lag(consumer) == 3
        await redis.xgroup_create(EVENT_STREAM, CONSUMER_GROUP, id="0")
        await redis.xreadgroup(CONSUMER_GROUP, "somebody", {EVENT_STREAM: ">"}, count=1)
        assert await lag(consumer) == 3

    async def test_it_is_right_after_entries_were_deleted_by_hand(self, redis: Redis) -> None:
        consumer = make_consumer(redis)
        await redis.xgroup_create(EVENT_STREAM, CONSUMER_GROUP, id="0", mkstream=True)
        await add(redis, *(event(n) for n in range(1, 6)))
        await redis.xreadgroup(CONSUMER_GROUP, "somebody", {EVENT_STREAM: ">"}, count=1)
        third, _ = (await redis.xrange(EVENT_STREAM) or [])[2]
        assert third
        await redis.xdel(EVENT_STREAM, third)
        assert await lag(consumer) == 4


async def test_a_wrong_kind_of_key_is_reported_as_redis_refusing(redis: Redis) -> None:
    await redis.set(EVENT_STREAM, "not a stream")
    with pytest.raises(DependencyUnavailable, match="redis refused"):
        await make_consumer(redis).step()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "no field"),
        (b"", "not JSON"),
        (b"[]", "not an event"),
        (b'{"id": 1}', "not an event: source"),
        (b'{"id": "\\ud800"}', "not JSON"),
        (b"{" * 5_000, "not JSON"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(payload: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse(payload)
