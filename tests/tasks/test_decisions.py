"""What supervisors decide about a task while others decide about it, too; and tasks that are held."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from magacin.contracts.identity import Role
from tests.support import Caller, sample
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

DUE = "2027-03-01T12:00:00Z"


class Supervisor:
    """Changes a task, going by a revision of it."""

    def __init__(self, call: Caller, name: str) -> None:
        self._call, self.name = call, name

    async def change(self, kind: str, task: Any, revision: int | None, **more: Any) -> tuple[int, Any]:
        method, path, body = _change(kind, task)
        query = "" if revision is None else f"?revision={revision}"
        path = f"/api/tasks/{task['task_id']}{path}{query}"
        return await self._call(method, path, body and body | more, user=self.name, role=Role.SUPERVISOR)


def _change(kind: str, task: Any) -> tuple[str, str, dict[str, Any] | None]:
    line = task["lines"][0]["line_id"]
    pieces = {"lines": [{"line_id": line, "quantity": 1}], "operation_id": str(uuid4())}
    changes: dict[str, tuple[str, str, dict[str, Any] | None]] = {
        "assign": ("POST", "/assign", {"workers": ["ivo"]}),
        "priority": ("PATCH", "", {"priority": 5}),
        "due": ("PATCH", "", {"due_at": DUE}),
        "hold": ("PATCH", "", {"held": True}),
        "cancel": ("POST", "/cancel", None),
        "split": ("POST", "/split", pieces),
        "replan": ("POST", "/replan", pieces),
    }
    return changes[kind]


CHANGES = ("assign", "priority", "due", "hold", "cancel", "split", "replan")


@pytest.fixture
def vera(call: Caller) -> Supervisor:
    return Supervisor(call, "vera")


@pytest.fixture
def mira(call: Caller) -> Supervisor:
    return Supervisor(call, "mira")


async def _short(call: Caller, task: Any) -> None:
    body = {"line_id": task["lines"][0]["line_id"], "quantity": 2, "reason": "damaged"}
    path = f"/api/tasks/{task['task_id']}/shortages"
    assert (await call("POST", path, body | {"operation_id": str(uuid4())}))[0] == 201


class TestTwoSupervisors:
    @pytest.mark.parametrize("kind", CHANGES)
    async def test_the_second_is_told_both_sides_and_may_do_it_nevertheless(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor, mira: Supervisor, kind: str
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=10))
        await _short(call, task)
        seen = task["revision"]
        other = "priority" if kind == "assign" else "assign"
        assert (await mira.change(other, task, seen))[0] == 200
        now = await warehouse.get(task["task_id"])

        status, body = await vera.change(kind, task, seen)

        assert (status, body["error"]["code"]) == (409, "task_changed")
        told = body["error"]["details"]
        assert (told["revision"], told["task"]["revision"]) == (seen, seen + 1)
        assert told["task"] == {name: value for name, value in now.items() if name != "lines"}
        assert told["task"]["changed_by"] == "mira"
        assert "mira" in body["error"]["message"]
        wanted = _change(kind, task)[2] or {"status": "cancelled"}
        assert wanted.keys() <= told["wanted"].keys()
        assert await warehouse.get(task["task_id"]) == now

        assert (await vera.change(kind, task, seen + 1))[0] == 200
        after = await warehouse.get(task["task_id"])
        assert (after["revision"], after["changed_by"]) == (seen + 2, "vera")

    @pytest.mark.parametrize("kind", CHANGES)
    async def test_who_names_no_revision_is_not_asked(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor, mira: Supervisor, kind: str
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=10))
        await _short(call, task)
        await mira.change("assign", task, None)
        assert (await vera.change(kind, task, None))[0] == 200

    async def test_of_many_at_once_one_is_first(self, warehouse: Warehouse, call: Caller) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=1))
        people = [Supervisor(call, f"s{number}") for number in range(8)]
        answers = await asyncio.gather(*(one.change("priority", task, task["revision"]) for one in people))
        # Who wanted the same as the first changes nothing, but went by what was not so any more.
        assert sorted(status for status, _ in answers) == [200, *[409] * 7]

    async def test_work_goes_on_without_a_new_revision(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=10))
        await call("POST", f"/api/tasks/{task['task_id']}/start")
        await warehouse.scan(task["task_id"], "A", 3)
        await _short(call, task)
        for same in ({"workers": ["ana"]}, {"workers": ["ana", "ana"]}):
            assert (await vera.change("assign", task, task["revision"], **same))[0] == 200
        assert (await vera.change("priority", task, task["revision"], priority=0))[0] == 200
        assert (await warehouse.get(task["task_id"]))["revision"] == task["revision"]

    async def test_a_worker_who_claims_has_decided_something(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task(A=1))
        await call("POST", f"/api/tasks/{task['task_id']}/claim", user="ivo")
        status, body = await vera.change("assign", task, task["revision"])
        assert (status, body["error"]["details"]["task"]["changed_by"]) == (409, "ivo")

    async def test_a_file_that_changes_the_lines_has_decided_something(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=1))
        other = {"number": task["number"], "lines": [{"sku": "A", "quantity": 7}]}
        body = {"job_id": 9, "replace": True, "requisitions": [other]}
        assert (await call("POST", "/internal/requisitions", body))[0] == 200
        status, answer = await vera.change("cancel", task, task["revision"])
        assert (status, answer["error"]["details"]["task"]["changed_by"]) == (409, None)

    async def test_one_that_is_closed_by_now_is_refused_as_that(
        self, warehouse: Warehouse, vera: Supervisor, mira: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=1))
        await mira.change("cancel", task, None)
        for kind in ("assign", "priority", "due", "hold"):
            status, body = await vera.change(kind, task, task["revision"])
            assert (status, body["error"]["code"]) == (409, "wrong_task_status")
        assert (await vera.change("cancel", task, task["revision"]))[0] == 200

    async def test_a_plan_that_was_refused_stays_so_under_its_id(
        self, warehouse: Warehouse, vera: Supervisor, mira: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=10))
        await mira.change("priority", task, None)
        same = {"operation_id": str(uuid4())}
        refused = await vera.change("split", task, task["revision"], **same)
        assert refused[0] == 409
        assert await vera.change("split", task, task["revision"] + 1, **same) == refused
        done = {"operation_id": str(uuid4())}
        first = await vera.change("split", task, task["revision"] + 1, **done)
        assert first[0] == 200
        # Sent again, it goes by a revision that is not so any more: by itself.
        assert await vera.change("split", task, task["revision"] + 1, **done) == first

    @pytest.mark.parametrize("revision", ["0", "x", "", str(2**31)])
    async def test_what_is_no_revision_is_refused(
        self, warehouse: Warehouse, call: Caller, revision: str
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        path = f"/api/tasks/{task_id}/cancel?revision={revision}"
        status, body = await call("POST", path, role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (422, "invalid_input")


async def _hold(call: Caller, task_id: int, *, held: bool = True) -> Any:
    status, task = await call("PATCH", f"/api/tasks/{task_id}", {"held": held}, role=Role.SUPERVISOR)
    assert status == 200
    return task


class TestHold:
    async def test_nobody_is_offered_a_held_task(self, warehouse: Warehouse, call: Caller) -> None:
        free, given, begun = [await warehouse.task(*who, A=2) for who in ((), ("ana",), ("ana",))]
        await warehouse.scan(begun, "A")

        async def offered() -> tuple[list[int], list[int], list[int]]:
            _, picking = await call("GET", "/api/picking")
            _, listed = await call("GET", "/api/tasks")
            tasks, pool = picking["tasks"], picking["pool"]
            return tuple([one["task_id"] for one in some] for some in (tasks, pool, listed["items"]))  # type: ignore[return-value]  # three

        before = await offered()
        for task_id in (free, given, begun):
            assert (await _hold(call, task_id))["held"]
        # Who has begun has the goods in their hands.
        assert await offered() == ([begun], [], [begun])
        assert (await call("GET", "/api/tasks?status=open"))[1]["items"] == []
        for action, task_id in (("claim", free), ("start", given)):
            status, body = await call("POST", f"/api/tasks/{task_id}/{action}")
            assert (status, body["error"]["code"]) == (409, "task_held")
        assert (await call("POST", f"/api/tasks/{begun}/start"))[0] == 200
        _, seen = await call("GET", "/api/tasks", role=Role.SUPERVISOR)
        assert [task["held"] for task in seen["items"]] == [True] * 3

        for task_id in (free, given, begun):
            await _hold(call, task_id, held=False)
        assert await offered() == before
        assert (await call("POST", f"/api/tasks/{free}/claim"))[0] == 200

    async def test_what_was_picked_out_of_reach_counts(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=2)
        await _hold(call, task_id)
        assert (await warehouse.scan(task_id, "A", 2))[1]["outcome"] == "task_complete"

    async def test_is_overdue_and_not_what_waits_longest(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task(A=1)
        past = {"due_at": "2020-01-01T00:00:00Z"}
        await call("PATCH", f"/api/tasks/{task_id}", past, role=Role.SUPERVISOR)
        assert (await call("GET", "/api/board"))[1]["oldest_open_age_seconds"] > 0
        await _hold(call, task_id)
        board = (await call("GET", "/api/board"))[1]
        assert (board["oldest_open_age_seconds"], board["held"]) == (0, 1)
        async with asyncio.timeout(120):
            while (await _gauges(call)) != {"pick_tasks_held": 1, "pick_tasks_overdue": 1}:
                pass
        await call("POST", f"/api/tasks/{task_id}/cancel", role=Role.SUPERVISOR)
        assert (await call("GET", "/api/board"))[1]["held"] == 0

    async def test_what_is_split_off_is_held_as_well(
        self, warehouse: Warehouse, call: Caller, vera: Supervisor
    ) -> None:
        task = await warehouse.get(await warehouse.task("ana", A=2))
        await _hold(call, task["task_id"])
        assert (await vera.change("split", task, None))[1]["target"]["held"]

    @pytest.mark.parametrize("held", [None, "yes", 1])
    async def test_nonsense_is_refused(self, warehouse: Warehouse, call: Caller, held: Any) -> None:
        task_id = await warehouse.task("ana", A=1)
        status, _ = await call("PATCH", f"/api/tasks/{task_id}", {"held": held}, role=Role.SUPERVISOR)
        assert status == 422


async def _gauges(call: Caller) -> dict[str, float]:
    page = await call.metrics()
    return {name: sample(page, name) for name in ("pick_tasks_held", "pick_tasks_overdue")}
