"""What is decided without a person: who gets a task, and what becomes of what was short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Select, func, select, text

from magacin.core.audit import entries
from magacin.core.db import Database
from magacin.tasks.rules.assigning import Assigning, AssignSettings
from magacin.tasks.rules.choosing import AssignBy, Candidate, choose
from magacin.tasks.rules.replanning import Replanning, ReplanShortages
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse
from tests.tasks.test_planning import Planner, lines

AT_ONCE = timedelta(0)
_before = {"id": 0}


@pytest.fixture(params=[{}])
def settings(settings: TaskSettings, request: pytest.FixtureRequest) -> TaskSettings:
    return settings.model_copy(update=request.param)


@pytest.fixture
def planner(call: Caller) -> Planner:
    return Planner(call)


@pytest.fixture(autouse=True)
async def _begin(empty: Database) -> None:
    """Remember where the audit log ends: nothing is ever removed from it."""
    async with empty.begin() as connection:
        _before["id"] = await connection.scalar(select(func.max(entries.c.id))) or 0


def _of_this_test(action: str) -> Select[Any]:
    return (
        select(entries).where(entries.c.action == action, entries.c.id > _before["id"]).order_by(entries.c.id)
    )


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await check():
            pass  # each check is a request


async def give_out(database: Database, by: AssignBy, *among: str, **more: Any) -> None:
    await Assigning(database, AssignSettings(by=by, among=frozenset(among), **more)).step()


async def workers(warehouse: Warehouse, *task_ids: int) -> list[list[str]]:
    return [(await warehouse.get(task_id))["workers"] for task_id in task_ids]


_candidates = st.lists(
    st.builds(
        Candidate,
        worker=st.uuids().map(str),
        tasks=st.integers(0, 3),
        pieces=st.integers(0, 9),
        zones=st.sets(st.sampled_from("AB")),
    ),
    max_size=6,
)


@given(st.sampled_from([AssignBy.LOAD, AssignBy.ZONE]), st.sampled_from(["A", None]), _candidates)
def test_who_is_chosen_may_have_it_and_nobody_has_less(
    by: AssignBy, zone: str | None, candidates: list[Candidate]
) -> None:
    chosen = choose(by, zone, candidates, most=2)
    able = [one for one in candidates if one.tasks < 2]
    near = [one for one in able if zone in one.zones]
    if chosen is None:
        assert not able or (by is AssignBy.ZONE and not near and all(one.tasks for one in able))
        return
    assert chosen in able
    if by is AssignBy.LOAD:
        assert chosen.pieces == min(one.pieces for one in able)
    elif near:
        assert chosen in near
        assert chosen.pieces == min(one.pieces for one in near)
    else:
        assert not chosen.tasks


class TestAssigning:
    async def test_each_who_is_named_gets_one_and_the_rest_waits(
        self, warehouse: Warehouse, empty: Database
    ) -> None:
        tasks = [await warehouse.task(A=1), await warehouse.task(A=1), await warehouse.task(A=1)]
        await give_out(empty, AssignBy.LOAD, "ana", "bojan")
        await give_out(empty, AssignBy.LOAD, "ana", "bojan")
        assert await workers(warehouse, *tasks) == [["ana"], ["bojan"], []]
        task = await warehouse.get(tasks[0])
        assert (task["status"], task["changed_by"], task["revision"]) == ("assigned", "system", 2)
        async with empty.begin() as connection:
            rows = await connection.execute(_of_this_test("task.assigned"))
            told = [(row.actor, row.role, row.subject_id, row.after) for row in rows]
        assert told == [
            ("system", None, str(tasks[0]), {"workers": ["ana"]}),
            ("system", None, str(tasks[1]), {"workers": ["bojan"]}),
        ]

    async def test_the_urgent_one_first_and_whoever_has_least(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        await warehouse.task("ana", A=9)
        later, urgent = await warehouse.task(A=1), await warehouse.task(A=5)
        await planner("PATCH", f"/api/tasks/{urgent}", {"priority": 5})
        await give_out(empty, AssignBy.LOAD, "ana", "bojan", most=2)
        # Bojan has nothing, and after the urgent one still less than Ana.
        assert await workers(warehouse, later, urgent) == [["bojan"], ["bojan"]]

    async def test_by_zone_to_who_works_there_else_to_who_has_nothing(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        for zone, sku in (("N", "A"), ("S", "B"), ("W", "C")):
            await planner("PUT", f"/api/locations/{zone}-1", {"zone": zone, "sequence": 1})
            await planner("PUT", f"/api/articles/{sku}", {"description": ""})
            await planner("PUT", f"/api/articles/{sku}/locations", {"locations": [f"{zone}-1"]})
        await warehouse.task("ana", A=9)
        await warehouse.task("bojan", B=1)
        north, west = await warehouse.task(A=1), await warehouse.task(C=1)
        await give_out(empty, AssignBy.ZONE, "ana", "bojan", most=5)
        assert await workers(warehouse, north, west) == [["ana"], []]
        await give_out(empty, AssignBy.ZONE, "ana", "bojan", "ceca", most=5)
        assert await workers(warehouse, west) == [["ceca"]]

    async def test_who_is_in_is_who_scanned_lately(self, warehouse: Warehouse, empty: Database) -> None:
        busy = await warehouse.task("ana", A=1)
        await warehouse.task("bojan", A=1)
        free = await warehouse.task(A=1)
        await give_out(empty, AssignBy.LOAD)
        assert await workers(warehouse, free) == [[]]
        assert (await warehouse.scan(busy, "A"))[0] == 200
        await give_out(empty, AssignBy.LOAD)
        assert await workers(warehouse, free) == [["ana"]]
        async with empty.begin() as connection:
            await connection.execute(
                text("UPDATE tasks.scans SET scanned_at = now() - interval '31 minutes'")
            )
        another = await warehouse.task(A=1)
        await give_out(empty, AssignBy.LOAD, most=9)
        assert await workers(warehouse, another) == [[]]

    async def test_what_a_supervisor_decided_stays(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        held, given_back = await warehouse.task(A=1), await warehouse.task("bojan", A=1)
        await planner("PATCH", f"/api/tasks/{held}", {"held": True})
        await planner("POST", f"/api/tasks/{given_back}/assign", {"workers": []})
        await give_out(empty, AssignBy.LOAD, "ana", most=9)
        assert await workers(warehouse, held, given_back) == [[], []]

    @pytest.mark.parametrize(
        "settings", [{"assign_by": AssignBy.LOAD, "assign_among": "ana bojan"}], indirect=True, ids=str
    )
    async def test_the_service_does_it_by_itself_where_it_is_set(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task(A=1)

        async def is_given() -> bool:
            return await workers(warehouse, task_id) == [["ana"]]

        await eventually(is_given)


class TestReplanning:
    async def test_what_is_short_is_picked_at_the_next_place_and_only_there(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        await planner.place("P-1", 1, "A")
        await planner.place("P-2", 2, "A")
        task_id = await warehouse.task("ana", A=3, B=1)
        await self._is_short(planner, task_id, 0, 2)
        await self._is_short(planner, task_id, 1, 1)
        rule = Replanning(empty, AT_ONCE)
        await rule.step()
        await rule.step()
        assert lines(await warehouse.get(task_id)) == [("A", "P-1", 1, 0, 0), ("B", None, 1, 0, 1)]
        _, page = await planner("GET", "/api/tasks?status=open")
        [target] = page["items"]
        assert (target["changed_by"], target["workers"]) == ("system", [])
        assert lines(await warehouse.get(target["task_id"])) == [("A", "P-2", 2, 0, 0)]
        # There it is short as well, and there is no other place.
        await planner("POST", f"/api/tasks/{target['task_id']}/assign", {"workers": ["ana"]})
        await self._is_short(planner, target["task_id"], 0, 2)
        await rule.step()
        assert lines(await warehouse.get(target["task_id"])) == [("A", "P-2", 2, 0, 2)]
        async with empty.begin() as connection:
            rows = await connection.execute(_of_this_test("task.replanned"))
            assert [(row.actor, row.subject_id) for row in rows] == [("system", str(task_id))]

    async def test_it_waits_as_long_as_it_may_be_taken_back(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        await planner.place("P-1", 1, "A")
        await planner.place("P-2", 2, "A")
        task_id = await warehouse.task("ana", A=3)
        await self._is_short(planner, task_id, 0, 2)
        await Replanning(empty, timedelta(minutes=2)).step()
        assert lines(await warehouse.get(task_id)) == [("A", "P-1", 3, 0, 2)]

    @pytest.mark.parametrize(
        "settings",
        [{"replan_shortages": ReplanShortages.ELSEWHERE, "replan_after_seconds": 0}],
        indirect=True,
        ids=str,
    )
    async def test_the_service_does_it_by_itself_where_it_is_set(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        await planner.place("P-1", 1, "A")
        await planner.place("P-2", 2, "A")
        task_id = await warehouse.task("ana", A=3)
        await self._is_short(planner, task_id, 0, 2)

        async def is_replanned() -> bool:
            return lines(await warehouse.get(task_id)) == [("A", "P-1", 1, 0, 0)]

        await eventually(is_replanned)

    @staticmethod
    async def _is_short(planner: Planner, task_id: int, place: int, quantity: int) -> None:
        _, task = await planner("GET", f"/api/tasks/{task_id}")
        line_id = task["lines"][place]["line_id"]
        body = {"line_id": line_id, "quantity": quantity, "reason": "not_found", "operation_id": str(uuid4())}
        status, answer = await planner("POST", f"/api/tasks/{task_id}/shortages", body)
        assert status in (200, 201), answer
