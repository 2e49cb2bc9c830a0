"""Reports: what they say, to whom, and as which files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pydantic import SecretStr
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.contracts.tasks.reports import ReportBy, ReportsForWorkers
from magacin.core.db import Database
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, serving
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_indexes import _plans

_ZONE = ZoneInfo("Europe/Belgrade")


class Manager:
    """Does some work, and asks for reports of it."""

    def __init__(self, call: Caller, database: Database, warehouse: Warehouse) -> None:
        self.call, self.database, self.warehouse = call, database, warehouse
        self.today = datetime.now(_ZONE).date()

    async def work(self) -> None:
        """Ana picks 5 of 8 pieces at a place with a dangerous name, 3 are short, and a scan is taken back."""
        await self.call("PUT", "/api/locations/=1+1", {"sequence": 1}, role=Role.SUPERVISOR)
        await self.call("PUT", "/api/articles/A", {}, role=Role.SUPERVISOR)
        await self.call("PUT", "/api/articles/A/locations", {"locations": ["=1+1"]}, role=Role.SUPERVISOR)
        task_id = await self.warehouse.task("ana", A=8, B=2)
        lines = {line["sku"]: line["line_id"] for line in (await self.warehouse.get(task_id))["lines"]}
        yesterday = datetime.combine(self.today - timedelta(days=1), time(12), _ZONE)
        await self.warehouse.scan(task_id, "A", 2, picked_at=yesterday.isoformat())
        await self.warehouse.scan(task_id, "A", 3)
        await self.warehouse.scan(task_id, "nobody knows")
        taken_back = str(uuid4())
        await self.warehouse.scan(task_id, "B", 2, operation_id=taken_back)
        await self.call("POST", "/api/undo", {"undoes": taken_back, "operation_id": str(uuid4())})
        await self.warehouse.scan(task_id, "B", 2)
        short = {"line_id": lines["A"], "quantity": 3, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await self.call("POST", f"/api/tasks/{task_id}/shortages", short))[0] == 201
        await catch_up(following(self.database))

    async def report(self, by: str, **query: Any) -> dict[str, Any]:
        status, found = await self.call(
            "GET", f"/api/reports/{by}", user="mira", role=Role.MANAGER, params=query
        )
        assert status == 200, found
        return dict(found)


@pytest.fixture
def manager(call: Caller, empty: Database, warehouse: Warehouse) -> Manager:
    return Manager(call, empty, warehouse)


def _told(rows: list[dict[str, Any]], *names: str) -> dict[str, Any]:
    return {row["key"]: tuple(row["figures"][name] for name in names) for row in rows}


async def test_each_grouping_says_what_was_done(manager: Manager) -> None:
    await manager.work()
    today, yesterday = str(manager.today), str(manager.today - timedelta(days=1))

    by_day = await manager.report("day")

    assert (by_day["first_day"], by_day["last_day"]) == (str(manager.today - timedelta(days=6)), today)
    names = ("scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces", "tasks")
    assert _told(by_day["items"], *names) == {
        yesterday: (1, 2, 0, 0, 0, 0, 0, 0),
        today: (2, 5, 2, 1, 1, 1, 3, 1),
    }
    assert by_day["totals"]["accuracy"] == 0.6
    minutes = round(60 * by_day["totals"]["active_hours"])
    assert minutes % 5 == 0
    assert by_day["totals"]["pieces_per_hour"] == round(7 * 60 / minutes, 2)
    assert _told((await manager.report("worker"))["items"], "pieces") == {"ana": (7,)}
    assert _told((await manager.report("article"))["items"], "pieces", "refused", "active_hours") == {
        "": (0, 1, None), "A": (5, 0, None), "B": (2, 0, None),
    }  # fmt: skip
    assert _told((await manager.report("location"))["items"], "pieces", "short_pieces") == {
        "": (2, 0), "=1+1": (5, 3),
    }  # fmt: skip
    monday = manager.today - timedelta(days=manager.today.weekday())
    by_week = await manager.report("week", first_day=today, last_day=today)
    assert _told(by_week["items"], "pieces") == {str(monday): (5,)}
    assert by_week["totals_before"]["pieces"] == 2


async def test_what_was_before_is_told_beside(manager: Manager) -> None:
    await manager.work()
    found = await manager.report("worker", first_day=str(manager.today), last_day=str(manager.today))
    (row,) = found["items"]
    assert (row["figures"]["pieces"], row["before"]["pieces"]) == (5, 2)


async def test_pages_follow_each_other_by_key(manager: Manager) -> None:
    await manager.work()
    first = await manager.report("article", limit=2)
    rest = await manager.report("article", limit=2, after=first["next_after"])
    assert [row["key"] for row in (*first["items"], *rest["items"])] == ["", "A", "B"]
    assert rest["next_after"] is None


async def test_what_did_not_change_is_not_sent_again(manager: Manager) -> None:
    await manager.work()
    headers = manager.call.headers("mira", Role.MANAGER)
    url = f"{manager.call.url}/api/reports/day"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        tag = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(url, headers=headers | tag) as again:
            assert again.status == 304
        await manager.work()
        async with session.get(url, headers=headers | tag) as changed:
            assert changed.status == 200


async def test_files_have_every_row_and_no_formula(manager: Manager) -> None:
    await manager.work()
    headers = manager.call.headers("mira", Role.MANAGER)
    async with aiohttp.ClientSession() as session:
        async with session.get(
            f"{manager.call.url}/api/reports/location/report.csv", headers=headers
        ) as found:
            assert found.headers["Content-Disposition"].startswith(
                'attachment; filename="report-by-location-'
            )
            rows = list(csv.DictReader(io.StringIO((await found.text()).lstrip("\ufeff"))))
        async with session.get(
            f"{manager.call.url}/api/reports/location/report.xlsx", headers=headers
        ) as found:
            sheet = load_workbook(io.BytesIO(await found.read())).active
    assert [(row["location"], row["pieces"], row["tasks"]) for row in rows] == [
        ("", "2", ""), ("'=1+1", "5", ""),
    ]  # fmt: skip
    assert sheet is not None
    cells = list(sheet.iter_rows(values_only=True))
    assert [row[:3] for row in cells] == [
        ("location", "scans", "pieces"), (None, 1, 2), ("'=1+1", 2, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("for_workers", "path", "status"),
    [
        ("own", "day", 200), ("own", "worker?worker=ana", 200), ("own", "week", 200),
        ("own", "worker?worker=ivo", 403), ("own", "article", 403), ("own", "location/report.csv", 403),
        ("own", "day/report.xlsx?worker=ivo", 403), ("none", "day", 403), ("all", "article", 200),
        ("all", "worker?worker=ivo", 200),
    ],
)  # fmt: skip
async def test_what_workers_see(
    empty: Database,
    settings: TaskSettings,
    app: Callable[[TaskSettings], FastAPI],
    for_workers: str,
    path: str,
    status: int,
) -> None:
    one = app(settings.model_copy(update={"reports_for_workers": ReportsForWorkers(for_workers)}))
    async with serving(one) as url, aiohttp.ClientSession() as session:
        assert (await Caller(session, url)("GET", f"/api/reports/{path}"))[0] == status


async def test_a_worker_sees_their_own_figures_alone(manager: Manager) -> None:
    await manager.work()
    for user, pieces in (("ana", 7), ("ivo", 0)):
        _, found = await manager.call("GET", "/api/reports/day", user=user)
        assert (found["worker"], found["totals"]["pieces"]) == (user, pieces)
    # Who plans the work sees all of it.
    _, found = await manager.call("GET", "/api/reports/worker", user="vera", role=Role.SUPERVISOR)
    assert _told(found["items"], "pieces") == {"ana": (7,)}


@pytest.mark.parametrize(
    "query",
    [
        {"first_day": "2026-03-01"}, {"first_day": "2026-03-02", "last_day": "2026-03-01"},
        {"first_day": "2026-03-01", "last_day": "2029-03-01"}, {"first_day": "x", "last_day": "y"},
        {"limit": 501}, {"worker": "Not A Name"}, {"after": "\x00"},
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(manager: Manager, query: dict[str, Any]) -> None:
    role = Role.MANAGER
    assert (await manager.call("GET", "/api/reports/day", role=role, params=query))[0] == 422
    assert (await manager.call("GET", "/api/reports/month", role=role))[0] == 422


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900))
def test_months_and_days_cover_a_span_once(first: date, more: int) -> None:
    span = Span(first, first + timedelta(days=more))
    parts = sorted((start, end, grain) for grain, start, end in span.pieces() if start <= end)
    assert (parts[0][0], parts[-1][1]) == (span.first, span.last)
    assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(parts))
    months = [(start, end) for start, end, grain in parts if grain == "month"]
    assert all(one.day == 1 and (end + timedelta(days=1)).day == 1 for one, end in months)
    assert (span.before.last, span.before.days) == (span.first - timedelta(days=1), span.days)


# Fifty of each, every day of a year; a month has as much as its days.
_MANY = """
    INSERT INTO tasks.{table} SELECT {key}, {each}, {each}, {each}, 0, 0, 0, 0{more}
      FROM generate_series(1, 50) n,
           generate_series(timestamp '2025-01-01', timestamp '2025-12-31', '1 {step}') AS d (starts)
"""
_DAYS = {"day": "n", "month": "n * extract(day FROM starts + interval '1 month - 1 day')"}


def _filled() -> Iterator[str]:
    idle = ", 0, 0, 0, repeat('0', 300)::bit(300)"
    yield _MANY.format(table="report_workers", key="starts, 'w' || n", each="n", more=idle, step="day")
    for table in ("report_articles", "report_locations"):
        for step, each in _DAYS.items():
            yield _MANY.format(table=table, key=f"'{step}', starts, 's' || n", each=each, more="", step=step)


@pytest.mark.parametrize("by", ReportBy)
async def test_a_report_reads_sums_by_their_index_and_no_scans(
    migrated: SecretStr, empty: Database, by: ReportBy
) -> None:
    async with empty.begin() as connection:
        for statement in _filled():
            await connection.execute(text(statement))

    async def ask(database: Database) -> None:
        async with database.begin() as connection:
            repository = ReportRepository(connection)
            span = Span(date(2025, 3, 15), date(2025, 6, 20))
            rows = await repository.page(by, span, None, None, 500)
            totals = await repository.totals(span, None)
            await repository.lag()
            assert sum(row["pieces"] for row in rows) == totals["pieces"]

    # As requests have it: of a table without an index that serves, all is read all the same.
    plans = await _plans(Database(migrated, application="tests", pool_size=1, by_index=True), ask, "auto")

    assert any("pk_report_" in plan for plan in plans)
    told = [plan for plan in plans if "Seq Scan" in plan and "tasks." in plan.split("plan:")[1]]
    assert [plan for plan in told if "report_state" not in plan] == []
    assert [plan for plan in plans if "Scan on scans" in plan] == []
