"""Requests give up on PostgreSQL soon; an import lets it work for long, and is not taken for dead then."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.db import Database
from magacin.imports import app as imports_app
from magacin.imports import worker as imports_worker
from magacin.imports.settings import ImportSettings
from tests.imports.support import Importer, csv_bytes, until
from tests.support import Caller, serving

GOOD = csv_bytes([("R1", "A1", "Lantern", 6, "", "")])
# What a request's statement may take in these tests, and a silence of the worker; and longer than both.
IMPATIENT, STALE, LONG = 0.5, 1.5, 3.0


@pytest.fixture
async def importer(settings: ImportSettings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Importer]:
    # The service's own words on how long a statement may take still win over this.
    monkeypatch.setattr(imports_app, "Database", functools.partial(Database, statement_seconds=IMPATIENT))
    monkeypatch.setattr(imports_app, "_WORKER_STALE_SECONDS", STALE, raising=False)
    monkeypatch.setattr(imports_worker, "_BEAT_SECONDS", STALE / 15, raising=False)
    async with serving(imports_app.create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Importer(Caller(session, url))


@asynccontextmanager
async def locked(database: Database, table: str) -> AsyncIterator[AsyncConnection]:
    """Have every statement on a table hang, as all do on a disk that does not answer."""
    async with database.begin() as connection:
        await connection.execute(text(f"LOCK TABLE imports.{table} IN ACCESS EXCLUSIVE MODE"))
        yield connection


async def test_a_request_that_postgresql_does_not_answer_names_it(
    importer: Importer, database: Database
) -> None:
    async with locked(database, "jobs"):
        status, answer = await importer.call("GET", "/api/imports")
    assert status == 503
    assert answer["error"]["details"]["dependency"] == "postgresql"


async def test_a_job_waits_for_a_long_statement_and_stays_healthy(
    importer: Importer, database: Database
) -> None:
    async def healthy() -> bool:
        return (await importer.call("GET", "/health"))[0] == 200

    async with locked(database, "staged_requisitions") as connection:
        status, job = await importer.upload(GOOD)
        while status == 503:  # its own statements may take as long on a busy machine
            status, job = await importer.upload(GOOD)
        table = "'imports.staged_requisitions'::regclass"
        held_up = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = {table}"
        await until(lambda: connection.scalar(text(held_up)))
        await asyncio.sleep(LONG)
        # One that is taken for dead is so for as long as the statement hangs.
        async with asyncio.timeout(60):
            await until(healthy)
    finished = await importer.finished(job["job_id"])
    assert (finished["status"], finished["counts"]["requisitions_created"]) == ("succeeded", 1)
