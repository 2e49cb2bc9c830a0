"""What mails have told of some days, beside what the figures of these days are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES, Figures, MailedReport, ReportBy
from magacin.tasks.reports.mail.content import was_of
from magacin.tasks.reports.mail.repository import ReportMailRepository
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.reports.service import figures

Sums = Mapping[date, Mapping[str, Any]]
_SUMS = (*MEASURES, *TASK_MEASURES, "minutes")


async def mailed(connection: AsyncConnection, span: Span) -> list[MailedReport]:
    """Return the reports whose days are all among those of `span`, the newest first."""
    rows = await ReportMailRepository(connection).within(span)
    days = await _days_of(connection, rows)
    return [_told(row, _now(row, days)) for row in rows]


async def _days_of(connection: AsyncConnection, rows: Sequence[RowMapping]) -> Sums:
    """Return the sums of each day of some mails, by one query for all of them."""
    if not rows:
        return {}
    span = Span(min(row["first_day"] for row in rows), max(row["last_day"] for row in rows))
    found = await ReportRepository(connection).page(ReportBy.DAY, span, None, None, span.days)
    return {date.fromisoformat(row["key"]): dict(row) for row in found}


def _now(row: RowMapping, days: Sums) -> Figures:
    meant = [sums for day, sums in days.items() if row["first_day"] <= day <= row["last_day"]]
    return figures({name: sum(sums[name] for sums in meant) for name in _SUMS})


def _told(row: RowMapping, now: Figures) -> MailedReport:
    was = was_of(now, row["told"])
    return MailedReport(
        each=row["each"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        status=row["status"],
        sent_at=row["sent_at"],
        told=was,
        now=now,
        changed=was is not None and was != now,
    )
