"""Refusals: what came from a scanner and did not count, whatever the reason."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Limit, Username
from magacin.contracts.tasks.articles import Sku
from magacin.contracts.tasks.scans import ScanCode, ScanOutcome


class OperationKind(StrEnum):
    """What workers send."""

    SCAN = "scan"
    SHORTAGE = "shortage"
    UNDO = "undo"


class Refusal(BaseModel):
    """Something that was sent and did not count. What of it could not be read is missing."""

    refused_at: datetime
    worker: str
    reason: str = Field(description="The code of the error that it was answered with.")
    kind: OperationKind | None
    operation_id: UUID | None
    task_id: int | None
    code: str | None = Field(description="What was scanned, as it was sent.")
    detail: str | None = Field(description="What is wrong with it, where the reason alone does not say.")
    sku: str | None = Field(description="The article that was found.")
    picked_at: datetime | None = Field(description="When it was made, where the device said so.")
    refused_as: ScanOutcome | None = Field(description="As what the device had refused it, if it had.")
    handed_in_by: str | None = Field(description="The supervisor who sent it for the worker.")


class Refusals(BaseModel):
    """Refusals, the newest first."""

    items: list[Refusal]
    next_before: str | None = Field(description="Asks for those before, as `before`; None at the end.")
    removed_before: datetime | None = Field(
        default=None,
        description="Where older ones were asked for than are kept: what was refused before was removed.",
    )


class RefusalFilter(BaseModel):
    """Which refusals are meant."""

    worker: Username | None = None
    sku: Sku | None = Field(default=None, description="Of an article that was found.")
    code: ScanCode | None = Field(default=None, description="Of scans of a code, as it was sent.")
    since: AwareDatetime | None = Field(default=None, description="Without it, of the last 7 days.")
    late: bool = Field(
        default=False,
        description="Only those that arrived more than a minute after they were made, as from out of reach.",
    )


class RefusalQuery(RefusalFilter):
    """Which refusals to list."""

    before: Annotated[str, Field(pattern=r"^[0-9]{1,17}\.[0-9a-f-]{1,36}$")] | None = Field(
        default=None, description="`next_before` of those that were listed."
    )
    limit: Limit = 100


LIST_REFUSALS = Endpoint(
    "GET",
    "/api/refusals",
    "What workers sent that did not count, the newest first",
    role=Role.SUPERVISOR,
    tag="scans",
    query=RefusalQuery,
    answer=Refusals,
)
REFUSALS_AS_CSV = Endpoint(
    "GET",
    "/api/refusals/refusals.csv",
    "All of that as CSV",
    role=Role.SUPERVISOR,
    tag="scans",
    query=RefusalFilter,
    media_type="text/csv",
    bulk=True,
)
