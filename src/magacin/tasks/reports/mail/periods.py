"""Of which days a report is that is due, by the calendar of the site."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from magacin.contracts.tasks.reports import MailEach
from magacin.tasks.reports.repository import Span

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def due(each: MailEach, now: datetime, zone: ZoneInfo, hour: int) -> Span:
    """Return the days of the latest report that is due: who was away for days gets one, not all."""
    local = now.astimezone(zone)
    # The hour that goes by, not a moment of it: in the night in which clocks are set it may be missing.
    morning = local.date() if local.hour >= hour else local.date() - _DAY
    if each is MailEach.DAILY:
        return Span(morning - _DAY, morning - _DAY)
    monday = morning - morning.weekday() * _DAY
    return Span(monday - _WEEK, monday - _DAY)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day is over."""
    return datetime.combine(day + _DAY, time(0), zone)
