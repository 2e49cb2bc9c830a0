"""The doctor recounts what reports are read from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from magacin.core.db import Database
from magacin.ops.doctor import reports
from magacin.ops.doctor.findings import Finding
from magacin.ops.doctor.patient import Patient
from tests.support import Caller
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_reports import Manager

Work = Callable[[Any], Awaitable[Any]]


def _patient(url: SecretStr) -> Patient:
    """Return what of a stack the check asks, with the database of the tests."""
    address = url.get_secret_value().replace("+asyncpg", "")

    def ask(work: Work, *, seconds: float = 5) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(address, command_timeout=seconds)
            try:
                await connection.execute("SET default_transaction_read_only = on")
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(run())

    asked = SimpleNamespace(
        database=ask,
        value=lambda query: ask(lambda connection: connection.fetchval(query)),
        data=SimpleNamespace(secrets=Path("secrets")),
        site=SimpleNamespace(port=lambda _: 5432),
    )
    return cast("Patient", asked)


async def said_of(url: SecretStr) -> list[Finding]:
    """Return what the check finds in a database."""
    return await asyncio.to_thread(lambda: [*reports.sums(_patient(url))])


async def _said(url: SecretStr) -> list[str]:
    return [found.what for found in await said_of(url)]


@pytest.fixture
async def worked(call: Caller, empty: Database, warehouse: Warehouse) -> Database:
    await Manager(call, empty, warehouse).work()
    return empty


async def test_sums_that_follow_are_fine_and_so_is_what_is_not_followed_yet(
    migrated: SecretStr, empty: Database, warehouse: Warehouse, worked: Database
) -> None:
    assert await _said(migrated) == []
    task_id = await warehouse.task("ana", A=3)
    await warehouse.scan(task_id, "A", 3)
    assert await _said(migrated) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("UPDATE tasks.report_workers SET pieces = pieces + 1", "differ from a recount for 2 workers' days"),
        ("DELETE FROM tasks.report_workers", "differ from a recount for 2 workers' days"),
        ("UPDATE tasks.report_workers SET undone = 0", "differ from a recount for 1 workers' days"),
        ("DELETE FROM tasks.report_tasks", "lack 1 completed tasks"),
        ("UPDATE tasks.report_quarters SET lines = lines + 1", "by shift come to something else"),
        ("DELETE FROM tasks.report_changed_days", "added up by shift to something else"),
    ],
)
async def test_what_differs_is_said_and_can_be_made_anew(
    migrated: SecretStr, worked: Database, broken: str, said: str
) -> None:
    async with worked.begin() as connection:
        await connection.execute(text(broken))
    (what,) = await _said(migrated)
    assert said in what
    async with worked.begin() as connection:
        await connection.execute(text("DELETE FROM tasks.report_state"))
    await catch_up(following(worked))
    assert await _said(migrated) == []
