"""Reports: who may see what, which days they are of, and what the figures come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.identity import Identity, Role
from magacin.contracts.payloads import Days
from magacin.contracts.tasks.reports import (
    MEASURES,
    TASK_MEASURES,
    Figures,
    Freshness,
    Period,
    Report,
    ReportBy,
    ReportDays,
    ReportQuery,
    ReportRow,
    ReportsForWorkers,
)
from magacin.core.errors import Forbidden
from magacin.tasks.errors import TooManyDays
from magacin.tasks.reports.periods import named
from magacin.tasks.reports.repository import Order, ReportRepository, Span

_A_WEEK = timedelta(days=6)
MOST_NOT_ADDED_UP = 184
"""How many days a report by shift reads from quarters of an hour: of three months, and of those before."""


@dataclass(frozen=True)
class ReportSettings:
    """How the reports of this site are."""

    time_zone: str
    for_workers: ReportsForWorkers


@dataclass(frozen=True)
class Wanted:
    """What of the sums somebody asked for, and may see."""

    by: ReportBy
    span: Span
    worker: str | None


async def want(
    connection: AsyncConnection, by: ReportBy, period: Period, identity: Identity, settings: ReportSettings
) -> Wanted:
    """Return what is asked for; raise `Forbidden` where the caller may not see it, or `TooManyDays`."""
    worker = _whose(by, period.worker, identity, settings.for_workers)
    span = await days_of(connection, period, settings.time_zone)
    if by is ReportBy.SHIFT and worker is None:
        await _require_added_up(connection, span)
    return Wanted(by, span, worker)


async def _require_added_up(connection: AsyncConnection, span: Span) -> None:
    days = await ReportRepository(connection).not_added_up(span)
    if days > MOST_NOT_ADDED_UP:
        raise TooManyDays(
            f"{days} days of this report and of the time before are not added up by shift yet, and "
            f"{MOST_NOT_ADDED_UP} at most can be read so. Ask again in some minutes, or for fewer days.",
            details={"days": days, "most": MOST_NOT_ADDED_UP},
        )


async def days_of(connection: AsyncConnection, period: ReportDays, zone: str) -> Span:
    """Return the days that are meant, by their name as well."""
    if period.period is None:
        return await span_of(connection, period, zone)
    return named(period.period, await ReportRepository(connection).today(zone))


async def span_of(connection: AsyncConnection, days: Days, zone: str) -> Span:
    """Return the days that are meant, by the calendar of a time zone."""
    if days.first_day is None or days.last_day is None:
        today = await ReportRepository(connection).today(zone)
        return Span(today - _A_WEEK, today)
    return Span(days.first_day, days.last_day)


def _whose(by: ReportBy, asked: str | None, identity: Identity, for_workers: ReportsForWorkers) -> str | None:
    """Return whose figures are asked for, None for everybody's; raise `Forbidden`."""
    of_goods = by in (ReportBy.ARTICLE, ReportBy.LOCATION)
    if identity.role.includes(Role.SUPERVISOR) or for_workers is ReportsForWorkers.ALL:
        return None if of_goods else asked
    if for_workers is ReportsForWorkers.NONE:
        raise Forbidden("Reports are not shown to workers here.", details={"setting": for_workers})
    if of_goods or asked not in (None, identity.username):
        raise Forbidden(
            "Workers see their own figures, and none by article or location.",
            details={"setting": for_workers},
        )
    return identity.username


async def report(
    connection: AsyncConnection,
    by: ReportBy,
    query: ReportQuery,
    identity: Identity,
    settings: ReportSettings,
) -> Report:
    """Return one page of a report."""
    wanted = await want(connection, by, query, identity, settings)
    repository, span = ReportRepository(connection), wanted.span
    order = Order(query.sort, query.descending)
    rows = await repository.page(by, span, wanted.worker, query.after, query.limit, order)
    totals = dict(await repository.totals(span, wanted.worker))
    return Report(
        by=by,
        first_day=span.first,
        last_day=span.last,
        first_day_before=span.before.first,
        last_day_before=span.before.last,
        time_zone=settings.time_zone,
        worker=wanted.worker,
        read=Freshness(at=datetime.now(UTC), seconds_behind=round(await repository.lag(), 1)),
        totals=figures(totals),
        totals_before=figures(totals, "_before"),
        items=[row_of(dict(row)) for row in rows],
        next_after=order.place(dict(rows[-1])) if len(rows) == query.limit else None,
    )


def row_of(row: Mapping[str, Any]) -> ReportRow:
    """Return a row of a report from its sums."""
    return ReportRow(key=row["key"], figures=figures(row), before=figures(row, "_before"))


def figures(row: Mapping[str, Any], ending: str = "") -> Figures:
    """Return what the sums of a row come to, those of before with an `ending`."""
    found = {name.removesuffix(ending): value for name, value in row.items() if name.endswith(ending)}
    minutes = found.get("minutes")
    hours = minutes / 60 if minutes is not None else None
    tried = found["scans"] + found["refused"] + found["undone"]
    return Figures(
        **{name: found.get(name) for name in (*MEASURES, *TASK_MEASURES)},
        active_hours=_rounded(minutes, 60),
        pieces_per_hour=_rounded(found["pieces"], hours),
        lines_per_hour=_rounded(found["lines"], hours),
        seconds_per_line=_rounded(60 * minutes if minutes else None, found["lines"], 1),
        accuracy=_rounded(found["scans"], tried, 4),
        on_time=_rounded(found.get("tasks_on_time"), found.get("tasks_due"), 4),
    )


def _rounded(of: float | None, by: float | None, places: int = 2) -> float | None:
    return round(of / by, places) if of is not None and by else None
