"""Scans: what workers pick, one code at a time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from magacin.contracts.badges import without_badge
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Id, Limit, Page, Payload, Quantity, Username, examples
from magacin.contracts.tasks.pick_tasks import TaskStatus

# Whatever a scanner sends is taken and recorded, with the control characters of its frames and separators:
# only NUL is refused, which PostgreSQL cannot store. Labels of suppliers (ISO/IEC 15434) and URIs are long.
# What is never kept is a badge, which somebody scans into a task by mistake.
ScanCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=512, pattern=r"^[^\x00]+$"),
    AfterValidator(without_badge),
]

Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]

MOST_GATHERED = 500
"""Requests that the gateway sends on in one."""


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
    NOT_ON_LINE = "not_on_line"  # the task asks for it on another line than the one that was named
    VERSION_CONFLICT = "version_conflict"  # it counts in one version of the task, and not in the other
    SEVERAL_CODES = "several_codes"  # in one: how many of them were meant nobody can say
    QUANTITY_CONFLICT = "quantity_conflict"  # it stands for another number of pieces than was shown
    WRONG_LOCATION = "wrong_location"  # another place was scanned than the one where its line is picked
    LOCATION_NEEDED = "location_needed"  # places are to be scanned here, and none was
    WRONG_TOTE = "wrong_tote"  # another tote was scanned than the one that its line goes into
    TOTE_NEEDED = "tote_needed"  # totes are to be scanned here, and none was

    @property
    def accepted(self) -> bool:
        """Tell whether the scan counted."""
        return self in _ACCEPTED


_ACCEPTED = frozenset({ScanOutcome.PICKED, ScanOutcome.LINE_COMPLETE, ScanOutcome.TASK_COMPLETE})


def _is_refusal(outcome: ScanOutcome) -> ScanOutcome:
    if outcome.accepted:
        raise ValueError(f"{outcome} is no refusal: a device cannot say that a scan counted")
    return outcome


# Any time that can be written: a device whose clock was never set must not be kept from sending.
PickedAt = Annotated[
    AwareDatetime,
    Field(
        description="When it was made, by the device's clock as far as it could be put right. It is kept as "
        "no later than its arrival; more than 30 days before that, it is not kept."
    ),
]


class ScanIn(Payload):
    """A scan. The same `operation_id` gets the same answer and counts once, however often it is sent."""

    model_config = examples(
        {"task_id": 42, "code": "04006381333931", "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10"},
        {
            "task_id": 42,
            "code": "]C10104006381333931",
            "quantity": 3,
            "operation_id": "5f0f1c2e-93a4-4f5e-8d0b-6d0a4b7f2a11",
            "picked_at": "2027-03-01T08:15:00+01:00",
        },
        {
            "task_id": 43,
            "code": "04006381333931",
            "tote": "T-2",
            "operation_id": "7c1f64d2-3c0f-4f7b-9c55-0d9f6c1f7a12",
        },
    )

    task_id: Id
    code: ScanCode
    quantity: Quantity = 1
    operation_id: UUID
    line_id: Id | None = Field(
        default=None,
        description="The task line that was picked. Without it, it is the first line in walking order that "
        "asks for the article and has room for all of the pieces.",
    )
    version: Version | None = Field(
        default=None,
        description="The version of the task that whoever scanned had before them. Should the task have "
        "changed since so that the scan is judged otherwise, it is refused as `version_conflict`.",
    )
    pieces: Quantity | None = Field(
        default=None,
        description="The pieces, of all labels together, that whoever scanned was shown. Should the code "
        "stand for another number here, the scan is refused as `quantity_conflict`.",
    )
    tote: ScanCode | None = Field(
        default=None,
        description="The tote that was scanned: what the pieces were put into. They count for a line that "
        "goes into it; of an article that goes into others only, the scan is refused as `wrong_tote`. Where "
        "totes are to be confirmed, a scan without one is refused as `tote_needed`.",
    )
    location: ScanCode | None = Field(
        default=None,
        description="The place that was scanned. As with totes: `wrong_location`, and `location_needed` "
        "where places are to be confirmed.",
    )
    refused_as: Annotated[ScanOutcome, AfterValidator(_is_refusal)] | None = Field(
        default=None,
        description="As what the device refused it while it was out of reach, and showed so. It counts "
        "nothing then: where it would have counted here, this is what it is refused as.",
    )
    picked_at: PickedAt | None = None


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
    scanned_at: datetime = Field(description="When it arrived, and was judged.")
    picked_at: datetime = Field(description="When it was made, as far as that is known.")
    refused_as: ScanOutcome | None = Field(description="As what the device had refused it, if it had.")
    handed_in_by: str | None = Field(description="The supervisor who sent it for the worker.")
    tote: str | None = Field(default=None, description="The tote that was scanned with it, if one was.")
    location: str | None = Field(default=None, description="The place that was scanned with it, if one was.")
    version: int | None = Field(description="The version of the task that it was made on, if it was said.")
    task_version: int = Field(description="The version of the task on which it was judged.")
    lot: str | None = Field(description="What the label said besides, as far as it was valid.")
    expiry: date | None
    best_before: date | None
    serial: str | None
    weight: Decimal | None = Field(description="Net, in kilograms.")
    price: Decimal | None = Field(description="In the currency of whoever printed the label.")
    line_id: int | None = Field(description="The task line that it was of.")
    undone_by: UUID | None = Field(description="The operation that took it back.")


class TaskScans(Page[ScanRecord]):
    """The last scans of a task."""

    removed_before: datetime | None = Field(
        default=None,
        description="Where scans of the task may be missing because they are not kept any more: those that "
        "arrived before that. What was picked stands on its lines all the same.",
    )


class ScanQuery(BaseModel):
    """How many scans to list."""

    limit: Limit = 100


class GatheredScan(Payload):
    """A request to record a scan, as it came to the gateway."""

    user: Username
    role: Role
    request_id: str
    body: str = Field(description="As it was sent, be it malformed.")


class GatheredScans(Payload):
    """Requests that came to the gateway while it waited for the answers to others."""

    scans: list[GatheredScan] = Field(min_length=1, max_length=MOST_GATHERED)


class GatheredAnswer(BaseModel):
    """What one of them would have been answered by itself: status, headers besides the usual, body."""

    status: int
    # Pydantic would copy a default, deeply, for each answer.
    headers: dict[str, str] = Field(default_factory=dict)
    body: str


class GatheredAnswers(BaseModel):
    """The answers, in the order of the requests."""

    answers: list[GatheredAnswer]


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
    scope=Scope.TASKS_READ,
    query=ScanQuery,
    answer=TaskScans,
)
GATHERED_SCANS = Endpoint(
    "POST",
    "/internal/scans",
    "Answer requests to record a scan, each as if it had come by itself",
    role=None,
    body=GatheredScans,
    answer=GatheredAnswers,
)
