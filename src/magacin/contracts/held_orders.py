"""Orders that an import held back: what is wrong with them or differs, until somebody decides on each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.imports import Reject
from magacin.contracts.payloads import Page, Paging
from magacin.contracts.tasks.requisitions import Difference, Hindrance, RequisitionOutcome
from magacin.core.endpoint import Id

# Of an order in a list; who wants more reads the order.
MOST_DIFFERENCES, MOST_LINES, MOST_REJECTS = 20, 500, 100


class HeldReason(StrEnum):
    """Why an order was held back."""

    INCOMPLETE = "incomplete"  # rows of it were refused
    DIFFERS = "differs"  # it was there already, with another content


class HeldState(StrEnum):
    """What was decided on an order that was held back."""

    WAITING = "waiting"
    RELEASED = "released"  # it was imported: its good lines, or in place of what was there
    DISCARDED = "discarded"
    SUPERSEDED = "superseded"  # a later file has brought the order again


class HeldOrder(BaseModel):
    """An order that an import held back. `revision` counts what has become of it, or of what is there."""

    held_id: int
    job_id: int
    filename: str
    number: str
    destination: str
    reason: HeldReason
    state: HeldState
    revision: int
    line_count: int = Field(description="Its good lines.")
    missing_rows: int = Field(description="Rows of it that were refused, or may have been.")
    is_there: bool = Field(
        description="Whether an order of that number was there when it was looked at last."
    )
    differences: list[Difference] = Field(
        description=f"How it differs from what is there, at most {MOST_DIFFERENCES} in a list."
    )
    difference_count: int
    hindrance: Hindrance | None = Field(description="Why it could not be released when somebody tried.")
    outcome: RequisitionOutcome | None = Field(description="What became of it once it was released.")
    decided_by: str | None
    decided_at: datetime | None


class HeldLine(BaseModel):
    """A line of it that is fine."""

    sku: str
    quantity: int
    description: str = ""
    barcode: str | None = None


class HeldOrderDetails(HeldOrder):
    """The same with what is in it, as long as nobody has decided."""

    lines: list[HeldLine] = Field(description=f"The first {MOST_LINES}.")
    rejects: list[Reject] = Field(description=f"What is wrong with its other rows, the first {MOST_REJECTS}.")


class HeldQuery(Paging):
    """Which of them to list."""

    job_id: Id | None = Field(default=None, description="Only those of one import.")
    state: HeldState = HeldState.WAITING


class HeldAsSeen(BaseModel):
    """What a decision goes by."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        description="The `revision` as it was seen. Where there is another one by now, nothing is done: 409 "
        "`held_order_changed`, whose details have how it is `now`.",
        examples=[1],
    )


LIST_HELD_ORDERS = Endpoint(
    "GET",
    "/api/held-orders",
    "Orders that imports held back, what waits longest first",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    query=HeldQuery,
    answer=Page[HeldOrder],
)
GET_HELD_ORDER = Endpoint(
    "GET",
    "/api/held-orders/{held_id}",
    "One of them, with its lines and what is wrong with its other rows",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_READ,
    answer=HeldOrderDetails,
)
RELEASE_HELD_ORDER = Endpoint(
    "POST",
    "/api/held-orders/{held_id}/release",
    "Import it after all: its good lines, or in place of what is there",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_WRITE,
    audited=(Action.HELD_RELEASED,),
    query=HeldAsSeen,
    answer=HeldOrder,
    errors=(409,),
)
DISCARD_HELD_ORDER = Endpoint(
    "POST",
    "/api/held-orders/{held_id}/discard",
    "Leave everything as it is, and have it wait no longer",
    role=Role.SUPERVISOR,
    scope=Scope.IMPORTS_WRITE,
    audited=(Action.HELD_DISCARDED,),
    query=HeldAsSeen,
    answer=HeldOrder,
    errors=(409,),
)
