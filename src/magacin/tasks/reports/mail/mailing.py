"""Mails reports once their days are over and followed. Why each is sent once: docs/decisions/0142."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import ValidationError
from sqlalchemy import RowMapping, func

from magacin.contracts.tasks.reports import MailEach, MailStatus
from magacin.core import mail
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.core.metrics import from_store
from magacin.core.validation import explained
from magacin.tasks.metrics import REPORT_MAIL_LAST_SUCCESS, REPORT_MAILS, MailResult
from magacin.tasks.reports.mail.content import MailContent, content_of, told_by
from magacin.tasks.reports.mail.periods import due, end_of
from magacin.tasks.reports.mail.rendering import message_of
from magacin.tasks.reports.mail.repository import ReportMailRepository
from magacin.tasks.reports.mail.settings import ReportMailSettings
from magacin.tasks.reports.repository import Span

log = structlog.get_logger(__name__)

# Minutes after each attempt that failed; then it is given up, after about eight hours.
_WAITS = (1, 5, 15, 30, 60, 60, 120, 180)
# Longer than an attempt may take: a dozen answers of a mail server, 15 s each.
_CLAIM = timedelta(minutes=10)


def _now() -> datetime:
    return datetime.now(UTC)


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts have failed; None to give up."""
    return timedelta(minutes=_WAITS[attempts - 1]) if attempts <= len(_WAITS) else None


def read_anew() -> ReportMailSettings:
    """Return the settings as they are now; raise `DependencyUnavailable` where they are not right."""
    try:
        return ReportMailSettings()
    except ValidationError as error:
        # No value is quoted: one of them is a password.
        wrong = [f"{'.'.join(map(str, one['loc']))}: {explained(one)}" for one in error.errors()]
        raise DependencyUnavailable("report-mail", reason=f"wrong settings: {'; '.join(wrong)}") from None
    except SystemExit as error:
        raise DependencyUnavailable("report-mail", reason=str(error)) from None


class Mailing:
    """Makes mails and sends them; `step` is for a `BackgroundLoop`.

    With several processes one makes a mail at a time, and one sends it. `read` gives the settings, `now` the
    time.
    """

    def __init__(
        self,
        database: Database,
        zone: str,
        *,
        read: Callable[[], ReportMailSettings] = read_anew,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._zone = zone
        self._read = read
        self._now = now
        self.gauges = from_store([REPORT_MAIL_LAST_SUCCESS], self.last_success)
        """Sets the gauge, before a scrape."""

    async def step(self) -> bool:
        """Make what is due, and send one; return whether there may be more."""
        settings = await asyncio.to_thread(self._read)
        for each in settings.each():
            await self._make(each, settings)
        return bool(settings.each()) and await self._send(settings)

    async def last_success(self) -> tuple[float]:
        """Return when the last report was sent, Unix time; 0 for never."""
        async with self._database.begin() as connection:
            last = await ReportMailRepository(connection).last_sent()
        return (last.timestamp() if last else 0.0,)

    async def _make(self, each: MailEach, settings: ReportMailSettings) -> None:
        zone, now = ZoneInfo(self._zone), self._now()
        span = due(each, now, zone, settings.report_mail_hour)
        async with self._database.begin() as connection:
            mails = ReportMailRepository(connection)
            if not await mails.lead() or await mails.is_made(each, span):
                return
            followed = await mails.followed_until(self._zone)
            if followed is None or followed < end_of(span.last, zone):
                return
            content = await content_of(connection, each, span, now, settings)
            await mails.add(each, span, _to_be_kept(content))

    async def _send(self, settings: ReportMailSettings) -> bool:
        async with self._database.begin() as connection:
            row = await ReportMailRepository(connection).claim(_CLAIM)
        if row is None:
            return False
        trouble = await self._hand_in(settings, row)
        await self._record(row, trouble)
        return trouble is None

    async def _hand_in(self, settings: ReportMailSettings, row: RowMapping) -> str | None:
        """Return why a mail was not taken; None where it was."""
        try:
            content = MailContent.model_validate(row["content"])
            message = message_of(
                content, row["each"], Span(row["first_day"], row["last_day"]), settings, self._zone
            )
            refused = await asyncio.to_thread(mail.send, settings.server(), message)
        except smtplib.SMTPResponseException as error:
            # Not what the server wrote: it might say what it was told.
            return f"{type(error).__name__} {error.smtp_code}"
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return _said(error)
        if refused:
            log.warning("report_mail_refused_for_some", recipients=refused)
        return None

    async def _record(self, row: RowMapping, trouble: str | None) -> None:
        next_ = _sent() if trouble is None else _failed(row)
        async with self._database.begin() as connection:
            mails = ReportMailRepository(connection)
            if not await mails.record(row, next_):
                return
            for first_day, figures in told_by(row) if trouble is None else ():
                await mails.tell(row["each"], first_day, figures)
        _count(row, trouble, given_up=next_.get("status") == MailStatus.GIVEN_UP)


def _to_be_kept(content: MailContent) -> dict[str, Any]:
    if content.says_something:
        return {"content": content.model_dump(mode="json"), "told": {}, "status": MailStatus.WAITING}
    # People take a day without a report for one without work.
    return {"content": {}, "told": content.totals.model_dump(), "status": MailStatus.NOTHING}


def _said(error: Exception) -> str:
    # What others say may have in it what they were told.
    of_the_network = isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException)
    return f"{type(error).__name__}: {error}" if of_the_network else type(error).__name__


def _sent() -> dict[str, Any]:
    # Names of people are not kept for longer than the mail needs them.
    return {"status": MailStatus.SENT, "sent_at": func.now(), "content": {}}


def _failed(row: RowMapping) -> dict[str, Any]:
    wait = wait_after(row["attempts"])
    if wait is None:
        return {"status": MailStatus.GIVEN_UP, "content": {}}
    return {"due_at": func.now() + wait}


def _count(row: RowMapping, trouble: str | None, *, given_up: bool) -> None:
    about = {"each": row["each"], "first_day": str(row["first_day"]), "attempts": row["attempts"]}
    if trouble is None:
        REPORT_MAILS.labels(MailResult.SENT).inc()
        log.info("report_mail_sent", **about)
        return
    REPORT_MAILS.labels(MailResult.FAILED).inc()
    log.warning("report_mail_failed", reason=trouble, **about)
    if given_up:
        REPORT_MAILS.labels(MailResult.GIVEN_UP).inc()
        log.error("report_mail_given_up", **about)
