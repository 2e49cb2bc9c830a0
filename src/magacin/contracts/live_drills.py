"""What is remembered of a live drill: an alert sent on purpose, and who said that it arrived."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

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
