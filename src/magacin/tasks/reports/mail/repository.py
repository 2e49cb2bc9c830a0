"""Statements on reports that were mailed, or are to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.reports import MailEach, MailStatus
from magacin.tasks.models import report_mails
from magacin.tasks.reports.following import LAG
from magacin.tasks.reports.repository import Span

# One moment for all figures of a mail. The first statement after it takes the lock.
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.report-mails', 0))")
_FOLLOWED = text(f"""
    SELECT now() - make_interval(secs => coalesce(({LAG.sql}), 0))
      FROM tasks.report_state WHERE time_zone = :zone
""")  # noqa: S608  a statement of ours
# Who dies while sending has it sent again after the claim, under the same Message-ID.
_CLAIM = text("""
    UPDATE tasks.report_mails
       SET attempts = attempts + 1, due_at = now() + CAST(:claim AS interval)
     WHERE (each, first_day) = (SELECT each, first_day FROM tasks.report_mails
                                 WHERE status = 'waiting' AND due_at <= now()
                                 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
""")
_KEPT = timedelta(days=90)


class ReportMailRepository:
    """Mailed reports in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lead(self) -> bool:
        """Have all that follows be of one moment; return whether nobody else makes a mail now."""
        await self._connection.execute(_ONE_MOMENT)
        return bool(await self._connection.scalar(_LEAD))

    async def is_made(self, each: MailEach, span: Span) -> bool:
        """Return whether there is a mail of these days, sent or not."""
        of_it = select(report_mails.c.each).where(_is(each, span.first))
        return await self._connection.scalar(of_it) is not None

    async def followed_until(self, zone: str) -> datetime | None:
        """Return up to when all that was recorded is in the sums; None where none are of this time zone."""
        found: datetime | None = await self._connection.scalar(_FOLLOWED, {"zone": zone})
        return found

    async def finished(self, each: MailEach, since: date) -> Sequence[RowMapping]:
        """Return the mails of days from `since` on with which nothing is to be done any more."""
        statement = (
            select(report_mails)
            .where(
                report_mails.c.each == each,
                report_mails.c.first_day >= since,
                report_mails.c.status != MailStatus.WAITING,
            )
            .order_by(report_mails.c.first_day)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def within(self, span: Span) -> Sequence[RowMapping]:
        """Return the mails whose days are all among those of `span`, the newest first."""
        statement = (
            select(report_mails)
            .where(report_mails.c.first_day >= span.first, report_mails.c.last_day <= span.last)
            .order_by(report_mails.c.first_day.desc(), report_mails.c.each)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def add(self, each: MailEach, span: Span, values: Mapping[str, Any]) -> None:
        """Add the mail of some days."""
        days = {"each": each, "first_day": span.first, "last_day": span.last}
        await self._connection.execute(insert(report_mails).values(**days, **values))
        await self._connection.execute(
            delete(report_mails).where(report_mails.c.created_at < func.now() - _KEPT)
        )

    async def claim(self, claim: timedelta) -> RowMapping | None:
        """Take one that is due; nobody else takes it while the claim lasts."""
        return (await self._connection.execute(_CLAIM, {"claim": claim})).mappings().first()

    async def record(self, row: RowMapping, values: Mapping[str, Any]) -> bool:
        """Record what became of an attempt, unless somebody else has claimed it since; return whether so."""
        statement = (
            update(report_mails)
            .where(
                _is(row["each"], row["first_day"]),
                report_mails.c.attempts == row["attempts"],
                report_mails.c.status == MailStatus.WAITING,
            )
            .values(**values)
        )
        return (await self._connection.execute(statement)).rowcount > 0

    async def tell(self, each: MailEach, first_day: date, figures: Mapping[str, Any]) -> None:
        """Note which figures of some days people have been told last."""
        statement = update(report_mails).where(_is(each, first_day)).values(told=dict(figures))
        await self._connection.execute(statement)

    async def last_sent(self) -> datetime | None:
        """Return when the last one was sent."""
        last: datetime | None = await self._connection.scalar(select(func.max(report_mails.c.sent_at)))
        return last


def _is(each: str, first_day: date) -> Any:
    return (report_mails.c.each == each) & (report_mails.c.first_day == first_day)
