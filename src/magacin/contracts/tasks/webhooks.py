"""Webhooks: events that are sent to other systems over HTTP, signed as Standard Webhooks says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, HttpUrl, StringConstraints, TypeAdapter

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.events import EventType
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, After, Limit, Page, Payload, examples

MOST_WEBHOOKS = 20
PING = "ping"
"""The type of what a test sends; nobody subscribes to it."""


class WebhookEvent(StrEnum):
    """What a receiver may ask for."""

    TASK_COMPLETED = EventType.TASK_COMPLETED.value
    SHORTAGE_REPORTED = EventType.SHORTAGE_REPORTED.value
    IMPORT_FINISHED = EventType.IMPORT_FINISHED.value
    REQUISITION_CLOSED = "requisition.closed"


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


_URL = TypeAdapter(HttpUrl)


def _address(written: str) -> str:
    url = _URL.validate_python(written)
    if url.username or url.password:
        raise ValueError("has a name or password in it, which everybody would see who lists webhooks")
    if url.fragment:
        raise ValueError("has a fragment (#…), which is never sent")
    return str(url)


WebhookUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=PLAIN),
    AfterValidator(_address),
]
WebhookName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PLAIN)
]


def _each_once(events: list[WebhookEvent]) -> list[WebhookEvent]:
    return sorted(set(events))


WantedEvents = Annotated[list[WebhookEvent], Field(min_length=1, max_length=20), AfterValidator(_each_once)]


class WebhookIn(Payload):
    """A new receiver."""

    model_config = examples(
        {
            "name": "ERP",
            "url": "https://erp.example/hooks/magacin",
            "events": ["requisition.closed", "shortage.reported"],
        }
    )

    name: WebhookName = Field(description="For people.")
    url: WebhookUrl
    events: WantedEvents


class WebhookChange(Payload):
    """What may change of a receiver; what is left out stays."""

    model_config = examples({"enabled": False}, {"events": ["requisition.closed"]})

    name: WebhookName | None = None
    url: WebhookUrl | None = None
    events: WantedEvents | None = None
    enabled: bool | None = Field(
        default=None, description="What waits for one that is not enabled is sent when it is again."
    )


class Webhook(BaseModel):
    """A receiver, and how it goes."""

    webhook_id: int
    name: str
    url: str
    events: list[WebhookEvent]
    enabled: bool
    gone: bool = Field(description="It was disabled because the receiver answered 410.")
    created_by: str
    created_at: datetime
    waiting: int = Field(description="Deliveries that wait.")
    oldest_waiting_at: datetime | None
    delivered_at: datetime | None = Field(description="When something was delivered last.")


class NewWebhook(Webhook):
    """A receiver with the secret that its signatures are made with, which is shown this once."""

    secret: str


class WebhookSecret(BaseModel):
    """A new secret, which is shown this once."""

    secret: str
    former_until: datetime = Field(description="Until then each delivery is signed with the former one, too.")


class Delivery(BaseModel):
    """Something that was to be sent to a receiver, and what became of it."""

    delivery_id: int
    message_id: str = Field(description="`webhook-id` of each attempt: who has it already has the event.")
    type: str
    occurred_at: datetime
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    answer_status: int | None = Field(description="What the receiver answered last.")
    trouble: str | None = Field(description="Why the last attempt failed.")
    finished_at: datetime | None


class SentDelivery(Delivery):
    """A delivery with what is sent."""

    data: dict[str, Any]


class DeliveryQuery(BaseModel):
    """Which deliveries to list, the newest first."""

    after: After = 0
    limit: Limit = 100
    status: DeliveryStatus | None = None


class HappenedIn(Payload):
    """An event of another service, for whoever wants it."""

    event_id: UUID
    type: WebhookEvent
    occurred_at: AwareDatetime
    data: dict[str, Any]


class HappenedBatch(Payload):
    """Some of them. Sent again, each counts once."""

    model_config = examples(
        {
            "events": [
                {
                    "event_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                    "type": "import.finished",
                    "occurred_at": "2027-03-01T06:15:00Z",
                    "data": {"job_id": 7, "status": "succeeded"},
                }
            ]
        }
    )

    events: Annotated[list[HappenedIn], Field(min_length=1, max_length=500)]


_ALL = "/api/webhooks"
_ONE = "/api/webhooks/{webhook_id}"
_DELIVERY = "/api/webhooks/{webhook_id}/deliveries/{delivery_id}"

LIST_WEBHOOKS = Endpoint("GET", _ALL, "All webhooks", role=Role.ADMIN, answer=list[Webhook])
CREATE_WEBHOOK = Endpoint(
    "POST",
    _ALL,
    "Have events sent to another system",
    role=Role.ADMIN,
    audited=(Action.WEBHOOK_CREATED,),
    body=WebhookIn,
    answer=NewWebhook,
    status=201,
    errors=(409,),
)
CHANGE_WEBHOOK = Endpoint(
    "PATCH",
    _ONE,
    "Change a webhook, stop it or have it go on",
    role=Role.ADMIN,
    audited=(Action.WEBHOOK_CHANGED,),
    body=WebhookChange,
    answer=Webhook,
)
DELETE_WEBHOOK = Endpoint(
    "DELETE",
    _ONE,
    "Remove a webhook and its log",
    role=Role.ADMIN,
    audited=(Action.WEBHOOK_REMOVED,),
    status=204,
)
ROTATE_WEBHOOK_SECRET = Endpoint(
    "POST",
    "/api/webhooks/{webhook_id}/secret",
    "Replace the secret of a webhook",
    role=Role.ADMIN,
    audited=(Action.WEBHOOK_SECRET_REPLACED,),
    answer=WebhookSecret,
    errors=(409,),
)
TEST_WEBHOOK = Endpoint(
    "POST",
    "/api/webhooks/{webhook_id}/test",
    "Send a webhook a ping",
    role=Role.ADMIN,
    audited=(Action.WEBHOOK_TESTED,),
    answer=Delivery,
    status=202,
)
LIST_DELIVERIES = Endpoint(
    "GET",
    "/api/webhooks/{webhook_id}/deliveries",
    "What was sent to a webhook, and what waits",
    role=Role.ADMIN,
    query=DeliveryQuery,
    answer=Page[Delivery],
)
GET_DELIVERY = Endpoint(
    "GET", _DELIVERY, "One delivery with its content", role=Role.ADMIN, answer=SentDelivery
)
REPLAY_DELIVERY = Endpoint(
    "POST",
    f"{_DELIVERY}/replay",
    "Send a delivery once more",
    role=Role.ADMIN,
    audited=(Action.DELIVERY_REPLAYED,),
    answer=Delivery,
    status=202,
)
TAKE_EVENTS = Endpoint(
    "POST",
    "/internal/webhook-events",
    "Take events of another service for webhooks",
    role=None,
    body=HappenedBatch,
    status=204,
)
