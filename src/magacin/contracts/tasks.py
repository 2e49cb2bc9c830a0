"""The Task Service's payloads: requisitions, pick tasks, scans, shortages, the board."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from magacin.contracts.identity import USERNAME_PATTERN

T = TypeVar("T")

MAX_QUANTITY = 1_000_000
MAX_SKU_LENGTH = 64
MAX_NUMBER_LENGTH = 64
MAX_TEXT_LENGTH = 200

# NUL cannot be stored by PostgreSQL, and no control character belongs into a label that people read.
_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Sku = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SKU_LENGTH, pattern=_PLAIN)
]
Number = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NUMBER_LENGTH, pattern=_PLAIN)
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Barcode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=48, pattern=_PLAIN)
]
# Scanners send GS1 element strings with the group separator (0x1d) inside, 90 characters at most, and may
# be set up to end a code with a tab or a new line.
ScanCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00-\x1c\x1e\x1f\x7f]+$"
    ),
]
Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
# Strict: `true` and `"1"` are not quantities, and a scanner that sends them is not configured right.
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
# With a zone, because a warehouse and its customers may be in two; within what every program can hold.
DueTime = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class Payload(BaseModel):
    """A payload that refuses fields it does not know: a misspelt one must not be ignored."""

    model_config = ConfigDict(extra="forbid")


class TaskStatus(StrEnum):
    """Where a pick task stands; also the values of the label `status` of `pick_tasks`."""

    OPEN = "open"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ShortageReason(StrEnum):
    """Why less was picked than required."""

    SHORT_PICK = "short_pick"
    NOT_FOUND = "not_found"
    DAMAGED = "damaged"


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

    @property
    def accepted(self) -> bool:
        """Tell whether the scan counted."""
        return self in _ACCEPTED


_ACCEPTED = frozenset({ScanOutcome.PICKED, ScanOutcome.LINE_COMPLETE, ScanOutcome.TASK_COMPLETE})


class ArticleIn(Payload):
    """An article's description, as set by a supervisor."""

    description: Text = ""


class BarcodeIn(Payload):
    """A barcode to add to an article: a GTIN in any of its forms, or an in-house code."""

    code: Barcode


class Article(BaseModel):
    """An article with its barcodes; GTINs are shown in their 14-digit form."""

    sku: str
    description: str
    barcodes: list[str]


class RequisitionLineIn(Payload):
    """A line as it is imported; the same SKU twice in one requisition is the sender's to merge."""

    sku: Sku
    quantity: Quantity
    description: Text = ""
    barcode: Barcode | None = None


class RequisitionIn(Payload):
    """A requisition as it is imported."""

    number: Number = Field(description="The sender's number; unique.")
    destination: Text = ""
    due_at: DueTime | None = None
    lines: Annotated[list[RequisitionLineIn], Field(min_length=1, max_length=10_000)]


class RequisitionBatch(Payload):
    """What the Import Service sends: some requisitions of one job.

    The same batch sent again by the same job gets the same answer and creates nothing.
    """

    job_id: Id
    release: bool = Field(default=False, description="Make a pick task of each requisition at once.")
    requisitions: Annotated[list[RequisitionIn], Field(min_length=1, max_length=1_000)]


class RequisitionOutcome(StrEnum):
    """What became of a requisition that was sent."""

    CREATED = "created"
    DUPLICATE = "duplicate"


class RequisitionResult(BaseModel):
    """The answer for one requisition of a batch. `notes` say what a person should know of it."""

    number: str
    outcome: RequisitionOutcome
    requisition_id: int
    notes: list[str] = Field(default_factory=list)


class RequisitionBatchResult(BaseModel):
    """The answers, in the order of the batch."""

    results: list[RequisitionResult]


class RequisitionLine(BaseModel):
    """A line and how far it is. `required = picked + short + remaining`."""

    line_id: int
    sku: str
    description: str
    required: int
    picked: int
    short: int
    remaining: int


class RequisitionSummary(BaseModel):
    """A requisition without its lines."""

    requisition_id: int
    number: str
    destination: str
    due_at: datetime | None
    created_at: datetime
    task_id: int | None
    line_count: int


class Requisition(RequisitionSummary):
    """A requisition with its lines."""

    lines: list[RequisitionLine]


class TasksIn(Payload):
    """Requisitions to be made into pick tasks, all or none."""

    requisition_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]
    due_at: DueTime | None = None


class AssignIn(Payload):
    """The workers of a task. An empty list puts it back to open."""

    workers: Annotated[list[Username], Field(max_length=100)]


class TaskSummary(BaseModel):
    """A pick task without its lines."""

    task_id: int
    requisition_id: int
    number: str
    destination: str
    status: TaskStatus
    workers: list[str]
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    required: int
    picked: int
    short: int


class Task(TaskSummary):
    """A pick task with its lines."""

    lines: list[RequisitionLine]


class ScanIn(Payload):
    """A scan. The same `operation_id` gets the same answer and counts once, however often it is sent."""

    task_id: Id
    code: ScanCode
    quantity: Quantity = 1
    operation_id: UUID


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


class ScanRecord(BaseModel):
    """A scan as it was kept, accepted or refused."""

    operation_id: UUID
    outcome: ScanOutcome
    code: str
    sku: str | None
    quantity: int
    worker: str
    scanned_at: datetime


class ShortageIn(Payload):
    """A shortage on one line. Idempotent by `operation_id`, like a scan."""

    line_id: Id
    quantity: Quantity
    reason: ShortageReason
    operation_id: UUID


class BoardWorker(BaseModel):
    """What one worker did today."""

    worker: str
    picked: int
    refused: int
    last_scan_at: datetime


class Board(BaseModel):
    """The totals on the wall."""

    tasks: dict[TaskStatus, int]
    lines_required: int
    lines_complete: int
    units_required: int
    units_picked: int
    units_short: int
    scans_today: dict[ScanOutcome, int]
    workers: list[BoardWorker]
    oldest_open_age_seconds: float


class Page(BaseModel, Generic[T]):
    """A page of a list; `next_after` asks for the following one, None at the end."""

    items: list[T]
    next_after: int | None
