"""Shortages: what could not be picked, and why."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Days, Id, Limit, Page, Payload, Quantity, Username, examples
from magacin.contracts.tasks.articles import Sku
from magacin.contracts.tasks.pick_tasks import Task, TaskStatus
from magacin.contracts.tasks.scans import PickedAt

MAX_OFTEN = 10


class ShortageReason(StrEnum):
    """Why less was picked than required."""

    SHORT_PICK = "short_pick"
    NOT_FOUND = "not_found"
    DAMAGED = "damaged"


class ShortageOutcome(StrEnum):
    """What became of a report."""

    REPORTED = "reported"
    LINE_NOT_FOUND = "line_not_found"
    MORE_THAN_REQUIRED = "more_than_required"
    WRONG_TASK_STATUS = "wrong_task_status"
    NOT_YOUR_TASK = "not_your_task"

    @property
    def accepted(self) -> bool:
        """Tell whether the shortage counted."""
        return self is ShortageOutcome.REPORTED


# In lines, as people write them; no other control character.
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
]


# When one was made, and which one.
PlaceOfShortage = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,17}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="`next_before` of those that were listed.",
    ),
]


class ShortageIn(Payload):
    """A shortage on one line. Idempotent by `operation_id`, like a scan."""

    model_config = examples(
        {
            "line_id": 7,
            "quantity": 2,
            "reason": "damaged",
            "note": "Crushed on the shelf",
            "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
        }
    )

    line_id: Id
    quantity: Quantity
    reason: ShortageReason
    operation_id: UUID
    note: Note | None = Field(default=None, description="What the worker has to say of it.")
    picked_at: PickedAt | None = None


class ShortageResult(BaseModel):
    """The answer to a shortage that was reported among other operations.

    How far its line and task were is not known of one that was recorded before that was kept.
    """

    operation_id: UUID
    outcome: ShortageOutcome
    task_id: int
    task_status: TaskStatus | None
    line_id: int
    quantity: int
    picked: int | None
    short: int | None
    required: int | None
    remaining_lines: int | None


class ShortageRecord(BaseModel):
    """A shortage as it was kept, counted or refused."""

    operation_id: UUID
    outcome: ShortageOutcome
    line_id: int
    sku: str | None = Field(description="None where the task line is not there, or not any more.")
    quantity: int
    reason: ShortageReason
    note: str | None
    worker: str
    created_at: datetime = Field(description="When it arrived, and was judged.")
    picked_at: datetime = Field(description="When it was made, as far as that is known.")
    handed_in_by: str | None = Field(description="The supervisor who sent it for the worker.")
    undone_by: UUID | None = Field(description="The operation that took it back.")


class ShortageQuery(BaseModel):
    """How many shortages to list."""

    limit: Limit = 100


class ShortageFilter(Days):
    """Which shortages of all tasks are meant."""

    sku: Sku | None = Field(default=None, description="Of one article.", examples=["71053"])
    worker: Username | None = None
    reason: ShortageReason | None = None


class ShortagesQuery(ShortageFilter):
    """Which shortages of all tasks to list."""

    before: PlaceOfShortage | None = None
    limit: Limit = 100


class ListedShortage(BaseModel):
    """A shortage that counts: it was accepted, and not taken back."""

    operation_id: UUID
    made_at: datetime = Field(description="When it was made, as far as that is known; else when it arrived.")
    worker: str
    sku: str | None = Field(description="None where that is not known of an old one.")
    description: str | None
    location: str | None = Field(description="Where it was to be picked; None where the line is gone.")
    quantity: int
    reason: ShortageReason
    note: str | None
    task_id: int
    task_status: TaskStatus
    line_id: int
    number: str | None = Field(description="The requisition's; None where the line is gone.")
    still_short: int = Field(
        description="Pieces of its line that are short now, of this and other reports: 0 where all of it was "
        "replanned. So many can be replanned."
    )


class OftenShort(BaseModel):
    """An article that was short, and how often."""

    sku: str
    description: str
    shortages: int
    pieces: int


class Shortages(BaseModel):
    """Shortages of all tasks, the newest first."""

    first_day: date
    last_day: date
    time_zone: str
    often: list[OftenShort] = Field(
        description=f"The articles that were short most often in these days, {MAX_OFTEN} at most, whoever "
        "reported it and why; as far as reports have followed."
    )
    items: list[ListedShortage]
    next_before: str | None = Field(description="Asks for those before, as `before`; None at the end.")

    model_config = examples(
        {
            "first_day": "2027-03-01",
            "last_day": "2027-03-07",
            "time_zone": "Europe/Belgrade",
            "often": [{"sku": "71053", "description": "Mineral water 1.5 l", "shortages": 12, "pieces": 140}],
            "items": [
                {
                    "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
                    "made_at": "2027-03-07T08:15:00Z",
                    "worker": "ana",
                    "sku": "71053",
                    "description": "Mineral water 1.5 l",
                    "location": "A-12",
                    "quantity": 6,
                    "reason": "not_found",
                    "note": None,
                    "task_id": 42,
                    "task_status": "completed",
                    "line_id": 1201,
                    "number": "BG-2027-118",
                    "still_short": 6,
                }
            ],
            "next_before": None,
        }
    )


LIST_ALL_SHORTAGES = Endpoint(
    "GET",
    "/api/shortages",
    "The shortages of all tasks, the newest first",
    role=Role.SUPERVISOR,
    scope=Scope.SHORTAGES_READ,
    query=ShortagesQuery,
    answer=Shortages,
)
SHORTAGES_AS_CSV = Endpoint(
    "GET",
    "/api/shortages/shortages.csv",
    "All of these as CSV",
    role=Role.SUPERVISOR,
    scope=Scope.SHORTAGES_READ,
    query=ShortageFilter,
    media_type="text/csv",
    bulk=True,
)
SHORTAGES_AS_XLSX = Endpoint(
    "GET",
    "/api/shortages/shortages.xlsx",
    "All of these as a workbook",
    role=Role.SUPERVISOR,
    scope=Scope.SHORTAGES_READ,
    query=ShortageFilter,
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    bulk=True,
)
LIST_SHORTAGES = Endpoint(
    "GET",
    "/api/tasks/{task_id}/shortages",
    "The shortages of a task",
    role=Role.WORKER,
    scope=Scope.SHORTAGES_READ,
    query=ShortageQuery,
    answer=Page[ShortageRecord],
)
REPORT_SHORTAGE = Endpoint(
    "POST",
    "/api/tasks/{task_id}/shortages",
    "Report a shortage on a line",
    role=Role.WORKER,
    body=ShortageIn,
    answer=Task,
    status=201,
    errors=(409,),
    repeatable=True,
)
