"""Requisitions: what a store or a customer asks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.order_files import MAX_NUMBER_LENGTH
from magacin.contracts.payloads import (
    PLAIN,
    Composed,
    DueTime,
    Id,
    Page,
    Paging,
    Payload,
    Quantity,
    Seen,
    Text,
    examples,
)
from magacin.contracts.tasks.articles import NewBarcode, NewSku

Number = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NUMBER_LENGTH, pattern=PLAIN),
    Composed,
    Seen,
]


class RequisitionLineIn(Payload):
    """A line as it is imported; the same SKU twice in one requisition is the sender's to merge."""

    sku: NewSku
    quantity: Quantity
    description: Text = ""
    barcode: NewBarcode | None = None


class RequisitionIn(Payload):
    """A requisition as it is imported."""

    model_config = examples(
        {
            "number": "SO-1042",
            "destination": "Shop 7",
            "due_at": "2027-03-01T16:00:00+01:00",
            "lines": [
                {
                    "sku": "71053",
                    "quantity": 24,
                    "description": "Mineral water 1.5 l",
                    "barcode": "4006381333931",
                }
            ],
        }
    )

    number: Number = Field(description="The sender's number; unique.")
    destination: Text = ""
    due_at: DueTime | None = None
    lines: Annotated[list[RequisitionLineIn], Field(min_length=1, max_length=10_000)]


class Change(StrEnum):
    """In what a requisition differs from what is there under its number."""

    ADDED = "added"
    REMOVED = "removed"
    QUANTITY = "quantity"
    DESCRIPTION = "description"
    BARCODE = "barcode"
    DESTINATION = "destination"
    DUE_AT = "due_at"


class Difference(BaseModel):
    """One difference. Where a line is added, removed or of another quantity, it is told in pieces."""

    change: Change
    sku: str | None = Field(default=None, description="The line; none where the requisition itself differs.")
    before: int | str | None = None
    after: int | str | None = None


class ImportedRequisition(RequisitionIn):
    """A requisition as a file has it."""

    missing_rows: int = Field(
        default=0, ge=0, description="Rows of it that could not be taken: so many lines may follow later."
    )
    seen: list[Difference] | None = Field(
        default=None,
        description="How it differed from what was there when somebody decided; none where nothing was.",
    )


class RequisitionComparison(Payload):
    """Requisitions of a file, which may be there already."""

    replace: bool = Field(
        default=False,
        description="Give those that are there this content, unless somebody has picked of them.",
    )
    requisitions: Annotated[list[ImportedRequisition], Field(min_length=1, max_length=1_000)]


class RequisitionBatch(RequisitionComparison):
    """What the Import Service sends: some requisitions of one job.

    The same batch sent again by the same job gets the same answer and changes nothing.
    """

    job_id: Id
    release: bool = Field(default=False, description="Make a pick task of each requisition at once.")
    decided: bool = Field(
        default=False,
        description="Somebody has looked at each of them: one counts only where what is there differs as "
        "they saw (`seen`).",
    )


class RequisitionOutcome(StrEnum):
    """What becomes of a requisition that is sent."""

    CREATED = "created"
    DUPLICATE = "duplicate"  # it was there before, and stays as it is
    REPLACED = "replaced"  # it was there before, and got this content


class Hindrance(StrEnum):
    """Why a requisition does not get another content any more."""

    PICKED = "picked"  # somebody has picked of it, or reported a shortage
    CANCELLED = "cancelled"
    PLANNED = "planned"  # a supervisor has split its lines, or has it picked together with others
    NEWER = "newer"  # what is there came with a later job than this
    CHANGED = "changed"  # what is there is not what somebody saw who decided on it


class ComparedRequisition(BaseModel):
    """What becomes of one requisition. Nothing changes where there are no differences."""

    number: str
    outcome: RequisitionOutcome
    requisition_id: int | None
    differences: list[Difference] = Field(
        default_factory=list,
        description="How it differs from what is there; where it is replaced, what that changes.",
    )
    hindrance: Hindrance | None = Field(
        default=None, description="Why it was not replaced although it should have been."
    )


class RequisitionComparisonResult(BaseModel):
    """What would become of each requisition, in the order in which they were sent."""

    results: list[ComparedRequisition]


class RequisitionResult(ComparedRequisition):
    """The answer for one requisition of a batch. `notes` say what a person should know of it."""

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
    task_id: int | None = Field(description="Its pick task, or the first of them.")
    line_count: int
    missing_rows: int = Field(description="Rows of its file that could not be taken: it is not complete.")


class Requisition(RequisitionSummary):
    """A requisition with its lines."""

    lines: list[RequisitionLine]


class CreatedRequisition(Requisition):
    """A requisition that was made by hand. `notes` say what a person should know of it."""

    notes: list[str]


class RequisitionQuery(Paging):
    """Which requisitions to list."""

    released: bool | None = Field(default=None, description="Only those with, or without, a pick task.")


LIST_REQUISITIONS = Endpoint(
    "GET",
    "/api/requisitions",
    "Requisitions",
    role=Role.SUPERVISOR,
    scope=Scope.REQUISITIONS_READ,
    query=RequisitionQuery,
    answer=Page[RequisitionSummary],
)
CREATE_REQUISITION = Endpoint(
    "POST",
    "/api/requisitions",
    "Create a requisition",
    role=Role.SUPERVISOR,
    scope=Scope.REQUISITIONS_WRITE,
    audited=(Action.REQUISITION_CREATED,),
    body=RequisitionIn,
    answer=CreatedRequisition,
    status=201,
    errors=(409,),
)
GET_REQUISITION = Endpoint(
    "GET",
    "/api/requisitions/{requisition_id}",
    "One requisition with its lines",
    role=Role.SUPERVISOR,
    scope=Scope.REQUISITIONS_READ,
    answer=Requisition,
)
TAKE_BATCH = Endpoint(
    "POST",
    "/internal/requisitions",
    "Take requisitions of an import job",
    role=None,
    audited=(Action.IMPORT_TAKEN, Action.REQUISITION_REPLACED),
    body=RequisitionBatch,
    answer=RequisitionBatchResult,
    errors=(409,),
)
COMPARE_BATCH = Endpoint(
    "POST",
    "/internal/requisitions/compare",
    "Say what would become of requisitions, and change nothing",
    role=None,
    body=RequisitionComparison,
    answer=RequisitionComparisonResult,
)
