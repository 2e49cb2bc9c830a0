"""Redis: one client a process, its failures turned into a 503 that names it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from magacin.core.errors import DependencyUnavailable

_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 2.0


def connect(url: SecretStr, *, answer_seconds: float | None = None) -> Redis:
    """Return a client with its own pool. Nothing is sent until it is used.

    `answer_seconds` is how long to wait for an answer; a blocking read needs longer than others.
    """
    # After a restart of Redis the pool is full of dead connections: the second try gets a new one.
    # What is sent twice is harmless here: events carry ids, and a rate limit counts one more.
    retry = Retry(ExponentialBackoff(cap=0.1, base=0.01), retries=2)
    client: Redis = Redis.from_url(
        url.get_secret_value(),
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=answer_seconds or _ANSWER_SECONDS,
        retry=retry,
    )
    return client


@asynccontextmanager
async def translate_unavailable() -> AsyncIterator[None]:
    """Turn a Redis that is gone, still loading or full into `DependencyUnavailable`."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise DependencyUnavailable("redis") from error
    except RedisError as error:
        raise DependencyUnavailable("redis", reason=f"refused a command ({type(error).__name__})") from error


async def ping(client: Redis) -> None:
    """Raise unless Redis answers: a probe for `Health`."""
    await client.ping()
