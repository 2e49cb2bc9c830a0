"""Shortages: what could not be picked, and why."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Id, Payload, Quantity
from magacin.contracts.tasks.pick_tasks import Task, TaskStatus


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


class ShortageIn(Payload):
    """A shortage on one line. Idempotent by `operation_id`, like a scan."""

    line_id: Id
    quantity: Quantity
    reason: ShortageReason
    operation_id: UUID


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
