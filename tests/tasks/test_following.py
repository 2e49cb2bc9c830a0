"""The sums of reports: every operation counts in them once, whatever happens while they follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry, Gauge
from pydantic import SecretStr
from sqlalchemy import text

from magacin.core.db import Database, Direct
from magacin.tasks.reports.by_shift import ShiftDays
from magacin.tasks.reports.follower import Follower

_LAG = Gauge("lag", "Of tests.", registry=CollectorRegistry())
_SCAN = """
    WITH used AS (INSERT INTO tasks.operations (operation_id) VALUES (:id))
    INSERT INTO tasks.scans (operation_id, task_id, line_id, worker, code, sent_quantity, quantity, outcome,
                             task_status, remaining_lines, scanned_at)
    VALUES (:id, 1, NULL, 'ana', 'A', 1, :quantity, 'picked', 'in_progress', 1, now())
"""


def following(database: Database, zone: str = "Europe/Belgrade", most: int = 100) -> Follower:
    @asynccontextmanager
    async def turn() -> AsyncIterator[int]:
        yield most

    return Follower(database, zone=zone, turn=turn, lag=_LAG)


@asynccontextmanager
async def alone(url: SecretStr) -> AsyncIterator[Database]:
    """Give a database by whose one session alone the ledger is followed and days are added up.

    The service's own loops do neither meanwhile.
    """
    async with Database(url, application="tests", pool_size=1) as database:
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(hashtextextended('tasks.reports', 0))"))
        yield database


async def added_up(database: Database) -> None:
    """Add up what days of reports by shift there are."""

    @asynccontextmanager
    async def turn() -> AsyncIterator[int]:
        yield 1

    while await ShiftDays(database, turn=turn).step():
        pass


async def catch_up(follower: Follower) -> None:
    """Follow until there is nothing more, where nobody writes."""
    while await follower.step() or (await follower.lag())[0]:
        pass


async def sums(database: Database) -> Any:
    statement = text("SELECT coalesce(sum(scans), 0), coalesce(sum(pieces), 0) FROM tasks.report_workers")
    async with database.begin() as connection:
        return tuple((await connection.execute(statement)).one())


@pytest.fixture
async def ledger(empty: Database) -> Database:
    async with empty.begin() as connection:
        await connection.execute(text("INSERT INTO tasks.pick_tasks (lines_open) VALUES (1)"))
    return empty


async def _scan(connection: Any, quantity: int) -> None:
    await connection.execute(text(_SCAN), {"id": uuid4(), "quantity": quantity})


async def test_what_is_committed_later_under_a_lower_number_is_not_left_behind(ledger: Database) -> None:
    follower = following(ledger)
    async with ledger.engine.connect() as first, ledger.engine.connect() as second:
        await _scan(first, 1)
        await _scan(second, 10)
        await second.commit()
        for _ in range(3):
            await follower.step()
        assert await sums(ledger) == (0, 0)  # the first one may still come, and it was there before
        await first.commit()
    await catch_up(follower)
    assert await sums(ledger) == (2, 11)


async def test_nobody_is_waited_for_who_began_later(ledger: Database) -> None:
    follower = following(ledger)
    async with ledger.engine.connect() as early, ledger.engine.connect() as late:
        await _scan(early, 1)
        await follower.step()
        await follower.step()
        await _scan(late, 10)
        await early.commit()
        await follower.step()
        assert await sums(ledger) == (1, 1)
        await late.rollback()
    await catch_up(follower)
    assert await sums(ledger) == (1, 1)  # its number is a gap


class Killed(Exception):
    """The process is gone."""


@pytest.mark.parametrize("statement", range(1, 8))
async def test_killed_between_any_two_steps_it_counts_once(
    ledger: Database, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    async with ledger.begin() as connection:
        for quantity in range(1, 6):
            await _scan(connection, quantity)
    fetch, asked = Direct.fetch, 0

    async def die(self: Direct, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        rows = await fetch(self, *arguments)
        if asked == statement:
            raise Killed
        return rows

    with monkeypatch.context() as changed:
        changed.setattr(Direct, "fetch", die)
        with pytest.raises(Killed):
            await catch_up(following(ledger, most=2))
    await catch_up(following(ledger, most=2))
    assert await sums(ledger) == (5, 15)


async def test_several_at_once_count_once(migrated: SecretStr, ledger: Database) -> None:
    async with Database(migrated, application="tests", pool_size=2) as other:
        followers = [following(ledger, most=3), following(other, most=3)]
        for quantity in range(10):
            async with ledger.begin() as connection:
                await _scan(connection, quantity)
            await asyncio.gather(*(one.step() for one in followers))
        await catch_up(followers[1])
    assert await sums(ledger) == (10, 45)


async def test_in_another_time_zone_all_is_counted_anew(ledger: Database) -> None:
    async with ledger.begin() as connection:
        await _scan(connection, 3)
        await connection.execute(text("UPDATE tasks.scans SET scanned_at = '2026-03-01 23:30Z'"))
    days = text("SELECT day::text, scans FROM tasks.report_workers")
    for zone, day in (("UTC", "2026-03-01"), ("Europe/Belgrade", "2026-03-02"), ("UTC", "2026-03-01")):
        await catch_up(following(ledger, zone))
        async with ledger.begin() as connection:
            assert [tuple(row) for row in await connection.execute(days)] == [(day, 1)]


async def test_it_says_how_far_behind_it_is(ledger: Database) -> None:
    follower = following(ledger)
    await follower.step()
    assert await follower.lag() == (0,)
    async with ledger.begin() as connection:
        await _scan(connection, 1)
        await connection.execute(text("UPDATE tasks.scans SET scanned_at = now() - interval '90 seconds'"))
    assert 90 <= (await follower.lag())[0] < 3600
    await catch_up(follower)
    assert await follower.lag() == (0,)
