"""A Redis that its stream has filled: whoever comes to read makes room again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from magacin.contracts.events import CONSUMER_GROUP, EVENT_STREAM
from tests.realtime.conftest import add, event
from tests.realtime.test_consumer import drain, make_consumer

ROOM = 4 << 20


@pytest.fixture
async def full(redis: Redis) -> AsyncIterator[int]:
    """Give Redis a limit and fill it with events; return how many it took."""
    used = int((await redis.info("memory"))["used_memory"])
    await redis.config_set("maxmemory", used + ROOM)
    taken = 0
    try:
        while True:
            await add(redis, *(event(n) for n in range(taken + 1, taken + 101)))
            taken += 100
    except OutOfMemoryError:
        pass
    try:
        yield int(await redis.xlen(EVENT_STREAM))
    finally:
        await redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("known", [True, False], ids=["after another worker", "as the first worker"])
async def test_a_worker_takes_over_reads_and_makes_room(redis: Redis, full: int, known: bool) -> None:
    if known:
        await redis.config_set("maxmemory", 0)
        await redis.xgroup_create(EVENT_STREAM, CONSUMER_GROUP, id="0")
        await redis.config_set("maxmemory", int((await redis.info("memory"))["used_memory"]) - 1)
    with pytest.raises(OutOfMemoryError):
        await redis.set("anything", "x" * 100_000)
    consumer = make_consumer(redis, keep=1_000)
    await drain(consumer, redis)
    assert full > 5_000
    assert await redis.xlen(EVENT_STREAM) < 3_000
    await redis.set("anything", "x" * 100_000)
