"""The relay between a real PostgreSQL and a real Redis: in order, all or none, up to a bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, text

from magacin.core.db import Database, metadata_for
from magacin.core.errors import DependencyUnavailable
from magacin.core.outbox import OutboxRelay, message, outbox_table, relaying, tell

STREAM = "test:events"
_metadata = metadata_for("relay_test")
_outbox = outbox_table(_metadata)


@pytest.fixture
async def outbox(database: Database) -> AsyncIterator[Database]:
    async with database.begin() as connection:
        await connection.execute(text("CREATE SCHEMA relay_test"))
        await connection.run_sync(_metadata.create_all)
    yield database
    async with database.begin() as connection:
        await connection.execute(text("DROP SCHEMA relay_test CASCADE"))


def make_relay(database: Database, redis: Redis, *, bound: int = 100_000) -> OutboxRelay:
    return OutboxRelay(database, redis, _outbox, source="tests", stream=STREAM, bound=bound)


async def write(database: Database, count: int, *, size: int = 10) -> None:
    async with database.begin() as connection:
        rows = [message("scan.recorded", "task:1", {"code": "x" * size}) for _ in range(count)]
        await tell(connection, _outbox, rows)


async def waiting(database: Database) -> int:
    async with database.begin() as connection:
        return int(await connection.scalar(select(func.count()).select_from(_outbox)) or 0)


async def relayed(redis: Redis) -> list[int]:
    entries = await redis.xrange(STREAM) or []
    return [int(orjson.loads(fields[b"event"])["id"]) for _, fields in entries if fields]


async def test_redis_that_fills_up_takes_a_batch_or_nothing_of_it(outbox: Database, redis: Redis) -> None:
    await write(outbox, 400, size=20_000)
    relay = make_relay(outbox, redis)
    await redis.config_set("maxmemory", int((await redis.info("memory"))["used_memory"]) + (4 << 20))
    try:
        with pytest.raises(DependencyUnavailable, match="redis refused"):
            await relay.step()
        assert await relayed(redis) == []
        assert await waiting(outbox) == 400
    finally:
        await redis.config_set("maxmemory", 0)
    await relay.step()
    assert await relayed(redis) == list(range(1, 401))


async def test_what_exceeds_the_bound_waits_in_the_outbox(outbox: Database, redis: Redis) -> None:
    await write(outbox, 1_200)
    relay = make_relay(outbox, redis, bound=600)
    assert await relay.step()
    assert await relay.step()
    with pytest.raises(DependencyUnavailable, match="redis holds 1000 events that nobody took"):
        await relay.step()
    assert await waiting(outbox) == 200
    await redis.xtrim(STREAM, maxlen=100, approximate=False)
    await relay.step()
    assert await waiting(outbox) == 0
    assert len(await relayed(redis)) == 300


async def test_a_new_relay_asks_how_much_is_there(outbox: Database, redis: Redis) -> None:
    await write(outbox, 1)
    await asyncio.gather(*(redis.xadd(STREAM, {"event": b"{}"}) for _ in range(5)))
    with pytest.raises(DependencyUnavailable, match="holds 5 events"):
        await make_relay(outbox, redis, bound=5).step()
    assert await waiting(outbox) == 1


@pytest.mark.usefixtures("relayed_when_committed")
async def test_each_commit_wakes_the_relay(outbox: Database, redis: Redis) -> None:
    relay = make_relay(outbox, redis)
    relayed: asyncio.Queue[int] = asyncio.Queue()

    async def step() -> bool:
        more = await relay.step()
        relayed.put_nowait(relay.relayed)
        return more

    loop = relaying(step, outbox)
    loop.start()
    try:
        assert await relayed.get() == 0
        for count in (1, 2, 3):
            await write(outbox, count)
            assert await relayed.get() == count
    finally:
        await loop.stop()


async def tell_and_fail(database: Database) -> None:
    async with database.begin() as connection:
        await tell(connection, _outbox, [message("scan.recorded", "task:1", {})])
        raise RuntimeError


async def test_a_rollback_wakes_nobody(outbox: Database) -> None:
    woken: list[bool] = []
    outbox.committed = lambda: woken.append(True)
    with pytest.raises(RuntimeError):
        await tell_and_fail(outbox)
    assert not woken


async def test_comes_back_where_another_process_relays(outbox: Database, redis: Redis) -> None:
    """That one may have looked before the last message was there."""
    relay = make_relay(outbox, redis)
    async with outbox.begin() as connection:
        await connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('relay_test.outbox', 0))")
        )
        await write(outbox, 1)
        assert await relay.step()
        assert await relayed(redis) == []
    assert not await relay.step()
    assert await relayed(redis) == [1]
