"""The Realtime Worker as an application."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from magacin.contracts.presence import LEADER_KEY, ClientKind
from magacin.core.background import BackgroundLoop
from magacin.core.errors import DependencyUnavailable
from magacin.core.health import Check
from magacin.core.metrics import from_store
from magacin.core.redis import connect, ping
from magacin.core.service import MEASURED, Running, build_app, limited, trusted
from magacin.core.settings import load_settings
from magacin.realtime.consumer import StreamConsumer
from magacin.realtime.leadership import Leadership
from magacin.realtime.metrics import ACTIVE_CONNECTIONS, STREAM_LAG
from magacin.realtime.presence import Presence
from magacin.realtime.settings import RealtimeSettings

log = structlog.get_logger(__name__)


def create_app(settings: RealtimeSettings | None = None) -> FastAPI:
    """Return the worker: no routes of its own, only health, metrics and its loops."""
    settings = settings or load_settings(RealtimeSettings)
    return build_app(
        "realtime-worker",
        settings,
        _open,
        title="Realtime Worker",
        middleware=[MEASURED, trusted(settings), limited()],
    )


async def _open(settings: RealtimeSettings, resources: AsyncExitStack) -> Running[None]:
    redis = await resources.enter_async_context(_connect(settings.redis_url))
    leadership = Leadership(redis, LEADER_KEY)
    presence = Presence(redis, leadership)
    consumer = StreamConsumer(
        redis,
        leadership,
        batch_size=settings.batch_size,
        keep_entries=settings.keep_entries,
    )
    await _lead_if_free(leadership, presence)
    resources.push_async_callback(_release, leadership)
    return Running(
        state=None,
        loops=[
            BackgroundLoop("event_stream", consumer.step, idle=0.5),
            BackgroundLoop("presence", presence.step, idle=1.0),
        ],
        dependencies=[Check("redis", lambda: ping(redis))],
        gauges=[
            from_store([STREAM_LAG], consumer.lag),
            from_store([ACTIVE_CONNECTIONS.labels(client) for client in ClientKind], presence.connections),
        ],
    )


def _connect(url: SecretStr) -> Redis:
    # The loops do the retrying: a lost connection has to be known, because after it come duplicates.
    redis = connect(url, answer_seconds=5.0)
    redis.set_retry(Retry(NoBackoff(), 0))
    return redis


async def _lead_if_free(leadership: Leadership, presence: Presence) -> None:
    """Become the leader before the first scrape if nobody is, with the totals of the one before."""
    try:
        if await leadership.ensure():
            await presence.restore()
            await presence.step()
    except DependencyUnavailable as error:
        log.warning("starting_without_redis", reason=error.message)


async def _release(leadership: Leadership) -> None:
    try:
        await leadership.release()
    except DependencyUnavailable as error:
        log.warning("leadership_not_released", reason=error.message)
