"""What a mail says: the figures of its days, and which of those that were told before are other now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from email.utils import make_msgid, parseaddr

from pydantic import BaseModel
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.reports import Figures, MailEach, ReportBy, ReportRow
from magacin.tasks.reports.mail.repository import ReportMailRepository
from magacin.tasks.reports.mail.settings import MailBy, ReportMailSettings
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.reports.service import figures, row_of

MOST_ROWS = 50
# How far back figures are compared with those that were told: devices are out of reach for days, not longer.
_LOOKED_BACK = {MailEach.DAILY: timedelta(days=14), MailEach.WEEKLY: timedelta(weeks=4)}


class Change(BaseModel):
    """Days whose figures are other than they were told; `was` is None where no mail got through."""

    first_day: date
    last_day: date
    was: Figures | None
    now: Figures


class MailContent(BaseModel):
    """All that a mail says. It is kept until the mail is sent, so that each attempt says the same."""

    message_id: str
    at: datetime
    by: MailBy
    totals: Figures
    totals_before: Figures
    rows: list[ReportRow]
    more: bool
    changes: list[Change]

    @property
    def says_something(self) -> bool:
        """Return whether there is anything to be told."""
        return bool(self.changes) or done(self.totals)


def done(of: Figures) -> bool:
    """Return whether anything was done."""
    return any((of.scans, of.refused, of.undone, of.shortages, of.tasks, of.active_hours))


async def content_of(
    connection: AsyncConnection, each: MailEach, span: Span, at: datetime, settings: ReportMailSettings
) -> MailContent:
    """Return what is to be said of some days."""
    reports, by = ReportRepository(connection), ReportBy(settings.report_mail_by)
    totals = dict(await reports.totals(span, None))
    rows = await reports.page(by, span, None, None, MOST_ROWS + 1)
    sender = parseaddr(settings.smtp_from)[1].rpartition("@")[2]
    return MailContent(
        message_id=make_msgid(f"report-{each}-{span.first}", domain=sender),
        at=at,
        by=settings.report_mail_by,
        totals=figures(totals),
        totals_before=figures(totals, "_before"),
        rows=[row_of(dict(row)) for row in rows[:MOST_ROWS]],
        more=len(rows) > MOST_ROWS,
        changes=await _changes(connection, each, span),
    )


async def _changes(connection: AsyncConnection, each: MailEach, span: Span) -> list[Change]:
    since = span.first - _LOOKED_BACK[each]
    told = await ReportMailRepository(connection).finished(each, since)
    reports = ReportRepository(connection)
    changes = []
    for row in told:
        days = Span(row["first_day"], row["last_day"])
        now = figures(dict(await reports.totals(days, None)))
        was = was_of(now, row["told"])
        if now != was:
            changes.append(Change(first_day=days.first, last_day=days.last, was=was, now=now))
    return changes


def was_of(now: Figures, told: Mapping[str, object]) -> Figures | None:
    """Return the figures that were told, None where none were."""
    # What a version before did not count is as it is now.
    return Figures.model_validate({**now.model_dump(), **told}) if told else None


def told_by(row: RowMapping) -> Sequence[tuple[date, Mapping[str, object]]]:
    """Return what people know once a mail was sent: of which days which figures."""
    content = MailContent.model_validate(row["content"])
    before = [(one.first_day, one.now.model_dump()) for one in content.changes]
    return [*before, (row["first_day"], content.totals.model_dump())]
