"""The life of a pick task."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.events import EVENT_STREAM, STREAM_FIELD
from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.support import Caller
from tests.tasks.conftest import Warehouse, inconsistencies

pytestmark = pytest.mark.served_once


async def test_create_is_all_or_nothing(warehouse: Warehouse, call: Caller) -> None:
    first, second = await warehouse.requisition(A=1), await warehouse.requisition(B=1)
    status, body = await call("POST", "/api/tasks", {"requisition_ids": [first, 4711]})
    assert (status, body["error"]["code"]) == (404, "requisition_not_found")
    assert (await call("GET", "/api/tasks"))[1]["items"] == []

    assert (await call("POST", "/api/tasks", {"requisition_ids": [first]}))[0] == 201
    status, body = await call("POST", "/api/tasks", {"requisition_ids": [first, second]})
    assert (status, body["error"]["code"]) == (409, "task_exists")
    assert len((await call("GET", "/api/tasks"))[1]["items"]) == 1


async def test_two_releases_at_once_make_one_task(warehouse: Warehouse, call: Caller) -> None:
    requisition_id = await warehouse.requisition(A=1)
    body = {"requisition_ids": [requisition_id]}
    answers = await asyncio.gather(*(call("POST", "/api/tasks", body) for _ in range(6)))
    codes = sorted(answer["error"]["code"] if status != 201 else "created" for status, answer in answers)
    assert codes == ["created", *["task_exists"] * 5]


async def test_ids_beyond_64_bits_are_refused(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task("ana", A=1)
    shortage = {"line_id": 2**70, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
    for path, body in [
        ("/api/tasks", {"requisition_ids": [2**70]}),
        (f"/api/tasks/{task_id}/shortages", shortage),
    ]:
        status, answer = await call("POST", path, body)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")


async def test_one_of_many_claims_wins(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task(A=1)
    names = [f"w{n}" for n in range(20)]
    answers = await asyncio.gather(
        *(call("POST", f"/api/tasks/{task_id}/claim", user=name) for name in names)
    )
    winners = [body["workers"] for status, body in answers if status == 200]
    assert len(winners) == 1
    assert {body["error"]["code"] for status, body in answers if status != 200} == {"not_your_task"}
    assert (await call("POST", f"/api/tasks/{task_id}/claim", user=winners[0][0]))[0] == 200


async def test_from_open_to_completed(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task(A=1)
    path = f"/api/tasks/{task_id}"
    statuses = []
    for action in ("claim", "start", "start"):
        _, task = await call("POST", f"{path}/{action}")
        statuses.append(task["status"])
    status, body = await call("POST", f"{path}/complete")
    assert (status, body["error"]["code"]) == (409, "lines_remaining")
    await warehouse.scan(task_id, "A")
    _, task = await call("POST", f"{path}/complete")
    assert [*statuses, task["status"]] == ["assigned", "in_progress", "in_progress", "completed"]
    for action in ("start", "cancel", "claim"):
        status, body = await call("POST", f"{path}/{action}")
        assert (status, body["error"]["code"]) == (409, "wrong_task_status")


async def test_assign_and_take_back(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task("ana", A=1)
    _, mine = await call("GET", "/api/tasks?mine=true")
    assert [task["task_id"] for task in mine["items"]] == [task_id]
    _, task = await call("POST", f"/api/tasks/{task_id}/assign", {"workers": []}, role=Role.SUPERVISOR)
    assert (task["status"], task["workers"]) == ("open", [])
    assert (await call("GET", "/api/tasks?mine=true"))[1]["items"] == []


async def test_another_workers_task_is_not_yours(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task("marko", A=1)
    for action in ("claim", "start", "complete"):
        status, body = await call("POST", f"/api/tasks/{task_id}/{action}")
        assert (status, body["error"]["code"]) == (403, "not_your_task")


async def test_lists_show_what_single_reads_show(warehouse: Warehouse, call: Caller) -> None:
    theirs, mine = await warehouse.task("marko", A=1), await warehouse.task("ana", A=1)
    free, both = await warehouse.task(A=1), await warehouse.task("ana", "marko", A=1)
    done = await warehouse.task("ana", A=1)
    await warehouse.scan(done, "A")
    away = await warehouse.task("marko", A=1)
    await call("POST", f"/api/tasks/{away}/cancel", role=Role.SUPERVISOR)

    async def listed(query: str = "", role: Role = Role.WORKER) -> list[int]:
        status, page = await call("GET", f"/api/tasks{query}", role=role)
        assert status == 200
        return [task["task_id"] for task in page["items"]]

    assert await listed() == [mine, free, both, done]
    assert await listed("?limit=2") == [mine, free]
    assert await listed(f"?limit=2&after={free}") == [both, done]
    assert await listed("?status=open") == [free]
    assert await listed("?status=assigned") == [mine, both]
    assert await listed("?status=cancelled") == []
    assert await listed("?mine=true") == [mine, both, done]
    assert await listed("", Role.SUPERVISOR) == [theirs, mine, free, both, done, away]
    for task_id in await listed():
        assert (await call("GET", f"/api/tasks/{task_id}"))[0] == 200
    assert (await call("GET", f"/api/tasks/{theirs}"))[0] == 403


@pytest.mark.parametrize("path", ["/api/tasks/4711", "/api/tasks/4711/scans"])
async def test_unknown_is_not_found(call: Caller, path: str) -> None:
    status, body = await call("GET", path)
    assert (status, body["error"]["code"]) == (404, "task_not_found")


@pytest.mark.parametrize(
    "path", ["/api/tasks/abc", "/api/tasks/0", f"/api/tasks/{2**63}", "/api/tasks?limit=0"]
)
async def test_ids_that_cannot_be_are_refused(call: Caller, path: str) -> None:
    status, body = await call("GET", path)
    assert (status, body["error"]["code"]) == (422, "invalid_input")


class TestPolledLists:
    async def test_only_those_that_are_named(self, warehouse: Warehouse, call: Caller) -> None:
        first, _, third = [await warehouse.task("ana", A=1) for _ in range(3)]
        path = f"/api/tasks?task_id={first}&task_id={third}&task_id=4711"
        status, page = await call("GET", path, role=Role.SUPERVISOR)
        assert status == 200
        assert [task["task_id"] for task in page["items"]] == [first, third]
        assert (await call("GET", path, user="ivo"))[1]["items"] == []
        too_many = "&".join(f"task_id={number}" for number in range(1, 202))
        assert (await call("GET", f"/api/tasks?{too_many}"))[0] == 422

    async def test_what_has_not_changed_is_not_sent_again(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=2)
        get = partial(call.if_changed, "/api/tasks?limit=10")
        _, tag, _ = await get()
        assert await get(tag) == (304, tag, b"")
        await warehouse.scan(task_id, "A")
        status, other, _ = await get(tag)
        assert status == 200
        assert other != tag


class TestUrgency:
    async def _change(self, call: Caller, task_id: int, **body: Any) -> tuple[int, Any]:
        return await call("PATCH", f"/api/tasks/{task_id}", body, role=Role.SUPERVISOR)

    async def test_what_is_not_named_stays(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        due = "2027-03-01T12:00:00Z"
        for body, told in (
            ({"priority": 5}, (5, None)),
            ({"due_at": due}, (5, due)),
            ({"priority": 0}, (0, due)),
            ({}, (0, due)),
            ({"due_at": None}, (0, None)),
        ):
            status, task = await self._change(call, task_id, **body)
            assert (status, task["priority"], task["due_at"]) == (200, *told)

    async def test_is_the_order_in_which_tasks_are_given(self, warehouse: Warehouse, call: Caller) -> None:
        mine = [await warehouse.task("ana", A=1) for _ in range(3)]
        free = [await warehouse.task(A=1) for _ in range(3)]
        for task_id in (mine[2], free[2]):
            await self._change(call, task_id, priority=1)
        for task_id in (mine[1], free[1]):
            await self._change(call, task_id, due_at="2027-03-01T12:00:00Z")
        _, held = await call("GET", "/api/picking")
        assert [task["task_id"] for task in held["tasks"]] == mine[::-1]
        assert [task["task_id"] for task in held["pool"]] == free[::-1]

    async def test_everybody_on_it_is_told(self, warehouse: Warehouse, call: Caller, redis: Redis) -> None:
        task_id = await warehouse.task("ana", A=1)
        await self._change(call, task_id, priority=7)
        event = await _event(redis, "task.changed")
        urgency = {"priority": 7, "due_at": None, "held": False, "door": None}
        assert event["data"] == {"task_id": task_id, **urgency, "revision": 3, "changed_by": "ana"}
        assert set(event["rooms"]) == {f"task:{task_id}", "user:ana"}

    async def test_of_a_closed_task_is_refused(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        await warehouse.scan(task_id, "A")
        status, body = await self._change(call, task_id, priority=1)
        assert (status, body["error"]["code"]) == (409, "wrong_task_status")

    @pytest.mark.parametrize(
        "body", [{"priority": 1_001}, {"priority": None}, {"priority": "high"}, {"x": 1}]
    )
    async def test_nonsense_is_refused(self, warehouse: Warehouse, call: Caller, body: Any) -> None:
        status, answer = await self._change(call, await warehouse.task("ana", A=1), **body)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")


async def _event(redis: Redis, kind: str) -> Any:
    """Return the first event of a kind, once it is there."""
    last = "0"
    async with asyncio.timeout(120):
        while True:
            answer: Any = await redis.xread({EVENT_STREAM: last}, block=0)
            for entry, fields in answer[0][1]:
                last, event = entry, orjson.loads(fields[STREAM_FIELD])
                if event["type"] == kind:
                    return event


class TestShortages:
    async def _report(
        self, call: Caller, task_id: int, line_id: int, quantity: int, key: str | None = None
    ) -> tuple[int, Any]:
        body = {
            "line_id": line_id,
            "quantity": quantity,
            "reason": "damaged",
            "operation_id": key or str(uuid4()),
        }
        return await call("POST", f"/api/tasks/{task_id}/shortages", body)

    async def test_counts_once_and_completes_the_task(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        await warehouse.scan(task_id, "A")
        key = str(uuid4())
        for _ in range(2):
            assert (await self._report(call, task_id, line_id, 2, key))[0] == 201
        task = await warehouse.get(task_id)
        assert (task["status"], task["picked"], task["short"]) == ("completed", 1, 2)
        assert not await inconsistencies(empty)

    async def test_are_no_part_of_what_a_scan_says_was_picked(
        self, warehouse: Warehouse, call: Caller
    ) -> None:
        task_id = await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        await self._report(call, task_id, line_id, 3)
        _, scanned = await warehouse.scan(task_id, "A", 2)
        assert (scanned["picked"], (await warehouse.get(task_id))["picked"]) == (2, 2)
        key = str(uuid4())
        for _ in range(2):
            status, refused = await warehouse.scan(task_id, "A", 6, operation_id=key)
            details = refused["error"]["details"]
            assert (status, details["picked"], details["left"]) == (409, 2, 5)

    async def test_scans_of_before_they_were_kept_apart_get_their_answer_again(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        task_id, key = await warehouse.task("ana", A=10), str(uuid4())
        await warehouse.scan(task_id, "A", 11, operation_id=key)
        async with empty.begin() as connection:
            await connection.execute(text("UPDATE tasks.scans SET picked = 5, short = NULL"))
        _, refused = await warehouse.scan(task_id, "A", 11, operation_id=key)
        assert (refused["error"]["details"]["picked"], refused["error"]["details"]["left"]) == (5, 5)

    async def test_more_than_is_left_is_refused(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=3)
        before = await warehouse.get(task_id)
        status, body = await self._report(call, task_id, before["lines"][0]["line_id"], 4)
        assert (status, body["error"]["code"]) == (409, "more_than_required")
        assert await warehouse.get(task_id) == before

    async def test_one_id_for_several_tasks_at_once(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        tasks = [await warehouse.task("ana", A=3) for _ in range(6)]
        lines = [(await warehouse.get(task_id))["lines"][0]["line_id"] for task_id in tasks]
        key = str(uuid4())
        answers = await asyncio.gather(
            *(self._report(call, task, line, 1, key) for task, line in zip(tasks, lines, strict=True))
        )
        codes = sorted(body["error"]["code"] if status != 201 else "created" for status, body in answers)
        assert codes == ["created", *["operation_id_reused"] * 5]
        assert not await inconsistencies(empty)

    async def test_starts_the_task(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        _, task = await self._report(call, task_id, line_id, 1)
        assert task["status"] == "in_progress"
        assert task["started_at"] is not None

    async def test_races_with_scans_without_losing_any(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=60)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        await asyncio.gather(
            *(warehouse.scan(task_id, "A") for _ in range(40)),
            *(self._report(call, task_id, line_id, 1) for _ in range(40)),
        )
        task = await warehouse.get(task_id)
        assert (task["picked"] + task["short"], task["status"]) == (60, "completed")
        assert not await inconsistencies(empty)


async def test_board_adds_up(warehouse: Warehouse, call: Caller) -> None:
    done = await warehouse.task("ana", A=2)
    await warehouse.task(B=5)
    await warehouse.scan(done, "A", 2)
    await warehouse.scan(done, "A")
    _, board = await call("GET", "/api/board")
    assert (board["tasks"]["completed"], board["tasks"]["open"]) == (1, 1)
    assert (board["units_required"], board["units_picked"], board["lines_complete"]) == (7, 2, 1)
    assert (board["scans_today"]["task_complete"], board["scans_today"]["task_not_open"]) == (1, 1)
    assert [(w["worker"], w["picked"], w["refused"]) for w in board["workers"]] == [("ana", 2, 1)]
    assert board["oldest_open_age_seconds"] > 0
