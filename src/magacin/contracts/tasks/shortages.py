"""Shortages: what could not be picked, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Id, Limit, Page, Payload, Quantity
from magacin.contracts.tasks.pick_tasks import Task, TaskStatus
from magacin.contracts.tasks.scans import PickedAt


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


class ShortageIn(Payload):
    """A shortage on one line. Idempotent by `operation_id`, like a scan."""

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


LIST_SHORTAGES = Endpoint(
    "GET",
    "/api/tasks/{task_id}/shortages",
    "The shortages of a task",
    role=Role.WORKER,
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
