"""The board: what it says of today is what counting all of today says, whatever was kept of it before."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.core.db import Database
from magacin.tasks.board.repository import BoardRepository
from magacin.tasks.board.tally import KEPT_SECONDS, Tally
from magacin.tasks.models import metadata
from magacin.tasks.pick_tasks import counting
from tests.support import Caller, empty_tables
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_indexes import _plans

# Of the ledger alone, all of the day.
_OUTCOMES = text("""
    SELECT outcome, count(*) FROM tasks.scans
     WHERE least(scanned_at, coalesce(picked_at, scanned_at)) >= date_trunc('day', now()) GROUP BY outcome
""")
_WORKERS = text("""
    SELECT worker,
           sum(CASE WHEN outcome IN ('picked', 'line_complete', 'task_complete')
                     AND NOT EXISTS (SELECT FROM tasks.undos u WHERE u.undoes = s.operation_id
                                                                 AND u.outcome = 'undone')
                    THEN quantity ELSE 0 END)::int AS picked,
           count(*) FILTER (WHERE outcome NOT IN ('picked', 'line_complete', 'task_complete')) AS refused,
           max(coalesce(picked_at, scanned_at)) AS last_scan_at
      FROM tasks.scans s
     WHERE least(scanned_at, coalesce(picked_at, scanned_at)) >= date_trunc('day', now())
     GROUP BY worker
""")


class Clock:
    """A monotonic clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def told(database: Database, tally: Tally) -> tuple[dict[str, int], list[dict[str, Any]]]:
    async with database.begin() as connection:
        sums = await tally.read(BoardRepository(connection))
    outcomes = {outcome.value: scans for outcome, scans in sums.outcomes().items() if scans}
    return outcomes, sorted((one.model_dump() for one in sums.workers()), key=lambda one: one["worker"])


async def counted(database: Database) -> tuple[dict[str, int], list[dict[str, Any]]]:
    async with database.begin() as connection:
        outcomes = {row[0]: row[1] for row in await connection.execute(_OUTCOMES)}
        workers = [dict(row) for row in (await connection.execute(_WORKERS)).mappings()]
    return outcomes, sorted(workers, key=lambda one: one["worker"])


@pytest.mark.parametrize("seed", range(4))
async def test_it_is_what_counting_all_of_it_says(
    warehouse: Warehouse, call: Caller, empty: Database, seed: int
) -> None:
    chance, tally, follower = random.Random(seed), Tally(), following(empty, most=7)
    task_id = await warehouse.task("ana", "ivo", A=500, B=500)
    begun = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    done: list[tuple[str, str]] = []

    async def scan() -> None:
        user, operation = chance.choice(("ana", "ivo", "eva")), str(uuid4())
        # Some was made a while ago, some of it yesterday.
        ago = timedelta(minutes=chance.choice((0, 0, 5, 60 * 30)))
        made = max(datetime.now(UTC) - ago, begun) if chance.random() < 0.7 else begun - ago
        code = chance.choice(("A", "B", "nobody knows"))
        status, _ = await warehouse.scan(
            task_id, code, chance.randint(1, 3), user=user, operation_id=operation, picked_at=made.isoformat()
        )
        if status == 200:
            done.append((user, operation))

    async def undo() -> None:
        if done:
            user, operation = done.pop(chance.randrange(len(done)))
            body = {"undoes": operation, "operation_id": str(uuid4())}
            await call("POST", "/api/undo", body, user=user)

    async def follow() -> None:
        await follower.step()

    for _ in range(40):
        await chance.choice((scan, scan, scan, undo, follow))()
        if chance.random() < 0.4:
            assert await told(empty, tally) == await counted(empty)
    await catch_up(follower)
    assert await told(empty, tally) == await counted(empty) == await told(empty, Tally())
    status, board = await call("GET", "/api/board")
    assert status == 200
    assert {one: scans for one, scans in board["scans_today"].items() if scans} == (await counted(empty))[0]


async def test_what_is_kept_is_counted_anew_after_a_while(warehouse: Warehouse, empty: Database) -> None:
    clock = Clock()
    tally = Tally(clock)
    task_id = await warehouse.task("ana", A=5)
    await warehouse.scan(task_id, "A", 2)
    await catch_up(following(empty))
    before = await told(empty, tally)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE tasks.scans SET worker = 'erased'"))
    clock.now = KEPT_SECONDS - 1
    assert await told(empty, tally) == before
    clock.now = KEPT_SECONDS
    assert (await told(empty, tally))[1][0]["worker"] == "erased"


async def test_tasks_of_the_days_before_are_counted_once_in_a_while(
    warehouse: Warehouse, call: Caller, empty: Database
) -> None:
    clock = Clock()
    counts = counting.TaskCounts(clock)

    async def read() -> tuple[int, int]:
        async with empty.begin() as connection:
            found = await counts.read(connection)
        return found[TaskStatus.COMPLETED], found[TaskStatus.ASSIGNED]

    async def complete() -> None:
        task_id = await warehouse.task("ana", A=1)
        body = {"task_id": task_id, "code": "A", "operation_id": str(uuid4())}
        status, answer = await call("POST", "/api/scan", body)
        assert (status, answer["outcome"]) == (200, "task_complete")

    async def make_older() -> None:
        async with empty.begin() as connection:
            await connection.execute(_TWO_DAYS_OLDER)

    await complete()
    await make_older()
    await complete()
    await warehouse.task("ana", A=1)
    assert await read() == (2, 1)
    await make_older()  # as nobody can: what is kept is seen by it
    assert await read() == (1, 1)
    clock.now = counting.KEPT_SECONDS
    assert await read() == (2, 1)


_TWO_DAYS_OLDER = text("UPDATE tasks.pick_tasks SET completed_at = completed_at - interval '2 days'")


async def test_reports_that_begin_anew_change_nothing(warehouse: Warehouse, empty: Database) -> None:
    tally, task_id = Tally(), await warehouse.task("ana", A=9)
    await warehouse.scan(task_id, "A", 2)
    await catch_up(following(empty))
    await told(empty, tally)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE tasks.report_state SET place = 0"))
    await warehouse.scan(task_id, "A", 3)
    outcomes, [ana] = await told(empty, tally)
    assert (outcomes, ana["picked"]) == ({"picked": 2}, 5)


async def test_a_restored_database_is_counted_anew(warehouse: Warehouse, empty: Database) -> None:
    tally = Tally()
    for pieces in (2, 3):
        task_id = await warehouse.task("ana", A=9)
        await warehouse.scan(task_id, "A", pieces)
        await warehouse.scan(task_id, "A", 1)
        await catch_up(following(empty))
        assert await told(empty, tally) == await counted(empty)
        # Its places begin anew, and another operation has the same one.
        await empty_tables(empty, metadata)
    assert await told(empty, tally) == ({}, [])


async def test_a_request_reads_what_came_since_by_its_place(
    warehouse: Warehouse, migrated: SecretStr, empty: Database
) -> None:
    tally, task_id = Tally(), await warehouse.task("ana", A=9)
    await warehouse.scan(task_id, "A", 2)
    await catch_up(following(empty))
    await told(empty, tally)
    async with empty.begin() as connection:
        await connection.execute(text("ANALYZE tasks.scans, tasks.operations, tasks.undos"))

    async def ask(database: Database) -> None:
        await told(database, tally)

    plans = await _plans(Database(migrated, application="tests", pool_size=1, by_index=True), ask, "auto")
    assert any("uq_operations_place" in plan for plan in plans)
    assert [plan for plan in plans if "Seq Scan on scans" in plan or "ix_scans_scanned_at" in plan] == []
