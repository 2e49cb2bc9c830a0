"""Who is in today: everybody by their team's shift, and since when each works by the sums of reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.teams import AttendancePage, AttendanceQuery, Attendant
from magacin.tasks.reports.following import ACTIVE_MINUTES
from magacin.tasks.teams.repository import TeamRepository

_DAY = timedelta(days=1)
# Who comes before a shift that goes over midnight comes for that one, and not late from the one before.
_EARLY = timedelta(hours=2)
_SLOT = timedelta(minutes=ACTIVE_MINUTES)


class Plan(NamedTuple):
    """When somebody is to work."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class _Place:
    """In which team and shift somebody is."""

    team_id: int | None = None
    shift_id: int | None = None


async def attendance(connection: AsyncConnection, wanted: AttendanceQuery, zone: str) -> AttendancePage:
    """Return a page of who is in today, by name."""
    repository = TeamRepository(connection)
    now = await repository.now()
    today = now.astimezone(ZoneInfo(zone)).date()
    plans = {row["id"]: plan_of(row, now, ZoneInfo(zone)) for row in await repository.shifts()}
    places = {
        worker: _Place(team["id"], team["shift_id"])
        for team in await repository.teams()
        for worker in team["workers"]
    }
    rows = await repository.active(today - _DAY, today)
    worked = {worker: _moments([*own], zone) for worker, own in groupby(rows, lambda row: row["worker"])}
    found = [
        one
        for worker in sorted({*places, *worked})
        if worker > wanted.after
        and (one := _attendant(worker, places.get(worker), plans, worked.get(worker, []), today, zone))
    ]
    page = found[: wanted.limit]
    return AttendancePage(
        items=page, next_after=page[-1].worker if len(page) == wanted.limit and page else None
    )


def plan_of(shift: RowMapping, now: datetime, zone: ZoneInfo) -> Plan | None:
    """Return when a shift is today: that of yesterday, where it goes on; None where there is none."""
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):
        if day.isoweekday() in shift["weekdays"]:
            plan = _on(day, shift["starts"], shift["ends"], zone)
            if day == today or plan.ends > now:
                return plan
    return None


def _on(day: date, starts: int, ends: int, zone: ZoneInfo) -> Plan:
    last = day + _DAY if ends <= starts else day
    return Plan(_at(day, starts, zone), _at(last, ends, zone))


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone) + timedelta(minutes=minutes)


def _moments(rows: Sequence[RowMapping], zone: str) -> list[datetime]:
    return [moment for row in rows for moment in _slots(row, ZoneInfo(zone))]


def _slots(row: RowMapping, zone: ZoneInfo) -> Iterator[datetime]:
    # Seconds that go by, and no clock that may be set in between.
    midnight = _at(row["day"], 0, zone).timestamp()
    for place, bit in enumerate(row["active"]):
        if bit == "1":
            yield datetime.fromtimestamp(midnight + place * _SLOT.total_seconds(), zone)


def _attendant(
    worker: str,
    place: _Place | None,
    plans: dict[int, Plan | None],
    worked: list[datetime],
    today: date,
    zone: str,
) -> Attendant | None:
    plan = plans.get(place.shift_id) if place and place.shift_id else None
    since = _at(today, 0, ZoneInfo(zone))
    if plan and plan.ends.astimezone(ZoneInfo(zone)).date() > plan.starts.date():
        since = plan.starts - _EARLY
    seen = [moment for moment in worked if moment >= since]
    if place is None and not seen:
        return None
    return Attendant(
        worker=worker,
        team_id=place.team_id if place else None,
        shift_id=place.shift_id if place else None,
        planned_from=plan.starts if plan else None,
        planned_until=plan.ends if plan else None,
        first_at=seen[0] if seen else None,
        last_at=seen[-1] if seen else None,
    )
