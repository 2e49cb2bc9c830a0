"""The wall: what a screen that nobody touches shows of the work."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role


class WallNames(StrEnum):
    """How the wall calls the people whose pace it shows."""

    NONE = "none"  # it shows nobody's
    INITIALS = "initials"
    NAMES = "names"


class WallTasks(BaseModel):
    """Pick tasks, and the pieces that are left to pick in them."""

    tasks: int
    pieces: int


class WallDay(BaseModel):
    """What was done today, by the site's calendar."""

    pieces: int
    lines: int
    tasks: int
    pieces_per_hour: int | None = Field(
        description="Of all together, for each hour in which anybody worked; None for the first minutes."
    )


class WallPerson(BaseModel):
    """Somebody who was at work in the last hour."""

    name: str
    pieces: int = Field(description="Picked today.")
    pieces_per_hour: int | None = Field(description="For each hour in which they worked today.")


class Wall(BaseModel):
    """The board for walls. docs/wall.md says what is counted."""

    at: datetime
    time_zone: str
    queue: WallTasks = Field(description="Nobody has begun with these, and they are not held.")
    in_work: WallTasks
    late: int = Field(description="Unfinished tasks whose due time is past.")
    will_be_late: int | None = Field(
        description="Others that will not be finished when they are due, at today's pace; None where no pace "
        "is known yet."
    )
    today: WallDay
    at_work: int = Field(description="People who were at work in the last hour.")
    names: WallNames
    people: list[WallPerson] = Field(description="Them by name, as far as they are to be named.")
    missing_since: datetime | None = Field(
        description="When the first was recorded that pace and day lack, where that is over a minute ago."
    )


GET_WALL = Endpoint("GET", "/api/wall", "The board for screens on walls", role=Role.SCREEN, answer=Wall)
