"""What a client that follows the documented rule knows, whatever becomes of the connections to Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from magacin.contracts.events import DELIVERY_STREAM, SOCKET_EVENT, SOCKET_MISSED
from magacin.contracts.identity import Role
from magacin.contracts.presence import LEADER_KEY
from magacin.core.background import BackgroundLoop
from magacin.core.redis import connect as connect_redis
from magacin.realtime.consumer import StreamConsumer
from magacin.realtime.leadership import Leadership
from tests.conftest import Server
from tests.gateway.conftest import Gateway, Start, eventually
from tests.gateway.sockets.conftest import deliver, reading
from tests.realtime.conftest import add, event
from tests.support import SocketClient

# An exchange about some events is as long as this: so every point of one is cut at.
_LONGEST_CUT = 2_500


class Warehouse:
    """Where things happen; whoever reads it knows what has happened until then."""

    def __init__(self) -> None:
        self.happened: set[int] = set()
        self._ids = itertools.count(1)

    def happen(self, count: int) -> list[dict[str, Any]]:
        """Have so many things happen; return the events that tell of them."""
        ids = list(itertools.islice(self._ids, count))
        self.happened |= set(ids)
        return [event(one, subject=f"task:{one % 7}", rooms=("user:w1",)) for one in ids]


class Follower:
    """A client that follows the rule of docs/architecture.md, and nothing else."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.known: set[int] = set()
        self.told: set[int] = set()
        self.reads = 0
        self.disconnections = 0
        self._warehouse = warehouse
        self._number = 0
        self._client = SocketClient(reconnection_delay=0.05)
        self._client.on("connect", self._read)
        self._client.on("disconnect", self._gone)
        self._client.on(SOCKET_EVENT, self._told)
        self._client.on(SOCKET_MISSED, self._told)

    async def connect(self, gateway: Gateway) -> None:
        auth = {"token": gateway.token("w1", Role.WORKER)}
        await self._client.connect(gateway.url, auth=auth, transports=["websocket"])

    async def close(self) -> None:
        await self._client.disconnect()

    async def knows_all(self) -> None:
        await eventually(lambda: self.known == self._warehouse.happened)

    async def _read(self) -> None:
        self.reads += 1
        await asyncio.sleep(0)
        self.known |= self._warehouse.happened

    async def _gone(self, *_: object) -> None:
        self.disconnections += 1
        self._number = 0

    async def _told(self, message: dict[str, Any]) -> None:
        was_skipped = message["number"] != self._number + 1
        self._number = message["number"]
        if "id" in message:
            self.known.add(message["id"])
            self.told.add(message["id"])
        if was_skipped or "id" not in message:
            await self._read()


class Cutter:
    """A TCP proxy that breaks all its connections when so many bytes more have passed in one direction."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._left: dict[str, int] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.cuts = 0

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._break()

    def cut_after(self, size: int, direction: str) -> None:
        self._left = {direction: size}

    def _break(self) -> None:
        self._left = {}
        self.cuts += 1
        for writer in self._open:
            writer.transport.abort()
        self._open = set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there_writer}
        await asyncio.gather(
            self._pump(reader, there_writer, "to redis"), self._pump(there_reader, writer, "from redis")
        )
        self._open -= {writer, there_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                left = self._left.get(direction)
                writer.write(data if left is None else data[:left])
                if left is not None and left <= len(data):
                    await writer.drain()
                    self._break()
                    return
                if left is not None:
                    self._left[direction] = left - len(data)
                await writer.drain()
            writer.close()


@contextlib.asynccontextmanager
async def working(url: str) -> AsyncIterator[None]:
    """Run the part of the Realtime Worker that hands events on, as its application does."""
    redis = connect_redis(SecretStr(url), answer_seconds=5.0)
    redis.set_retry(Retry(NoBackoff(), 0))
    consumer = StreamConsumer(redis, Leadership(redis, LEADER_KEY), batch_size=50, keep_entries=100)
    loop = BackgroundLoop("event_stream", consumer.step, idle=0.5)
    loop.start()
    try:
        yield
    finally:
        await loop.stop()
        await redis.aclose()


@pytest.mark.parametrize(("cuts", "seed"), [(25, 20261129), pytest.param(1_000, 13, marks=pytest.mark.long)])
async def test_no_cut_costs_an_event(
    start: Start, redis: Redis, redis_server: Server, cuts: int, seed: int
) -> None:
    """Cuts at random bytes, to and from Redis, of the gateway and of the worker."""
    randomly, warehouse = Random(seed), Warehouse()
    follower = Follower(warehouse)
    to_gateway, to_worker = Cutter(redis_server.port), Cutter(redis_server.port)
    async with to_gateway as gateway_url, to_worker as worker_url, working(worker_url):
        gateway = await start(redis_url=SecretStr(gateway_url))
        await reading(redis)
        await follower.connect(gateway)

        # Where it begins, and with the first event of all, the gateway has everybody read.
        async def is_told() -> bool:
            await deliver(redis, *warehouse.happen(1))
            return bool(follower.told)

        await eventually(is_told)
        reads = follower.reads
        for number in range(cuts):
            cutter = to_worker if number % 4 == 3 else to_gateway
            before = cutter.cuts
            cutter.cut_after(randomly.randrange(1, _LONGEST_CUT), randomly.choice(["to redis", "from redis"]))
            while cutter.cuts == before:
                await add(redis, *warehouse.happen(randomly.randrange(1, 4)))
                await asyncio.sleep(randomly.random() * 0.01)
        await follower.knows_all()
        await follower.close()
    assert to_gateway.cuts + to_worker.cuts >= cuts
    assert follower.disconnections == 1  # its own, at the end
    # All came as events: nothing was missed that had to be read.
    assert follower.reads == reads


async def caught_up(gateway: Gateway, redis: Redis) -> tuple[Warehouse, Follower]:
    """Return a client that has been told of what happened so far, and where that was."""
    warehouse = Warehouse()
    follower = Follower(warehouse)
    await reading(redis)
    await follower.connect(gateway)
    await deliver(redis, *warehouse.happen(3))
    await follower.knows_all()
    return warehouse, follower


async def test_what_is_gone_before_it_was_read_is_read_anew(gateway: Gateway, redis: Redis) -> None:
    warehouse, follower = await caught_up(gateway, redis)
    reads = follower.reads
    # At once, so that nobody reads in between.
    transaction = redis.pipeline(transaction=True)
    for one in warehouse.happen(20):
        transaction.xadd(DELIVERY_STREAM, {"after": b"1-1", "event": str(one)})
    transaction.xtrim(DELIVERY_STREAM, maxlen=0, approximate=False)
    await transaction.execute()
    await deliver(redis, *warehouse.happen(1))
    await follower.knows_all()
    assert follower.reads > reads
    await follower.close()


async def test_a_redis_that_lost_its_data_has_everybody_read_anew(gateway: Gateway, redis: Redis) -> None:
    warehouse, follower = await caught_up(gateway, redis)
    reads = follower.reads
    warehouse.happen(2)
    await redis.flushall()
    await follower.knows_all()
    assert follower.reads > reads
    await deliver(redis, *warehouse.happen(1))
    await follower.knows_all()
    await follower.close()


async def test_an_entry_that_is_none_is_left_out_and_everybody_reads_anew(
    gateway: Gateway, redis: Redis
) -> None:
    warehouse, follower = await caught_up(gateway, redis)
    reads = follower.reads
    warehouse.happen(1)
    await redis.xadd(DELIVERY_STREAM, {"by hand": "x"})
    await follower.knows_all()
    await deliver(redis, *warehouse.happen(1))
    await follower.knows_all()
    assert follower.reads > reads
    await follower.close()


async def test_who_was_there_before_the_gateway_could_read_reads_anew(
    start: Start, redis: Redis, redis_server: Server
) -> None:
    warehouse = Warehouse()
    follower = Follower(warehouse)
    cutter = Cutter(0)
    async with cutter as url:
        gateway = await start(redis_url=SecretStr(url))
        await follower.connect(gateway)
        await deliver(redis, *warehouse.happen(2))
        cutter._target = redis_server.port
        await follower.knows_all()
        await follower.close()
    assert follower.reads == 2
