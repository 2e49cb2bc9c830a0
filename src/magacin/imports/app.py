"""The Import Service: uploads, the watched folder, and the loops that turn files into requisitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import aiohttp
from fastapi import FastAPI
from starlette.middleware import Middleware

from magacin.contracts.events import EVENT_STREAM, STREAM_BOUND
from magacin.core import redis
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.deadlines import InTime
from magacin.core.health import Check
from magacin.core.http import service_client
from magacin.core.metrics import Refresher, from_store
from magacin.core.outbox import OutboxRelay, relaying
from magacin.core.service import MEASURED, Running, build_app, limited, trusted
from magacin.core.settings import load_settings
from magacin.imports.dependencies import ImportState
from magacin.imports.endpoints import router
from magacin.imports.folder import Archivist, FolderWatcher
from magacin.imports.held.endpoints import router as held_orders
from magacin.imports.held.service import Releaser
from magacin.imports.metrics import IMPORT_LAST_SUCCESS, IMPORT_QUEUE_DEPTH
from magacin.imports.models import outbox
from magacin.imports.people.endpoints import router as people
from magacin.imports.preview import Previewer
from magacin.imports.profiles.endpoints import router as profiles
from magacin.imports.repository import JobRepository
from magacin.imports.sending import TASK_SERVICE
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool
from magacin.imports.staging import STATEMENT_SECONDS
from magacin.imports.telling import Teller
from magacin.imports.upload import STORAGE
from magacin.imports.worker import Worker

NAME = "import-service"
INCOMING = "watched-folder"
# The limit is the file's; around it stand the form's boundaries and its other fields.
_FORM_BYTES = 1 << 20
# Two jobs at a time are put together or finished; the last ones' connections may still be on their way back.
_BULK_CONNECTIONS = 4
# The longest that a job does without a sign of life is to open a large workbook, or to send a batch.
_WORKER_STALE_SECONDS = 300.0


def create_app(settings: ImportSettings | None = None) -> FastAPI:
    """Return the application; its connections open when it starts."""
    settings = settings or load_settings(ImportSettings)
    return build_app(
        NAME,
        settings,
        _open,
        title="Magacin Track: Import Service",
        middleware=[
            MEASURED,
            trusted(settings),
            Middleware(InTime, name=NAME),
            limited(settings.import_max_bytes + _FORM_BYTES),
        ],
        routers=[router, held_orders, profiles, people],
    )


async def _open(settings: ImportSettings, resources: AsyncExitStack) -> Running[ImportState]:
    spool = Spool(settings.import_dir)
    await asyncio.to_thread(spool.create)
    database = await resources.enter_async_context(
        Database(settings.database_url, application=NAME, pool_size=settings.database_pool_size)
    )
    # Apart: what answers requests gives up on PostgreSQL before the gateway gives up on it.
    bulk = await resources.enter_async_context(
        Database(
            settings.database_url,
            application=NAME,
            pool_size=_BULK_CONNECTIONS,
            statement_seconds=STATEMENT_SECONDS,
        )
    )
    client = await resources.enter_async_context(redis.connect(settings.redis_url))
    session = await resources.enter_async_context(service_client(settings.service_token, connections=4))
    relay = OutboxRelay(database, client, outbox, source=NAME, stream=EVENT_STREAM, bound=STREAM_BOUND)
    archive = BackgroundLoop("archive", Archivist(database, spool).step, idle=2.0)
    work, work_beside = _work(settings, database, bulk, session, spool, finished=archive.wake)
    teller = Teller(database, session, settings.task_service_url)
    watcher = FolderWatcher(database, spool, settings, arrived=work.wake)
    return Running(
        state=ImportState(
            database=database,
            spool=spool,
            max_bytes=settings.import_max_bytes,
            previewer=Previewer(bulk, session, settings),
            work=work,
            releaser=Releaser(database, session, settings.task_service_url),
        ),
        loops=[
            work,
            work_beside,
            BackgroundLoop("folder", watcher.step, idle=settings.import_folder_seconds),
            archive,
            relaying(relay.step, database, bulk),
            # Files are taken and read without: other systems hear of them later.
            BackgroundLoop("telling", teller.step, idle=2.0, critical=False),
        ],
        dependencies=[
            Check("postgresql", database.ping),
            Check(STORAGE, lambda: asyncio.to_thread(spool.check)),
            # Without these two files are still taken and kept; what waits goes on when they are back.
            Check("redis", lambda: redis.ping(client), critical=False),
            Check(TASK_SERVICE, lambda: _probe(session, settings.task_service_url), critical=False),
            # One file that cannot be moved is no reason to refuse others.
            Check(INCOMING, watcher.check, critical=False),
        ],
        gauges=[_job_gauges(database), relay.gauges],
    )


def _work(
    settings: ImportSettings,
    database: Database,
    bulk: Database,
    session: aiohttp.ClientSession,
    spool: Spool,
    finished: Callable[[], None],
) -> list[BackgroundLoop]:
    """Return the loop that works on jobs, and the one for those that would have to wait for long."""
    loops: list[BackgroundLoop] = []
    behind: Worker | None = None
    for place, name in enumerate(("import_worker", "import_worker_beside")):
        worker = Worker(
            database,
            bulk,
            session,
            spool,
            settings,
            finished=finished,
            beat=lambda place=place: loops[place].beat(),  # type: ignore[misc]  # mypy sees no type of a default
            behind=behind,
        )
        loops.append(BackgroundLoop(name, worker.step, idle=0.5, stale_after=_WORKER_STALE_SECONDS))
        behind = worker
    return loops


async def _probe(client: aiohttp.ClientSession, url: str) -> None:
    async with client.get(f"{url}/health/live") as response:
        if response.status != 200:
            raise RuntimeError(f"answers with status {response.status}")


def _job_gauges(database: Database) -> Refresher:
    async def jobs_waiting() -> tuple[float, float]:
        async with database.begin() as connection:
            repository = JobRepository(connection)
            depth, last = await repository.queue_depth(), await repository.last_success()
        return depth, last.timestamp() if last else 0.0

    return from_store([IMPORT_QUEUE_DEPTH, IMPORT_LAST_SUCCESS], jobs_waiting)
