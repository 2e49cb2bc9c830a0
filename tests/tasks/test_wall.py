"""The board for walls: what it counts, whom it names, and what it costs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.contracts.tasks.wall import WallNames
from magacin.core.db import Database
from magacin.tasks.reports.following import ACTIVE_MINUTES
from magacin.tasks.wall.service import WallBoard, initials
from tests.support import Caller
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following

ZONE = "Europe/Belgrade"


class Site:
    """A warehouse where it is known who worked when today."""

    def __init__(self, call: Caller, database: Database, warehouse: Warehouse) -> None:
        self.call, self.database, self.warehouse = call, database, warehouse

    async def worked(self, worker: str, pieces: int, slots: int, *, ago: int = 0) -> None:
        """Have somebody pick pieces in so many of five minutes, the last one so many ago."""
        now = datetime.now(ZoneInfo(ZONE))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        last = int((now - midnight).total_seconds() // (60 * ACTIVE_MINUTES)) - ago
        # In the first minutes of a day there is no time before them: then it was later.
        bits = ["0"] * 300
        for slot in range(max(0, last - slots + 1), max(0, last - slots + 1) + slots):
            bits[slot] = "1"
        async with self.database.begin() as connection:
            await connection.execute(
                text("""
                    INSERT INTO tasks.report_workers
                           (day, worker, scans, pieces, lines, refused, undone, shortages, short_pieces,
                            tasks, tasks_due, tasks_on_time, active)
                    VALUES (:day, :worker, 1, :pieces, 2, 0, 0, 0, 0, 1, 0, 0,
                            CAST(CAST(:bits AS text) AS bit(300)))
                """),
                {"day": now.date(), "worker": worker, "pieces": pieces, "bits": "".join(bits)},
            )

    async def task(self, pieces: int, *workers: str, **change: Any) -> int:
        task_id = await self.warehouse.task(*workers, A=pieces)
        if change:
            path = f"/api/tasks/{task_id}"
            assert (await self.call("PATCH", path, change, role=Role.SUPERVISOR))[0] == 200
        return task_id

    async def wall(self, names: WallNames = WallNames.INITIALS) -> dict[str, Any]:
        """Return the figures as of now."""
        return (await WallBoard(self.database, ZONE, names).read()).model_dump(mode="json")


@pytest.fixture
async def site(call: Caller, empty: Database, warehouse: Warehouse) -> Site:
    # Before the reports are followed for the first time, their sums are emptied.
    await catch_up(following(empty))
    return Site(call, empty, warehouse)


def after(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def test_an_empty_warehouse(site: Site) -> None:
    found = await site.wall()
    assert datetime.now(UTC) - datetime.fromisoformat(found.pop("at")) < timedelta(minutes=1)
    assert found == {
        "time_zone": ZONE,
        "queue": {"tasks": 0, "pieces": 0},
        "in_work": {"tasks": 0, "pieces": 0},
        "late": 0,
        "will_be_late": None,
        "today": {"pieces": 0, "lines": 0, "tasks": 0, "pieces_per_hour": None},
        "at_work": 0,
        "names": "initials",
        "people": [],
        "missing_since": None,
    }


class TestWork:
    async def test_is_waiting_or_begun(self, site: Site) -> None:
        await site.task(5)
        await site.task(7, "ivo")
        await site.task(100, held=True)
        begun = await site.task(10, "ana")
        await site.warehouse.scan(begun, "A", 4)
        found = await site.wall()
        assert found["queue"] == {"tasks": 2, "pieces": 12}
        assert found["in_work"] == {"tasks": 1, "pieces": 6}

    async def test_what_is_done_is_not_open(self, site: Site) -> None:
        done = await site.task(2, "ana", due_at=after(hours=-2))
        assert (await site.wall())["late"] == 1
        await site.warehouse.scan(done, "A", 2)
        found = await site.wall()
        assert (found["late"], found["queue"]["tasks"], found["in_work"]["tasks"]) == (0, 0, 0)

    async def test_will_be_late_by_what_is_before_it(self, site: Site) -> None:
        await site.worked("ana", 60, slots=12)
        first = await site.task(50, due_at=after(hours=1))
        second = await site.task(40, due_at=after(hours=1, minutes=10))
        await site.task(1_000, due_at=after(minutes=5), held=True)
        await site.task(1_000)
        # 60 an hour: the first takes 50 minutes, the second is done after 90.
        assert (await site.wall())["will_be_late"] == 1
        for task_id, priority in ((first, 5), (second, 9)):
            change = {"priority": priority}
            await site.call("PATCH", f"/api/tasks/{task_id}", change, role=Role.SUPERVISOR)
        # Now the second comes first, and is in time; the other is done after 90 minutes.
        assert (await site.wall())["will_be_late"] == 1
        await site.call("PATCH", f"/api/tasks/{first}", {"due_at": after(hours=2)}, role=Role.SUPERVISOR)
        assert (await site.wall())["will_be_late"] == 0

    async def test_what_is_begun_comes_first(self, site: Site) -> None:
        await site.worked("ana", 60, slots=12)
        begun = await site.task(62, "ana")
        await site.warehouse.scan(begun, "A", 2)
        await site.task(10, due_at=after(hours=1), priority=1_000)
        assert (await site.wall())["will_be_late"] == 1

    async def test_there_is_no_pace_in_the_first_minutes(self, site: Site) -> None:
        await site.worked("ana", 60, slots=2)
        await site.task(1_000, due_at=after(hours=1))
        found = await site.wall()
        assert (found["will_be_late"], found["today"]["pieces_per_hour"]) == (None, None)
        await site.worked("ivo", 0, slots=3)
        found = await site.wall()
        assert (found["will_be_late"], found["today"]["pieces_per_hour"]) == (1, 240)

    async def test_who_picks_nothing_has_no_forecast(self, site: Site) -> None:
        await site.worked("ana", 0, slots=12)
        await site.task(1, due_at=after(hours=1))
        found = await site.wall()
        assert (found["will_be_late"], found["today"]["pieces_per_hour"]) == (None, 0)


class TestPeople:
    @pytest.mark.parametrize(
        ("names", "shown"),
        [(WallNames.NONE, []), (WallNames.INITIALS, ["AP", "I"]), (WallNames.NAMES, ["ana.petrovic", "ivo"])],
    )
    async def test_are_named_as_it_is_set(self, site: Site, names: WallNames, shown: list[str]) -> None:
        await site.worked("ivo", 90, slots=12)
        await site.worked("ana.petrovic", 30, slots=6)
        found = await site.wall(names)
        # By name and not by pace: it is no race.
        assert [person["name"] for person in found["people"]] == shown
        assert [person["pieces_per_hour"] for person in found["people"]] == [60, 90][: len(shown)]
        assert (found["names"], found["at_work"]) == (names, 2)
        # Both worked in the same hour.
        assert found["today"] == {"pieces": 120, "lines": 4, "tasks": 2, "pieces_per_hour": 120}

    async def test_who_went_home_counts_and_is_not_named(self, site: Site) -> None:
        if datetime.now(ZoneInfo(ZONE)).hour < 2:
            pytest.skip("nobody can have gone home yet today")
        await site.worked("ana", 30, slots=3, ago=13)
        await site.worked("ivo", 10, slots=1, ago=12)
        found = await site.wall()
        assert ([person["name"] for person in found["people"]], found["today"]["pieces"]) == (["I"], 40)

    @pytest.mark.parametrize(
        ("username", "shown"),
        [("ana", "A"), ("ana.petrovic", "AP"), ("a-b_c.d", "ABC"), ("7", "7"), ("x..y", "XY"), ("z-", "Z")],
    )
    def test_initials(self, username: str, shown: str) -> None:
        assert initials(username) == shown


async def test_says_since_when_the_sums_lack_something(site: Site) -> None:
    async with site.database.begin() as reports:
        # As if another replica followed them, and hung.
        await reports.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('tasks.reports', 0))"))
        async with site.database.begin() as connection:
            await connection.execute(
                text("INSERT INTO tasks.task_turns (task_id, at) VALUES (1, now() - interval '5 minutes')")
            )
        found = await site.wall()
    since = datetime.now(UTC) - datetime.fromisoformat(found["missing_since"])
    assert timedelta(minutes=5) <= since < timedelta(minutes=6)


class TestAsked:
    async def test_by_a_screen_again_and_again(
        self, call: Caller, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("magacin.tasks.wall.service.REUSED_SECONDS", 0)
        status, tag, body = await call.if_changed("/api/wall", role=Role.SCREEN)
        assert (status, orjson.loads(body)["queue"]["tasks"]) == (200, 0)
        assert (await call.if_changed("/api/wall", tag, role=Role.SCREEN))[0] == 304
        await warehouse.task(A=5)
        status, _, body = await call.if_changed("/api/wall", tag, role=Role.SCREEN)
        assert (status, orjson.loads(body)["queue"]) == (200, {"tasks": 1, "pieces": 5})

    async def test_by_twenty_screens_at_once(self, call: Caller, empty: Database) -> None:
        def read() -> float:
            name, labels = "db_query_duration_seconds_count", {"operation": "wall"}
            return REGISTRY.get_sample_value(name, labels) or 0

        before = read()
        found = await asyncio.gather(*(call("GET", "/api/wall", role=Role.SCREEN) for _ in range(20)))
        assert [status for status, _ in found] == [200] * 20
        # Twenty answers may take longer than a second on a machine that does something else.
        assert 1 <= read() - before <= 3
