"""Reports: what was done, by day, week, worker, article or location, and the same of the time before."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Days, Limit, Username

MEASURES = ("scans", "pieces", "lines", "refused", "undone", "shortages", "short_pieces")
"""What is counted of everything that reports are of, and kept in sums of these names."""
TASK_MEASURES = ("tasks", "tasks_due", "tasks_on_time")
"""What is counted besides where it is of somebody: tasks have no article and no location."""


class ReportBy(StrEnum):
    """What a row of a report is of."""

    DAY = "day"
    WEEK = "week"  # which begins on Monday, and is named by that day
    WORKER = "worker"
    ARTICLE = "article"
    LOCATION = "location"


class ReportsForWorkers(StrEnum):
    """Whose figures a worker sees."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


class Period(Days):
    """Of which days, and of whom."""

    worker: Username | None = Field(
        default=None, description="Of one worker; not with articles and locations."
    )


class ReportQuery(Period):
    """One page of a report."""

    after: Annotated[str, Field(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        default=None, description="`next_after` of the page before."
    )
    limit: Limit = 100


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
    accuracy: float | None = Field(
        description="The share of scans that were neither refused nor taken back; None where there was none."
    )
    on_time: float | None = Field(
        description="The share of tasks with a due time that were finished by then."
    )


class ReportRow(BaseModel):
    """The figures of one day, week, worker, article or location, and of the time before."""

    key: str = Field(
        description="The day, the Monday of the week, the user name, the SKU or the code of the location; "
        "empty where it is not known."
    )
    figures: Figures
    before: Figures


class Freshness(BaseModel):
    """How new the figures are."""

    at: datetime
    seconds_behind: float = Field(description="How long ago the first scan was recorded that is missing.")


class Report(BaseModel):
    """A page of a report, its rows in the order of their keys.

    What is `before` is of as many days directly before the first one, a day's of the day as many days ago.
    """

    by: ReportBy
    first_day: date
    last_day: date
    time_zone: str
    worker: str | None
    read: Freshness
    totals: Figures
    totals_before: Figures
    items: list[ReportRow]
    next_after: str | None = Field(description="Asks for the following page, as `after`; None at the end.")


GET_REPORT = Endpoint(
    "GET",
    "/api/reports/{by}",
    "What was done, by day, week, worker, article or location",
    role=Role.WORKER,
    parameters={"by": ReportBy},
    query=ReportQuery,
    answer=Report,
)
REPORT_AS_CSV = Endpoint(
    "GET",
    "/api/reports/{by}/report.csv",
    "All rows of a report as CSV",
    role=Role.WORKER,
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
    parameters={"by": ReportBy},
    query=Period,
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    bulk=True,
)
