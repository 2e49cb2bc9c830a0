"""What is left of a task is shared out over several workers, in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magacin.contracts.tasks.pick_tasks import Pieces
from magacin.core.audit import entries
from magacin.core.db import Database
from magacin.tasks.planning.shares import shares
from tests.support import Caller
from tests.tasks.conftest import Warehouse, inconsistencies
from tests.tasks.test_planning import Planner, totals

pytestmark = pytest.mark.served_once

WORKERS = ["ana", "bojan", "ceca", "dule", "eva"]
_on_a_database = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def planner(call: Caller) -> Planner:
    return Planner(call)


async def share(planner: Planner, task_id: int, workers: list[str], **more: Any) -> tuple[int, Any]:
    revision = more.pop("revision", None)
    query = f"?revision={revision}" if revision else ""
    body = {"workers": workers, "operation_id": str(uuid4()), **more}
    return await planner("POST", f"/api/tasks/{task_id}/share{query}", body)


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 8))
def test_nothing_is_lost_and_each_part_is_a_stretch_of_the_way(quantities: list[int], count: int) -> None:
    left = [Pieces(line_id=place, quantity=quantity) for place, quantity in enumerate(quantities, 1)]
    parts = shares(left, count)
    sums: Counter[int] = Counter()
    for part in parts:
        for one in part:
            sums[one.line_id] += one.quantity
    assert sums == {one.line_id: one.quantity for one in left}
    assert len(parts) == min(count, sum(quantities)) or len(left) >= count
    assert all(parts)
    walked = [one.line_id for part in parts for one in part]
    assert walked == sorted(walked)
    if len(left) >= count:
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


async def test_each_gets_a_task_and_the_first_keeps_this_one(
    warehouse: Warehouse, planner: Planner, empty: Database
) -> None:
    task_id = await warehouse.task("ana", A=2, B=3, C=4)
    await planner("PATCH", f"/api/tasks/{task_id}", {"priority": 3, "door": "D 1"})
    assert (await warehouse.scan(task_id, "A", 1))[0] == 200
    status, body = await share(planner, task_id, ["ana", "bojan", "ceca"])
    assert status == 200, body
    told = [
        (one["workers"], one["status"], one["priority"], one["door"], [line["sku"] for line in one["lines"]])
        for one in (body["task"], *body["targets"])
    ]
    assert told == [
        (["ana"], "in_progress", 3, "D 1", ["A"]),
        (["bojan"], "assigned", 3, "D 1", ["B"]),
        (["ceca"], "assigned", 3, "D 1", ["C"]),
    ]
    assert (await warehouse.scan(body["targets"][0]["task_id"], "B", 3, user="bojan"))[0] == 200
    assert await warehouse.get(task_id) == body["task"]
    assert not await inconsistencies(empty)


async def test_it_is_in_the_audit_log_once(warehouse: Warehouse, planner: Planner, empty: Database) -> None:
    task_id = await warehouse.task("ana", A=2, B=3)
    _, body = await share(planner, task_id, ["bojan", "ceca"])
    target = body["targets"][0]["task_id"]
    actions = await _audited(empty, task_id, target)
    assert actions[-3:] == [
        ("task.split", str(task_id)), ("task.assigned", str(task_id)), ("task.assigned", str(target)),
    ]  # fmt: skip


async def _audited(database: Database, *task_ids: int) -> list[tuple[str, str]]:
    async with database.begin() as connection:
        rows = await connection.execute(
            entries.select()
            .where(entries.c.subject_kind == "task", entries.c.subject_id.in_(map(str, task_ids)))
            .order_by(entries.c.id)
        )
        return [(row.action, row.subject_id) for row in rows]


async def test_again_is_the_same_answer_and_another_under_its_id_none(
    warehouse: Warehouse, planner: Planner
) -> None:
    task_id, id_ = await warehouse.task("ana", A=2, B=3), str(uuid4())
    first = await share(planner, task_id, ["ana", "bojan"], operation_id=id_)
    assert await share(planner, task_id, ["ana", "bojan"], operation_id=id_) == first
    status, body = await share(planner, task_id, ["ana", "ceca"], operation_id=id_)
    assert (status, body["error"]["code"]) == (409, "operation_id_reused")


async def test_of_a_task_that_somebody_changed_nothing_is_done(
    warehouse: Warehouse, planner: Planner
) -> None:
    task_id = await warehouse.task("ana", A=2, B=3)
    before = await warehouse.get(task_id)
    status, body = await share(planner, task_id, ["ana", "bojan"], revision=before["revision"] + 1)
    assert (status, body["error"]["code"]) == (409, "task_changed")
    assert body["error"]["details"]["task"]["task_id"] == task_id
    assert await warehouse.get(task_id) == before
    status, _ = await share(planner, task_id, ["ana", "bojan"], revision=before["revision"])
    assert status == 200


@pytest.mark.parametrize("workers", [[], ["ana"], ["ana", "ana"], ["ana", ""], ["ana", "A B"], "ana"])
async def test_malformed(warehouse: Warehouse, planner: Planner, workers: Any) -> None:
    task_id = await warehouse.task("ana", A=2, B=3)
    assert (await share(planner, task_id, workers))[0] == 422


async def test_one_that_is_closed_or_has_too_little_left(warehouse: Warehouse, planner: Planner) -> None:
    single = await warehouse.task("ana", A=1)
    status, body = await share(planner, single, ["ana", "bojan"])
    assert (status, body["error"]["code"]) == (409, "nothing_to_move")
    await planner("POST", f"/api/tasks/{single}/cancel")
    status, body = await share(planner, single, ["ana", "bojan"])
    assert (status, body["error"]["code"]) == (409, "wrong_task_status")
    assert (await share(planner, 10**12, ["ana", "bojan"]))[0] == 404


async def test_two_at_once_share_it_out_one_after_the_other(
    warehouse: Warehouse, planner: Planner, empty: Database
) -> None:
    task_id = await warehouse.task("ana", A=3, B=3)
    revision = (await warehouse.get(task_id))["revision"]
    answers = await asyncio.gather(
        *(share(planner, task_id, ["ana", name], revision=revision) for name in ("bojan", "ceca"))
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    assert not await inconsistencies(empty)


@_on_a_database
@given(
    st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 9), min_size=1),
    st.integers(2, 5),
    st.integers(0, 12),
)
async def test_what_is_ordered_stays_what_is_picked_by_somebody(
    warehouse: Warehouse, planner: Planner, empty: Database, lines: dict[str, int], count: int, first: int
) -> None:
    requisition = await warehouse.requisition(**lines)
    _, made = await planner("POST", "/api/tasks", {"requisition_ids": [requisition]})
    task_id = made[0]["task_id"]
    await planner("POST", f"/api/tasks/{task_id}/assign", {"workers": ["ana"]})
    for sku, required in sorted(lines.items()):
        picked = min(first, required)
        if picked:
            assert (await warehouse.scan(task_id, sku, picked))[0] == 200
            first -= picked
    before = await totals(planner, requisition)
    status, body = await share(planner, task_id, WORKERS[:count])
    assert await totals(planner, requisition) == before
    assert not await inconsistencies(empty)
    left = sum(required - picked for required, picked, *_ in before)
    if left < 2:
        assert status == 409, body
        return
    assert status == 200, body
    parts = [body["task"], *body["targets"]]
    assert len(parts) <= count
    assert sum(line["remaining"] for part in parts for line in part["lines"]) == left
    assert [part["workers"] for part in body["targets"]] == [[name] for name in WORKERS[1 : len(parts)]]
