"""Teams and shifts: who works together, when they work, and who is in today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import (
    PLAIN,
    Composed,
    Id,
    Limit,
    Page,
    Paging,
    Payload,
    Seen,
    Username,
    examples,
)

MOST_SHIFTS = 50
MOST_TEAMS = 500

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=PLAIN),
    Composed,
    Seen,
]
# Quarters of an hour: what reports by shift are added up from.
Quarter = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):(00|15|30|45)$"),
    Field(description="By the site's clock, at a whole quarter of an hour.", examples=["06:00"]),
]
Weekday = Annotated[int, Field(ge=1, le=7, strict=True)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


def _each_once(values: Iterable[object]) -> None:
    listed = list(values)
    if len(set(listed)) < len(listed):
        raise ValueError("holds one twice")


def _weekdays(days: list[int]) -> list[int]:
    _each_once(days)
    return sorted(days)


def _members(names: list[str]) -> list[str]:
    _each_once(names)
    return sorted(names)


Weekdays = Annotated[
    list[Weekday],
    Field(min_length=1, max_length=7, description="On which days it begins: 1 is Monday, 7 Sunday."),
    AfterValidator(_weekdays),
]
Members = Annotated[list[Username], Field(max_length=100), AfterValidator(_members)]


class ShiftIn(Payload):
    """A shift. One that ends at or before its beginning goes on over midnight, for a day at most."""

    model_config = examples(
        {"name": "Early", "weekdays": [1, 2, 3, 4, 5], "starts": "06:00", "ends": "14:00"},
        {"name": "Night", "weekdays": [7, 1, 2, 3, 4], "starts": "22:00", "ends": "06:00"},
    )

    name: Name
    weekdays: Weekdays
    starts: Quarter
    ends: Quarter


class ShiftChangeIn(Payload):
    """What of a shift is to be changed. Other hours hold from today on; what is not named stays."""

    model_config = examples({"starts": "05:45", "ends": "13:45"}, {"name": "Morning"})

    name: Name | None = None
    weekdays: Weekdays | None = None
    starts: Quarter | None = None
    ends: Quarter | None = None


class Shift(BaseModel):
    """A shift as it is now."""

    shift_id: int
    name: str
    weekdays: list[int]
    starts: str
    ends: str
    revision: int = Field(description="Counts the changes: what `revision` of a change goes by.")
    changed_by: str


class TeamIn(Payload):
    """A team. Who is in another one is in this one from today on."""

    model_config = examples({"name": "Cold store", "shift_id": 1, "workers": ["ana", "bojan"]})

    name: Name
    shift_id: Id | None = Field(default=None, description="When they work; nothing where that is not said.")
    workers: Members = Field(default_factory=list)


class TeamChangeIn(Payload):
    """What of a team is to be changed, from today on. What is not named stays."""

    model_config = examples({"workers": ["ana", "bojan", "ceca"]}, {"shift_id": 2}, {"shift_id": None})

    name: Name = ""
    shift_id: Id | None = None
    workers: Members = Field(default_factory=list, description="All who are in it from now on.")


class Team(BaseModel):
    """A team as it is now."""

    team_id: int
    name: str
    shift_id: int | None
    workers: list[str]
    revision: int = Field(description="Counts the changes: what `revision` of a change goes by.")
    changed_by: str


class IfAsSeen(BaseModel):
    """What a change goes by."""

    revision: Revision | None = Field(
        default=None,
        description="The `revision` as it was seen. Where there is another one by now, nothing is done: 409 "
        "`changed_meanwhile`, whose details have what was `wanted` and how it is `now`.",
        examples=[3],
    )


class AttendanceQuery(BaseModel):
    """One page of who is in today."""

    after: Annotated[str, Field(max_length=32, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        default="", description="`next_after` of the page before."
    )
    limit: Limit = 100


class Attendant(BaseModel):
    """Somebody who is to work today, or has worked."""

    worker: str
    team_id: int | None
    shift_id: int | None = Field(description="The shift of their team.")
    planned_from: datetime | None = Field(
        description="When their shift of today begins, or that of yesterday which goes on; None where there "
        "is none."
    )
    planned_until: datetime | None
    first_at: datetime | None = Field(
        description="The five minutes in which the first scan or shortage of theirs was made; None before it."
    )
    last_at: datetime | None = Field(description="And the last five minutes so far.")


class AttendancePage(BaseModel):
    """Who is in today, by name: everybody in a team, and whoever works without being in one."""

    items: list[Attendant]
    next_after: str | None = Field(description="Asks for the following page, as `after`; None at the end.")


LIST_SHIFTS = Endpoint("GET", "/api/shifts", "Shifts", role=Role.SUPERVISOR, query=Paging, answer=Page[Shift])
CREATE_SHIFT = Endpoint(
    "POST",
    "/api/shifts",
    "Make a shift",
    role=Role.SUPERVISOR,
    audited=(Action.SHIFT_SAVED,),
    body=ShiftIn,
    answer=Shift,
    status=201,
    errors=(409,),
)
CHANGE_SHIFT = Endpoint(
    "PATCH",
    "/api/shifts/{shift_id}",
    "Change a shift, from today on",
    role=Role.SUPERVISOR,
    audited=(Action.SHIFT_SAVED,),
    query=IfAsSeen,
    body=ShiftChangeIn,
    answer=Shift,
    errors=(409,),
)
REMOVE_SHIFT = Endpoint(
    "DELETE",
    "/api/shifts/{shift_id}",
    "Remove a shift, from today on",
    role=Role.SUPERVISOR,
    audited=(Action.SHIFT_REMOVED,),
    query=IfAsSeen,
    status=204,
    errors=(409,),
)
LIST_TEAMS = Endpoint("GET", "/api/teams", "Teams", role=Role.SUPERVISOR, query=Paging, answer=Page[Team])
CREATE_TEAM = Endpoint(
    "POST",
    "/api/teams",
    "Make a team",
    role=Role.SUPERVISOR,
    audited=(Action.TEAM_SAVED,),
    body=TeamIn,
    answer=Team,
    status=201,
    errors=(409,),
    checks_workers=True,
)
CHANGE_TEAM = Endpoint(
    "PATCH",
    "/api/teams/{team_id}",
    "Change a team, from today on",
    role=Role.SUPERVISOR,
    audited=(Action.TEAM_SAVED,),
    query=IfAsSeen,
    body=TeamChangeIn,
    answer=Team,
    errors=(409,),
    checks_workers=True,
)
REMOVE_TEAM = Endpoint(
    "DELETE",
    "/api/teams/{team_id}",
    "Remove a team, from today on",
    role=Role.SUPERVISOR,
    audited=(Action.TEAM_REMOVED,),
    query=IfAsSeen,
    status=204,
    errors=(409,),
)
LIST_ATTENDANCE = Endpoint(
    "GET",
    "/api/attendance",
    "Who is in today",
    role=Role.SUPERVISOR,
    query=AttendanceQuery,
    answer=AttendancePage,
)
