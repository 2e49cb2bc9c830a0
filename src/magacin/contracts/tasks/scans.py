"""Scans: what workers pick, one code at a time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Id, Limit, Page, Payload, Quantity
from magacin.contracts.tasks.pick_tasks import TaskStatus

# Scanners send GS1 element strings with the group separator (0x1d) inside, 90 characters at most, and may
# be set up to end a code with a tab or a new line.
ScanCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00-\x1c\x1e\x1f\x7f]+$"
    ),
]

Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


class ScanOutcome(StrEnum):
    """What became of a scan; also the values of the label `outcome` of `scans_total`."""

    PICKED = "picked"
    LINE_COMPLETE = "line_complete"
    TASK_COMPLETE = "task_complete"
    UNKNOWN_CODE = "unknown_code"
    NOT_IN_TASK = "not_in_task"
    MORE_THAN_REQUIRED = "more_than_required"
    TASK_NOT_OPEN = "task_not_open"
    NOT_YOUR_TASK = "not_your_task"
    VERSION_CONFLICT = "version_conflict"  # it counts in one version of the task, and not in the other

    @property
    def accepted(self) -> bool:
        """Tell whether the scan counted."""
        return self in _ACCEPTED


_ACCEPTED = frozenset({ScanOutcome.PICKED, ScanOutcome.LINE_COMPLETE, ScanOutcome.TASK_COMPLETE})


class ScanIn(Payload):
    """A scan. The same `operation_id` gets the same answer and counts once, however often it is sent."""

    task_id: Id
    code: ScanCode
    quantity: Quantity = 1
    operation_id: UUID
    version: Version | None = Field(
        default=None,
        description="The version of the task that whoever scanned had before them. Should the task have "
        "changed since so that the scan is judged otherwise, it is refused as `version_conflict`.",
    )


class ScanResult(BaseModel):
    """The answer to an accepted scan; a refused one is an error whose code is the outcome."""

    operation_id: UUID
    outcome: ScanOutcome
    task_id: int
    task_status: TaskStatus
    line_id: int
    sku: str
    quantity: int
    picked: int
    required: int
    remaining_lines: int
    task_version: int = Field(description="The version of the task on which it was judged.")


class ScanRecord(BaseModel):
    """A scan as it was kept, accepted or refused."""

    operation_id: UUID
    outcome: ScanOutcome
    code: str
    sku: str | None
    quantity: int
    worker: str
    scanned_at: datetime
    version: int | None = Field(description="The version of the task that it was made on, if it was said.")
    task_version: int = Field(description="The version of the task on which it was judged.")


class ScanQuery(BaseModel):
    """How many scans to list."""

    limit: Limit = 100


SCAN = Endpoint(
    "POST",
    "/api/scan",
    "Record a scan",
    role=Role.WORKER,
    tag="scans",
    body=ScanIn,
    answer=ScanResult,
    errors=(404, 409),
    repeatable=True,
)
LIST_SCANS = Endpoint(
    "GET",
    "/api/tasks/{task_id}/scans",
    "The scans of a task",
    role=Role.WORKER,
    query=ScanQuery,
    answer=Page[ScanRecord],
)
