"""Whatever is sent, in whatever order, late, twice or taken back: the sums are what a recount comes to."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import UndoIn
from magacin.contracts.tasks.pick_tasks import Pieces, PlanIn
from magacin.contracts.tasks.reports import ReportBy
from magacin.contracts.tasks.scans import ScanIn, ScanOutcome
from magacin.contracts.tasks.shortages import ShortageIn, ShortageReason
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.tasks.codes import CodeRules
from magacin.tasks.models import metadata
from magacin.tasks.planning import service as planning
from magacin.tasks.planning.moves import Source
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.scans import service
from magacin.tasks.scans.ledger import Operation
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.state import Confirming
from magacin.tasks.scans.undo import Undo
from tests.support import empty_tables
from tests.tasks.test_following import added_up, catch_up, following

_ZONE = ZoneInfo("Europe/Belgrade")
_RULES = CodeRules()
_PEOPLE = [Identity("ana", Role.WORKER), Identity("marko", Role.WORKER), Identity("vera", Role.SUPERVISOR)]
_COUNTED = {ScanOutcome.PICKED, ScanOutcome.LINE_COMPLETE, ScanOutcome.TASK_COMPLETE}
# Two tasks of two lines each, of which the last has no place.
SETUP = (
    "INSERT INTO tasks.articles (sku, description) VALUES ('A', ''), ('B', '')",
    "INSERT INTO tasks.locations (code, zone, aisle, sequence) VALUES ('L1', '', '', 1), ('L2', '', '', 2)",
    """INSERT INTO tasks.requisitions (number, destination, due_at)
       VALUES ('R1', '', now() - interval '1 day'), ('R2', '', NULL)""",
    "INSERT INTO tasks.pick_tasks (status, lines_open) VALUES ('in_progress', 2), ('in_progress', 2)",
    "INSERT INTO tasks.task_requisitions VALUES (1, 1), (2, 2)",
    "INSERT INTO tasks.pick_task_workers VALUES (1, 'ana'), (1, 'marko'), (2, 'ana'), (2, 'marko')",
    """INSERT INTO tasks.requisition_lines (requisition_id, article_id, required)
       VALUES (1, 1, 3), (1, 2, 2), (2, 1, 2), (2, 2, 4)""",
    """INSERT INTO tasks.task_lines (id, task_id, requisition_line_id, article_id, location_id, required)
       SELECT id, requisition_id, id, article_id, CASE WHEN id < 4 THEN article_id END,
              required FROM tasks.requisition_lines""",
)

# A night and an afternoon, which overlap; most of the day has no shift.
SHIFTS = """
    WITH made AS (INSERT INTO tasks.shifts (name, revision, changed_by)
                  VALUES ('N', 1, ''), ('L', 1, '') RETURNING id, name)
    INSERT INTO tasks.shift_hours (shift_id, weekdays, starts, ends, since)
    SELECT id, '{1,2,3,4,5,6,7}', CASE name WHEN 'N' THEN 1200 ELSE 840 END,
           CASE name WHEN 'N' THEN 360 ELSE 1320 END, '2020-01-01' FROM made
"""

_sent = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["scan", "scan", "scan", "shortage", "undo", "undo", "plan"]),
        "who": st.sampled_from(_PEOPLE),
        "task": st.sampled_from([1, 2]),
        "line": st.integers(1, 4),
        "code": st.sampled_from(["A", "B", "?"]),
        "quantity": st.integers(1, 3),
        "of": st.integers(0, 20),
        "late": st.sampled_from([None, 0, 5, 30, 700, 1500, 3000, 20_000, 60_000]),  # minutes
        "again": st.booleans(),
    }
)
batches = st.lists(st.lists(_sent, min_size=1, max_size=5), min_size=1, max_size=8)


async def record(
    database: Database, drawn: Sequence[Sequence[dict[str, Any]]], *, now_and_then: bool = False
) -> list[Operation]:
    """Record what was drawn, and follow some of it where that is asked; return the operations."""
    sent: list[UUID] = []
    done: list[Operation] = []
    follower = following(database, most=3)
    for one in drawn:
        batch = [operation for each in one if (operation := _operation(each, sent)) is not None]
        again = [operation for operation, each in zip(batch, one, strict=False) if each["again"]]
        done += batch
        for operations in filter(None, (batch, again)):
            await service.record(database, operations, timedelta(days=1), Confirming())
        for each in one:
            if each["kind"] == "plan":
                await _plan(database, each)
        if now_and_then:
            await follower.step()
            await added_up(database)
    return done


def _operation(each: dict[str, Any], sent: list[UUID]) -> Operation | None:
    made = None if each["late"] is None else datetime.now(UTC) - timedelta(minutes=each["late"])
    id_ = uuid4()
    common: dict[str, Any] = {"operation_id": id_, "picked_at": made}
    if each["kind"] == "undo":
        if not sent:
            return None
        return Undo(UndoIn(undoes=sent[each["of"] % len(sent)], **common), each["who"])
    if each["kind"] == "plan":
        return None
    sent.append(id_)
    if each["kind"] == "scan":
        request = ScanIn(task_id=each["task"], code=each["code"], quantity=each["quantity"], **common)
        return Scan.of(request, each["who"], _RULES)
    reason = ShortageReason.DAMAGED
    report = ShortageIn(line_id=each["line"], quantity=each["quantity"], reason=reason, **common)
    return Shortage(1 if each["line"] <= 2 else 2, report, each["who"])


async def _plan(database: Database, each: dict[str, Any]) -> None:
    """Move what is left of a line to another task and place: the line may be gone then."""
    plan = PlanIn(
        lines=[Pieces(line_id=each["line"], quantity=each["quantity"])], location="L2", operation_id=uuid4()
    )
    with contextlib.suppress(AppError):  # there is not as much left
        await planning.move(database, 1 if each["line"] <= 2 else 2, plan, Source.LEFT, None, _PEOPLE[2])


async def rows_of(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.begin() as connection:
        return [dict(row) for row in (await connection.execute(text(statement))).mappings()]


def _day(at: datetime) -> date:
    return at.astimezone(_ZONE).date()


SCANS = "SELECT *, scanned_at AS at FROM tasks.scans"


class Removed(NamedTuple):
    """Rows that were removed since they were recorded."""

    scans: list[dict[str, Any]]
    undos: list[dict[str, Any]]


class Recount:
    """Counts what was recorded, one by one, with nothing of how the sums are kept."""

    def __init__(self) -> None:
        self.workers: dict[Any, Counter[str]] = defaultdict(Counter)
        self.articles: dict[Any, Counter[str]] = defaultdict(Counter)
        self.locations: dict[Any, Counter[str]] = defaultdict(Counter)
        self.active: dict[Any, set[int]] = defaultdict(set)
        self.quarters: dict[Any, Counter[str]] = defaultdict(Counter)
        self.active_quarters: dict[Any, set[int]] = defaultdict(set)

    @classmethod
    async def of(cls, database: Database, removed: Removed | None = None) -> Recount:
        """Count what is there, and what was removed since."""
        self = cls()
        lines = {row["id"]: row for row in await rows_of(database, _LINES)}
        undos = await rows_of(database, "SELECT * FROM tasks.undos")
        if removed is not None:
            undos = removed.undos + undos
        undone = {row["undoes"]: row for row in undos if row["outcome"] == "undone"}
        skus = {
            row["id"]: row["sku"] for row in await rows_of(database, "SELECT id, sku FROM tasks.articles")
        }
        scans = await rows_of(database, SCANS)
        if removed is not None:
            scans = removed.scans + scans
        shortages = await rows_of(database, "SELECT *, created_at AS at FROM tasks.shortages")
        for row in scans:
            line = lines.get(row["line_id"], {})
            place = (skus.get(row["article_id"], line.get("sku", "")), line.get("location") or "")
            counts = row["outcome"] in _COUNTED
            completes = row["outcome"] in ("line_complete", "task_complete")
            self._add(row, place, "scans", "pieces", counts, completes, undone.get(row["operation_id"]))
        for row in shortages:
            line = lines.get(row["line_id"], {})
            place = (line.get("sku", ""), line.get("location") or "")
            completes = row["picked"] is not None and row["picked"] + row["short"] == row["required"]
            self._add(row, place, "shortages", "short_pieces", row["outcome"] == "reported", completes,
                      undone.get(row["operation_id"]))  # fmt: skip
        await self._add_tasks(database, scans, shortages, undone)
        return self

    def _add(
        self,
        row: Any,
        place: tuple[str, str],
        each: str,
        of_pieces: str,
        counts: bool,
        completes: bool,
        undo: Any,
    ) -> None:
        at = row["picked_at"] or row["at"]
        day = _day(at)
        midnight = datetime.combine(day, datetime.min.time(), _ZONE)
        slot = int((at - midnight.astimezone(UTC)).total_seconds() // 300)
        self.active[day, row["worker"]].add(slot)
        self.active_quarters[day, slot // 3, row["worker"]].add(slot % 3)
        added: Counter[str] = Counter()
        if counts and undo is None:
            added += Counter({each: 1, of_pieces: row["quantity"]})
        if counts and completes:
            added["lines"] += 1
        if undo is not None:
            added["undone"] += each == "scans"
            added["lines"] -= undo["picked"] + undo["short"] + row["quantity"] == undo["required"]
        if not counts and each == "scans":
            added["refused"] += 1
        month = day.replace(day=1)
        for of, key in (
            (self.workers, (day, row["worker"])), (self.quarters, (day, slot // 3, row["worker"])),
            (self.articles, ("day", day, place[0])), (self.articles, ("month", month, place[0])),
            (self.locations, ("day", day, place[1])), (self.locations, ("month", month, place[1])),
        ):  # fmt: skip
            of[key].update(added)

    async def _add_tasks(self, database: Database, scans: Any, shortages: Any, undone: Any) -> None:
        for task in await rows_of(database, _TASKS):
            done = [
                row for row in (*scans, *shortages)
                if row["task_id"] == task["id"] and row["outcome"] in {*_COUNTED, "reported"}
                and row["operation_id"] not in undone
            ]  # fmt: skip
            at, worker = task["completed_at"], task["worker"]
            if done:
                last = min(done, key=lambda row: (-_made(row).timestamp(), row["operation_id"]))
                at, worker = _made(last), last["worker"]
            due = task["due_at"]
            on_time = due is not None and at <= due
            counts = {"tasks": 1, "tasks_due": due is not None, "tasks_on_time": on_time}
            self.workers[_day(at), worker or ""].update(counts)
            midnight = datetime.combine(_day(at), datetime.min.time(), _ZONE).astimezone(UTC)
            quarter = int((at - midnight).total_seconds() // 900)
            self.quarters[_day(at), quarter, worker or ""].update(counts)


def _made(row: Any) -> datetime:
    at: datetime = row["picked_at"] or row["at"]
    return at


_LINES = """
    SELECT l.id, a.sku, o.code AS location
      FROM tasks.task_lines l JOIN tasks.articles a ON a.id = l.article_id
      LEFT JOIN tasks.locations o ON o.id = l.location_id
     UNION ALL
    SELECT g.id, a.sku, g.location FROM tasks.gone_lines g JOIN tasks.articles a ON a.id = g.article_id
"""
_TASKS = """
    SELECT t.id, t.completed_at, coalesce(t.due_at, min(r.due_at)) AS due_at,
           (SELECT min(worker) FROM tasks.pick_task_workers WHERE task_id = t.id) AS worker
      FROM tasks.pick_tasks t LEFT JOIN tasks.task_requisitions l ON l.task_id = t.id
      LEFT JOIN tasks.requisitions r ON r.id = l.requisition_id
     WHERE t.status = 'completed' GROUP BY t.id
"""
_MEASURES = ("scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces")


async def _sums(
    database: Database, table: str, *keys: str, more: Iterable[str] = ()
) -> dict[Any, dict[str, int]]:
    rows = await rows_of(database, f"SELECT * FROM tasks.{table}")
    return _told({tuple(row[key] for key in keys): {name: row[name] for name in (*_MEASURES, *more)}
                  for row in rows})  # fmt: skip


def _told(sums: dict[Any, Any]) -> dict[Any, dict[str, int]]:
    """Return what is not 0: a sum of nothing is none."""
    found = {key: {name: int(value) for name, value in one.items() if value} for key, one in sums.items()}
    return {key: one for key, one in found.items() if one}


async def assert_sums(database: Database, recount: Recount) -> None:
    """Assert that all sums are what a recount came to."""
    tasks = ("tasks", "tasks_due", "tasks_on_time")
    assert await _sums(database, "report_workers", "day", "worker", more=tasks) == _told(recount.workers)
    quarters = await _sums(database, "report_quarters", "day", "quarter", "worker", more=tasks)
    assert quarters == _told(recount.quarters)
    assert await _sums(database, "report_articles", "grain", "starts", "sku") == _told(recount.articles)
    locations = await _sums(database, "report_locations", "grain", "starts", "location")
    assert locations == _told(recount.locations)
    active = {
        (row["day"], row["worker"]): {place for place, bit in enumerate(row["active"]) if bit == "1"}
        for row in await rows_of(database, "SELECT day, worker, active::text FROM tasks.report_workers")
    }
    assert {key: found for key, found in active.items() if found} == dict(recount.active)
    by_quarter = {
        (row["day"], row["quarter"], row["worker"]): {
            place for place, bit in enumerate(row["bits"]) if bit == "1"
        }
        for row in await rows_of(database, "SELECT *, active::text AS bits FROM tasks.report_quarters")
    }
    assert {key: found for key, found in by_quarter.items() if found} == dict(recount.active_quarters)


async def _by_shift(database: Database) -> list[dict[str, Any]]:
    span = Span(datetime.now(_ZONE).date() - timedelta(days=45), datetime.now(_ZONE).date())
    async with database.begin() as connection:
        page = await ReportRepository(connection).page(ReportBy.SHIFT, span, None, None, 100)
    return [dict(row) for row in page]


async def assert_added_up(database: Database) -> None:
    """Assert that what is added up of a report by shift is what its quarters come to."""
    found = await _by_shift(database)
    async with database.begin() as connection:
        all_days = (
            "INSERT INTO tasks.report_changed_days SELECT day FROM tasks.report_workers UNION"
            " SELECT day FROM tasks.report_shifts ON CONFLICT DO NOTHING"
        )
        await connection.execute(text(all_days))
    assert found == await _by_shift(database)


async def _agree(url: SecretStr, drawn: Any, *, now_and_then: bool) -> None:
    async with Database(url, application="tests", pool_size=2) as database:
        await empty_tables(database, metadata)
        async with database.begin() as connection:
            for statement in SETUP:
                await connection.execute(text(statement))
            await connection.execute(text(SHIFTS))
        await record(database, drawn, now_and_then=now_and_then)
        await catch_up(following(database))
        await assert_sums(database, await Recount.of(database))
        await assert_added_up(database)


@pytest.mark.parametrize(
    "examples", [6, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])]
)
def test_the_sums_are_what_a_recount_comes_to(migrated: SecretStr, examples: int) -> None:
    # To find a smaller one would take minutes: what failed is short enough to be read.
    phases = [Phase.explicit, Phase.reuse, Phase.generate]

    @settings(max_examples=examples, phases=phases, suppress_health_check=[HealthCheck.too_slow])
    @given(drawn=batches, now_and_then=st.booleans())
    def agree(drawn: Any, *, now_and_then: bool) -> None:
        asyncio.run(_agree(migrated, drawn, now_and_then=now_and_then))

    agree()
