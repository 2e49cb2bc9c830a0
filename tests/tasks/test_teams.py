"""Teams and shifts: kept by supervisors, by days; who is in; the hours that alerts go by."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.metrics import STRETCHES
from magacin.tasks.teams.attendance import plan_of
from magacin.tasks.teams.hours import WEEK, Stretch, stretches
from tests.support import Caller, audited, last_audited
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following

pytestmark = pytest.mark.served_once

_ZONE = ZoneInfo("Europe/Belgrade")
_EARLY = {"name": "Early", "weekdays": [1, 2, 3, 4, 5], "starts": "06:00", "ends": "14:00"}
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def ask(call: Caller) -> Ask:
    async def ask(method: str, path: str, body: Any = None, *, status: int = 200, user: str = "vera") -> Any:
        found, answer = await call(method, path, body, user=user, role=Role.SUPERVISOR)
        assert found == status, answer
        return answer

    return ask


async def _pretend(database: Database, days: int) -> None:
    """Have all that is there be so since some days earlier."""
    async with database.begin() as connection:
        for table in ("shift_hours", "team_shifts", "team_members"):
            moved = f"UPDATE tasks.{table} SET since = since - {days}, until = until - {days}"
            await connection.execute(text(moved))


async def _members(database: Database) -> list[tuple[Any, ...]]:
    statement = text(
        "SELECT worker, name, (now() AT TIME ZONE 'Europe/Belgrade')::date - since, until IS NULL"
        "  FROM tasks.team_members m JOIN tasks.teams t ON t.id = m.team_id ORDER BY worker, since"
    )
    async with database.begin() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


class TestTeams:
    async def test_a_person_is_in_one_team_at_most(self, ask: Ask) -> None:
        shift = await ask("POST", "/api/shifts", _EARLY, status=201)
        cold = {"name": "Cold store", "shift_id": shift["shift_id"], "workers": ["bojan", "ana"]}
        first = await ask("POST", "/api/teams", cold, status=201)
        assert (first["workers"], first["shift_id"], first["revision"]) == (["ana", "bojan"], 1, 1)
        await ask("POST", "/api/teams", {"name": "Dry", "workers": ["ana", "ceca"]}, status=201)
        found = (await ask("GET", "/api/teams"))["items"]
        assert [(one["name"], one["workers"], one["revision"]) for one in found] == [
            ("Cold store", ["bojan"], 2), ("Dry", ["ana", "ceca"], 1),
        ]  # fmt: skip

    async def test_the_days_before_keep_their_team(self, ask: Ask, empty: Database) -> None:
        first = await ask("POST", "/api/teams", {"name": "Cold", "workers": ["ana"]}, status=201)
        await _pretend(empty, 3)
        await ask("POST", "/api/teams", {"name": "Dry", "workers": ["ana"]}, status=201)
        moved = [("ana", "Cold", 3, False), ("ana", "Dry", 0, True)]
        assert await _members(empty) == moved
        # There and back on one day: of the day is where somebody ended up.
        await ask("PATCH", f"/api/teams/{first['team_id']}", {"workers": ["ana"]})
        assert await _members(empty) == [("ana", "Cold", 3, False), ("ana", "Cold", 0, True)]

    async def test_what_was_removed_goes_on_under_its_name(self, ask: Ask, empty: Database) -> None:
        team = await ask("POST", "/api/teams", {"name": "Cold", "workers": ["ana"]}, status=201)
        await _pretend(empty, 1)
        await ask("DELETE", f"/api/teams/{team['team_id']}", status=204)
        assert (await ask("GET", "/api/teams"))["items"] == []
        assert await _members(empty) == [("ana", "Cold", 1, False)]
        await ask("DELETE", f"/api/teams/{team['team_id']}", status=404)
        again = await ask("POST", "/api/teams", {"name": "Cold"}, status=201)
        assert (again["team_id"], again["workers"]) == (team["team_id"], [])

    async def test_a_shift_that_is_removed_leaves_its_teams(self, ask: Ask) -> None:
        shift = await ask("POST", "/api/shifts", _EARLY, status=201)
        await ask("POST", "/api/teams", {"name": "Cold", "shift_id": shift["shift_id"]}, status=201)
        await ask("DELETE", f"/api/shifts/{shift['shift_id']}", status=204)
        assert (await ask("GET", "/api/teams"))["items"][0]["shift_id"] is None
        refused = await ask("PATCH", "/api/teams/1", {"shift_id": shift["shift_id"]}, status=422)
        assert refused["error"]["code"] == "unknown_shift"

    async def test_two_who_change_one(self, ask: Ask) -> None:
        team = await ask("POST", "/api/teams", {"name": "Cold", "workers": ["ana"]}, status=201)
        path = f"/api/teams/{team['team_id']}?revision={team['revision']}"
        await ask("PATCH", path, {"workers": ["ana", "ceca"]}, user="vera")
        refused = await ask("PATCH", path, {"workers": []}, status=409, user="mira")
        assert refused["error"]["code"] == "changed_meanwhile"
        assert refused["error"]["details"]["wanted"] == {"workers": []}
        assert refused["error"]["details"]["now"]["changed_by"] == "vera"
        assert (await ask("GET", "/api/teams"))["items"][0]["workers"] == ["ana", "ceca"]
        await ask("DELETE", path, status=409)

    async def test_many_at_once_leave_everybody_in_one(self, ask: Ask, empty: Database) -> None:
        ids = [(await ask("POST", "/api/teams", {"name": f"T{n}"}, status=201))["team_id"] for n in range(4)]
        both = {"workers": ["ana", "bojan"]}
        await asyncio.gather(*(ask("PATCH", f"/api/teams/{one}", both) for one in ids * 3))
        found = (await ask("GET", "/api/teams"))["items"]
        assert sorted(name for team in found for name in team["workers"]) == ["ana", "bojan"]
        assert len(await _members(empty)) == 2

    async def test_lists_come_by_pages_and_only_when_they_changed(self, ask: Ask, call: Caller) -> None:
        for number in range(3):
            await ask("POST", "/api/teams", {"name": f"T{number}"}, status=201)
        page = await ask("GET", "/api/teams?limit=2")
        assert [one["name"] for one in page["items"]] == ["T0", "T1"]
        rest = await ask("GET", f"/api/teams?limit=2&after={page['next_after']}")
        assert ([one["name"] for one in rest["items"]], rest["next_after"]) == (["T2"], None)
        for path in ("/api/teams", "/api/shifts", "/api/attendance"):
            status, tag, _ = await call.if_changed(path, role=Role.SUPERVISOR)
            assert (status, (await call.if_changed(path, tag, role=Role.SUPERVISOR))[0]) == (200, 304)

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/api/shifts", _EARLY, 409),
            ("POST", "/api/shifts", {**_EARLY, "name": "x" * 65}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": " "}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "weekdays": []}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "weekdays": [0]}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "weekdays": [1, 1]}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "weekdays": [True]}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "starts": "06:10"}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "ends": "24:00"}, 422),
            ("POST", "/api/shifts", {**_EARLY, "name": "A", "colour": "red"}, 422),
            ("PATCH", "/api/shifts/99", {"name": "A"}, 404),
            ("PATCH", "/api/shifts/2", {"name": "Early"}, 409),
            ("PATCH", "/api/shifts/1?revision=7", {"name": "A"}, 409),
            ("DELETE", "/api/shifts/99", None, 404),
            ("POST", "/api/teams", {"name": "Cold"}, 409),
            ("POST", "/api/teams", {"name": "A", "shift_id": 99}, 422),
            ("POST", "/api/teams", {"name": "A", "workers": ["Ana"]}, 422),
            ("POST", "/api/teams", {"name": "A", "workers": ["ana", "ana"]}, 422),
            ("POST", "/api/teams", {"name": "A", "workers": [f"w{n}" for n in range(101)]}, 422),
            ("PATCH", "/api/teams/1", {"name": ""}, 422),
            ("PATCH", "/api/teams/1", {"name": None}, 422),
            ("PATCH", "/api/teams/99", {"name": "A"}, 404),
            ("GET", "/api/attendance?limit=0", None, 422),
        ],
    )
    async def test_what_is_refused_changes_nothing(
        self, ask: Ask, method: str, path: str, body: Any, status: int
    ) -> None:
        await ask("POST", "/api/shifts", _EARLY, status=201)
        await ask("POST", "/api/shifts", {**_EARLY, "name": "Late"}, status=201)
        await ask("POST", "/api/teams", {"name": "Cold", "workers": ["ana"]}, status=201)
        before = [await ask("GET", path) for path in ("/api/teams", "/api/shifts")]
        await ask(method, path, body, status=status)
        assert [await ask("GET", path) for path in ("/api/teams", "/api/shifts")] == before

    async def test_each_change_is_in_the_audit_log(self, ask: Ask, empty: Database) -> None:
        since = await last_audited(empty)
        await ask("POST", "/api/shifts", _EARLY, status=201)
        await ask("PATCH", "/api/shifts/1", {"starts": "05:45", "ends": "14:00"})
        await ask("PATCH", "/api/shifts/1", {"starts": "05:45"})  # which changes nothing
        await ask("POST", "/api/teams", {"name": "Cold", "shift_id": 1, "workers": ["ana"]}, status=201)
        await ask("POST", "/api/teams", {"name": "Dry", "workers": ["ana"]}, status=201)
        await ask("DELETE", "/api/shifts/1", status=204)
        await ask("DELETE", "/api/teams/2", status=204)
        found = [
            (one["action"], one["subject_id"], one["before"], one["after"])
            for one in await audited(empty, since)
        ]
        dry = {"name": "Dry", "shift_id": None, "workers": ["ana"]}
        assert found == [
            ("shift.saved", "1", None, _EARLY),
            ("shift.saved", "1", {"starts": "06:00"}, {"starts": "05:45"}),
            ("team.saved", "1", None, {"name": "Cold", "shift_id": 1, "workers": ["ana"]}),
            ("team.saved", "1", {"workers": ["ana"]}, {"workers": []}),
            ("team.saved", "2", None, dry),
            ("team.saved", "1", {"shift_id": 1}, {"shift_id": None}),
            ("shift.removed", "1", {**_EARLY, "starts": "05:45"}, None),
            ("team.removed", "2", dry, None),
        ]


class TestWhoIsIn:
    async def test_who_is_planned_and_who_works(
        self, ask: Ask, warehouse: Warehouse, empty: Database
    ) -> None:
        whole_day = {"name": "Day", "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "00:00"}
        await ask("POST", "/api/shifts", whole_day, status=201)
        await ask("POST", "/api/teams", {"name": "A", "shift_id": 1, "workers": ["ana", "ivo"]}, status=201)
        await ask("POST", "/api/teams", {"name": "B", "workers": ["pera"]}, status=201)
        task = await warehouse.task("ana", "zoe", A=5)
        await warehouse.scan(task, "A")
        await warehouse.scan(task, "A", user="zoe")
        await catch_up(following(empty))
        found = await ask("GET", "/api/attendance")
        items = {one["worker"]: one for one in found["items"]}
        assert list(items) == ["ana", "ivo", "pera", "zoe"]
        assert found["next_after"] is None
        now = datetime.now(UTC)
        told = {
            name: (
                one["team_id"],
                one["shift_id"],
                one["planned_from"] is not None,
                one["first_at"] is not None,
            )
            for name, one in items.items()
        }
        assert told == {
            "ana": (1, 1, True, True), "ivo": (1, 1, True, False), "pera": (2, None, False, False),
            "zoe": (None, None, False, True),
        }  # fmt: skip
        first = datetime.fromisoformat(items["ana"]["first_at"])
        assert now - timedelta(minutes=10) < first <= now
        begins = datetime.fromisoformat(items["ana"]["planned_from"]).astimezone(_ZONE)
        assert begins.time() == time(0)
        page = await ask("GET", "/api/attendance?limit=2")
        assert page["next_after"] == "ivo"
        rest = await ask("GET", "/api/attendance?limit=2&after=ivo")
        assert [one["worker"] for one in rest["items"]] == ["pera", "zoe"]

    @pytest.mark.parametrize(
        ("now", "planned"),
        [
            # A night shift from Sunday to Thursday, on a Monday: until six it is Sunday's, then Monday's.
            (datetime(2027, 3, 1, 2, tzinfo=_ZONE), "2027-02-28T22:00:00+01:00"),
            (datetime(2027, 3, 1, 5, 59, tzinfo=_ZONE), "2027-02-28T22:00:00+01:00"),
            (datetime(2027, 3, 1, 6, tzinfo=_ZONE), "2027-03-01T22:00:00+01:00"),
            # Thursday's goes on on Friday, and then there is none.
            (datetime(2027, 3, 5, 3, tzinfo=_ZONE), "2027-03-04T22:00:00+01:00"),
            (datetime(2027, 3, 5, 7, tzinfo=_ZONE), None),
            # The clock is set forward while it goes on.
            (datetime(2027, 3, 29, 4, tzinfo=_ZONE), "2027-03-28T22:00:00+02:00"),
        ],
    )
    def test_a_shift_over_midnight(self, now: datetime, planned: str | None) -> None:
        night: Any = {"weekdays": [1, 2, 3, 4, 7], "starts": 22 * 60, "ends": 6 * 60}
        plan = plan_of(night, now, _ZONE)
        assert (plan.starts.isoformat() if plan else None) == planned


def _shift(weekdays: list[int], starts: int, ends: int) -> dict[str, Any]:
    return {"weekdays": weekdays, "starts": starts * 60, "ends": ends * 60}


_WINTER = datetime(2027, 1, 15, tzinfo=UTC)
_DAY, _HOUR = 86_400, 3_600


class TestHours:
    def test_two_shifts_are_one_stretch_and_a_break_is_none(self) -> None:
        found = stretches([_shift([1], 6, 14), _shift([1], 14, 22), _shift([2], 6, 14)], _WINTER, _ZONE, 28)
        assert found == [
            Stretch(5 * _HOUR, 21 * _HOUR), Stretch(_DAY + 5 * _HOUR, _DAY + 13 * _HOUR),
        ]  # fmt: skip

    def test_summer_time_and_the_end_of_the_week(self) -> None:
        summer = datetime(2027, 7, 15, tzinfo=UTC)
        night = [_shift([7], 22, 6)]
        assert stretches(night, _WINTER, _ZONE, 28) == [
            Stretch(0, 5 * _HOUR), Stretch(6 * _DAY + 21 * _HOUR, WEEK),
        ]  # fmt: skip
        assert stretches(night, summer, _ZONE, 28)[1] == Stretch(6 * _DAY + 20 * _HOUR, WEEK)

    def test_day_and_night(self) -> None:
        always = _shift([1, 2, 3, 4, 5, 6, 7], 6, 6)
        assert stretches([always], _WINTER, _ZONE, 28) == [Stretch(0, WEEK)]

    @given(
        st.lists(
            st.tuples(
                st.lists(st.integers(1, 7), min_size=1, unique=True),
                st.integers(0, 95),
                st.integers(0, 95),
            ),
            max_size=6,
        ),
        st.sampled_from(["Europe/Belgrade", "America/New_York", "Asia/Kolkata", "UTC"]),
        st.integers(0, 7 * 96 - 1),
    )
    def test_a_moment_is_in_a_stretch_when_a_shift_works(
        self, drawn: list[tuple[list[int], int, int]], name: str, quarter: int
    ) -> None:
        zone = ZoneInfo(name)
        shifts = [{"weekdays": days, "starts": 15 * a, "ends": 15 * b} for days, a, b in drawn]
        monday = datetime(2027, 1, 11, tzinfo=UTC)
        moment = monday + timedelta(minutes=15 * quarter)
        found = stretches(shifts, monday, zone, 1_000)
        local = moment.astimezone(zone)
        minute, weekday = local.hour * 60 + local.minute, local.isoweekday()

        def works(shift: dict[str, Any]) -> bool:
            over = shift["ends"] <= shift["starts"]
            began = weekday in shift["weekdays"] and minute >= shift["starts"]
            yesterday = (weekday - 2) % 7 + 1 in shift["weekdays"]
            if over:
                return began or (yesterday and minute < shift["ends"])
            return began and minute < shift["ends"]

        inside = any(one.starts <= quarter * 900 < one.ends for one in found)
        assert inside == any(map(works, shifts))
        fewer = stretches(shifts, monday, zone, 3)
        assert len(fewer) <= 3
        assert all(
            any(kept.starts <= one.starts and one.ends <= kept.ends for kept in fewer) for one in found
        )

    async def _told(self, call: Caller) -> dict[str, list[float]]:
        families = text_string_to_metric_families(await call.metrics())
        return {
            family.name: [sample.value for sample in family.samples]
            for family in families
            if family.name.startswith("shift_hours_")
        }

    async def test_they_are_exported_and_no_numbers_where_there_are_none(
        self, ask: Ask, call: Caller
    ) -> None:
        told = await self._told(call)
        assert all(math.isnan(value) for values in told.values() for value in values)
        assert {len(values) for values in told.values()} == {len(STRETCHES)}
        await ask("POST", "/api/shifts", {**_EARLY, "weekdays": [2]}, status=201)
        told = await self._told(call)
        starts, ends = told["shift_hours_start_seconds"], told["shift_hours_end_seconds"]
        assert ends[0] - starts[0] == 8 * _HOUR
        assert starts[0] in (_DAY + 4 * _HOUR, _DAY + 5 * _HOUR)
        assert all(math.isnan(value) for value in (*starts[1:], *ends[1:]))
