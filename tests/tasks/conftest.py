"""The Task Service, served for real on a migrated PostgreSQL that is emptied before each test."""

from __future__ import annotations

import functools
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.dependencies import TaskState
from magacin.tasks.migrate import migrate
from magacin.tasks.models import metadata
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN
from tests.support import Caller, empty_tables, served


@pytest.fixture(scope="session")
async def migrated(database_url: SecretStr) -> SecretStr:
    await migrate(database_url)
    return database_url


@pytest.fixture
async def empty(migrated: SecretStr, database: Database, redis: Redis) -> Database:
    await empty_tables(database, metadata)
    return database


@pytest.fixture
def settings(migrated: SecretStr, redis_url: SecretStr) -> TaskSettings:
    return TaskSettings(database_url=migrated, redis_url=redis_url, service_token=SecretStr(SERVICE_TOKEN))


@pytest.fixture(scope="session")
def app() -> Callable[[TaskSettings], FastAPI]:
    """Make the service of some settings, once: to prepare its routes is half of the work of a short test."""
    return functools.cache(create_app)


class Kept:
    """A service that goes on from test to test, for as long as they want one with the same settings."""

    def __init__(self, app: Callable[[TaskSettings], FastAPI]) -> None:
        self._app = app
        self._resources = AsyncExitStack()
        self._settings: TaskSettings | None = None
        self._running: tuple[str, TaskState]

    async def serve(self, settings: TaskSettings) -> tuple[str, TaskState]:
        """Return one with these settings; one with others is stopped first."""
        if settings != self._settings:
            await self.stop()
            self._running = await self._resources.enter_async_context(served(self._app(settings), TaskState))
            self._settings = settings
        return self._running

    async def stop(self) -> None:
        """Stop it, where it runs."""
        self._settings = None
        await self._resources.aclose()


@pytest.fixture(scope="module")
async def kept_service(app: Callable[[TaskSettings], FastAPI]) -> AsyncIterator[Kept]:
    """Of one file: its loops would work on what the tests of another one have in the same tables."""
    kept = Kept(app)
    yield kept
    await kept.stop()


@pytest.fixture
async def service(
    empty: Database,
    settings: TaskSettings,
    app: Callable[[TaskSettings], FastAPI],
    kept_service: Kept,
    redis: Redis,
    request: pytest.FixtureRequest,
) -> AsyncIterator[tuple[str, TaskState]]:
    """Serve it, anew for each test unless its file says `served_once`: half of a short test is its start.

    What a test patches is for a service of its own in any case.
    """
    if request.node.get_closest_marker("served_once") and "monkeypatch" not in request.fixturenames:
        # What the last test left may have been told after Redis was emptied, and before the tables were.
        await redis.flushall()
        yield await kept_service.serve(settings)
        return
    await kept_service.stop()
    async with served(app(settings), TaskState) as running:
        yield running


@pytest.fixture
async def call(service: tuple[str, TaskState]) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Caller(session, service[0])


class Warehouse:
    """Makes what a test needs, through the API."""

    def __init__(self, call: Caller) -> None:
        self.call = call
        self._numbers = itertools.count(1)

    async def requisition(self, **lines: int) -> int:
        """Create a requisition of SKU=quantity; return its id."""
        body = {
            "number": f"R-{next(self._numbers)}",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
        }
        status, created = await self.call("POST", "/api/requisitions", body, role=Role.SUPERVISOR)
        assert status == 201, created
        return int(created["requisition_id"])

    async def task(self, *workers: str, **lines: int) -> int:
        """Create a task of SKU=quantity, assigned to `workers`; return its id."""
        requisition_id = await self.requisition(**lines)
        status, tasks = await self.call(
            "POST", "/api/tasks", {"requisition_ids": [requisition_id]}, role=Role.SUPERVISOR
        )
        assert status == 201, tasks
        task_id = int(tasks[0]["task_id"])
        if workers:
            status, task = await self.call(
                "POST", f"/api/tasks/{task_id}/assign", {"workers": workers}, role=Role.SUPERVISOR
            )
            assert status == 200, task
        return task_id

    async def scan(
        self, task_id: int, code: str, quantity: int = 1, *, user: str = "ana", **more: Any
    ) -> tuple[int, Any]:
        body = {"task_id": task_id, "code": code, "quantity": quantity, "operation_id": str(uuid4())} | more
        return await self.call("POST", "/api/scan", body, user=user)

    async def scan_until_served(self, *scan: Any, **options: Any) -> tuple[int, Any]:
        """Do the same as a client does it: what is answered 503 is sent again, with the same id."""
        options["operation_id"] = str(uuid4())
        while (answer := await self.scan(*scan, **options))[0] == 503:
            pass
        return answer

    async def get(self, task_id: int) -> Any:
        status, task = await self.call("GET", f"/api/tasks/{task_id}", role=Role.SUPERVISOR)
        assert status == 200, task
        return task


@pytest.fixture
def warehouse(call: Caller) -> Warehouse:
    return Warehouse(call)


async def inconsistencies(database: Database) -> list[Any]:
    """Lines whose total is not the sum of their accepted scans, tasks whose counter is not their lines'.

    And requisitions of which it is not true whether a task serves them.
    """
    statement = text("""
        SELECT 'line', l.id FROM tasks.task_lines l
         WHERE l.picked <> coalesce((SELECT sum(s.quantity) FROM tasks.scans s WHERE s.line_id = l.id
                              AND s.outcome IN ('picked', 'line_complete', 'task_complete')
                              AND s.operation_id NOT IN (SELECT undoes FROM tasks.undos
                                                          WHERE outcome = 'undone')), 0)
            OR l.short <> coalesce((SELECT sum(q.quantity) FROM tasks.shortages q WHERE q.line_id = l.id
                             AND q.outcome = 'reported'
                             AND q.operation_id NOT IN (SELECT undoes FROM tasks.undos
                                                         WHERE outcome = 'undone')), 0)
        UNION ALL
        SELECT 'task', t.id FROM tasks.pick_tasks t
         WHERE t.lines_open <> (SELECT count(*) FROM tasks.task_lines l
                                 WHERE l.task_id = t.id AND l.picked + l.short < l.required)
        UNION ALL
        SELECT 'requisition', r.id FROM tasks.requisitions r
         WHERE r.released <> EXISTS (SELECT FROM tasks.task_requisitions q WHERE q.requisition_id = r.id)
    """)
    async with database.begin() as connection:
        return list((await connection.execute(statement)).all())
