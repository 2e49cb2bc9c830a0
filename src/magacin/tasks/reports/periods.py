"""Which days a report is of that is asked for by name, and with which they are compared."""

from __future__ import annotations

from datetime import date, timedelta

from magacin.contracts.tasks.reports import ReportPeriod
from magacin.tasks.reports.repository import Span

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)


def named(period: ReportPeriod, today: date) -> Span:
    """Return the days that are meant on a day.

    A part of a week is compared with the same days of the one before: Monday is not like Sunday.
    """
    match period:
        case ReportPeriod.TODAY:
            return Span(today, today)
        case ReportPeriod.YESTERDAY:
            return Span(today - _DAY, today - _DAY)
        case ReportPeriod.THIS_WEEK:
            return Span(_monday(today), today, back=7)
        case ReportPeriod.LAST_WEEK:
            return Span(_monday(today) - _WEEK, _monday(today) - _DAY)
        case ReportPeriod.THIS_MONTH:
            return _of_month(today.replace(day=1), today)
        case ReportPeriod.LAST_MONTH:
            last = today.replace(day=1) - _DAY
            return _of_month(last.replace(day=1), last)


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def _of_month(first: date, last: date) -> Span:
    """Return days of a month, compared with those from the first of the month before on.

    What is longer than that month is compared with as many days directly before, so that none is in both.
    """
    length = (first - _DAY).day
    return Span(first, last, back=max(length, (last - first).days + 1))
