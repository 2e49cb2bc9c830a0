"""Screens on walls: a code that brings them in, what they are then given, and the list of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from magacin.contracts.actions import Action
from magacin.contracts.auth import DeviceSecret
from magacin.contracts.devices import DeviceName
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, Payload, examples
from magacin.core.languages import LanguageTag

CODE_DIGITS = 8
CODE_SECONDS = 600
"""How long a code can be entered."""

# As people type it: with what they saw between its halves.
TypedCode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=32, pattern=PLAIN)]
Hour = Annotated[int, Field(ge=0, le=23)]
Version = Annotated[str, StringConstraints(max_length=64, pattern=PLAIN)]


class ScreenCode(BaseModel):
    """A code to be shown, and what the screen proves by that it was its own: that is shown to nobody."""

    code: str = Field(description=f"{CODE_DIGITS} digits, which bring one screen in.")
    secret: str
    seconds: int = Field(description="How long the code can be entered.")


class ScreenSetting(BaseModel):
    """How a screen looks, as whoever brought it in has said."""

    name: str
    language: LanguageTag
    dim_from: int | None = Field(description="From this hour on it is dimmed, by the site's clock; or never.")
    dim_until: int | None


class ScreenSessionIn(Payload):
    """What a screen shows for itself."""

    model_config = examples({"secret": "as it came with the code", "app_version": "0.1.0"})

    secret: DeviceSecret
    app_version: Version


class ScreenAccess(ScreenSetting):
    """What a screen that was brought in asks with. It comes again before `expires_in` is over."""

    screen_id: int
    access_token: str
    expires_in: int = Field(description="Seconds until the access token expires.")


class ScreenSession(BaseModel):
    """The answer: access, or None for as long as the screen's code waits to be entered."""

    screen: ScreenAccess | None


class ScreenIn(Payload):
    """A screen to bring in."""

    model_config = examples(
        {"code": "4821 7390", "name": "Hall 2", "language": "sr-Latn", "dim_from": 21, "dim_until": 5}
    )

    code: TypedCode = Field(description="What it shows.")
    name: DeviceName = Field(description="What people call it: where it hangs.")
    language: LanguageTag = LanguageTag.ENGLISH
    dim_from: Hour | None = Field(default=None, description="Dims it from this hour, by the site's clock.")
    dim_until: Hour | None = None

    @model_validator(mode="after")
    def _dims_from_and_until(self) -> Self:
        if (self.dim_from is None) != (self.dim_until is None):
            raise ValueError("give dim_from and dim_until, or neither")
        return self


class Screen(ScreenSetting):
    """A screen, and when it was last heard of."""

    screen_id: int
    active: bool = Field(description="False once it was ended: it shows nothing any more.")
    paired_by: str
    paired_at: datetime
    ended_at: datetime | None
    last_contact_at: datetime | None
    app_version: str | None


MAKE_CODE = Endpoint(
    "POST",
    "/api/screens/code",
    "Get a code for a new screen to show",
    role=None,
    answer=ScreenCode,
    status=201,
    errors=(429, 503),
)
SCREEN_SESSION = Endpoint(
    "POST",
    "/api/screens/session",
    "Get what a screen asks with",
    role=None,
    body=ScreenSessionIn,
    answer=ScreenSession,
    errors=(401, 503),
)
PAIR_SCREEN = Endpoint(
    "POST",
    "/api/screens",
    "Bring a screen in by the code that it shows",
    role=Role.SUPERVISOR,
    body=ScreenIn,
    answer=Screen,
    status=201,
    errors=(404, 429, 503),
    audited=(Action.SCREEN_PAIRED,),
)
LIST_SCREENS = Endpoint(
    "GET",
    "/api/screens",
    "All screens, and when they were last heard of",
    role=Role.SUPERVISOR,
    answer=list[Screen],
    errors=(503,),
)
END_SCREEN = Endpoint(
    "DELETE",
    "/api/screens/{screen_id}",
    "End a screen",
    role=Role.SUPERVISOR,
    status=204,
    errors=(503,),
    audited=(Action.SCREEN_ENDED,),
)
