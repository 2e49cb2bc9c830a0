"""Erasing a person: the name goes, and what was done under it stays under a pseudonym."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import Payload, Username, examples

PSEUDONYM_PATTERN = r"^erased-[1-9][0-9]{0,17}$"
"""What nobody is called who was not erased."""


class ErasureIn(Payload):
    """The name once more: what is erased does not come back."""

    model_config = examples({"username": "ana"})

    username: Username


class Erasure(BaseModel):
    """Somebody who was erased. What there was of them is kept under the pseudonym."""

    pseudonym: str
    requested_at: datetime
    finished_at: datetime | None = Field(
        description="When the name was replaced everywhere; None while that goes on."
    )
    waiting_for: str | None = Field(
        default=None,
        description="The service that did not answer at the last try; it is asked again by itself.",
    )


class RenamingIn(Payload):
    """Whose name is to be replaced by what, and where a portion begins: at the beginning for None.

    After `until` it may be the name of somebody else.
    """

    model_config = examples(
        {
            "username": "ana",
            "pseudonym": "erased-7",
            "place": "scans:512",
            "until": "2027-03-01T08:15:30Z",
        }
    )

    username: Username
    pseudonym: Annotated[str, StringConstraints(pattern=PSEUDONYM_PATTERN)]
    place: Annotated[str, StringConstraints(max_length=64)] | None = None
    until: AwareDatetime


class Renamed(BaseModel):
    """What a portion came to: rows that had the name, and where the next portion begins, None for no more."""

    rows: int
    place: str | None


ERASE_USER = Endpoint(
    "POST",
    "/api/users/{username}/erase",
    "Erase a person who was deactivated; the figures stay, under a pseudonym",
    role=Role.ADMIN,
    audited=(Action.USER_ERASED,),
    parameters={"username": str},
    body=ErasureIn,
    answer=Erasure,
    status=202,
    errors=(409, 503),
)
LIST_ERASURES = Endpoint(
    "GET",
    "/api/erasures",
    "Who was erased, by their pseudonyms, and whether all of it is done",
    role=Role.ADMIN,
    answer=list[Erasure],
    errors=(503,),
)
