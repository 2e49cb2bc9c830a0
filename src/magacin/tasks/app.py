"""The Task Service as an application."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware

from magacin.contracts.events import EVENT_STREAM, STREAM_BOUND
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.core import redis
from magacin.core.aside import Aside, LoopAside
from magacin.core.background import BackgroundLoop
from magacin.core.db import Database
from magacin.core.deadlines import InTime
from magacin.core.health import Check
from magacin.core.metrics import Refresher, from_store
from magacin.core.outbox import OutboxRelay, relaying
from magacin.core.service import MEASURED, Running, build_app, limited, trusted
from magacin.core.settings import load_settings
from magacin.tasks.articles import endpoints as articles
from magacin.tasks.board import endpoints as board
from magacin.tasks.board.tally import Tally
from magacin.tasks.bulk import BulkLane
from magacin.tasks.dependencies import TaskState
from magacin.tasks.locations import endpoints as locations
from magacin.tasks.master_data import endpoints as master_data
from magacin.tasks.metrics import (
    DB_POOL_CONNECTIONS,
    DB_POOL_STATES,
    HELD,
    OLDEST_OPEN_AGE,
    OVERDUE,
    PICK_TASKS,
    REPORTS_LAG,
)
from magacin.tasks.models import outbox
from magacin.tasks.outside import open_outside
from magacin.tasks.people import endpoints as people
from magacin.tasks.pick_tasks import endpoints as pick_tasks
from magacin.tasks.pick_tasks.counting import TaskCounts
from magacin.tasks.pick_tasks.repository import PickTaskRepository
from magacin.tasks.picking import endpoints as picking
from magacin.tasks.planning import endpoints as planning
from magacin.tasks.prints import endpoints as prints
from magacin.tasks.refusals import endpoints as refusals
from magacin.tasks.reports import endpoints as reports
from magacin.tasks.reports.by_shift import ShiftDays
from magacin.tasks.reports.follower import Follower
from magacin.tasks.reports.service import ReportSettings
from magacin.tasks.requisitions import endpoints as requisitions
from magacin.tasks.rules.assigning import Assigning
from magacin.tasks.rules.choosing import AssignBy
from magacin.tasks.rules.replanning import Replanning, ReplanShortages
from magacin.tasks.scans import endpoints as scans
from magacin.tasks.scans.batcher import SCAN_SECONDS, ScanBatcher
from magacin.tasks.scans.retention import Retention
from magacin.tasks.scans.service import record_each
from magacin.tasks.settings import TaskSettings
from magacin.tasks.shortages import endpoints as shortages
from magacin.tasks.teams import endpoints as teams
from magacin.tasks.teams.hours import hours_gauges
from magacin.tasks.wall import endpoints as wall
from magacin.tasks.wall.service import WallBoard
from magacin.tasks.webhooks import endpoints as webhooks

NAME = "task-service"
# How long the relay lets messages gather, and when there are so many that fewer and larger batches pay.
_GATHER_SECONDS, _GATHER_SECONDS_BUSY, _BUSY = 0.015, 0.05, 12

# One batch of scans and one of the relay are under way at a time, and a scrape asks how long the outbox is.
_SCAN_CONNECTIONS = 3
# One stores a batch of an import, two devices may send what they gathered, the others show and change orders.
_ORDER_CONNECTIONS = 7
# One follows the ledger for the reports, and a scrape asks how far it is.
_REPORT_CONNECTIONS = 2

# A month begins seldom, and what is removed then has time.
_RETENTION_IDLE_SECONDS = 60.0

# A batch of an import: 1,000 requisitions of some lines each.
MAX_BODY_BYTES = 20_000_000


def create_app(settings: TaskSettings | None = None) -> FastAPI:
    """Return the application; its connections open when it starts."""
    settings = settings or load_settings(TaskSettings)
    return build_app(
        NAME,
        settings,
        _open,
        title="Magacin Track: Task Service",
        middleware=[MEASURED, trusted(settings), Middleware(InTime, name=NAME), limited(MAX_BODY_BYTES)],
        # More specific paths first: the articles' own take a SKU with slashes.
        routers=[
            scans.router,
            scans.internal,
            shortages.router,
            shortages.lists,
            refusals.router,
            pick_tasks.router,
            picking.router,
            planning.router,
            requisitions.router,
            board.router,
            wall.router,
            teams.router,
            reports.router,
            prints.router,
            locations.router,
            master_data.router,
            articles.router,
            webhooks.router,
            people.router,
        ],
        fast_routes=[scans.fast_gathered_route, scans.fast_route],
    )


async def _open(settings: TaskSettings, resources: AsyncExitStack) -> Running[TaskState]:
    database = await resources.enter_async_context(
        Database(
            settings.database_url, application=NAME, pool_size=settings.database_pool_size, by_index=True
        )
    )
    # Whole orders are read, stored and shown on a loop of their own, which its connections belong to.
    loop = await resources.enter_async_context(LoopAside("orders"))
    orders = Database(settings.database_url, application=NAME, pool_size=_ORDER_CONNECTIONS, by_index=True)
    resources.push_async_callback(lambda: loop.run(orders.close()))
    # Apart: however many screens ask for the board, no scan waits for a connection behind them.
    scanning = await resources.enter_async_context(
        Database(
            settings.database_url,
            application=NAME,
            pool_size=_SCAN_CONNECTIONS,
            statement_seconds=SCAN_SECONDS,
            by_index=True,
        )
    )
    client = await resources.enter_async_context(redis.connect(settings.redis_url))
    relay = OutboxRelay(scanning, client, outbox, source=NAME, stream=EVENT_STREAM, bound=STREAM_BOUND)
    undo_window = timedelta(seconds=settings.undo_seconds)
    confirming = settings.confirming()
    record = partial(record_each, scanning, undo_window=undo_window, confirming=confirming)
    batcher = ScanBatcher(record, batch_size=settings.scan_batch_size, queue_size=settings.scan_queue_size)
    following = await resources.enter_async_context(
        Database(settings.database_url, application=NAME, pool_size=_REPORT_CONNECTIONS, by_index=True)
    )
    # A lane of its own: the other one's loop is that of the orders.
    follower = Follower(
        following, zone=settings.time_zone, turn=BulkLane(batcher.is_busy).turn, lag=REPORTS_LAG
    )
    shift_days = ShiftDays(following, turn=BulkLane(batcher.is_busy).turn)
    retention = Retention(
        database,
        months=settings.scan_retention_months,
        zone=settings.time_zone,
        turn=BulkLane(batcher.is_busy).turn,
    )
    state = TaskState(
        database=database,
        batcher=batcher,
        bulk=BulkLane(batcher.is_busy),
        code_rules=settings.code_rules(),
        record=record,
        picking=settings.picking(),
        reports=ReportSettings(settings.time_zone, settings.reports_for_workers),
        wall=WallBoard(database, settings.time_zone, settings.wall_names),
        tally=Tally(),
        task_counts=TaskCounts(),
        webhooks=settings.webhooks(),
    )
    relays = relaying(lambda: _gather_and_relay(relay), database, scanning)
    main = asyncio.get_running_loop()

    def wake_from_aside() -> None:
        main.call_soon_threadsafe(relays.wake)

    orders.committed = wake_from_aside
    outside = await open_outside(NAME, settings, resources)
    there = replace(
        state,
        database=orders,
        record=partial(record_each, orders, undo_window=undo_window, confirming=confirming),
    )
    return Running(
        state=state,
        aside=Aside(loop, there),
        loops=[
            relays,
            BackgroundLoop("scan_batcher", batcher.step),
            # Scans go on without: nothing is lost, reports come later.
            BackgroundLoop("reports", follower.step, critical=False),
            BackgroundLoop("report_shifts", shift_days.step, idle=10, critical=False),
            BackgroundLoop(
                "scan_retention",
                retention.step,
                idle=_RETENTION_IDLE_SECONDS,
                stale_after=600,
                critical=False,
            ),
            *_rules(settings, database),
            *outside.loops,
        ],
        dependencies=[
            Check("postgresql", database.ping),
            Check("redis", lambda: redis.ping(client), critical=False),
        ],
        gauges=[
            relay.gauges,
            follower.gauges,
            retention.gauges,
            _task_gauges(database, state.task_counts),
            hours_gauges(database, settings.time_zone),
            *outside.gauges,
            lambda: _count_connections(database, orders, scanning, following, outside.database),
        ],
    )


def _rules(settings: TaskSettings, database: Database) -> list[BackgroundLoop]:
    """Return what decides without a person; nothing, unless the site wants it."""
    loops = []
    if settings.assign_by is not AssignBy.NOBODY:
        assigning = Assigning(database, settings.assigning())
        loops.append(BackgroundLoop("assigning", assigning.step, idle=2, critical=False))
    if settings.replan_shortages is not ReplanShortages.NEVER:
        replanning = Replanning(database, timedelta(seconds=settings.replan_after_seconds))
        loops.append(BackgroundLoop("replanning", replanning.step, idle=5, critical=False))
    return loops


async def _gather_and_relay(relay: OutboxRelay) -> bool:
    # Under load one transaction relays what several committed, instead of competing with each of them.
    await asyncio.sleep(_GATHER_SECONDS_BUSY if relay.relayed >= _BUSY else _GATHER_SECONDS)
    return await relay.step()


async def _count_connections(*databases: Database) -> None:
    for state in DB_POOL_STATES:
        DB_POOL_CONNECTIONS.labels(state).set(sum(one.pool_connections()[state] for one in databases))


def _task_gauges(database: Database, task_counts: TaskCounts) -> Refresher:
    async def tasks() -> list[float]:
        async with database.begin() as connection:
            repository = PickTaskRepository(connection)
            counts, oldest = await task_counts.read(connection), await repository.oldest_open_age()
            held, overdue = await repository.held(), await repository.overdue()
        return [*(counts[status] for status in TaskStatus), oldest, held, overdue]

    gauges = [*(PICK_TASKS.labels(status) for status in TaskStatus), OLDEST_OPEN_AGE, HELD, OVERDUE]
    return from_store(gauges, tasks)
