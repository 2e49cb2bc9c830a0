"""Queries on the sums of reports. None of them reads scans."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES, ReportBy, ReportSort
from magacin.tasks.reports.by_shift import NOT_ADDED_UP, OF_EVERYBODY, OF_ONE, SO_THEN
from magacin.tasks.reports.following import ACTIVE_MINUTES, LAG

_SUMMED = (*MEASURES, *TASK_MEASURES)
_OF_WORKERS = (*_SUMMED, "minutes")
_WORKER_DAYS = f"""
    SELECT *, {ACTIVE_MINUTES} * bit_count(active) AS minutes, day >= :first AS now,
           CASE WHEN day >= :first THEN day ELSE day + CAST(:days AS integer) END AS shifted
      FROM tasks.report_workers
     WHERE day BETWEEN :before AND :last AND NOT (day > :before_last AND day < :first)
       AND (CAST(:worker AS text) IS NULL OR worker = :worker)
"""  # noqa: S608  a number
_TEAM_DAYS = f"""
    SELECT w.*, coalesce(t.name, '') AS team
      FROM ({_WORKER_DAYS}) AS w
      LEFT JOIN tasks.team_members m ON m.worker = w.worker AND {SO_THEN.format(of="m", day="w.day")}
      LEFT JOIN tasks.teams t ON t.id = m.team_id
"""  # noqa: S608  made of what stands above
_SOURCES = {ReportBy.TEAM: _TEAM_DAYS, ReportBy.SHIFT: OF_EVERYBODY}
_KEYS = {
    None: "''",
    ReportBy.DAY: "shifted::text",
    ReportBy.WEEK: "date_trunc('week', shifted)::date::text",
    ReportBy.SHIFT: "shift",
    ReportBy.TEAM: "team",
    ReportBy.WORKER: "worker",
    ReportBy.ARTICLE: "sku",
    ReportBy.LOCATION: "location",
}
# What rows are in order by, of the sums of the days that are meant.
_FIGURES = {
    **{ReportSort(name): name for name in _SUMMED},
    ReportSort.ACTIVE_HOURS: "minutes",
    ReportSort.PIECES_PER_HOUR: "pieces / nullif(minutes, 0)::numeric",
    ReportSort.LINES_PER_HOUR: "lines / nullif(minutes, 0)::numeric",
    ReportSort.SECONDS_PER_LINE: "minutes / nullif(lines, 0)::numeric",
    ReportSort.ACCURACY: "scans / nullif(scans + refused + undone, 0)::numeric",
    ReportSort.ON_TIME: "tasks_on_time / nullif(tasks_due, 0)::numeric",
}
_OF_GOODS = (*MEASURES, ReportSort.ACCURACY)
# Beyond every sum: what is not known comes last.
_NEVER = 10**18
_TABLES = {ReportBy.ARTICLE: "report_articles", ReportBy.LOCATION: "report_locations"}


@dataclass(frozen=True)
class Span:
    """Days from the first to the last one, and as many before.

    Those are `back` days earlier, directly before where it is None.
    """

    first: date
    last: date
    back: int | None = None

    @property
    def days(self) -> int:
        """Return how many days they are."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Span:
        """Return the days with which these are compared."""
        length = timedelta(days=self.back or self.days)
        return Span(self.first - length, self.last - length)

    def pieces(self) -> list[tuple[str, date, date]]:
        """Return the span as whole months and the days at its ends: (grain, first, last) of what starts."""
        one = timedelta(days=1)
        months_from = self.first if self.first.day == 1 else _next_month(self.first)
        months_to = (self.last + one).replace(day=1)
        if months_from >= months_to:
            return [("day", self.first, self.last)]
        return [
            ("month", months_from, months_to - one),
            ("day", self.first, months_from - one),
            ("day", months_to, self.last),
        ]


@dataclass(frozen=True)
class Order:
    """In which order rows come."""

    sort: ReportSort = ReportSort.KEY
    descending: bool = False

    def figure(self, by: ReportBy) -> str:
        """Return the SQL of what it goes by before the key, never NULL."""
        if self.sort is ReportSort.KEY or (by in _TABLES and self.sort not in _OF_GOODS):
            return "0::numeric"
        return f"coalesce(({_FIGURES[self.sort]})::numeric, {-_NEVER if self.descending else _NEVER})"

    def place(self, row: Mapping[str, Any]) -> str:
        """Return where a row stands, as `after` has it."""
        key: str = row["key"]
        return key if self.sort is ReportSort.KEY else f"{row['figure']:f}|{key}"

    def read(self, after: str | None) -> tuple[str, str | None]:
        """Return figure and key of a place, no key where there is none."""
        if after is None or self.sort is ReportSort.KEY:
            return "0", after
        figure, _, key = after.partition("|")
        return figure, key


_BY_KEY = Order()


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


class ReportRepository:
    """Sums of reports in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def today(self, zone: str) -> date:
        """Return the day that it is in a time zone, as the database knows it."""
        statement = text("SELECT (now() AT TIME ZONE CAST(:zone AS text))::date")
        today: date = (await self._connection.execute(statement, {"zone": zone})).scalar_one()
        return today

    async def lag(self) -> float:
        """Return how many seconds ago the first was recorded that the sums lack."""
        return float((await self._connection.execute(text(LAG.sql))).scalar() or 0)

    async def not_added_up(self, span: Span) -> int:
        """Return how many days of a span, and of the one before, a report by shift adds up from quarters."""
        values = {"first": span.before.first, "last": span.last}
        return int(await self._connection.scalar(text(NOT_ADDED_UP), values) or 0)

    async def totals(self, span: Span, worker: str | None) -> RowMapping:
        """Return the sums of all, or of one worker: each measure, and with `_before` that of before."""
        statement, values = _query(None, span, worker)
        return (await self._connection.execute(statement, values)).mappings().one()

    async def often_short(self, span: Span, limit: int) -> Sequence[RowMapping]:
        """Return (sku, description, shortages, pieces) of the articles that were short most often."""
        parts: list[str] = []
        values: dict[str, Any] = {"most": limit}
        for number, (grain, first, last) in enumerate(span.pieces()):
            parts.append(
                "SELECT sku, shortages, short_pieces FROM tasks.report_articles"  # noqa: S608  names of ours
                f" WHERE grain = '{grain}' AND starts BETWEEN :from_{number} AND :to_{number}"
                " AND shortages > 0 AND sku <> ''"
            )
            values |= {f"from_{number}": first, f"to_{number}": last}
        statement = f"""
            SELECT often.*,
                   coalesce((SELECT a.description FROM tasks.articles a WHERE a.sku = often.sku), '')
                       AS description
              FROM (SELECT sku, sum(shortages)::bigint AS shortages, sum(short_pieces)::bigint AS pieces
                      FROM ({" UNION ALL ".join(parts)}) AS sums
                     GROUP BY sku ORDER BY shortages DESC, pieces DESC, sku LIMIT :most) AS often
             ORDER BY shortages DESC, pieces DESC, sku
        """  # noqa: S608  the same
        return (await self._connection.execute(text(statement), values)).mappings().all()

    async def page(
        self,
        by: ReportBy,
        span: Span,
        worker: str | None,
        after: str | None,
        limit: int,
        order: Order = _BY_KEY,
    ) -> list[RowMapping]:
        """Return the sums by their keys, in an order."""
        statement, values = _query(by, span, worker, order)
        figure, key = order.read(after)
        values |= {"figure": figure, "after": key, "most": limit}
        return [*(await self._connection.execute(statement, values)).mappings()]

    @asynccontextmanager
    async def all(
        self, by: ReportBy, span: Span, worker: str | None
    ) -> AsyncIterator[AsyncIterator[RowMapping]]:
        """Give the same, all of them, as they come from the database."""
        statement, values = _query(by, span, worker)
        values |= {"figure": "0", "after": None, "most": None}
        async with self._connection.stream(statement, values) as result:
            yield result.mappings()


def _query(
    by: ReportBy | None, span: Span, worker: str | None, order: Order = _BY_KEY
) -> tuple[TextClause, dict[str, Any]]:
    if by in _TABLES:
        source, values = _by_pieces(_TABLES[by], span)
    else:
        source = _source(by, worker)
        values = {
            "first": span.first,
            "last": span.last,
            "before": span.before.first,
            "before_last": span.before.last,
        }
        if source is not OF_EVERYBODY:
            values["worker"] = worker
        if by is not ReportBy.SHIFT:
            values["days"] = (span.first - span.before.first).days
    measures = MEASURES if by in _TABLES else _OF_WORKERS
    sums = ", ".join(
        f"coalesce(sum({name}) FILTER (WHERE {which}), 0)::bigint AS {name}{ending}"
        for name in measures
        for which, ending in (("now", ""), ("NOT now", "_before"))
    )
    inner = f"SELECT {_KEYS[by]} AS key, {sums} FROM ({source}) AS sums"  # noqa: S608  names of columns
    if by is None:
        return text(inner), values
    way = "DESC" if order.descending else "ASC"
    paged = f"""
        SELECT * FROM (SELECT *, {order.figure(by)} AS figure FROM ({inner} GROUP BY 1) AS sums) AS rows
         WHERE CAST(:after AS text) IS NULL
            OR (figure, key) {"<" if order.descending else ">"} (CAST(:figure AS numeric), :after)
         ORDER BY figure {way}, key {way} LIMIT CAST(:most AS bigint)
    """  # noqa: S608  the same
    return text(paged), values


def _source(by: ReportBy | None, worker: str | None) -> str:
    if by is ReportBy.SHIFT and worker is not None:
        return OF_ONE
    return _WORKER_DAYS if by is None else _SOURCES.get(by, _WORKER_DAYS)


def _by_pieces(table: str, span: Span) -> tuple[str, dict[str, Any]]:
    """Return what reads a span and the one before, each as months and days."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    for now, one in (("true", span), ("false", span.before)):
        for grain, first, last in one.pieces():
            number = len(parts)
            parts.append(
                f"SELECT *, {now} AS now FROM tasks.{table}"  # noqa: S608  the same
                f" WHERE grain = '{grain}' AND starts BETWEEN :from_{number} AND :to_{number}"
            )
            values |= {f"from_{number}": first, f"to_{number}": last}
    return " UNION ALL ".join(parts), values
