"""Devices that workers share, and the quick ways to log in there: a PIN, a badge."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, SecretStr, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.auth import MAX_PASSWORD_LENGTH, DeviceSecret, Secret, Tokens
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, Payload, Username, examples
from magacin.core.languages import LanguageTag
from magacin.core.printing.jobs import PDF, BadgeSheet

MIN_PIN_LENGTH, MAX_PIN_LENGTH = 6, 12
PIN_TRIES = 5
"""Wrong PINs in a row after which a person's PIN is locked on a device."""

_DIGITS = re.compile(rf"[0-9]{{{MIN_PIN_LENGTH},{MAX_PIN_LENGTH}}}")
_RUN = "01234567890123456789"


def _not_easy(pin: SecretStr) -> SecretStr:
    digits = pin.get_secret_value()
    if not _DIGITS.fullmatch(digits):
        raise ValueError(f"a PIN has {MIN_PIN_LENGTH} to {MAX_PIN_LENGTH} digits, and nothing else")
    if len(set(digits)) == 1 or digits in _RUN or digits in _RUN[::-1]:
        raise ValueError("one digit over and over, or digits in their order, is what people try first")
    return pin


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


Pin = Annotated[Secret, AfterValidator(_not_easy)]
# A PIN as it was typed: whether it could be one is only said where it is chosen.
TypedPin = Annotated[Secret, Field(max_length=MAX_PASSWORD_LENGTH)]
DeviceName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=PLAIN)
]


class DeviceIn(Payload):
    """A device to enrol."""

    model_config = examples({"name": "Scanner 7"})

    name: DeviceName = Field(description="What people call it: what is written on its back.")


class EnrolledDevice(BaseModel):
    """A device that was enrolled. Its secret is shown this once, and belongs on the device alone."""

    device_id: UUID
    name: str
    secret: str


class Queue(BaseModel):
    """What a device still holds of one person's operations."""

    username: str
    queued: int
    oldest_at: datetime | None = Field(description="When the earliest was done, by the gateway's clock.")


class Device(BaseModel):
    """A device, and what it said of itself when it was last heard of."""

    device_id: UUID
    name: str
    active: bool = Field(description="False once it was ended: nobody logs in there by PIN or badge.")
    enrolled_by: str
    enrolled_at: datetime
    ended_at: datetime | None
    last_contact_at: datetime | None
    last_user: str | None = Field(description="Who logged in there last, or was at work at its last contact.")
    app_version: str | None
    queued: list[Queue] = Field(description="What it holds that was not sent yet, by whose it is.")


class QueueIn(Payload):
    """What a device still holds of one person's operations, by the device's clock."""

    username: Username
    queued: Annotated[int, Field(ge=0, le=10_000_000)]
    oldest_at: AwareDatetime | None


def _one_each(queues: list[QueueIn]) -> list[QueueIn]:
    if len({queue.username for queue in queues}) < len(queues):
        raise ValueError("holds a name twice")
    return queues


class ContactIn(Payload):
    """What a device says of itself."""

    model_config = examples(
        {
            "device_secret": "as it was when the device was enrolled",
            "queues": [{"username": "ana", "queued": 3, "oldest_at": "2027-03-01T08:15:00+01:00"}],
            "app_version": "0.1.0",
            "clock": "2027-03-01T08:15:00+01:00",
        }
    )

    device_secret: DeviceSecret
    queues: Annotated[list[QueueIn], Field(max_length=200), AfterValidator(_one_each)] = Field(
        description="Of each person whose operations it holds; who is left out has none there."
    )
    app_version: Annotated[str, StringConstraints(max_length=64, pattern=PLAIN)]
    clock: AwareDatetime = Field(description="The device's time as it sends this.")


class Contact(BaseModel):
    """The answer: what the device measures its clock by."""

    server_time: datetime


class PinLoginIn(Payload):
    """A name and a PIN, on an enrolled device."""

    model_config = examples(
        {
            "device_id": "7c0b8a9e-5d34-4f7b-a1d8-0a4c2f6e9b13",
            "device_secret": "as it was when the device was enrolled",
            "username": "ana",
            "pin": "274951",
        }
    )

    device_id: UUID
    device_secret: DeviceSecret
    username: Annotated[str, Field(max_length=64)]
    pin: TypedPin


class BadgeLoginIn(Payload):
    """What was read off a badge, on an enrolled device."""

    model_config = examples(
        {
            "device_id": "7c0b8a9e-5d34-4f7b-a1d8-0a4c2f6e9b13",
            "device_secret": "as it was when the device was enrolled",
            "code": "what the badge says",
        }
    )

    device_id: UUID
    device_secret: DeviceSecret
    code: Annotated[Secret, Field(max_length=512)]


class PinIn(Payload):
    """A new PIN. Who sets their own proves by the password, or by the present PIN, that it is them."""

    model_config = examples({"pin": "274951", "password": "a long sentence that only Ana knows"})

    pin: Pin
    password: Annotated[Secret, Field(max_length=MAX_PASSWORD_LENGTH)] | None = None
    current_pin: TypedPin | None = None


class Badge(BaseModel):
    """The code for a new badge. It is shown this once, and whoever reads it can log in by it."""

    code: str


class BadgePrintIn(Payload):
    """Whose badges to print. Each gets a new one, and the one before ends."""

    model_config = examples({"usernames": ["ana", "marko"], "sheet": "a4-2x5", "language": "sr-Latn"})

    usernames: Annotated[list[Username], Field(min_length=1, max_length=100), AfterValidator(_each_once)]
    sheet: BadgeSheet = Field(
        default=BadgeSheet.A4_2X5,
        description="A4 with 2 × 5 cards of 85.6 × 54 mm to be cut out, or a card a page for card printers.",
    )
    language: LanguageTag = LanguageTag.ENGLISH


class Worker(BaseModel):
    """A person who may log in, and how besides by password."""

    username: str
    role: Role
    has_pin: bool
    has_badge: bool


class DemoBadge(BaseModel):
    """What a demo leaves for the gateway's front page: a badge, and the device to use it on."""

    username: str
    device_id: UUID
    device_secret: str
    badge: str

    @property
    def link(self) -> str:
        """Return the address that opens the application there; no server sees what is behind its #."""
        return f"/app/#device={self.device_id}.{self.device_secret}&badge={self.badge}"


ENROL_DEVICE = Endpoint(
    "POST",
    "/api/devices",
    "Enrol a device",
    role=Role.SUPERVISOR,
    audited=(Action.DEVICE_ENROLLED,),
    body=DeviceIn,
    answer=EnrolledDevice,
    status=201,
    errors=(503,),
)
LIST_DEVICES = Endpoint(
    "GET",
    "/api/devices",
    "All devices, and what they still hold",
    role=Role.SUPERVISOR,
    answer=list[Device],
    errors=(503,),
)
END_DEVICE = Endpoint(
    "DELETE",
    "/api/devices/{device_id}",
    "End a device",
    role=Role.SUPERVISOR,
    audited=(Action.DEVICE_ENDED,),
    parameters={"device_id": UUID},
    status=204,
    errors=(503,),
)
CONTACT = Endpoint(
    "POST",
    "/api/devices/{device_id}/contact",
    "Say what a device holds, and learn the time",
    role=Role.WORKER,
    parameters={"device_id": UUID},
    body=ContactIn,
    answer=Contact,
    errors=(403, 503),
)
LOGIN_BY_PIN = Endpoint(
    "POST",
    "/api/auth/pin",
    "Log in with name and PIN on an enrolled device",
    role=None,
    body=PinLoginIn,
    answer=Tokens,
    errors=(401, 403, 429, 503),
)
LOGIN_BY_BADGE = Endpoint(
    "POST",
    "/api/auth/badge",
    "Log in with a badge on an enrolled device",
    role=None,
    body=BadgeLoginIn,
    answer=Tokens,
    errors=(401, 403, 429, 503),
)
PRINT_BADGES = Endpoint(
    "POST",
    "/api/prints/badges.pdf",
    "New badges as cards, in the place of the ones before",
    role=Role.SUPERVISOR,
    audited=(Action.BADGE_MADE,),
    body=BadgePrintIn,
    media_type=PDF,
    errors=(403, 404, 409, 503),
)
LIST_WORKERS = Endpoint(
    "GET",
    "/api/workers",
    "Who may log in, and who has a PIN or a badge",
    role=Role.SUPERVISOR,
    answer=list[Worker],
    errors=(503,),
)
SET_PIN = Endpoint(
    "PUT",
    "/api/users/{username}/pin",
    "Set a PIN: one's own, or a worker's",
    role=Role.WORKER,
    audited=(Action.PIN_SET,),
    parameters={"username": str},
    body=PinIn,
    status=204,
    errors=(401, 403, 429, 503),
)
REMOVE_PIN = Endpoint(
    "DELETE",
    "/api/users/{username}/pin",
    "Remove a PIN",
    role=Role.WORKER,
    audited=(Action.PIN_REMOVED,),
    parameters={"username": str},
    status=204,
    errors=(403, 503),
)
MAKE_BADGE = Endpoint(
    "POST",
    "/api/users/{username}/badge",
    "Make a badge, in the place of the one before",
    role=Role.SUPERVISOR,
    audited=(Action.BADGE_MADE,),
    parameters={"username": str},
    answer=Badge,
    status=201,
    errors=(503,),
)
END_BADGE = Endpoint(
    "DELETE",
    "/api/users/{username}/badge",
    "End a badge",
    role=Role.SUPERVISOR,
    audited=(Action.BADGE_ENDED,),
    parameters={"username": str},
    status=204,
    errors=(503,),
)
