"""Requisitions: what a store or a customer asks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, DueTime, Id, Page, Paging, Payload, Quantity, Text
from magacin.contracts.tasks.articles import Barcode, Sku

MAX_NUMBER_LENGTH = 64

Number = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NUMBER_LENGTH, pattern=PLAIN)
]


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


class RequisitionQuery(Paging):
    """Which requisitions to list."""

    released: bool | None = Field(default=None, description="Only those with, or without, a pick task.")


LIST_REQUISITIONS = Endpoint(
    "GET",
    "/api/requisitions",
    "Requisitions",
    role=Role.SUPERVISOR,
    query=RequisitionQuery,
    answer=Page[RequisitionSummary],
)
CREATE_REQUISITION = Endpoint(
    "POST",
    "/api/requisitions",
    "Create a requisition",
    role=Role.SUPERVISOR,
    body=RequisitionIn,
    answer=Requisition,
    status=201,
    errors=(409,),
)
GET_REQUISITION = Endpoint(
    "GET",
    "/api/requisitions/{requisition_id}",
    "One requisition with its lines",
    role=Role.SUPERVISOR,
    answer=Requisition,
)
TAKE_BATCH = Endpoint(
    "POST",
    "/internal/requisitions",
    "Take requisitions of an import job",
    role=None,
    body=RequisitionBatch,
    answer=RequisitionBatchResult,
    errors=(409,),
)
