"""What a device holds to pick from while it is out of reach."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.picking import service
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

_EAN = "05012345678900"


async def _held(call: Caller, user: str = "ana") -> Any:
    status, held = await call("GET", "/api/picking", user=user)
    assert status == 200, held
    return held


async def _give(call: Caller, task_id: int, *workers: str) -> None:
    path = f"/api/tasks/{task_id}/assign"
    status, task = await call("POST", path, {"workers": workers}, role=Role.SUPERVISOR)
    assert status == 200, task


async def _release(call: Caller, warehouse: Warehouse, due_at: str | None, **lines: int) -> int:
    body = {"requisition_ids": [await warehouse.requisition(**lines)], "due_at": due_at}
    status, tasks = await call("POST", "/api/tasks", body, role=Role.SUPERVISOR)
    assert status == 201, tasks
    return int(tasks[0]["task_id"])


class TestTasks:
    async def test_mine_with_lines_and_those_to_claim_without(
        self, warehouse: Warehouse, call: Caller
    ) -> None:
        mine = await warehouse.task("ana", A=2, B=1)
        free, _ = await warehouse.task(C=1), await warehouse.task("marko", D=1)

        held = await _held(call)

        assert held["worker"] == "ana"
        assert held["tasks"] == [await warehouse.get(mine)]
        assert [(task["task_id"], "lines" in task) for task in held["pool"]] == [(free, False)]
        assert held["is_cut"] is False
        assert [article["sku"] for article in held["articles"]] == ["A", "B"]

    async def test_who_has_nothing_gets_nothing(self, call: Caller) -> None:
        held = await _held(call)
        assert (held["tasks"], held["pool"], held["articles"]) == ([], [], [])
        assert held["exceptions"] == {"skus": [], "barcodes": []}

    async def test_due_first(self, warehouse: Warehouse, call: Caller) -> None:
        due = (None, "2027-03-01T12:00:00Z", "2027-02-01T12:00:00Z")
        mine = [await _release(call, warehouse, at, A=1) for at in due]
        free = [await _release(call, warehouse, at, B=1) for at in due]
        for task_id in mine:
            await _give(call, task_id, "ana")

        held = await _held(call)

        assert [task["task_id"] for task in held["tasks"]] == mine[::-1]
        assert [task["task_id"] for task in held["pool"]] == free[::-1]

    async def test_what_was_completed_is_held_while_it_can_be_taken_back(
        self, warehouse: Warehouse, call: Caller, settings: TaskSettings, database: Database
    ) -> None:
        done, open_, cancelled = [await warehouse.task("ana", A=1) for _ in range(3)]
        await warehouse.scan(done, "A")
        await call("POST", f"/api/tasks/{cancelled}/cancel", role=Role.SUPERVISOR)
        assert [task["task_id"] for task in (await _held(call))["tasks"]] == [open_, done]

        async with database.begin() as connection:
            late = text(
                "UPDATE tasks.pick_tasks SET completed_at = now() - make_interval(secs => :seconds)"
                " WHERE id = :id"
            )
            await connection.execute(late, {"seconds": settings.undo_seconds + 1, "id": done})
        assert [task["task_id"] for task in (await _held(call))["tasks"]] == [open_]

    async def test_more_than_a_device_holds(
        self, warehouse: Warehouse, call: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = [await warehouse.task("ana", A=1, B=1) for _ in range(4)]
        monkeypatch.setattr(service, "MAX_PICKING_TASKS", 3)
        held = await _held(call)
        assert ([task["task_id"] for task in held["tasks"]], held["is_cut"]) == (mine[:3], True)
        monkeypatch.setattr(service, "MAX_PICKING_LINES", 5)
        held = await _held(call)
        assert ([task["task_id"] for task in held["tasks"]], held["is_cut"]) == (mine[:2], True)


class TestTag:
    async def test_the_same_again_is_not_sent(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=2)
        get = partial(call.if_changed, "/api/picking")
        _, tag, _ = await get()
        assert await get(tag) == (304, tag, b"")
        assert await get(f"W/{tag}") == (304, tag, b"")
        await warehouse.scan(task_id, "A")
        status, other, _ = await get(tag)
        assert status == 200
        assert other != tag


class TestArticles:
    async def test_every_code_with_its_pieces(self, warehouse: Warehouse, call: Caller) -> None:
        await warehouse.task("ana", A=1)
        for barcode in ({"code": "5012345678900"}, {"code": "BOX", "pieces": 12}):
            await call("POST", "/api/articles/A/barcodes", barcode, role=Role.SUPERVISOR)
        (article,) = (await _held(call))["articles"]
        assert article["codes"] == [
            {"code": _EAN, "pieces": 1, "level": "each"},
            {"code": "BOX", "pieces": 12, "level": "case"},
        ]

    async def test_how_codes_are_read_here(self, call: Caller, settings: TaskSettings) -> None:
        told = (await _held(call))["settings"]
        assert "<GS>" in told["separators"]
        assert (told["variable_measure_eans"], told["undo_seconds"]) == ([], settings.undo_seconds)


class TestExceptions:
    async def _other(self, call: Caller, sku: str, *codes: str) -> None:
        await call("PUT", f"/api/articles/{sku}", {"description": ""}, role=Role.SUPERVISOR)
        for code in codes:
            path = f"/api/articles/{sku}/barcodes"
            status, body = await call("POST", path, {"code": code}, role=Role.SUPERVISOR)
            assert status == 201, body

    async def test_of_others_in_letters_of_another_case(self, warehouse: Warehouse, call: Caller) -> None:
        await warehouse.task("ana", Pen=1)
        await call("POST", "/api/articles/Pen/barcodes", {"code": "Box"}, role=Role.SUPERVISOR)
        await self._other(call, "PEN")
        await self._other(call, "other", "bOX", "BOX", "elsewhere")
        assert (await _held(call))["exceptions"] == {"skus": ["PEN"], "barcodes": ["BOX", "bOX"]}

    async def test_of_others_that_read_as_a_gtin(
        self, warehouse: Warehouse, call: Caller, database: Database
    ) -> None:
        await warehouse.task("ana", A=1)
        await self._other(call, "5012345678900")  # before it was anybody's barcode
        async with database.begin() as connection:
            await connection.execute(
                text("INSERT INTO tasks.barcodes SELECT :code, id FROM tasks.articles WHERE sku = 'A'"),
                {"code": _EAN},
            )
        assert (await _held(call))["exceptions"] == {"skus": ["5012345678900"], "barcodes": []}

    async def test_none_among_those_that_are_held(self, warehouse: Warehouse, call: Caller) -> None:
        await warehouse.task("ana", Pen=1, PEN=1)
        assert (await _held(call))["exceptions"] == {"skus": [], "barcodes": []}

    async def test_of_every_code_that_comes_before(self, warehouse: Warehouse, call: Caller) -> None:
        """What the database finds is what is judged of all other codes."""
        await warehouse.task("ana", A=1)
        for code in ("5012345678900", "012345000065", "BOX#1"):
            await call("POST", "/api/articles/A/barcodes", {"code": code}, role=Role.SUPERVISOR)
        before = [
            "*A*",
            "0105012345678900",
            "0105012345678900#375",
            "0123456",
            "501234567890005",
            "HTTPS://e.com/01/5012345678900",
            "box#1",
        ]
        await self._other(call, "OTHER", *before, "B", "4006381333931", "X-1", "*B*")
        assert (await _held(call))["exceptions"]["barcodes"] == sorted(before)
