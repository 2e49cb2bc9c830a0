"""Stopping a loop that talks to Redis without a pause."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr
from redis.asyncio import Redis

from magacin.core.background import BackgroundLoop
from magacin.core.redis import connect


async def test_a_loop_ends_even_when_redis_py_swallows_the_cancellation(
    redis: Redis, redis_url: SecretStr
) -> None:
    client = connect(redis_url)

    async def step() -> bool:
        return bool(await client.ping())

    for _ in range(30):
        loop = BackgroundLoop("busy", step)
        loop.start()
        await asyncio.sleep(0.002)
        async with asyncio.timeout(30):
            await loop.stop()
    await client.aclose()
