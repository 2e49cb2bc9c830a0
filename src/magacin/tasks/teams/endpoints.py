"""HTTP: teams, shifts, and who is in today."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from magacin.contracts.payloads import Page, Paging
from magacin.contracts.tasks.teams import (
    CHANGE_SHIFT,
    CHANGE_TEAM,
    CREATE_SHIFT,
    CREATE_TEAM,
    LIST_ATTENDANCE,
    LIST_SHIFTS,
    LIST_TEAMS,
    REMOVE_SHIFT,
    REMOVE_TEAM,
    AttendancePage,
    AttendanceQuery,
    IfAsSeen,
    Shift,
    ShiftChangeIn,
    ShiftIn,
    Team,
    TeamChangeIn,
    TeamIn,
)
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.metrics import timed
from magacin.tasks.teams import service
from magacin.tasks.teams.attendance import attendance
from magacin.tasks.teams.service import Roster

router = Router()


@router.handles(LIST_SHIFTS)
async def list_shifts(
    request: Request, connection: Transaction, wanted: Annotated[Paging, Query()]
) -> Json[Page[Shift]]:
    """Return shifts by their ids."""
    with timed("teams"):
        found = await service.list_shifts(connection, wanted.after, wanted.limit)
    return Json[Page[Shift]].tagged(found, request)


@router.handles(CREATE_SHIFT)
async def create_shift(
    connection: Transaction, state: State, identity: CurrentIdentity, new: ShiftIn
) -> Shift:
    """Make a shift. One of that name that was removed goes on, in reports as well."""
    with timed("teams"):
        return await Roster(connection, state.reports.time_zone, identity).add_shift(new)


@router.handles(CHANGE_SHIFT)
async def change_shift(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    shift_id: Id,
    seen: Annotated[IfAsSeen, Query()],
    change: ShiftChangeIn,
) -> Shift:
    """Change what is given. The days before keep the hours that they had."""
    with timed("teams"):
        roster = Roster(connection, state.reports.time_zone, identity)
        return await roster.change_shift(shift_id, seen.revision, change)


@router.handles(REMOVE_SHIFT)
async def remove_shift(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    shift_id: Id,
    seen: Annotated[IfAsSeen, Query()],
) -> None:
    """Remove a shift; teams that worked in it have none. The days before keep it."""
    with timed("teams"):
        await Roster(connection, state.reports.time_zone, identity).remove_shift(shift_id, seen.revision)


@router.handles(LIST_TEAMS)
async def list_teams(
    request: Request, connection: Transaction, wanted: Annotated[Paging, Query()]
) -> Json[Page[Team]]:
    """Return teams by their ids."""
    with timed("teams"):
        found = await service.list_teams(connection, wanted.after, wanted.limit)
    return Json[Page[Team]].tagged(found, request)


@router.handles(CREATE_TEAM)
async def create_team(connection: Transaction, state: State, identity: CurrentIdentity, new: TeamIn) -> Team:
    """Make a team. One of that name that was removed goes on, in reports as well."""
    with timed("teams"):
        return await Roster(connection, state.reports.time_zone, identity).add_team(new)


@router.handles(CHANGE_TEAM)
async def change_team(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    team_id: Id,
    seen: Annotated[IfAsSeen, Query()],
    change: TeamChangeIn,
) -> Team:
    """Change what is given. Who comes leaves the team that they were in; the days before keep theirs."""
    with timed("teams"):
        roster = Roster(connection, state.reports.time_zone, identity)
        return await roster.change_team(team_id, seen.revision, change)


@router.handles(REMOVE_TEAM)
async def remove_team(
    connection: Transaction,
    state: State,
    identity: CurrentIdentity,
    team_id: Id,
    seen: Annotated[IfAsSeen, Query()],
) -> None:
    """Remove a team; who was in it is in none. The days before keep it."""
    with timed("teams"):
        await Roster(connection, state.reports.time_zone, identity).remove_team(team_id, seen.revision)


@router.handles(LIST_ATTENDANCE)
async def list_attendance(
    request: Request, connection: Transaction, state: State, wanted: Annotated[AttendanceQuery, Query()]
) -> Json[AttendancePage]:
    """Return who is in today: who is planned, by their team's shift, and who has scanned since when."""
    with timed("teams"):
        found = await attendance(connection, wanted, state.reports.time_zone)
    return Json[AttendancePage].tagged(found, request)
