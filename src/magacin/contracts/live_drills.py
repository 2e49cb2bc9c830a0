"""Live drills: an alert sent on purpose, what is remembered of it, and the page that says it arrived."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.core.endpoint import FORM

# Where the gateway answers the link of a message; the token comes as a query, which no log of ours has.
ACKNOWLEDGE_PATH = "/drill"
# How `delivery` begins of a drill that was not seen leaving: nobody is to answer it, and its sender was told.
FAILED = "failed: "


class DrillSeverity(StrEnum):
    """The severities that people are told of."""

    CRITICAL = "critical"
    WARNING = "warning"


class LiveDrill(BaseModel):
    """One drill. The token of its link is kept nowhere; a hash of it is."""

    id: int
    alert: str
    severity: DrillSeverity
    sent_at: datetime
    expires_at: datetime
    delivery: str | None = Field(default=None, description="What was seen of its way to people.")
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = Field(default=None, description="The name that they gave.")

    @property
    def failed(self) -> bool:
        """Whether it was not seen leaving."""
        return bool(self.delivery and self.delivery.startswith(FAILED))

    @property
    def answered_after(self) -> float | None:
        """Seconds from the alert to the answer."""
        return (self.acknowledged_at - self.sent_at).total_seconds() if self.acknowledged_at else None


class LinkQuery(BaseModel):
    """What a link carries."""

    token: str = ""


class AcknowledgeIn(BaseModel):
    """What somebody says who got the message."""

    name: Annotated[str, Field(max_length=1000)] = ""


SHOW_DRILL = Endpoint(
    "GET",
    ACKNOWLEDGE_PATH,
    "Show a live drill, and a button",
    role=None,
    tag="drills",
    query=LinkQuery,
    media_type="text/html",
    errors=(404, 410, 503),
    listed=False,
)
ACKNOWLEDGE_DRILL = Endpoint(
    "POST",
    ACKNOWLEDGE_PATH,
    "Say that a live drill arrived",
    role=None,
    audited=(Action.DRILL_ACKNOWLEDGED,),
    tag="drills",
    query=LinkQuery,
    takes=FORM,
    body=AcknowledgeIn,
    media_type="text/html",
    errors=(404, 410, 503),
    listed=False,
)
