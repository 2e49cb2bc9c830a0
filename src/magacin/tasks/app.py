"""The Task Service as an application."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from magacin.contracts.events import EVENT_STREAM, STREAM_BOUND
from magacin.contracts.tasks import TaskStatus
from magacin.core import redis
from magacin.core.app import build_app
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.outbox import OutboxRelay
from magacin.core.settings import load_settings
from magacin.tasks.articles import endpoints as articles
from magacin.tasks.board import endpoints as board
from magacin.tasks.metrics import DB_POOL_CONNECTIONS, OLDEST_OPEN_AGE, OVERDUE, PICK_TASKS
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks import endpoints as pick_tasks
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.requisitions import endpoints as requisitions
from magacin.tasks.scans import endpoints as scans
from magacin.tasks.scans.batcher import ScanBatcher
from magacin.tasks.scans.ledger import Answer, Scan
from magacin.tasks.scans.service import record_scans
from magacin.tasks.settings import TaskSettings
from magacin.tasks.shortages import endpoints as shortages

NAME = "task-service"
# How long the relay lets messages gather, and when there are so many that fewer and larger batches pay.
_GATHER_SECONDS, _GATHER_SECONDS_BUSY, _BUSY = 0.015, 0.05, 12

# One batch of scans and one of the relay are under way at a time, and a scrape asks how long the outbox is.
_SCAN_CONNECTIONS = 3

# A batch of an import: 1,000 requisitions of some lines each.
MAX_BODY_BYTES = 20_000_000


def create_app(settings: TaskSettings | None = None) -> FastAPI:
    """Return the application; its connections open when it starts."""
    # More specific paths first: the articles' own take a SKU with slashes.
    routers = [
        scans.router,
        shortages.router,
        pick_tasks.router,
        requisitions.router,
        board.router,
        articles.router,
    ]
    app = build_app(
        NAME,
        settings or load_settings(TaskSettings),
        title="Magacin Track: Task Service",
        routers=routers,
        lifespan=_lifespan,
        max_body_bytes=MAX_BODY_BYTES,
    )
    app.router.routes.insert(0, scans.fast_route)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: TaskSettings = app.state.settings
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url, application=NAME, pool_size=settings.database_pool_size)
        stack.push_async_callback(database.close)
        # Apart: however many screens ask for the board, no scan waits for a connection behind them.
        scanning = Database(settings.database_url, application=NAME, pool_size=_SCAN_CONNECTIONS)
        stack.push_async_callback(scanning.close)
        client = redis.connect(settings.redis_url)
        stack.push_async_callback(client.aclose)
        relay = OutboxRelay(scanning, client, outbox, source=NAME, stream=EVENT_STREAM, bound=STREAM_BOUND)
        relay_loop = BackgroundLoop("outbox_relay", functools.partial(_gather_and_relay, relay), idle=0.1)

        async def record(batch: Sequence[Scan]) -> list[Answer]:
            answers = await record_scans(scanning, batch)
            relay_loop.wake()  # a screen shows a scan within a tenth of a second, so nobody waits for a look
            return answers

        batcher = ScanBatcher(
            record,
            batch_size=settings.scan_batch_size,
            queue_size=settings.scan_queue_size,
        )
        batch_loop = BackgroundLoop("scan_batcher", batcher.step)
        for loop in (relay_loop, batch_loop):
            loop.start()
            stack.push_async_callback(loop.stop)
        app.state.database, app.state.batcher, app.state.relay_loop = database, batcher, relay_loop
        # Scans go on without Redis: the outbox keeps what is to be told.
        app.state.health.add_dependency("postgresql", database.ping)
        app.state.health.add_dependency("redis", functools.partial(redis.ping, client), critical=False)
        app.state.health.add_loop(batch_loop)
        app.state.health.add_loop(relay_loop, critical=False)
        app.state.metrics.before_scrape(relay.refresh_metrics)
        app.state.metrics.before_scrape(functools.partial(_refresh_tasks, database, scanning))
        yield


async def _gather_and_relay(relay: OutboxRelay) -> bool:
    # Under load one transaction relays what several committed, instead of competing with each of them.
    await asyncio.sleep(_GATHER_SECONDS_BUSY if relay.relayed >= _BUSY else _GATHER_SECONDS)
    return await relay.step()


async def _refresh_tasks(database: Database, scanning: Database) -> None:
    own, apart = database.pool_connections(), scanning.pool_connections()
    for state, count in own.items():
        DB_POOL_CONNECTIONS.labels(state).set(count + apart[state])
    try:
        async with database.begin() as connection:
            repository = PickTaskRepository(connection)
            counts, oldest = await repository.counts()
            overdue = await repository.overdue()
    except BaseException:
        for status in TaskStatus:
            PICK_TASKS.labels(status.value).set(float("nan"))
        OLDEST_OPEN_AGE.set(float("nan"))
        OVERDUE.set(float("nan"))
        raise
    for status in TaskStatus:
        PICK_TASKS.labels(status.value).set(counts.get(status.value, 0))
    OLDEST_OPEN_AGE.set(oldest)
    OVERDUE.set(overdue)
