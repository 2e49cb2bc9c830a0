"""The Import Service: uploads, the watched folder, and the loops that turn files into requisitions."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from fastapi import FastAPI

from magacin.contracts.events import EVENT_STREAM, STREAM_BOUND
from magacin.core import redis as core_redis
from magacin.core.app import build_app
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.http import service_client
from magacin.core.outbox import OutboxRelay
from magacin.core.settings import load_settings
from magacin.imports import jobs
from magacin.imports.endpoints import router
from magacin.imports.folder import Archivist, FolderWatcher
from magacin.imports.metrics import IMPORT_LAST_SUCCESS, IMPORT_QUEUE_DEPTH
from magacin.imports.models import outbox
from magacin.imports.sending import TASK_SERVICE
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool
from magacin.imports.staging import STATEMENT_SECONDS
from magacin.imports.upload import STORAGE
from magacin.imports.worker import Worker

NAME = "import-service"
INCOMING = "watched-folder"
# The limit is the file's; around it stand the form's boundaries and its other fields.
_FORM_BYTES = 1 << 20
# One job at a time is put together or finished; the last one's connection may still be on its way back.
_BULK_CONNECTIONS = 2
# The longest that a job does without a sign of life is to open a large workbook, or to send a batch.
_WORKER_STALE_SECONDS = 300.0


def create_app(settings: ImportSettings | None = None) -> FastAPI:
    """Return the service. Settings come from the environment unless given."""
    settings = settings or load_settings(ImportSettings)
    return build_app(
        NAME,
        settings,
        title="Magacin Track: Import Service",
        routers=[router],
        lifespan=_lifespan,
        max_body_bytes=settings.import_max_bytes + _FORM_BYTES,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: ImportSettings = app.state.settings
    spool = app.state.spool = Spool(settings.import_dir)
    await asyncio.to_thread(spool.create)
    database = app.state.database = Database(
        settings.database_url, application=NAME, pool_size=settings.database_pool_size
    )
    # Apart: what answers requests gives up on PostgreSQL before the gateway gives up on it.
    bulk = Database(
        settings.database_url,
        application=NAME,
        pool_size=_BULK_CONNECTIONS,
        statement_seconds=STATEMENT_SECONDS,
    )
    redis = core_redis.connect(settings.redis_url)
    client = service_client(settings.service_token, connections=4)
    relay = OutboxRelay(database, redis, outbox, source=NAME, stream=EVENT_STREAM, bound=STREAM_BOUND)
    loops = _loops(app, settings, database, bulk, client, relay)

    health = app.state.health
    health.add_dependency("postgresql", database.ping)
    health.add_dependency(STORAGE, lambda: asyncio.to_thread(spool.check))
    # Without these two files are still taken and kept; what waits for them goes on when they are back.
    health.add_dependency("redis", functools.partial(core_redis.ping, redis), critical=False)
    health.add_dependency(TASK_SERVICE, lambda: _probe(client, settings.task_service_url), critical=False)
    app.state.metrics.before_scrape(lambda: _refresh_gauges(database))
    app.state.metrics.before_scrape(relay.refresh_metrics)
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            await loop.stop()
        await client.close()
        await redis.aclose()
        await bulk.close()
        await database.close()


def _loops(
    app: FastAPI,
    settings: ImportSettings,
    database: Database,
    bulk: Database,
    client: aiohttp.ClientSession,
    relay: OutboxRelay,
) -> list[BackgroundLoop]:
    spool: Spool = app.state.spool
    archive = BackgroundLoop("archive", Archivist(database, spool).step, idle=2.0)
    worker = Worker(database, bulk, client, spool, settings, finished=archive.wake)
    work = BackgroundLoop("import-worker", worker.step, idle=0.5, stale_after=_WORKER_STALE_SECONDS)
    app.state.worker_loop = work
    worker.beat = work.beat
    watcher = FolderWatcher(database, spool, settings, arrived=work.wake)
    folder = BackgroundLoop("folder", watcher.step, idle=settings.import_folder_seconds)
    relaying = BackgroundLoop("outbox-relay", relay.step, idle=0.1)
    for loop in (work, folder, archive):
        app.state.health.add_loop(loop)
    # Fails while Redis is down, which is no reason to refuse files.
    app.state.health.add_loop(relaying, critical=False)
    # One file that cannot be moved is no reason to refuse others.
    app.state.health.add_dependency(INCOMING, watcher.check, critical=False)
    return [work, folder, archive, relaying]


async def _probe(client: aiohttp.ClientSession, url: str) -> None:
    async with client.get(f"{url}/health/live") as response:
        if response.status != 200:
            raise RuntimeError(f"answers with status {response.status}")


async def _refresh_gauges(database: Database) -> None:
    try:
        async with database.begin() as connection:
            depth = await jobs.queue_depth(connection)
            last = await jobs.last_success(connection)
    except BaseException:
        IMPORT_QUEUE_DEPTH.set(float("nan"))
        IMPORT_LAST_SUCCESS.set(float("nan"))
        raise
    IMPORT_QUEUE_DEPTH.set(depth)
    IMPORT_LAST_SUCCESS.set(last.timestamp() if last else 0.0)
