"""Reports: what was done, by day, worker, team and more, and the same of the time before."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Days, Limit, Username

MEASURES = ("scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces")
"""What is counted of everything that reports are of, and kept in sums of these names."""
TASK_MEASURES = ("tasks", "tasks_due", "tasks_on_time")
"""What is counted besides where it is of somebody: tasks have no article and no location."""


class ReportBy(StrEnum):
    """What a row of a report is of."""

    DAY = "day"
    WEEK = "week"  # which begins on Monday, and is named by that day
    SHIFT = "shift"
    TEAM = "team"
    WORKER = "worker"
    ARTICLE = "article"
    LOCATION = "location"


# A place among rows in the order of a figure: the figure, and the key.
_PLACE = re.compile(r"-?\d{1,40}(\.\d{1,60})?\|")


class ReportsForWorkers(StrEnum):
    """Whose figures a worker sees."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


class ReportPeriod(StrEnum):
    """Days by the site's calendar, up to today where they are not over."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"  # from Monday on
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"


class ReportSort(StrEnum):
    """By what rows are in order: their keys, or a figure of theirs."""

    KEY = "key"
    SCANS = "scans"
    PIECES = "pieces"
    LINES = "lines"
    REFUSED = "refused"
    UNDONE = "undone"
    SHORTAGES = "shortages"
    SHORT_PIECES = "short_pieces"
    TASKS = "tasks"
    TASKS_DUE = "tasks_due"
    TASKS_ON_TIME = "tasks_on_time"
    ACTIVE_HOURS = "active_hours"
    PIECES_PER_HOUR = "pieces_per_hour"
    LINES_PER_HOUR = "lines_per_hour"
    SECONDS_PER_LINE = "seconds_per_line"
    ACCURACY = "accuracy"
    ON_TIME = "on_time"


class ReportDays(Days):
    """Of which days, said by their dates or by their name."""

    period: ReportPeriod | None = Field(
        default=None,
        description="Days by name, in place of first_day and last_day. A week is compared with the same days "
        "of the one before, a month with the days from the first of the one before on.",
    )

    @model_validator(mode="after")
    def _are_said_once(self) -> Self:
        if self.period and self.first_day:
            raise ValueError("give period, or first_day and last_day, and not both")
        return self


class Period(ReportDays):
    """Of which days, and of whom."""

    worker: Username | None = Field(
        default=None, description="Of one worker; not with articles and locations."
    )


class ReportQuery(Period):
    """One page of a report."""

    after: Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        default=None, description="`next_after` of the page before, in the same order."
    )
    limit: Limit = 100
    sort: ReportSort = Field(
        default=ReportSort.KEY,
        description="In which order; those come last whose figure is not known.",
    )
    descending: bool = False

    @model_validator(mode="after")
    def _goes_on_in_its_order(self) -> Self:
        if self.after is not None and self.sort is not ReportSort.KEY and not _PLACE.match(self.after):
            raise ValueError("after is the next_after of a page in another order")
        return self


class Figures(BaseModel):
    """What was done. docs/reports.md says what counts."""

    scans: int
    pieces: int
    lines: int
    refused: int
    undone: int
    shortages: int
    short_pieces: int
    tasks: int | None = Field(description="Tasks that were completed; not known by article and location.")
    tasks_due: int | None = Field(description="Those of them that had a due time.")
    tasks_on_time: int | None
    active_hours: float | None = Field(
        description="Five minutes for each five in which a worker sent something; not known by article and "
        "location."
    )
    pieces_per_hour: float | None = Field(description="None where no hour is known.")
    lines_per_hour: float | None
    seconds_per_line: float | None = Field(
        default=None, description="Of the active time; None where no hour is known."
    )
    accuracy: float | None = Field(
        description="The share of scans that were neither refused nor taken back; None where there was none."
    )
    on_time: float | None = Field(
        description="The share of tasks with a due time that were finished by then."
    )


class ReportRow(BaseModel):
    """The figures of one day, shift, worker or whatever the report is by, and of the time before."""

    key: str = Field(
        description="The day, the Monday of the week, the name of the shift, team or user, the SKU or the "
        "code of the location; empty where there is none, or it is not known."
    )
    figures: Figures
    before: Figures


class Freshness(BaseModel):
    """How new the figures are."""

    at: datetime
    seconds_behind: float = Field(description="How long ago the first scan was recorded that is missing.")


class Report(BaseModel):
    """A page of a report, its rows in the order that was asked for.

    What is `before` is of as many days directly before the first one, a day's of the day as many days ago;
    those of a `period` by name are said there.
    """

    by: ReportBy
    first_day: date
    last_day: date
    first_day_before: date
    last_day_before: date
    time_zone: str
    worker: str | None
    read: Freshness
    totals: Figures
    totals_before: Figures
    items: list[ReportRow]
    next_after: str | None = Field(description="Asks for the following page, as `after`; None at the end.")


class MailEach(StrEnum):
    """How often a report is mailed, and of how many days it is."""

    DAILY = "daily"
    WEEKLY = "weekly"


class MailStatus(StrEnum):
    """What became of a mailed report."""

    WAITING = "waiting"
    SENT = "sent"
    NOTHING = "nothing"  # was done, so nothing was sent
    GIVEN_UP = "given_up"


class MailedReport(BaseModel):
    """A report that was mailed, or was to be, and what its figures are now."""

    each: MailEach
    first_day: date
    last_day: date
    status: MailStatus
    sent_at: datetime | None
    told: Figures | None = Field(
        description="What mails said last of these days; None where none of them was taken. Where nothing "
        "was sent because nothing was done, just that."
    )
    now: Figures
    changed: bool = Field(description="Whether what was told is not so any more.")


class MailedReports(BaseModel):
    """Reports by mail of the last 90 days, the newest first."""

    items: list[MailedReport]


GET_REPORT = Endpoint(
    "GET",
    "/api/reports/{by}",
    "What was done, by day, week, shift, team, worker, article or location",
    role=Role.WORKER,
    scope=Scope.REPORTS_READ,
    parameters={"by": ReportBy},
    query=ReportQuery,
    answer=Report,
)
REPORT_AS_CSV = Endpoint(
    "GET",
    "/api/reports/{by}/report.csv",
    "All rows of a report as CSV",
    role=Role.WORKER,
    scope=Scope.REPORTS_READ,
    parameters={"by": ReportBy},
    query=Period,
    media_type="text/csv",
    bulk=True,
)
REPORT_AS_XLSX = Endpoint(
    "GET",
    "/api/reports/{by}/report.xlsx",
    "All rows of a report as a workbook",
    role=Role.WORKER,
    scope=Scope.REPORTS_READ,
    parameters={"by": ReportBy},
    query=Period,
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    bulk=True,
)
LIST_REPORT_MAILS = Endpoint(
    "GET",
    "/api/report-mails",
    "Which reports of some days were mailed, and which of their figures are other now",
    role=Role.SUPERVISOR,
    scope=Scope.REPORTS_READ,
    query=ReportDays,
    answer=MailedReports,
)
