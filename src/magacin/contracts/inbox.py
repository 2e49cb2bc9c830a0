"""What the inbox of development says about the messages that it caught."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

# What a mail's HTML may do where it is shown: keep its own styles, and nothing else. `sandbox` also holds
# when it is opened on its own: no script, no form, an origin of nobody's. Nothing is fetched from outside, so
# that no picture tells its sender that it was looked at.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class MessageKind(StrEnum):
    """How a message came."""

    EMAIL = "email"
    SLACK = "slack"
    HEARTBEAT = "heartbeat"


class About(BaseModel):
    """Which alert a message tells of, as far as it says so."""

    alert: str | None = None
    service: str | None = None
    severity: str | None = None
    status: str | None = Field(default=None, description="firing or resolved")


class Message(About):
    """A message, without its body. Ids grow with time and never repeat while the inbox runs."""

    id: int
    kind: MessageKind
    received_at: datetime
    sender: str
    recipients: list[str] = Field(description="Addresses of an email; the channel of a Slack message.")
    subject: str
    size: int = Field(description="Bytes, as they came.")


class MessageDetail(Message):
    """A message with everything in it. All of it is what a stranger wrote."""

    headers: dict[str, str]
    text: str
    html: str
    payload: Any = Field(default=None, description="The JSON of a Slack message or a heartbeat.")


class MessagePage(BaseModel):
    """Messages, oldest first. `last_id` is what to ask on from, also when nothing matched."""

    items: list[MessageDetail]
    last_id: int
    dropped: int = Field(description="Messages that had to make room since the inbox was started.")
