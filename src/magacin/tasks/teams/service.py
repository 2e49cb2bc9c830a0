"""Teams and shifts as supervisors keep them: each change holds from the present day on, and is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.teams import (
    MOST_SHIFTS,
    MOST_TEAMS,
    Shift,
    ShiftChangeIn,
    ShiftIn,
    Team,
    TeamChangeIn,
    TeamIn,
)
from magacin.core import audit
from magacin.tasks.errors import (
    ChangedMeanwhile,
    NameTaken,
    ShiftNotFound,
    TeamNotFound,
    TooMany,
    UnknownShift,
)
from magacin.tasks.models import shift_hours, shifts, team_members, team_shifts, teams
from magacin.tasks.reports.repository import ReportRepository
from magacin.tasks.teams.repository import TeamRepository

_HOURS = ("weekdays", "starts", "ends")


class Roster:
    """Changes teams and shifts in the transaction of `connection`, by the days of a time zone."""

    def __init__(self, connection: AsyncConnection, zone: str, by: Identity) -> None:
        self._connection = connection
        self._repository = TeamRepository(connection)
        self._zone = zone
        self._by = by

    async def add_shift(self, new: ShiftIn) -> Shift:
        """Make a shift; raise `NameTaken`, or `TooMany`."""
        await self._repository.lock()
        shift_id = await self._add(shifts, new.name, MOST_SHIFTS)
        await self._set_hours(shift_id, new.model_dump())
        made = await self._shift(shift_id)
        await self._record(Action.SHIFT_SAVED, "shift", shift_id, None, _said(made))
        return made

    async def change_shift(self, shift_id: int, seen: int | None, wanted: ShiftChangeIn) -> Shift:
        """Change what is given; raise `ShiftNotFound`, `ChangedMeanwhile` or `NameTaken`."""
        await self._repository.lock()
        values = wanted.model_dump(exclude_none=True)
        before = await self._shift(shift_id)
        _require(seen, before, values)
        was, is_ = audit.differences(_said(before), values)
        if not is_:
            return before
        await self._rename(shifts, shift_id, is_)
        if is_.keys() & set(_HOURS):
            await self._set_hours(shift_id, {**_said(before), **is_})
        await self._record(Action.SHIFT_SAVED, "shift", shift_id, was, is_)
        return await self._shift(shift_id)

    async def remove_shift(self, shift_id: int, seen: int | None) -> None:
        """Remove a shift, and take it from its teams; raise `ShiftNotFound` or `ChangedMeanwhile`."""
        await self._repository.lock()
        before = await self._shift(shift_id)
        _require(seen, before, {})
        for team_id in await self._repository.with_shift(shift_id):
            await self.change_team(team_id, None, TeamChangeIn(shift_id=None))
        today = await self._today()
        await self._repository.say(shift_hours.c.shift_id, shift_id, today, None)
        await self._repository.remove(shifts, shift_id, self._by.username)
        await self._record(Action.SHIFT_REMOVED, "shift", shift_id, _said(before), None)

    async def add_team(self, new: TeamIn) -> Team:
        """Make a team; raise `NameTaken`, `TooMany` or `UnknownShift`."""
        await self._repository.lock()
        team_id = await self._add(teams, new.name, MOST_TEAMS)
        await self._set_shift(team_id, new.shift_id)
        await self._set_members(team_id, [], new.workers)
        made = await self._team(team_id)
        await self._record(Action.TEAM_SAVED, "team", team_id, None, _said(made))
        return made

    async def change_team(self, team_id: int, seen: int | None, wanted: TeamChangeIn) -> Team:
        """Change what is given; raise `TeamNotFound`, `ChangedMeanwhile`, `NameTaken` or `UnknownShift`."""
        await self._repository.lock()
        values = wanted.model_dump(exclude_unset=True)
        before = await self._team(team_id)
        _require(seen, before, values)
        was, is_ = audit.differences(_said(before), values)
        if not is_:
            return before
        await self._rename(teams, team_id, is_)
        if "shift_id" in is_:
            await self._set_shift(team_id, is_["shift_id"])
        if "workers" in is_:
            await self._set_members(team_id, before.workers, is_["workers"])
        await self._record(Action.TEAM_SAVED, "team", team_id, was, is_)
        return await self._team(team_id)

    async def remove_team(self, team_id: int, seen: int | None) -> None:
        """Remove a team; who was in it is in none. Raises `TeamNotFound` or `ChangedMeanwhile`."""
        await self._repository.lock()
        before = await self._team(team_id)
        _require(seen, before, {})
        await self._set_shift(team_id, None)
        await self._set_members(team_id, before.workers, [])
        await self._repository.remove(teams, team_id, self._by.username)
        await self._record(Action.TEAM_REMOVED, "team", team_id, _said(before), None)

    async def _add(self, table: Table, name: str, most: int) -> int:
        if await self._repository.count(table) >= most:
            raise TooMany(f"There are {most} {table.name}, which is the most. Remove one first.")
        made = await self._repository.add(table, name, self._by.username)
        if made is None:
            raise _taken(table, name)
        return made

    async def _rename(self, table: Table, of: int, changed: Mapping[str, Any]) -> None:
        named = {"name": changed["name"]} if "name" in changed else {}
        if named and not await self._repository.is_free(table, changed["name"], besides=of):
            raise _taken(table, changed["name"])
        await self._repository.touch(table, [of], self._by.username, **named)

    async def _set_hours(self, shift_id: int, said: Mapping[str, Any]) -> None:
        values = {
            "weekdays": said["weekdays"],
            "starts": _minutes(said["starts"]),
            "ends": _minutes(said["ends"]),
        }
        await self._repository.say(shift_hours.c.shift_id, shift_id, await self._today(), values)

    async def _set_shift(self, team_id: int, shift_id: int | None) -> None:
        if shift_id is not None and await self._repository.shift(shift_id) is None:
            raise UnknownShift(f"There is no shift {shift_id}.", details={"shift_id": shift_id})
        values = None if shift_id is None else {"shift_id": shift_id}
        await self._repository.say(team_shifts.c.team_id, team_id, await self._today(), values)

    async def _set_members(self, team_id: int, before: list[str], after: list[str]) -> None:
        come, go = sorted({*after} - {*before}), sorted({*before} - {*after})
        await self._take_from_others(come)
        today = await self._today()
        for worker in go:
            await self._repository.say(team_members.c.worker, worker, today, None)
        for worker in come:
            await self._repository.say(team_members.c.worker, worker, today, {"team_id": team_id})

    async def _take_from_others(self, workers: list[str]) -> None:
        """Take people out of the teams that they are in, as changes of these."""
        leaving: dict[int, list[str]] = {}
        for worker, team_id in (await self._repository.teams_of(workers)).items():
            leaving.setdefault(team_id, []).append(worker)
        for team_id, gone in sorted(leaving.items()):
            stay = [name for name in (await self._team(team_id)).workers if name not in gone]
            await self.change_team(team_id, None, TeamChangeIn(workers=stay))

    async def _shift(self, shift_id: int) -> Shift:
        row = await self._repository.shift(shift_id)
        if row is None:
            raise ShiftNotFound(shift_id)
        return shift_of(row)

    async def _team(self, team_id: int) -> Team:
        row = await self._repository.team(team_id)
        if row is None:
            raise TeamNotFound(team_id)
        return team_of(row)

    async def _today(self) -> Any:
        return await ReportRepository(self._connection).today(self._zone)

    async def _record(
        self,
        action: Action,
        kind: str,
        of: int,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        await audit.record(self._connection, self._by, audit.Entry(action, kind, of, before, after))


async def list_shifts(connection: AsyncConnection, after: int, limit: int) -> Page[Shift]:
    """Return a page of shifts."""
    rows = await TeamRepository(connection).shifts(after, limit)
    return Page.of([shift_of(row) for row in rows], limit, lambda: rows[-1]["id"])


async def list_teams(connection: AsyncConnection, after: int, limit: int) -> Page[Team]:
    """Return a page of teams."""
    rows = await TeamRepository(connection).teams(after, limit)
    return Page.of([team_of(row) for row in rows], limit, lambda: rows[-1]["id"])


def shift_of(row: RowMapping) -> Shift:
    """Return a shift from its row."""
    clocks = {name: f"{row[name] // 60:02}:{row[name] % 60:02}" for name in ("starts", "ends")}
    return Shift.model_validate({**row, "shift_id": row["id"], **clocks})


def team_of(row: RowMapping) -> Team:
    """Return a team from its row."""
    return Team.model_validate({**row, "team_id": row["id"]})


def _require(seen: int | None, now: Shift | Team, wanted: Mapping[str, Any]) -> None:
    """Raise `ChangedMeanwhile` where somebody has seen another revision."""
    if seen is not None and seen != now.revision:
        raise ChangedMeanwhile(
            f"{now.name} was changed meanwhile by {now.changed_by}: it is at revision {now.revision}, "
            f"not {seen}. Nothing was done.",
            details={"wanted": dict(wanted), "now": now.model_dump()},
        )


def _said(of: Shift | Team) -> dict[str, Any]:
    """Return what people decide of it."""
    return of.model_dump(
        exclude={"shift_id" if isinstance(of, Shift) else "team_id", "revision", "changed_by"}
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def _taken(table: Table, name: str) -> NameTaken:
    kind = table.name.removesuffix("s")
    return NameTaken(
        f"There is a {kind} {name} already, or was one: make it anew under that name instead.",
        details={"name": name},
    )
