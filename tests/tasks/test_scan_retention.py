"""Scans that are too old go, and nothing that was made of them: sums, answers to repetitions, results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.dependencies import TaskState
from magacin.tasks.errors import OperationNotKept
from magacin.tasks.models import metadata
from magacin.tasks.reports.following import AT_ONCE
from magacin.tasks.results.closing import Closing
from magacin.tasks.scans import service
from magacin.tasks.scans.retention import Retention
from magacin.tasks.scans.state import Confirming
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, audited, empty_tables, last_audited, sample, served
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_report_doctor import said_of
from tests.tasks.test_report_sums import (
    SCANS,
    SETUP,
    Recount,
    Removed,
    assert_sums,
    batches,
    record,
    rows_of,
)

ZONE = ZoneInfo("Europe/Belgrade")
# More than the least: what is older than the cut is so in every time zone, on whatever day this runs.
AGED = "15 months"
_UNDOS = "SELECT * FROM tasks.undos"


def retaining(
    database: Database, months: int | None = 13, most: int = 100, zone: str = str(ZONE)
) -> Retention:
    @asynccontextmanager
    async def turn() -> AsyncIterator[int]:
        yield most

    return Retention(database, months=months, zone=zone, turn=turn)


async def finish(retention: Retention) -> None:
    while await retention.step():
        pass


def first_kept(months: int = 13) -> datetime:
    """Return when the first month begins that is kept."""
    today = datetime.now(ZONE)
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return datetime(year, month + 1, 1, tzinfo=ZONE)


async def execute(database: Database, *statements: str, **values: Any) -> None:
    async with database.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), values if ":" in statement else {})


async def closed(database: Database, *, zone: str = str(ZONE)) -> None:
    """Have all that was recorded in the reports, and all requisitions that are closed noticed."""
    await catch_up(following(database, zone))
    closing = Closing(database, to_file=False)
    while await closing.step():
        pass


async def kept(database: Database) -> list[str]:
    return [
        row["code"] for row in await rows_of(database, "SELECT code FROM tasks.scans ORDER BY scanned_at")
    ]


_SCAN = """
    WITH used AS (INSERT INTO tasks.operations (operation_id) VALUES (:id))
    INSERT INTO tasks.scans (operation_id, task_id, worker, code, sent_quantity, quantity, outcome,
                             task_status, remaining_lines, scanned_at, picked_at)
    VALUES (:id, :task_id, 'ana', :code, 1, 1, 'picked', 'in_progress', 1, :at, :made_at)
"""


class Past:
    """Tasks and scans of another time."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def task(
        self, closed_at: datetime | None, *, status: str = "completed", requisition: str = ""
    ) -> int:
        """Make a task of a requisition, which is closed where it says when."""
        async with self.database.begin() as connection:
            values: dict[str, Any] = {"number": requisition or str(uuid4())}
            statement = """
                INSERT INTO tasks.requisitions (number, destination) VALUES (:number, '')
                ON CONFLICT (number) DO UPDATE SET destination = '' RETURNING id
            """
            requisition_id = await connection.scalar(text(statement), values)
            statement = "INSERT INTO tasks.pick_tasks (lines_open) VALUES (1) RETURNING id"
            task_id: int = await connection.scalar(text(statement)) or 0
            served = "INSERT INTO tasks.task_requisitions VALUES (:task_id, :requisition_id)"
            values = {"task_id": task_id, "requisition_id": requisition_id}
            await connection.execute(text(served), values)
            if closed_at is not None:
                statement = """
                    UPDATE tasks.pick_tasks SET status = :status, completed_at = :at, lines_open = 0
                     WHERE id = :id
                """
                values = {"id": task_id, "at": closed_at, "status": status}
                await connection.execute(text(statement), values)
        return task_id

    async def scan(self, task_id: int, code: str, at: datetime, made_at: datetime | None = None) -> UUID:
        """Record a scan that arrived at a time."""
        operation_id = uuid4()
        values = {"id": operation_id, "task_id": task_id, "code": code, "at": at, "made_at": made_at}
        await execute(self.database, _SCAN, **values)
        return operation_id


@pytest.fixture
def past(empty: Database) -> Past:
    return Past(empty)


async def _sums(database: Database) -> list[Any]:
    tables = ("workers", "quarters", "articles", "locations", "tasks")
    found = [
        await rows_of(database, f"SELECT to_jsonb(r) AS row FROM tasks.report_{table} r ORDER BY 1")
        for table in tables
    ]
    return [[row for row in rows if _is_something(row["row"])] for rows in found]


def _is_something(row: dict[str, Any]) -> bool:
    return "task_id" in row or any(value for value in row.values() if isinstance(value, int))


# --- What goes, and what stays


async def test_what_is_before_the_month_goes(past: Past, empty: Database) -> None:
    cut, moment = first_kept(), timedelta(microseconds=1)
    old = await past.task(cut - moment)
    await past.scan(old, "first", cut - timedelta(days=300))
    await past.scan(old, "last before", cut - moment)
    young = await past.task(cut)
    await past.scan(young, "closed later", cut - timedelta(days=1))
    await past.scan(young, "at midnight", cut)
    await closed(empty)
    before = await _sums(empty)
    since = await last_audited(empty)
    await finish(retaining(empty))
    assert await kept(empty) == ["closed later", "at midnight"]
    assert await rows_of(empty, "SELECT removed_before, first_day FROM tasks.scan_retention") == [
        {"removed_before": cut, "first_day": cut.date()}
    ]
    assert await _sums(empty) == before
    (entry,) = await audited(empty, since)
    assert (entry["actor"], entry["action"]) == ("system", Action.SCANS_REMOVED)
    assert datetime.fromisoformat(entry["after"]["before"]) == cut


async def test_off_by_default(past: Past, empty: Database, settings: TaskSettings) -> None:
    assert settings.scan_retention_months is None
    task_id = await past.task(datetime(2020, 1, 2, tzinfo=UTC))
    await past.scan(task_id, "old", datetime(2020, 1, 1, tzinfo=UTC))
    await closed(empty)
    assert not await retaining(empty, settings.scan_retention_months).step()
    assert await kept(empty) == ["old"]
    assert await rows_of(empty, "SELECT * FROM tasks.scan_retention") == []


@pytest.mark.parametrize("months", ["12", "0", "-1", "1201", "13.5", "ever"])
def test_less_than_a_year_and_a_month_is_no_setting(settings: TaskSettings, months: str) -> None:
    with pytest.raises(ValidationError, match="scan_retention_months"):
        TaskSettings.model_validate(settings.model_dump() | {"scan_retention_months": months})
    unset = TaskSettings.model_validate(settings.model_dump() | {"scan_retention_months": ""})
    assert unset.scan_retention_months is None


async def test_open_tasks_and_what_belongs_to_them_are_left_alone(past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    for code, closed_at, status, requisition in (
        ("open", None, "", "R1"),
        ("done, of an order that is open", at, "completed", "R1"),
        ("cancelled", at, "cancelled", "R2"),
        ("done", at, "completed", "R2"),
        ("of an order that was closed lately", at, "completed", "R3"),
        ("closed lately", first_kept() + timedelta(days=1), "cancelled", "R3"),
    ):
        await past.scan(await past.task(closed_at, status=status, requisition=requisition), code, at)
        at += timedelta(seconds=1)
    await closed(empty)
    await finish(retaining(empty, most=2))
    stays = await kept(empty)
    assert stays == ["open", "done, of an order that is open", "of an order that was closed lately",
                     "closed lately"]  # fmt: skip


async def test_nothing_goes_before_the_reports_have_it(past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    task_id = await past.task(at)
    await past.scan(task_id, "old", at)
    await finish(retaining(empty))  # nothing was ever followed
    assert await kept(empty) == ["old"]
    await catch_up(following(empty))
    await finish(retaining(empty))  # the requisition was not noticed as closed
    assert await kept(empty) == ["old"]
    await closed(empty)
    await finish(retaining(empty, zone="UTC"))  # the reports are of other days
    assert await kept(empty) == ["old"]
    # It came after all was followed that there was.
    await past.scan(task_id, "late", at + timedelta(seconds=1))
    await finish(retaining(empty))
    assert await kept(empty) == ["late"]
    await closed(empty)
    await finish(retaining(empty))
    assert await kept(empty) == []


async def test_who_keeps_more_by_now_keeps_more(past: Past, empty: Database) -> None:
    for months in (30, 20):
        at = first_kept(months) - timedelta(days=1)
        await past.scan(await past.task(at), str(months), at)
    await closed(empty)
    await finish(retaining(empty, 25))
    assert await kept(empty) == ["20"]
    await finish(retaining(empty, 13))
    assert await kept(empty) == []
    at = first_kept(20) - timedelta(days=1)
    await past.scan(await past.task(at), "restored", at)
    await closed(empty)
    await finish(retaining(empty, 25))
    assert await kept(empty) == ["restored"]


# --- However it is done


class Killed(Exception):
    """The process is gone."""


@pytest.mark.parametrize("statement", range(1, 24, 2))
async def test_killed_at_any_point_it_goes_on(
    past: Past, empty: Database, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    at = first_kept() - timedelta(days=40)
    task_id = await past.task(at)
    for number in range(7):
        await past.scan(task_id, str(number), at - timedelta(seconds=number))
    await closed(empty)
    before = await _sums(empty)
    execute_, asked = AsyncConnection.execute, 0

    async def die(self: AsyncConnection, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        result = await execute_(self, *arguments, **options)
        if asked == statement:
            raise Killed
        return result

    with monkeypatch.context() as changed:
        changed.setattr(AsyncConnection, "execute", die)
        with pytest.raises(Killed):
            await finish(retaining(empty, most=2))
    await finish(retaining(empty, most=2))
    assert await kept(empty) == []
    await execute(empty, "DELETE FROM tasks.report_state")
    await catch_up(following(empty))
    assert await _sums(empty) == before


async def test_several_at_once_and_scans_meanwhile(migrated: SecretStr, past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    task_id = await past.task(at)
    for number in range(30):
        await past.scan(task_id, str(number), at - timedelta(seconds=number))
    await closed(empty)
    young = await past.task(None)
    async with Database(migrated, application="tests", pool_size=3) as other:
        several = [retaining(one, most=3) for one in (empty, other, other)]
        while [code for code in await kept(empty) if not code.startswith("new")]:
            await asyncio.gather(*(one.step() for one in several), past.scan(young, "new", datetime.now(UTC)))
    assert set(await kept(empty)) == {"new"}


# --- What was made of them


async def _agree(url: SecretStr, drawn: Any, late: Any, aged: Sequence[int], closes: Sequence[int]) -> None:
    async with Database(url, application="tests", pool_size=2) as database:
        await empty_tables(database, metadata)
        await execute(database, *SETUP)
        sent = await record(database, drawn)
        await execute(
            database,
            f"""UPDATE tasks.pick_tasks SET status = 'cancelled', completed_at = now()
                WHERE id IN ({", ".join(map(str, [0, *closes]))}) AND status <> 'completed'""",
            *_age(aged),
        )
        await closed(database)
        scans, undos = await rows_of(database, SCANS), await rows_of(database, _UNDOS)
        tasks = {row["id"] for row in await rows_of(database, _CLOSED)}
        await assert_sums(database, await Recount.of(database))

        await finish(retaining(database, most=3))

        stays = {row["operation_id"] for row in await rows_of(database, SCANS)}
        undos_stay = {row["operation_id"] for row in await rows_of(database, _UNDOS)}
        removed = Removed(
            [row for row in scans if row["operation_id"] not in stays],
            [row for row in undos if row["operation_id"] not in undos_stay],
        )
        assert removed.scans == [row for row in scans if row["task_id"] in tasks and row["at"] < first_kept()]
        await assert_sums(database, await Recount.of(database, removed))
        await _send_again(database, sent, {row["operation_id"] for row in removed.scans})
        before = {row["operation_id"] for row in await rows_of(database, SCANS)}
        await record(database, late)
        # Some of what comes now was made in a month of which scans were removed.
        for row in await rows_of(database, SCANS):
            if row["operation_id"] not in before and row["operation_id"].int % 2:
                values = {"id": row["operation_id"]}
                statement = f"""UPDATE tasks.scans SET picked_at = scanned_at - interval '{AGED}'
                                 WHERE operation_id = :id"""
                async with database.begin() as connection:
                    await connection.execute(text(statement), values)
        await catch_up(following(database, most=3))
        await assert_sums(database, await Recount.of(database, removed))
        await execute(database, "DELETE FROM tasks.report_state")
        for zone in (str(ZONE), "UTC", str(ZONE)):
            await catch_up(following(database, zone, most=7))
        await assert_sums(database, await Recount.of(database, removed))


def _age(tasks: Sequence[int]) -> list[str]:
    """Return what makes all of some tasks old."""
    ids = ", ".join(map(str, [0, *tasks]))
    times = {
        "scans": ("scanned_at", "picked_at"), "shortages": ("created_at", "picked_at"),
        "undos": ("undone_at", "picked_at", "undone_done_at"),
    }  # fmt: skip
    aged = [
        f"UPDATE tasks.{table} SET {at} = {at} - interval '{AGED}' WHERE task_id IN ({ids})"
        for table, columns in times.items()
        for at in columns
    ]
    return [*aged, f"""UPDATE tasks.pick_tasks SET completed_at = completed_at - interval '{AGED}',
                              created_at = created_at - interval '{AGED}' WHERE id IN ({ids})"""]  # fmt: skip


# Those of which all that belongs to their orders was closed long ago.
_CLOSED = f"""
    SELECT task_id AS id FROM tasks.task_requisitions
     WHERE requisition_id NOT IN (
           SELECT r.requisition_id FROM tasks.task_requisitions r JOIN tasks.pick_tasks t ON t.id = r.task_id
            WHERE t.status NOT IN ('completed', 'cancelled') OR t.completed_at > now() - interval '{AGED}')
"""


async def _send_again(database: Database, sent: Sequence[Any], removed: set[UUID]) -> None:
    """Send all again: what is not kept says so, and nothing is counted again."""
    for operation in sent:
        (answer,) = await service.record(database, [operation], timedelta(days=1), Confirming())
        if operation.kind == "scan":
            assert isinstance(answer, OperationNotKept) == (operation.operation_id in removed)
    if sent:
        both = await service.record(database, [*sent], timedelta(days=1), Confirming())
        assert len(both) == len(sent)


@pytest.mark.parametrize(
    "examples", [6, pytest.param(300, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])]
)
def test_reports_stay_what_they_are(migrated: SecretStr, examples: int) -> None:
    phases = [Phase.explicit, Phase.reuse, Phase.generate]  # see test_report_sums.py
    some = st.sampled_from([[1], [2], [1, 2], [1, 2]])

    @settings(
        max_examples=examples, phases=phases, suppress_health_check=[HealthCheck.too_slow], deadline=None
    )
    @given(drawn=batches, late=batches, aged=some, closes=some)
    def agree(drawn: Any, late: Any, aged: Any, closes: Any) -> None:
        asyncio.run(_agree(migrated, drawn, late, aged, closes))

    agree()


async def test_sums_by_the_thousand_are_made_anew_in_steps(past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    await past.scan(await past.task(at), "old", at)
    await past.scan(await past.task(None), "new", datetime.now(UTC))
    await closed(empty)
    await finish(retaining(empty))
    before = await _sums(empty)
    await execute(
        empty,
        f"""INSERT INTO tasks.report_articles
            SELECT 'day', now()::date, 'wrong ' || n, 1, 1, 1, 1, 1, 1, 1
              FROM generate_series(1, {2 * AT_ONCE + 1}) n""",
        "DELETE FROM tasks.report_state",
    )
    await catch_up(following(empty))
    assert await _sums(empty) == before


async def test_at_the_boundary_another_time_zone_counts_nothing_twice(past: Past, empty: Database) -> None:
    """Months begin earlier here than by UTC, and later than in Tokyo."""
    cut, hour = first_kept(), timedelta(hours=1)
    old = await past.task(cut - 11 * hour)
    await past.scan(old, "before", cut - 12 * hour)
    open_ = await past.task(None)
    for code, at in (("just before", cut - hour / 2), ("just after", cut + hour / 2)):
        await past.scan(open_, code, at)
    await closed(empty)
    await finish(retaining(empty))
    assert await kept(empty) == ["just before", "just after"]
    total = "SELECT sum(scans) AS scans FROM tasks.report_workers"
    for zone in ("UTC", "America/New_York", "Asia/Tokyo", str(ZONE)):
        await catch_up(following(empty, zone))
        assert await rows_of(empty, total) == [{"scans": 3}]
    days = await rows_of(empty, "SELECT day, scans FROM tasks.report_workers WHERE scans > 0 ORDER BY day")
    first: date = cut.date()
    assert [(row["day"], row["scans"]) for row in days] == [(first - timedelta(days=1), 2), (first, 1)]


async def test_lag_is_said_of_what_is_not_kept(past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    await past.scan(await past.task(at), "old", at)
    await closed(empty)
    await finish(retaining(empty))
    follower = following(empty)
    assert await follower.lag() == (0,)
    await execute(empty, "DELETE FROM tasks.report_state")
    assert (await follower.lag())[0] > timedelta(days=360).total_seconds()
    await catch_up(follower)
    assert await follower.lag() == (0,)


async def test_a_task_that_is_changed_later_stays_where_it_was_finished(past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    task_id = await past.task(at)
    await past.scan(task_id, "old", at - timedelta(days=3))
    await closed(empty)
    before = await _sums(empty)
    await finish(retaining(empty))
    await execute(empty, "UPDATE tasks.pick_tasks SET priority = 7")
    await catch_up(following(empty))
    assert await _sums(empty) == before


# --- What people and programs are told


async def _aged_task(database: Database, warehouse: Warehouse) -> tuple[int, list[str]]:
    """Make a task that was done long ago; return it, and its operations."""
    task_id = await warehouse.task("ana", A=2, B=1)
    ids = [str(uuid4()) for _ in range(3)]
    for operation_id, code in zip(ids, ("A", "nobody knows", "A"), strict=True):
        await warehouse.scan(task_id, code, operation_id=operation_id)
    await warehouse.scan(task_id, "B")
    assert (await warehouse.get(task_id))["status"] == "completed"
    await execute(database, *_age([task_id]))
    return task_id, ids


async def _until_gone(database: Database, retention: Retention) -> None:
    """Go on until all is removed, beside the loops of a service that is running."""
    while await kept(database):
        await retention.step()
        await asyncio.sleep(0.01)


async def test_what_is_sent_again_is_known_and_not_counted(
    call: Caller, empty: Database, warehouse: Warehouse
) -> None:
    task_id, ids = await _aged_task(empty, warehouse)
    await _until_gone(empty, retaining(empty))
    status, answer = await warehouse.scan(task_id, "A", operation_id=ids[0])
    assert (status, answer["error"]["code"]) == (409, "operation_not_kept")
    assert ids[0] in answer["error"]["message"]
    batch = [
        {"kind": "scan", "task_id": task_id, "code": "A", "operation_id": ids[0]},
        {"kind": "undo", "undoes": ids[2], "operation_id": str(uuid4())},
        {"kind": "undo", "undoes": ids[2], "operation_id": ids[1]},
    ]
    status, answer = await call("POST", "/api/scans", {"operations": batch})
    assert status == 200
    codes = [(one["status"], one["error"]["code"]) for one in answer["results"]]
    assert codes == [(409, "operation_not_kept"), (404, "nothing_to_undo"), (409, "operation_not_kept")]
    task = await warehouse.get(task_id)
    assert [(line["sku"], line["picked"]) for line in task["lines"]] == [("A", 2), ("B", 1)]


async def test_lists_say_what_is_missing(call: Caller, empty: Database, warehouse: Warehouse) -> None:
    task_id, _ = await _aged_task(empty, warehouse)
    _, scans = await call("GET", f"/api/tasks/{task_id}/scans")
    assert (len(scans["items"]), scans["removed_before"]) == (4, None)
    await _until_gone(empty, retaining(empty))
    open_ = await warehouse.task("ana", A=2)
    _, scans = await call("GET", f"/api/tasks/{task_id}/scans")
    assert (scans["items"], datetime.fromisoformat(scans["removed_before"])) == ([], first_kept())
    _, scans = await call("GET", f"/api/tasks/{open_}/scans")
    assert scans["removed_before"] is None
    for since, said in ((first_kept() - timedelta(days=1), True), (first_kept(), False)):
        _, refused = await call(
            "GET", "/api/refusals", role=Role.SUPERVISOR, params={"since": since.isoformat()}
        )
        assert bool(refused["removed_before"]) == said


async def test_what_never_counted_goes_as_well(call: Caller, empty: Database, warehouse: Warehouse) -> None:
    await _aged_task(empty, warehouse)
    undo = {"undoes": str(uuid4()), "operation_id": str(uuid4())}
    assert (await call("POST", "/api/undo", undo))[0] == 404
    assert (await warehouse.scan(4711, "A"))[0] == 404
    await execute(
        empty,
        f"UPDATE tasks.undos SET undone_at = undone_at - interval '{AGED}'",
        f"UPDATE tasks.refusals SET refused_at = refused_at - interval '{AGED}'",
    )
    assert (await warehouse.scan(4712, "A"))[0] == 404
    retention = retaining(empty)
    await _until_gone(empty, retention)
    await finish(retention)
    assert await rows_of(empty, "SELECT task_id FROM tasks.refusals") == [{"task_id": 4712}]
    assert await rows_of(empty, _UNDOS) == []
    status, answer = await call("POST", "/api/undo", undo)
    assert (status, answer["error"]["code"]) == (409, "operation_not_kept")


async def _closings(database: Database, count: int) -> list[dict[str, Any]]:
    """Return the closings of the only requisition, once there are so many."""
    while True:
        found = await rows_of(database, "SELECT lines FROM tasks.requisition_results ORDER BY closing")
        if len(found) >= count:
            return found
        await asyncio.sleep(0.01)


async def test_a_later_closing_has_what_the_one_before_had(
    call: Caller, empty: Database, warehouse: Warehouse
) -> None:
    task_id, _ = await _aged_task(empty, warehouse)
    closings = await _closings(empty, 1)
    before = {line["sku"]: line for line in closings[0]["lines"]}
    assert before["A"]["workers"] == ["ana"]
    await _until_gone(empty, retaining(empty))
    # A second task for the same order, as when what was short is picked after all.
    await execute(
        empty,
        "UPDATE tasks.requisition_lines SET required = required + 1 WHERE article_id = 1",
        "INSERT INTO tasks.pick_tasks (status, lines_open) VALUES ('assigned', 1)",
        f"""INSERT INTO tasks.task_requisitions
            SELECT {task_id + 1}, requisition_id FROM tasks.task_requisitions""",
        f"INSERT INTO tasks.pick_task_workers VALUES ({task_id + 1}, 'ivo')",
        f"""INSERT INTO tasks.task_lines (task_id, requisition_line_id, article_id, required)
            SELECT {task_id + 1}, id, article_id, 1 FROM tasks.requisition_lines WHERE article_id = 1""",
    )
    assert (await warehouse.scan(task_id + 1, "A", user="ivo"))[0] == 200
    closings = await _closings(empty, 2)
    after = {line["sku"]: line for line in closings[1]["lines"]}
    assert after["B"] == before["B"]
    assert after["A"]["workers"] == ["ana", "ivo"]
    assert after["A"]["picked"] == 3
    assert after["A"]["finished_at"] > before["A"]["finished_at"]


async def test_the_metrics_say_how_far_scans_go_back(
    call: Caller, empty: Database, warehouse: Warehouse
) -> None:
    async def metrics() -> str:
        return str((await call("GET", "/metrics"))[1])

    assert sample(await metrics(), "scan_oldest_timestamp_seconds") == 0
    await _aged_task(empty, warehouse)
    page = await metrics()
    assert 0 < sample(page, "scan_oldest_timestamp_seconds") < first_kept().timestamp()
    removed = sample(page, "scans_removed_total")
    await _until_gone(empty, retaining(empty))
    page = await metrics()
    assert sample(page, "scan_oldest_timestamp_seconds") == 0
    assert sample(page, "scans_removed_total") == removed + 4


async def test_the_service_does_it_by_itself(
    settings: TaskSettings, app: Callable[[TaskSettings], FastAPI], past: Past, empty: Database
) -> None:
    at = first_kept() - timedelta(days=40)
    await past.scan(await past.task(at), "old", at)
    await past.scan(await past.task(None), "open", at)
    await closed(empty)
    wanted = settings.model_copy(update={"scan_retention_months": 13})
    async with served(app(wanted), TaskState):
        while await kept(empty) != ["open"]:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def test_the_doctor_says_which_sums_stay(migrated: SecretStr, past: Past, empty: Database) -> None:
    at = first_kept() - timedelta(days=40)
    await past.scan(await past.task(at), "old", at)
    await past.scan(await past.task(None), "new", datetime.now(UTC))
    await closed(empty)
    await finish(retaining(empty))
    assert await said_of(migrated) == []
    await execute(empty, "UPDATE tasks.report_workers SET pieces = 7 WHERE day > now() - interval '2 days'")
    (found,) = await said_of(migrated)
    assert f"sums of days before {first_kept().date()} stay" in found.mend
    await execute(empty, "DELETE FROM tasks.report_state")
    await catch_up(following(empty))
    assert await said_of(migrated) == []
    assert await rows_of(empty, "SELECT sum(scans) AS scans FROM tasks.report_workers") == [{"scans": 2}]
