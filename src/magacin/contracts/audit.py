"""The audit log, as administrators read it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, After, Limit, Page, examples

_Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=PLAIN)]


class AuditFilter(BaseModel):
    """Which entries are meant; all of them where nothing is said."""

    actor: _Said | None = Field(default=None, description="Who did it.", examples=["mira"])
    action: _Said | None = Field(
        default=None,
        description="What was done, or its first word for all that begins so.",
        examples=["task"],
    )
    subject_kind: _Said | None = Field(default=None, description="To what kind of thing.", examples=["task"])
    subject_id: _Said | None = Field(default=None, description="And to which one.", examples=["42"])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(default=None, description="Before this moment.")


class AuditQuery(AuditFilter):
    """Which entries to list."""

    after: After = 0
    limit: Limit = 100


class AuditEntry(BaseModel):
    """A change: who made it, from where, and what differs. None in `before` or `after` is nothing at all."""

    id: int
    at: datetime
    actor: str = Field(description="A person, `system`, or a command on the machine.")
    role: str | None = Field(description="The role that they had then; None of what is no person.")
    address: str | None = Field(description="Where the request came from; None where there was none.")
    request_id: str | None
    action: str
    subject_kind: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    model_config = examples(
        {
            "id": 1207,
            "at": "2027-03-07T08:15:00Z",
            "actor": "mira",
            "role": "supervisor",
            "address": "10.0.0.7",
            "request_id": "5f2c1c7a5d100b9c3a526f0e4d6e9b3e",
            "action": "task.changed",
            "subject_kind": "task",
            "subject_id": "42",
            "before": {"priority": 0},
            "after": {"priority": 5},
        }
    )


LIST_AUDIT = Endpoint(
    "GET",
    "/api/audit",
    "Who changed what, the newest first",
    role=Role.ADMIN,
    query=AuditQuery,
    answer=Page[AuditEntry],
    errors=(503,),
)
AUDIT_AS_CSV = Endpoint(
    "GET",
    "/api/audit/audit.csv",
    "All of these as CSV",
    role=Role.ADMIN,
    query=AuditFilter,
    media_type="text/csv",
    errors=(503,),
)
