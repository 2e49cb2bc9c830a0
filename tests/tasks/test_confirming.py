"""What is scanned besides an article: the tote that it goes into, and the place where it was."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from magacin.core.db import Database
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse, inconsistencies
from tests.tasks.test_planning import Planner

pytestmark = pytest.mark.served_once


@pytest.fixture(params=[{}])
def settings(settings: TaskSettings, request: pytest.FixtureRequest) -> TaskSettings:
    return settings.model_copy(update=request.param)


def having(**values: bool) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [values], indirect=True, ids=str)


@pytest.fixture
def planner(call: Caller) -> Planner:
    return Planner(call)


async def cluster(warehouse: Warehouse, planner: Planner) -> dict[str, Any]:
    """Return ana's task of two orders for A, into T-1 and T-2, both at P-1."""
    await planner.place("P-1", 1, "A")
    first, second = await warehouse.requisition(A=2, B=1), await warehouse.requisition(A=3)
    body = {"requisition_ids": [first, second], "together": True, "totes": {first: "T-1", second: "T-2"}}
    status, tasks = await planner("POST", "/api/tasks", body)
    assert status == 201, tasks
    _, task = await planner("POST", f"/api/tasks/{tasks[0]['task_id']}/assign", {"workers": ["ana"]})
    found: dict[str, Any] = task
    return found


async def picked(warehouse: Warehouse, task_id: int) -> list[tuple[str, str, int]]:
    task = await warehouse.get(task_id)
    return [(one["sku"], one["tote"], one["picked"]) for one in task["lines"]]


class TestTotes:
    async def test_each_put_counts_for_its_order(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        task = await cluster(warehouse, planner)
        task_id = task["task_id"]
        assert [(one["sku"], one["tote"]) for one in task["lines"]] == [
            ("A", "T-1"), ("A", "T-2"), ("B", "T-1"),
        ]  # fmt: skip
        assert (await warehouse.scan(task_id, "A", 2, tote="T-2"))[1]["picked"] == 2
        status, body = await warehouse.scan(task_id, "A", tote="T-9")
        error = body["error"]
        assert (status, error["code"]) == (409, "wrong_tote")
        assert (error["details"]["tote"], error["details"]["asked"]) == ("T-9", "T-1")
        assert "T-1" in error["message"]
        status, body = await warehouse.scan(task_id, "A")
        assert (status, body["error"]["code"], body["error"]["details"]["asked"]) == (
            409, "tote_needed", "T-1",
        )  # fmt: skip
        assert await picked(warehouse, task_id) == [("A", "T-1", 0), ("A", "T-2", 2), ("B", "T-1", 0)]
        _, page = await planner("GET", f"/api/tasks/{task_id}/scans")
        assert [(one["outcome"], one["tote"]) for one in page["items"]] == [
            ("tote_needed", None), ("wrong_tote", "T-9"), ("picked", "T-2"),
        ]  # fmt: skip
        assert not await inconsistencies(empty)

    async def test_one_tote_is_of_one_order(self, warehouse: Warehouse, planner: Planner) -> None:
        first, second = await warehouse.requisition(A=2), await warehouse.requisition(A=3)
        body = {"requisition_ids": [first, second], "together": True, "totes": {first: "T-1", second: "t-1"}}
        assert (await planner("POST", "/api/tasks", body))[0] == 422

    async def test_repeated_gets_the_same_answer_for_ever(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        task_id = (await cluster(warehouse, planner))["task_id"]
        for tote in ("T-2", "T-9"):
            id_ = str(uuid4())
            first = await warehouse.scan(task_id, "A", tote=tote, operation_id=id_)
            assert await warehouse.scan(task_id, "A", tote=tote, operation_id=id_) == first
            _, body = await warehouse.scan(task_id, "A", tote="T-1", operation_id=id_)
            assert body["error"]["code"] == "operation_id_reused"

    async def test_what_the_device_refused_counts_nothing(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        task_id = (await cluster(warehouse, planner))["task_id"]
        _, body = await warehouse.scan(task_id, "A", tote="T-1", refused_as="wrong_tote")
        assert body["error"]["code"] == "wrong_tote"
        assert (await warehouse.get(task_id))["picked"] == 0
        _, page = await planner("GET", "/api/refusals")
        assert page["items"][0]["reason"] == "wrong_tote"

    async def test_a_supervisor_sees_who_puts_wrongly(self, warehouse: Warehouse, planner: Planner) -> None:
        task_id = (await cluster(warehouse, planner))["task_id"]
        await warehouse.scan(task_id, "A", tote="T-9")
        _, page = await planner("GET", "/api/refusals?reason=wrong_tote")
        assert [(one["worker"], one["code"]) for one in page["items"]] == [("ana", "A")]

    @pytest.mark.parametrize("tote", ["", " ", "x" * 513, "a\0b", 7, ["T-1"]])
    async def test_malformed(self, warehouse: Warehouse, planner: Planner, tote: Any) -> None:
        task_id = (await cluster(warehouse, planner))["task_id"]
        assert (await warehouse.scan(task_id, "A", tote=tote))[0] == 422
        assert (await warehouse.get(task_id))["picked"] == 0

    @having(confirm_totes=False)
    async def test_need_not_be_said_where_a_setting_says_so(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        task_id = (await cluster(warehouse, planner))["task_id"]
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        assert (await warehouse.scan(task_id, "A", tote="T-9"))[1]["error"]["code"] == "wrong_tote"

    async def test_pieces_that_are_moved_stay_in_their_tote(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        task = await cluster(warehouse, planner)
        _, plan = await planner.move("split", task["task_id"], (task["lines"][1]["line_id"], 1))
        assert [(one["sku"], one["tote"]) for one in plan["target"]["lines"]] == [("A", "T-2")]


class TestLocations:
    async def test_one_that_was_scanned_has_to_be_right(self, warehouse: Warehouse, planner: Planner) -> None:
        await planner.place("P-1", 1, "A")
        await planner.place("P-2", 2, "B")
        task_id = await warehouse.task("ana", A=2, B=1)
        _, body = await warehouse.scan(task_id, "A", location="P-2")
        assert (body["error"]["code"], body["error"]["details"]["asked"]) == ("wrong_location", "P-1")
        assert (await warehouse.scan(task_id, "A", location="p-1"))[1]["picked"] == 1
        assert (await warehouse.scan(task_id, "A"))[1]["picked"] == 2

    @having(confirm_locations=True)
    async def test_has_to_be_scanned_where_a_setting_says_so(
        self, warehouse: Warehouse, planner: Planner, call: Caller
    ) -> None:
        await planner.place("P-1", 1, "A")
        task_id = await warehouse.task("ana", A=2, B=1)
        _, body = await warehouse.scan(task_id, "A")
        assert (body["error"]["code"], body["error"]["details"]["asked"]) == ("location_needed", "P-1")
        assert (await warehouse.scan(task_id, "A", 2, location="P-1"))[0] == 200
        # What has no place has none to be confirmed.
        assert (await warehouse.scan(task_id, "B"))[0] == 200
        _, picking = await call("GET", "/api/picking", user="ana")
        assert picking["settings"]["confirm_locations"] is True

    async def test_of_several_places_the_one_that_was_scanned_counts(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        await planner.place("P-1", 1, "A")
        await planner.place("P-2", 2)
        task_id = await warehouse.task("ana", A=4)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        await planner.move("split", task_id, (line_id, 2), to_task_id=task_id, location="P-2")
        _, body = await warehouse.scan(task_id, "A", location="P-2")
        assert (body["line_id"] != line_id, body["picked"]) == (True, 1)


class TestDoor:
    async def test_is_on_the_task(self, warehouse: Warehouse, planner: Planner, call: Caller) -> None:
        first = await warehouse.requisition(A=2)
        status, (made,) = await planner("POST", "/api/tasks", {"requisition_ids": [first], "door": " D 3 "})
        assert (status, made["door"]) == (201, "D 3")
        task_id = made["task_id"]
        status, changed = await planner("PATCH", f"/api/tasks/{task_id}?revision=1", {"door": "D 4"})
        assert (status, changed["door"], changed["revision"]) == (200, "D 4", 2)
        assert (await planner("PATCH", f"/api/tasks/{task_id}", {"priority": 1}))[1]["door"] == "D 4"
        # What is split off is brought to the same.
        line_id = changed["lines"][0]["line_id"]
        _, plan = await planner.move("split", task_id, (line_id, 1))
        assert plan["target"]["door"] == "D 4"
        await planner("POST", f"/api/tasks/{task_id}/assign", {"workers": ["ana"]})
        _, picking = await call("GET", "/api/picking", user="ana")
        assert [one["door"] for one in picking["tasks"]] == ["D 4"]
        assert (await planner("PATCH", f"/api/tasks/{task_id}", {"door": None}))[1]["door"] is None

    @pytest.mark.parametrize("door", ["", "x" * 65, "a\nb", 7])
    async def test_malformed(self, warehouse: Warehouse, planner: Planner, door: Any) -> None:
        task_id = await warehouse.task("ana", A=1)
        assert (await planner("PATCH", f"/api/tasks/{task_id}", {"door": door}))[0] == 422
