"""Operations of workers, one by one or as many as a device gathered while it was out of reach.

A scan, a shortage, and what takes one of them back. Each has an `operation_id`, and counts once under it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Id, Payload, Username, examples
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import PickedAt, ScanIn, ScanResult
from magacin.contracts.tasks.shortages import ShortageIn, ShortageResult

MAX_OPERATIONS = 500


class UndoOutcome(StrEnum):
    """What became of an undo; also the values of the label `outcome` of `scan_undos_total`."""

    UNDONE = "undone"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOT_YOUR_OPERATION = "not_your_operation"
    WAS_REFUSED = "was_refused"
    ALREADY_UNDONE = "already_undone"
    TOO_LATE = "too_late"
    PIECES_MOVED = "pieces_moved"  # pieces that were short are to be picked by another task line by now

    @property
    def accepted(self) -> bool:
        """Tell whether something was taken back."""
        return self is UndoOutcome.UNDONE


class UndoIn(Payload):
    """Takes a scan or a shortage back. Idempotent by `operation_id`, like what it takes back."""

    model_config = examples(
        {
            "undoes": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
            "operation_id": "5f0f1c2e-93a4-4f5e-8d0b-6d0a4b7f2a11",
        }
    )

    undoes: UUID = Field(description="The `operation_id` of the scan or shortage.")
    operation_id: UUID
    picked_at: PickedAt | None = None


class UndoResult(BaseModel):
    """The answer to an undo: what was taken back, and how far its line and task are without it."""

    operation_id: UUID
    outcome: UndoOutcome
    undoes: UUID
    kind: Literal["scan", "shortage"]
    task_id: int
    task_status: TaskStatus
    line_id: int
    sku: str
    quantity: int
    picked: int
    short: int
    required: int
    remaining_lines: int


class ScanOperation(ScanIn):
    """A scan among others."""

    model_config = examples(
        {
            "kind": "scan",
            "task_id": 42,
            "code": "04006381333931",
            "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
        }
    )

    kind: Literal["scan"]


class ShortageOperation(ShortageIn):
    """A shortage among others."""

    model_config = examples(
        {
            "kind": "shortage",
            "task_id": 42,
            "line_id": 7,
            "quantity": 2,
            "reason": "not_found",
            "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
        }
    )

    kind: Literal["shortage"]
    task_id: Id


class UndoOperation(UndoIn):
    """An undo among others."""

    model_config = examples(
        {
            "kind": "undo",
            "undoes": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
            "operation_id": "5f0f1c2e-93a4-4f5e-8d0b-6d0a4b7f2a11",
        }
    )

    kind: Literal["undo"]


Operation = Annotated[ScanOperation | ShortageOperation | UndoOperation, Field(discriminator="kind")]


class OperationsIn(Payload):
    """Operations in the order in which they were made. Each counts, or is refused, for itself."""

    model_config = examples(
        {
            "operations": [
                {
                    "kind": "scan",
                    "task_id": 42,
                    "code": "04006381333931",
                    "operation_id": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
                },
                {
                    "kind": "undo",
                    "undoes": "0b9c3a52-6f0e-4d6e-9b3e-2c1f1c7a5d10",
                    "operation_id": "5f0f1c2e-93a4-4f5e-8d0b-6d0a4b7f2a11",
                },
            ]
        }
    )

    operations: Annotated[list[Operation], Field(min_length=1, max_length=MAX_OPERATIONS)]
    on_behalf_of: Username | None = Field(
        default=None,
        description="The worker whose device they are on, where a supervisor hands them in. They are judged "
        "and recorded as that worker's, and who handed them in beside.",
    )


class OperationError(BaseModel):
    """Why an operation did not count: the error that it would have got alone."""

    code: str
    message: str
    details: dict[str, Any]


class OperationAnswer(BaseModel):
    """The answer to one operation: what it would have been alone, with its HTTP status."""

    operation_id: UUID
    status: int
    result: ScanResult | ShortageResult | UndoResult | None = None
    error: OperationError | None = None


class OperationsResult(BaseModel):
    """The answers, in the order of the operations."""

    results: list[OperationAnswer]


UNDO = Endpoint(
    "POST",
    "/api/undo",
    "Take a scan or a shortage back",
    role=Role.WORKER,
    tag="scans",
    body=UndoIn,
    answer=UndoResult,
    errors=(404, 409),
    repeatable=True,
)
RECORD_OPERATIONS = Endpoint(
    "POST",
    "/api/scans",
    "Record scans, shortages and undos in their order",
    role=Role.WORKER,
    audited=(Action.QUEUE_HANDED_IN,),
    body=OperationsIn,
    answer=OperationsResult,
    repeatable=True,
)
