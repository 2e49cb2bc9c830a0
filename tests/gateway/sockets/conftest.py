"""The Realtime Worker's part, for the sockets of a gateway."""

from __future__ import annotations

import time
from typing import Any

import orjson
from redis.asyncio import Redis

from magacin.contracts.events import DELIVERY_START, DELIVERY_STREAM
from tests.gateway.conftest import eventually


async def deliver(redis: Redis, *events: dict[str, Any]) -> None:
    """Hand events on to the gateways."""
    for event in events:
        await together(redis, event)


async def together(redis: Redis, *events: dict[str, Any]) -> None:
    """Hand events on to the gateways so that each reads all of them at once."""
    newest: Any = await redis.xrevrange(DELIVERY_STREAM, count=1)
    last = newest[0][0].decode() if newest else DELIVERY_START.decode()
    milliseconds = max(int(last.partition("-")[0]) + 1, int(1000 * time.time()))
    async with redis.pipeline(transaction=True) as pipeline:
        for number, event in enumerate(events):
            entry_id = f"{milliseconds}-{number}"
            pipeline.xadd(DELIVERY_STREAM, {"after": last, "event": orjson.dumps(event)}, entry_id)
            last = entry_id
        await pipeline.execute()


async def reading(redis: Redis) -> None:
    """Wait until a gateway has begun to read."""

    async def check() -> bool:
        return any(client["cmd"] == "xread" for client in await redis.client_list())

    await eventually(check)
