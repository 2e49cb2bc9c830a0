"""Sockets of all gateways, from heartbeats that the tests write."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from redis.asyncio import Redis

from magacin.contracts.presence import (
    HEARTBEAT_PREFIX,
    LEADER_KEY,
    SEEN_KEY,
    DisconnectReason,
    Heartbeat,
)
from magacin.realtime.accounting import Seen
from tests.conftest import Server
from tests.realtime.conftest import Worker, answers, eventually

MakeWorker = Callable[[], Worker]


async def beat(
    redis: Redis, instance: str, connections: int, *, closing: bool = False, seconds: float = 60, **gone: int
) -> None:
    heartbeat = Heartbeat.model_validate(
        {
            "instance": instance,
            "connections": {"other": connections},
            "disconnections": {"other": gone},
            "closing": closing,
        }
    )
    key = f"{HEARTBEAT_PREFIX}{instance}"
    await redis.set(key, heartbeat.model_dump_json(), px=int(seconds * 1000))


async def shows(worker: Worker, connections: float, **gone: float) -> bool:
    if await worker.sample("websocket_active_connections", client="other") != connections:
        return False
    return await counts(worker, **gone)


async def remembered(redis: Redis, instance: str) -> bool:
    """Tell whether the leader has put the gateway into what it keeps."""
    return instance in Seen.model_validate_json(await redis.get(SEEN_KEY) or b"{}").gateways


async def counts(worker: Worker, **gone: float) -> bool:
    values = [
        await worker.sample("websocket_disconnections_total", client="other", reason=reason.value)
        for reason in DisconnectReason
    ]
    return values == [gone.get(reason.value, 0) for reason in DisconnectReason]


async def test_connections_of_all_gateways_are_added_up(redis: Redis, make_worker: MakeWorker) -> None:
    await beat(redis, "a", 3, client=2)
    await beat(redis, "b", 4, client=1, transport=5)
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await eventually(lambda: shows(worker, 7, client=3, transport=5), "the sum of both")
    await beat(redis, "a", 2, client=3)
    await eventually(lambda: shows(worker, 6, client=4, transport=5), "the change of one")


async def test_a_gateway_that_dies_takes_its_sockets_with_it(redis: Redis, make_worker: MakeWorker) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await beat(redis, "a", 3, client=1)
    await beat(redis, "b", 4)
    await eventually(lambda: shows(worker, 7, client=1), "both are seen")
    await redis.delete(f"{HEARTBEAT_PREFIX}a")
    await eventually(lambda: shows(worker, 4, client=1, gateway_lost=3), "the sockets of one are lost")
    await beat(redis, "a-restarted", 3)
    await eventually(lambda: shows(worker, 7, client=1, gateway_lost=3), "it is back under another name")


async def test_a_gateway_that_says_goodbye_loses_nothing(redis: Redis, make_worker: MakeWorker) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await beat(redis, "a", 3)
    await eventually(lambda: shows(worker, 3), "it is seen")
    await beat(redis, "a", 0, closing=True, server=3)
    await eventually(lambda: shows(worker, 0, server=3), "its goodbye is counted")
    await redis.delete(f"{HEARTBEAT_PREFIX}a")

    async def forgotten() -> bool:
        return not await remembered(redis, "a")

    await eventually(forgotten, "its heartbeat runs out and it is forgotten")
    assert await counts(worker, server=3)


async def test_a_restart_of_the_worker_neither_loses_nor_doubles(
    redis: Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await beat(redis, "a", 3, client=10)
    await eventually(lambda: counts(worker, client=10), "what happened before is counted")
    worker.end(signal.SIGKILL)
    await beat(redis, "a", 1, client=12)
    worker.start()
    await eventually(worker.healthy, "it is healthy again")
    assert await counts(worker, client=12), "the first scrape has the old ones and the new ones"


async def test_a_gateway_that_died_while_no_worker_ran_is_counted(
    redis: Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await beat(redis, "a", 3)
    await eventually(lambda: remembered(redis, "a"), "it is seen")
    worker.end(signal.SIGTERM)
    await redis.delete(f"{HEARTBEAT_PREFIX}a")
    worker.start()
    await eventually(worker.healthy, "it is healthy again")
    await eventually(lambda: shows(worker, 0, gateway_lost=3), "its sockets are counted as lost")


async def test_only_the_leader_counts(redis: Redis, make_worker: MakeWorker) -> None:
    await beat(redis, "a", 3, client=10)
    leader = make_worker()
    await eventually(leader.healthy, "the first is healthy")
    standby = make_worker()
    await eventually(standby.healthy, "the second is healthy")
    await eventually(lambda: shows(leader, 3, client=10), "the first counts")
    assert await shows(standby, 0)
    leader.end(signal.SIGKILL)
    await beat(redis, "a", 2, client=11)
    # The ten of before were reported by the first: a jump to eleven would raise a false alarm.
    await eventually(lambda: shows(standby, 2, client=1), "the second goes on with what is new")
    leader.start()
    await eventually(leader.healthy, "the first is back")
    await eventually(lambda: shows(leader, 0), "and stands by, reporting nothing")


async def test_a_leader_that_was_replaced_reports_nothing_any_more(
    redis: Redis, make_worker: MakeWorker
) -> None:
    await beat(redis, "a", 3, client=10)
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await eventually(lambda: shows(worker, 3, client=10), "it counts")
    await redis.set(LEADER_KEY, "another-machine|1|1|x", px=60_000)
    await eventually(lambda: shows(worker, 0), "it stands by")
    await redis.delete(LEADER_KEY)
    await eventually(lambda: shows(worker, 3), "it leads again, and what was counted stays counted")


async def test_heartbeats_that_expired_while_redis_was_away_are_no_loss(
    redis: Redis, redis_server: Server, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await beat(redis, "a", 3)
    await eventually(lambda: remembered(redis, "a"), "it is seen")
    await redis.pexpire(f"{HEARTBEAT_PREFIX}a", 3000)
    redis_server.stop()

    async def noticed() -> bool:
        return any(
            line["event"] == "background_step_failed" and line["loop"] == "presence" for line in worker.log()
        )

    await eventually(noticed, "the worker notices")
    await asyncio.sleep(3)
    redis_server.start()
    await eventually(lambda: answers(redis), "Redis is back")
    await eventually(lambda: shows(worker, 0), "the worker sees no heartbeat")
    await beat(redis, "a", 3)
    await eventually(lambda: shows(worker, 3), "the gateway, which lived on, is seen again")
    assert await counts(worker)


async def test_an_unreadable_heartbeat_does_not_stop_the_counting(
    redis: Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    await eventually(worker.healthy, "it is healthy")
    await redis.set(f"{HEARTBEAT_PREFIX}broken", b"\xff{")
    await redis.set(SEEN_KEY, b"not JSON either")
    await beat(redis, "a", 3, client=1)
    await eventually(lambda: shows(worker, 3, client=1), "the readable one is counted")
    assert await worker.healthy()
