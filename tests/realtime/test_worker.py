"""The worker as a process, between a real stream and real sockets."""

from __future__ import annotations

import asyncio
import itertools
import math
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from redis.asyncio import Redis

from magacin.contracts.events import BOARD_ROOM, CONSUMER_GROUP, DELIVERY_STREAM, EVENT_STREAM, EventType
from magacin.contracts.presence import ClientKind, DisconnectReason
from magacin.realtime.consumer import DEAD_STREAM
from tests.conftest import Server
from tests.realtime.conftest import Client, Worker, add, answers, event, eventually

SUBJECTS = 10
Connect = Callable[..., Awaitable[Client]]
MakeWorker = Callable[[], Worker]


def batch(first: int, count: int) -> list[dict[str, object]]:
    return [event(n, subject=f"task:{n % SUBJECTS}") for n in range(first, first + count)]


def expected(count: int) -> dict[str, list[int]]:
    subjects: dict[str, list[int]] = {}
    for number in range(1, count + 1):
        subjects.setdefault(f"task:{number % SUBJECTS}", []).append(number)
    return subjects


async def pending(redis: Redis) -> int:
    return int((await redis.xpending(EVENT_STREAM, CONSUMER_GROUP))["pending"])


class TestDelivery:
    async def test_every_room_is_told_and_nobody_twice(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        make_worker()
        board = await connect(BOARD_ROOM)
        everywhere = await connect(BOARD_ROOM, "task:1", "user:ana")
        worker = await connect("user:ana", "task:1")
        other = await connect("task:2")
        await add(
            redis, event(1, rooms=("task:1", "user:ana")), event(2, subject="task:2", rooms=("task:2",))
        )

        async def arrived() -> bool:
            return bool(other.received) and len(board.received) == len(everywhere.received) == 2

        await eventually(arrived, "both events arrive")
        assert [e["id"] for e in board.received] == [1, 2]
        assert [e["id"] for e in everywhere.received] == [1, 2]
        assert [e["id"] for e in worker.received] == [1]
        assert [e["id"] for e in other.received] == [2]
        assert board.received[0]["type"] == "scan.recorded"
        assert board.received[0]["data"] == {"sku": "85123A"}

    async def test_what_was_written_before_the_first_start_is_delivered(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        await add(redis, *batch(1, 30))
        board = await connect(BOARD_ROOM)
        make_worker()

        async def arrived() -> bool:
            return board.accepted() == expected(30)

        await eventually(arrived, "the events of before arrive")

    async def test_unreadable_entries_are_set_aside_and_the_stream_goes_on(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        worker = make_worker()
        board = await connect(BOARD_ROOM)
        await add(redis, event(1))
        await redis.xadd(EVENT_STREAM, {"event": b"\xff not JSON"})
        await redis.xadd(EVENT_STREAM, {"event": orjson.dumps(event(2) | {"type": "no.such.type"})})
        await redis.xadd(EVENT_STREAM, {"event": orjson.dumps(event(2)).replace(b'"85123A"', b"NaN")})
        await redis.xadd(EVENT_STREAM, {"other": b"x"})
        await add(redis, event(3))

        async def arrived() -> bool:
            return [e["id"] for e in board.received] == [1, 3] and not await pending(redis)

        await eventually(arrived, "the good events arrive and everything is acknowledged")
        letters: list[Any] = [fields for _, fields in await redis.xrange(DEAD_STREAM) or []]
        assert [letter[b"reason"].split(b":")[0] for letter in letters] == [
            b"not JSON",
            b"not an event",
            b"not JSON",
            b"the entry has no field 'event', or was deleted",
        ]
        assert letters[0][b"event"] == b"\xff not JSON"
        assert await worker.sample("realtime_messages_processed_total", type="invalid") == 4
        assert await worker.sample("realtime_messages_processed_total", type="scan.recorded") == 2
        assert sum(line["event"] == "unreadable_event_set_aside" for line in worker.log()) == 4


class TestCrash:
    async def test_killed_in_the_middle_again_and_again_loses_nothing_and_keeps_the_order(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        worker = make_worker()
        board = await connect(BOARD_ROOM)
        total = 6_000

        async def produce() -> None:
            for first in range(1, total + 1, 20):
                await add(redis, *batch(first, 20))
                await asyncio.sleep(0.01)

        producing = asyncio.create_task(produce())
        for _ in range(3):
            before = len(board.received)

            async def delivering(before: int = before) -> bool:
                return len(board.received) > before + 100

            await eventually(delivering, "the worker delivers")
            worker.end(signal.SIGKILL)
            worker.start()
        await producing

        async def arrived() -> bool:
            return board.accepted() == expected(total)

        await eventually(arrived, "every event arrives, in the order of its subject")
        await eventually(lambda: _none_pending(redis), "everything is acknowledged")

    async def test_a_second_worker_stands_by_and_takes_over(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        leader = make_worker()
        await eventually(leader.healthy, "the first is healthy")
        standby = make_worker()
        await eventually(standby.healthy, "the second is healthy")
        board = await connect(BOARD_ROOM)
        await add(redis, *batch(1, 500))
        await eventually(lambda: _accepted(board, 500), "the first 500 arrive")
        assert len(board.received) == 500
        assert await standby.sample("realtime_messages_processed_total", type="scan.recorded") == 0
        await add(redis, *batch(501, 4_000))
        leader.end(signal.SIGKILL)
        await add(redis, *batch(4_501, 500))
        await eventually(lambda: _accepted(board, 5_000), "the rest arrives, in order")
        assert await standby.sample("realtime_messages_processed_total", type="scan.recorded")

    async def test_an_orderly_stop_hands_over_at_once(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        leader = make_worker()
        await eventually(leader.healthy, "the first is healthy")
        standby = make_worker()
        await eventually(standby.healthy, "the second is healthy")
        board = await connect(BOARD_ROOM)
        leader.end(signal.SIGTERM)
        await add(redis, *batch(1, 100))
        await eventually(lambda: _accepted(board, 100), "the second delivers")


class TestRedisTrouble:
    async def test_a_restart_of_redis_loses_nothing(
        self, redis: Redis, redis_server: Server, make_worker: MakeWorker, connect: Connect
    ) -> None:
        worker = make_worker()
        board = await connect(BOARD_ROOM)
        await add(redis, *batch(1, 200))
        await eventually(lambda: _accepted(board, 200), "the events before the restart arrive")
        redis_server.stop()

        async def unhealthy() -> bool:
            status, body = await worker.health()
            return status == 503 and body["checks"]["redis"]["status"] == "failing"

        await eventually(unhealthy, "health says that Redis is gone")
        lag = await worker.sample("realtime_stream_lag")
        connections = await worker.sample("websocket_active_connections", client="other")
        redis_server.start()
        await eventually(lambda: answers(redis), "Redis is back")
        assert lag is not None
        assert math.isnan(lag)
        assert connections is not None
        assert math.isnan(connections)
        # Faster than the gateway reads again.
        await add(redis, *batch(201, 300))
        await eventually(lambda: _accepted(board, 500), "the events after the restart arrive")
        await eventually(worker.healthy, "it is healthy again")
        assert (
            await worker.sample("websocket_disconnections_total", client="other", reason="gateway_lost") == 0
        )

    async def test_a_stream_that_is_gone_is_made_anew(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        worker = make_worker()
        board = await connect(BOARD_ROOM)
        await add(redis, *batch(1, 10))
        await eventually(lambda: _accepted(board, 10), "the first events arrive")
        await redis.delete(EVENT_STREAM)
        await add(redis, *batch(11, 10))
        await eventually(lambda: _accepted(board, 20), "the events of the new stream arrive")
        await eventually(worker.healthy, "it is healthy")

    async def test_what_redis_refuses_to_take_is_not_acknowledged(
        self, redis: Redis, make_worker: MakeWorker, connect: Connect
    ) -> None:
        worker = make_worker()
        await eventually(worker.healthy, "it is healthy")
        board = await connect(BOARD_ROOM)
        await redis.set(DELIVERY_STREAM, "not a stream")
        await add(redis, *batch(1, 10))

        async def refused() -> bool:
            return await pending(redis) == 10 and not await worker.healthy()

        await eventually(refused, "the events stay pending and health says so")
        assert await worker.sample("realtime_stream_lag") == 10
        await redis.delete(DELIVERY_STREAM)
        await eventually(lambda: _accepted(board, 10), "they arrive when Redis takes them")
        await eventually(lambda: _none_pending(redis), "everything is acknowledged")


class TestMetrics:
    async def test_every_label_value_exists_at_zero_from_the_start(
        self, redis: Redis, make_worker: MakeWorker
    ) -> None:
        worker = make_worker()
        await eventually(worker.healthy, "it is healthy")
        for kind in [*EventType, "invalid"]:
            assert await worker.sample("realtime_messages_processed_total", type=str(kind)) == 0
        for client, reason in itertools.product(ClientKind, DisconnectReason):
            labels = {"client": str(client), "reason": str(reason)}
            assert await worker.sample("websocket_disconnections_total", **labels) == 0
        for bound in ("0.1", "0.3", "1.0"):
            assert await worker.sample("realtime_delivery_seconds_bucket", le=bound) == 0
        assert await worker.sample("realtime_stream_lag") == 0
        for client in ClientKind:
            assert await worker.sample("websocket_active_connections", client=str(client)) == 0
        assert await worker.sample("magacin_dependency_up", dependency="redis") == 1


async def _accepted(client: Client, count: int) -> bool:
    return client.accepted() == expected(count)


async def _none_pending(redis: Redis) -> bool:
    return await pending(redis) == 0
