"""Reports: what they say, to whom, and as which files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
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
from magacin.contracts.tasks.reports import (
    MEASURES,
    TASK_MEASURES,
    Figures,
    ReportBy,
    ReportPeriod,
    ReportsForWorkers,
    ReportSort,
)
from magacin.core.db import Database
from magacin.tasks.reports.periods import named
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, serving
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import added_up, catch_up, following
from tests.tasks.test_following import alone as only
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
    assert by_day["totals"]["seconds_per_line"] == round(60 * minutes / 2, 1)
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


async def _said(manager: Manager, kind: str, since: int, **body: Any) -> int:
    """Make a team or a shift that is there since some days; return its id."""
    status, made = await manager.call("POST", f"/api/{kind}s", body, user="vera", role=Role.SUPERVISOR)
    assert status == 201, made
    of = int(made[f"{kind}_id"])
    async with manager.database.begin() as connection:
        for table in {"team": ("team_members", "team_shifts"), "shift": ("shift_hours",)}[kind]:
            await connection.execute(
                text(f"UPDATE tasks.{table} SET since = since - {since} WHERE {kind}_id = {of}")
            )
    return of


async def test_a_report_by_team_is_of_the_team_of_each_day(manager: Manager) -> None:
    await manager.work()
    await _said(manager, "team", 1, name="Cold", workers=["ana"])
    await _said(manager, "team", 0, name="Dry", workers=["ana"])
    names = ("pieces", "undone", "tasks")
    found = await manager.report("team")
    assert _told(found["items"], *names) == {"Cold": (2, 0, 0), "Dry": (5, 1, 1)}
    before = str(manager.today - timedelta(days=2))
    assert _told((await manager.report("team", first_day=before, last_day=before))["items"], *names) == {}
    assert found["totals"]["pieces"] == 7
    assert sum(row["figures"]["active_hours"] for row in found["items"]) == pytest.approx(
        found["totals"]["active_hours"], abs=0.02
    )


async def test_a_report_by_shift_is_of_the_hours_of_each_day(manager: Manager) -> None:
    task_id = await manager.warehouse.task("ana", "ivo", A=100)
    days = [manager.today - timedelta(days=count) for count in (3, 2, 1)]

    async def scan(day: date, hour: int, minute: int, pieces: int, user: str = "ana") -> None:
        at = datetime.combine(day, time(hour, minute), _ZONE).isoformat()
        assert (await manager.warehouse.scan(task_id, "A", pieces, picked_at=at, user=user))[0] == 200

    every = [1, 2, 3, 4, 5, 6, 7]
    # The night begins on the second day alone; the afternoon is there since the third.
    night = [days[1].isoweekday()]
    await _said(manager, "shift", 9, name="Night", weekdays=night, starts="22:00", ends="06:00")
    await _said(manager, "shift", 9, name="Morning", weekdays=every, starts="06:00", ends="14:00")
    late = await _said(manager, "shift", 1, name="Late", weekdays=every, starts="13:45", ends="21:45")
    await _said(manager, "team", 9, name="B", shift_id=late, workers=["ivo"])

    await scan(days[0], 22, 30, 1)  # no night then
    await scan(days[1], 13, 50, 2)  # no afternoon then
    await scan(days[1], 14, 0, 3)
    await scan(days[1], 22, 0, 4)
    await scan(days[2], 5, 59, 5)
    await scan(days[2], 6, 0, 6)
    await scan(days[2], 13, 50, 7)  # two shifts: the one that began first
    await scan(days[2], 13, 50, 8, user="ivo")  # and the one of his team
    await scan(days[2], 21, 44, 9)
    await catch_up(following(manager.database))

    found = await manager.report("shift")
    assert _told(found["items"], "pieces", "scans") == {
        "": (1 + 3, 2), "Late": (8 + 9, 2), "Morning": (2 + 6 + 7, 3), "Night": (4 + 5, 2),
    }  # fmt: skip
    assert found["totals"]["pieces"] == 45
    assert all(row["figures"]["active_hours"] > 0 for row in found["items"])
    of_ivo = await manager.report("shift", worker="ivo")
    assert _told(of_ivo["items"], "pieces") == {"Late": (8,)}
    one_day = await manager.report("shift", first_day=str(days[2]), last_day=str(days[2]))
    told = {row["key"]: (row["figures"]["pieces"], row["before"]["pieces"]) for row in one_day["items"]}
    assert told == {"": (0, 3), "Late": (17, 0), "Morning": (13, 2), "Night": (5, 4)}
    page = await manager.report("shift", limit=2)
    rest = await manager.report("shift", limit=2, after=page["next_after"])
    assert [row["key"] for row in (*page["items"], *rest["items"])] == ["", "Late", "Morning", "Night"]


async def _everything_by_shift(manager: Manager) -> Any:
    first, last = manager.today - timedelta(days=30), manager.today
    found = await manager.report("shift", first_day=str(first), last_day=str(last))
    del found["read"]
    return found


async def _days(manager: Manager, table: str) -> set[date]:
    async with manager.database.begin() as connection:
        return {*(await connection.execute(text(f"SELECT day FROM tasks.{table}"))).scalars()}


@pytest.fixture
async def alone(migrated: SecretStr, manager: Manager) -> AsyncIterator[Database]:
    """Return the only database by which is followed and added up."""
    async with only(migrated) as database:
        yield database


async def test_days_that_are_over_are_added_up_and_anew_when_they_change(
    manager: Manager, alone: Database
) -> None:
    task_id = await manager.warehouse.task("ana", "ivo", A=100)
    days = [manager.today - timedelta(days=count) for count in range(5)]
    every = [1, 2, 3, 4, 5, 6, 7]

    async def scan(day: date, hour: int, user: str = "ana") -> None:
        at = datetime.combine(day, time(hour), _ZONE).isoformat()
        assert (await manager.warehouse.scan(task_id, "A", 1, picked_at=at, user=user))[0] == 200
        await catch_up(following(alone))

    await _said(manager, "shift", 20, name="Night", weekdays=every, starts="18:00", ends="07:00")
    late = await _said(manager, "shift", 20, name="Late", weekdays=every, starts="19:00", ends="21:00")
    for day in days[1:]:
        for hour in (6, 12, 20):
            await scan(day, hour)
    plain = await _everything_by_shift(manager)
    await added_up(alone)
    assert await _days(manager, "report_changed_days") == {*days[:2]} - {manager.today}
    assert await _days(manager, "report_shifts") == {*days[2:]}
    assert await _everything_by_shift(manager) == plain

    # What comes late changes a day that was added up, and is in the report before it is so again.
    await scan(days[3], 20, user="ivo")
    assert days[3] in await _days(manager, "report_changed_days")
    told = _told((await _everything_by_shift(manager))["items"], "pieces")
    assert told == {"": (4,), "Night": (9,)}
    await added_up(alone)
    assert _told((await _everything_by_shift(manager))["items"], "pieces") == told

    # So does a team, from the day on since which it is so; what is set now is of today, and changes none.
    changed = {"name": "B", "shift_id": late, "workers": ["ivo"]}
    assert (await manager.call("POST", "/api/teams", changed, user="vera", role=Role.SUPERVISOR))[0] == 201
    assert not {*days[2:]} & await _days(manager, "report_changed_days")
    async with manager.database.begin() as connection:
        for table in ("team_members", "team_shifts"):
            await connection.execute(text(f"UPDATE tasks.{table} SET since = since - 3"))
    assert {*days[2:]} & await _days(manager, "report_changed_days") == {days[2], days[3]}
    await added_up(alone)
    told = _told((await _everything_by_shift(manager))["items"], "pieces")
    assert told == {"": (4,), "Night": (8,), "Late": (1,)}


async def test_a_year_by_shift_is_read_once_its_days_are_added_up(manager: Manager, alone: Database) -> None:
    year = {"first_day": str(manager.today - timedelta(days=365)), "last_day": str(manager.today)}
    task_id = await manager.warehouse.task("ana", A=7)
    assert (await manager.warehouse.scan(task_id, "A", 7))[0] == 200
    await catch_up(following(alone))
    async with manager.database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO tasks.report_changed_days SELECT current_date - d FROM generate_series(3, 200) d"
            )
        )
    status, refused = await manager.call(
        "GET", "/api/reports/shift", user="mira", role=Role.MANAGER, params=year
    )
    assert (status, refused["error"]["code"]) == (422, "too_many_days")
    assert (await manager.report("shift", worker="ana", **year))["totals"]["pieces"] == 7
    await added_up(alone)
    assert (await manager.report("shift", **year))["totals"]["pieces"] == 7


async def test_a_shift_on_a_day_whose_clock_is_set_back(manager: Manager) -> None:
    """The night of 25 October 2026 has a 25th hour, and it is of the shift that goes on."""
    await manager.warehouse.task("ana", A=10)
    scan = """
        WITH used AS (INSERT INTO tasks.operations (operation_id) VALUES (:id))
        INSERT INTO tasks.scans (operation_id, task_id, worker, code, sent_quantity, quantity, outcome,
                                 task_status, remaining_lines, scanned_at)
        VALUES (:id, 1, 'ana', 'A', :pieces, :pieces, 'picked', 'in_progress', 1, :at)
    """
    hours = """
        WITH shift AS (INSERT INTO tasks.shifts (name, revision, changed_by) VALUES ('N', 1, '') RETURNING id)
        INSERT INTO tasks.shift_hours (shift_id, weekdays, starts, ends, since)
        SELECT id, '{6}', 1320, 360, '2026-10-01' FROM shift
    """
    async with manager.database.begin() as connection:
        await connection.execute(text(hours))
        # The hour from two to three comes twice; six o'clock is five by UTC.
        for moment, pieces in (("00:30", 1), ("01:30", 2), ("04:59", 3), ("05:00", 4)):
            at = datetime.fromisoformat(f"2026-10-25T{moment}:00+00:00")
            await connection.execute(text(scan), {"id": uuid4(), "pieces": pieces, "at": at})
    await catch_up(following(manager.database))
    found = await manager.report("shift", first_day="2026-10-25", last_day="2026-10-25")
    assert _told(found["items"], "pieces") == {"N": (6,), "": (4,)}


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


def test_rows_can_be_in_the_order_of_every_figure() -> None:
    assert {*ReportSort} == {"key", *Figures.model_fields}


@pytest.mark.parametrize("by", ReportBy)
async def test_pages_in_the_order_of_a_figure_have_each_row_once(manager: Manager, by: ReportBy) -> None:
    # Once they are followed nobody empties the sums.
    await catch_up(following(manager.database))
    async with manager.database.begin() as connection:
        for statement in _unequal(manager.today):
            await connection.execute(text(statement))
    for sort in ReportSort:
        for descending in (False, True):
            found = await _paged(manager, by, sort=sort.value, descending=str(descending), limit=3)
            _require_order(found, sort, descending=descending)


async def _paged(manager: Manager, by: ReportBy, **asked: Any) -> list[dict[str, Any]]:
    page = await manager.report(by, **asked)
    found = [*page["items"]]
    while page["next_after"]:
        page = await manager.report(by, **asked, after=page["next_after"])
        found += page["items"]
    return found


def _require_order(found: list[dict[str, Any]], sort: ReportSort, *, descending: bool) -> None:
    keys = [row["key"] for row in found]
    assert keys
    assert len({*keys}) == len(keys)
    figures = [row["figures"].get(sort) for row in found]
    known = [figure for figure in figures if figure is not None]
    assert known == sorted(known, reverse=descending)
    # What is not known comes last, and equals stand by their keys.
    assert figures[len(known) :] == [None] * (len(figures) - len(known))
    for one, two in pairwise(zip(figures, keys, strict=True)):
        assert one[0] != two[0] or (one[1] > two[1]) is descending


def _unequal(today: date) -> Iterator[str]:
    """Work of seven days with figures that are equal now and then, some of which are not known."""
    row = "n % 3, n % 4, n % 2, n % 5, 0, n % 2, 1"
    days = f"date '{today}' - n AS day FROM generate_series(0, 6) n"
    idle = "repeat('0', 300)::bit(300)"
    active = f"CASE WHEN n % 4 = 0 THEN {idle} ELSE set_bit({idle}, n, 1) END"
    yield (
        f"INSERT INTO tasks.report_workers SELECT day, 'w' || n, {row}, n % 3, n % 2, 0, {active}"
        f" FROM (SELECT n, {days}) AS d"
    )
    yield (
        "INSERT INTO tasks.report_quarters"
        f" SELECT day, 'w' || n, 40, {row}, n % 3, n % 2, 0, B'100' FROM (SELECT n, {days}) AS d"
    )
    yield "INSERT INTO tasks.report_changed_days SELECT DISTINCT day FROM tasks.report_quarters"
    for table in ("report_articles", "report_locations"):
        yield f"INSERT INTO tasks.{table} SELECT 'day', day, 's' || n, {row} FROM (SELECT n, {days}) AS d"


async def test_a_place_in_another_order_is_refused(manager: Manager) -> None:
    for after in ("ana", "1e9|ana", "9" * 41 + "|ana", "NaN|ana"):
        query = {"sort": "pieces", "after": after}
        status, _ = await manager.call("GET", "/api/reports/worker", role=Role.MANAGER, params=query)
        assert status == 422


class TestDaysByName:
    @pytest.mark.parametrize(
        ("period", "today", "first", "last", "before"),
        [
            ("today", "2026-11-30", "2026-11-30", "2026-11-30", "2026-11-29"),
            ("yesterday", "2026-11-30", "2026-11-29", "2026-11-29", "2026-11-28"),
            # A Monday is compared with the Monday before, and not with a Sunday.
            ("this_week", "2026-11-30", "2026-11-30", "2026-11-30", "2026-11-23"),
            ("this_week", "2026-11-27", "2026-11-23", "2026-11-27", "2026-11-16"),
            ("last_week", "2026-11-30", "2026-11-23", "2026-11-29", "2026-11-16"),
            ("this_month", "2026-11-10", "2026-11-01", "2026-11-10", "2026-10-01"),
            ("last_month", "2026-11-10", "2026-10-01", "2026-10-31", "2026-08-31"),
            ("this_month", "2026-03-31", "2026-03-01", "2026-03-31", "2026-01-29"),
            ("last_month", "2026-01-01", "2025-12-01", "2025-12-31", "2025-10-31"),
        ],
    )
    def test_which_they_are(self, period: str, today: str, first: str, last: str, before: str) -> None:
        span = named(ReportPeriod(period), date.fromisoformat(today))
        assert (str(span.first), str(span.last), str(span.before.first)) == (first, last, before)

    @given(st.sampled_from(ReportPeriod), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    def test_as_many_are_before_and_none_is_in_both(self, period: ReportPeriod, today: date) -> None:
        span = named(period, today)
        assert span.first <= span.last <= today
        assert span.before.days == span.days
        assert span.before.last < span.first

    async def test_they_are_asked_for(self, manager: Manager) -> None:
        await manager.work()
        found = await manager.report("day", period="yesterday")
        yesterday = str(manager.today - timedelta(days=1))
        assert _told(found["items"], "pieces") == {yesterday: (2,)}
        assert (found["first_day"], found["last_day"]) == (yesterday, yesterday)
        assert found["last_day_before"] == str(manager.today - timedelta(days=2))
        both = {"period": "today", "first_day": yesterday, "last_day": yesterday}
        status, _ = await manager.call("GET", "/api/reports/day", role=Role.MANAGER, params=both)
        assert status == 422

    @pytest.mark.parametrize("by", ReportBy)
    async def test_what_is_between_counts_nowhere(self, manager: Manager, by: ReportBy) -> None:
        task_id = await manager.warehouse.task("ana", A=100)
        for days_ago, pieces in ((0, 1), (1, 2), (6, 4), (7, 8), (8, 16)):
            at = datetime.combine(manager.today - timedelta(days=days_ago), time(0), _ZONE)
            await manager.warehouse.scan(task_id, "A", pieces, picked_at=at.isoformat())
        await catch_up(following(manager.database))
        async with manager.database.begin() as connection:
            span = Span(manager.today, manager.today, back=7)
            [row] = await ReportRepository(connection).page(by, span, None, None, 500)
            totals = await ReportRepository(connection).totals(span, None)
        assert (row["pieces"], row["pieces_before"]) == (1, 8)
        assert (totals["pieces"], totals["pieces_before"]) == (1, 8)


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
    quarter = ", 0, 0, 0, B'100'"
    yield _MANY.format(
        table="report_quarters", key="starts, 'w' || n, 30", each="n", more=quarter, step="day"
    )
    sums = ", ".join(f"sum({name})" for name in (*MEASURES, *TASK_MEASURES))
    yield f"INSERT INTO tasks.report_shifts SELECT day, 0, {sums}, 5 FROM tasks.report_quarters GROUP BY day"
    yield "INSERT INTO tasks.report_changed_days SELECT date '2025-06-20' - n FROM generate_series(0, 30) n"
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
    small = ("report_state", "report_changed_days")
    assert [plan for plan in told if not any(table in plan for table in small)] == []
    # How far behind they are is asked of the first operation that they lack, which is found by its key.
    assert [plan for plan in plans if "tasks.scans" in plan and "tasks.task_turns" not in plan] == []
