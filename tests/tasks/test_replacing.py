"""Requisitions that get another content, and what that does to their tasks and to scans."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.dependencies import TaskState
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, served
from tests.tasks.conftest import Warehouse, inconsistencies
from tests.tasks.test_app import _events, _eventually

pytestmark = pytest.mark.served_once

ROUNDS = 6


class Orders:
    """Sends orders as import jobs do, each as a job of its own."""

    def __init__(self, call: Caller) -> None:
        self.call = call
        self.jobs = 0

    async def send(self, number: str = "R1", *, job: int = 0, **lines: int) -> Any:
        """Send one requisition of SKU=quantity, to replace; return its result."""
        return await self.body(number, _lines(**lines), job=job)

    async def body(
        self, number: str, lines: list[dict[str, Any]], *, job: int = 0, replace: bool = True, **more: Any
    ) -> Any:
        self.jobs += 1
        requisition = {"number": number, "lines": lines, **more}
        batch = {
            "job_id": job or self.jobs,
            "replace": replace,
            "release": True,
            "requisitions": [requisition],
        }
        status, answer = await self.call("POST", "/internal/requisitions", batch)
        assert status == 200, answer
        return answer["results"][0]


def _lines(**lines: int) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]


@pytest.fixture
def orders(call: Caller) -> Orders:
    return Orders(call)


async def _claimed(call: Caller, task_id: int = 1) -> Any:
    status, task = await call("POST", f"/api/tasks/{task_id}/claim")
    assert status == 200, task
    return task


def _required(task: Any) -> dict[str, int]:
    return {line["sku"]: line["required"] for line in task["lines"]}


class TestReplaced:
    async def test_the_task_stays_and_its_version_rises(
        self, orders: Orders, call: Caller, warehouse: Warehouse, empty: Database
    ) -> None:
        await orders.send(A=2, B=1, C=4)
        before = await _claimed(call)
        result = await orders.send(A=5, C=4, D=3)
        assert (result["outcome"], result["hindrance"]) == ("replaced", None)
        assert [(d["change"], d["sku"]) for d in result["differences"]] == [
            ("quantity", "A"),
            ("added", "D"),
            ("removed", "B"),
        ]
        task = await warehouse.get(1)
        assert (before["version"], task["version"]) == (1, 2)
        assert (task["task_id"], task["status"], task["workers"]) == (1, "assigned", ["ana"])
        assert _required(task) == {"A": 5, "C": 4, "D": 3}
        kept = {line["sku"]: line["line_id"] for line in before["lines"]}
        assert [line["line_id"] for line in task["lines"]][:2] == [kept["A"], kept["C"]]
        assert not await inconsistencies(empty)
        for sku, quantity in (("A", 5), ("C", 4), ("D", 3)):
            assert (await warehouse.scan(1, sku, quantity))[0] == 200
        assert (await warehouse.get(1))["status"] == "completed"

    async def test_one_that_is_not_released_gets_a_task_if_asked(
        self, orders: Orders, call: Caller, warehouse: Warehouse
    ) -> None:
        body = {"number": "R1", "lines": _lines(A=1), "destination": "North"}
        assert (await call("POST", "/api/requisitions", body))[0] == 201
        result = await orders.body("R1", _lines(A=1, B=2), destination="South")
        assert result["outcome"] == "replaced"
        task = await warehouse.get(1)
        assert (task["version"], task["destination"], _required(task)) == (1, "South", {"A": 1, "B": 2})

    async def test_the_same_job_again_gets_the_same_answer(
        self, orders: Orders, warehouse: Warehouse
    ) -> None:
        await orders.send(A=1)
        first = await orders.send(A=2, job=7)
        assert await orders.send(A=2, job=7) == first
        # Another job came meanwhile: what the first one sends again must not undo it.
        await orders.send(A=3, job=8)
        assert await orders.send(A=2, job=7) == first
        task = await warehouse.get(1)
        assert (task["version"], _required(task)) == (3, {"A": 3})
        assert (await orders.send(A=1, job=1))["outcome"] == "created"

    async def test_not_when_somebody_has_picked(
        self, orders: Orders, call: Caller, warehouse: Warehouse
    ) -> None:
        for n in (1, 2, 3):
            await orders.send(f"R{n}", A=2, B=1)
            await _claimed(call, n)
        line_id = (await warehouse.get(2))["lines"][0]["line_id"]
        short = {"line_id": line_id, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await warehouse.scan(1, "A"))[0] == 200
        assert (await call("POST", "/api/tasks/2/shortages", short))[0] == 201
        assert (await call("POST", "/api/tasks/3/cancel", role=Role.SUPERVISOR))[0] == 200
        for n, hindrance in enumerate(("picked", "picked", "cancelled"), 1):
            before = await warehouse.get(n)
            result = await orders.send(f"R{n}", A=2, NEW=1)
            assert (result["outcome"], result["hindrance"]) == ("duplicate", hindrance)
            assert [d["change"] for d in result["differences"]] == ["added", "removed"]
            assert await warehouse.get(n) == before
        assert (await call("GET", "/api/articles/NEW"))[0] == 404

    async def test_the_mended_rows_follow_what_was_imported_in_part(
        self, orders: Orders, warehouse: Warehouse, call: Caller
    ) -> None:
        await orders.body("R1", _lines(A=1), missing_rows=2)
        _, page = await call("GET", "/api/requisitions", role=Role.SUPERVISOR)
        assert page["items"][0]["missing_rows"] == 2
        for lines, missing in ((_lines(B=2), 1), (_lines(A=1, B=2, C=3), 0)):
            assert (await orders.body("R1", lines, replace=False))["outcome"] == "replaced"
            _, page = await call("GET", "/api/requisitions", role=Role.SUPERVISOR)
            assert page["items"][0]["missing_rows"] == missing
        assert (await orders.body("R1", _lines(D=1), replace=False))["outcome"] == "duplicate"
        assert _required(await warehouse.get(1)) == {"A": 1, "B": 2, "C": 3}

    async def test_descriptions_and_barcodes(self, orders: Orders, call: Caller) -> None:
        line = {"sku": "A", "quantity": 1, "description": "Lantren", "barcode": "4006381333931"}
        await orders.body("R1", [line, {"sku": "B", "quantity": 1, "description": "Lamp"}])
        await call("PUT", "/api/articles/B", {"description": "Ours"}, role=Role.SUPERVISOR)
        result = await orders.body(
            "R1",
            [
                line | {"description": "Lantern", "barcode": "SHELF"},
                {"sku": "B", "quantity": 1, "description": "Light"},
            ],
        )
        assert [note.partition(" was")[0] for note in result["notes"]] == ["Barcode 4006381333931"]
        found = [(await call("GET", f"/api/articles/{sku}"))[1] for sku in "AB"]
        assert [article["description"] for article in found] == ["Lantern", "Ours"]
        assert found[0]["barcodes"] == ["04006381333931", "SHELF"]

    async def test_it_is_told(self, orders: Orders, call: Caller, redis: Redis) -> None:
        await orders.send(A=2)
        await _claimed(call)
        await orders.body("R1", _lines(**{f"S{n}": 1 for n in range(30)}))

        async def told() -> Any:
            return [event for event in await _events(redis) if event["type"].endswith(".replaced")]

        requisition, task = sorted(await _eventually(told), key=lambda event: event["type"])
        assert (requisition["subject"], requisition["rooms"]) == ("requisition:1", [])
        assert (task["subject"], task["rooms"]) == ("task:1", ["task:1", "user:ana"])
        assert (task["data"]["version"], task["data"]["lines"]) == (2, 30)
        assert len(task["data"]["differences"]) + task["data"]["differences_left_out"] == 31


# What a scan (code, pieces, version, of which task) comes to when SAME=2, LESS=4, MORE=2, GONE=1 have become
# SAME=2, LESS=2, MORE=3, NEW=1. Those that count come last.
_JUDGED = [
    ("LESS", 3, 1, 1, "version_conflict"),
    ("LESS", 3, 2, 1, "more_than_required"),
    ("LESS", 3, None, 1, "more_than_required"),
    ("LESS", 9, 1, 1, "more_than_required"),
    ("MORE", 3, 1, 1, "version_conflict"),
    ("GONE", 1, 1, 1, "version_conflict"),
    ("GONE", 1, 2, 1, "not_in_task"),
    ("GONE", 1, None, 1, "not_in_task"),
    ("GONE", 1, 9, 1, "not_in_task"),
    ("NEW", 1, 1, 1, "version_conflict"),
    ("ELSE", 1, 1, 1, "unknown_code"),
    ("SAME", 2, 1, 1, "line_complete"),
    ("LESS", 1, 1, 1, "picked"),
    ("MORE", 3, 2, 1, "line_complete"),
    ("NEW", 1, None, 1, "line_complete"),
    ("MORE", 2, 1, 2, "picked"),
    ("MORE", 1, 1, 2, "version_conflict"),
]


class TestScansOfAnEarlierVersion:
    async def test_are_judged_on_the_new_content(
        self, orders: Orders, call: Caller, warehouse: Warehouse, empty: Database
    ) -> None:
        for n in (1, 2):
            await orders.send(f"R{n}", SAME=2, LESS=4, MORE=2, GONE=1)
            await _claimed(call, n)
            await orders.send(f"R{n}", SAME=2, LESS=2, MORE=3, NEW=1)
        found = []
        for code, quantity, version, task_id, _ in _JUDGED:
            status, body = await warehouse.scan(task_id, code, quantity, version=version)
            outcome = body["outcome"] if status == 200 else body["error"]["code"]
            found.append((code, quantity, version, task_id, outcome))
            assert (body if status == 200 else body["error"]["details"])["task_version"] == 2
        assert found == _JUDGED
        assert not await inconsistencies(empty)

    async def test_a_conflict_is_recorded_and_says_both(
        self, orders: Orders, call: Caller, warehouse: Warehouse
    ) -> None:
        await orders.send(A=4, B=1)
        await _claimed(call)
        await orders.send(A=1)
        status, body = await warehouse.scan(1, "A", 2, version=1)
        details = body["error"]["details"]
        assert (status, body["error"]["code"]) == (409, "version_conflict")
        assert (details["version"], details["version_required"]) == (1, 4)
        assert (details["task_version"], details["required"], details["left"]) == (2, 1, 1)
        assert "required 4 when this was scanned, now 1" in body["error"]["message"]
        _, page = await call("GET", "/api/tasks/1/scans")
        [record] = page["items"]
        assert record["outcome"] == "version_conflict"
        assert (record["version"], record["task_version"]) == (1, 2)
        assert (await call("GET", "/api/board"))[1]["scans_today"]["version_conflict"] == 1

    async def test_what_was_answered_stays_answered(
        self, orders: Orders, call: Caller, warehouse: Warehouse
    ) -> None:
        await orders.send(A=1, B=1)
        await _claimed(call)
        sent: dict[str, Any] = {"operation_id": str(uuid4()), "version": 1}
        refused = await warehouse.scan(1, "A", 2, **sent)
        await orders.send(B=1)  # the line that the refused scan names is gone
        conflict: dict[str, Any] = {"operation_id": str(uuid4()), "version": 1}
        first = await warehouse.scan(1, "A", **conflict)
        await orders.send(A=2, B=1)
        assert await warehouse.scan(1, "A", 2, **sent) == refused
        assert await warehouse.scan(1, "A", **conflict) == first
        assert first[1]["error"]["code"] == "version_conflict"
        # Whoever has looked at the task again sends the same operation with the version that it has now.
        assert await warehouse.scan(1, "A", **(conflict | {"version": 3})) == first


class TestAtOnce:
    """Replacements and everything else that changes a task, at the same moment, many times."""

    async def test_with_what_locks_the_task(
        self, orders: Orders, call: Caller, warehouse: Warehouse, empty: Database
    ) -> None:
        kinds = ("scan", "claim", "cancel", "shortage") * ROUNDS

        async def do(task_id: int, kind: str) -> bool:
            if kind == "scan":
                return (await warehouse.scan(task_id, "B", version=1))[0] == 200
            if kind == "shortage":
                line_id = (await warehouse.get(task_id))["lines"][1]["line_id"]
                body = {"line_id": line_id, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
                return (await call("POST", f"/api/tasks/{task_id}/shortages", body))[0] == 201
            status, _ = await call("POST", f"/api/tasks/{task_id}/{kind}", role=Role.SUPERVISOR)
            return status == 200

        for n, kind in enumerate(kinds, 1):
            await orders.body(f"R{n}", _lines(A=2, B=1))
            if kind != "claim":
                await _claimed(call, n)
            result, done = await asyncio.gather(orders.body(f"R{n}", _lines(A=2, C=1)), do(n, kind))
            task = await warehouse.get(n)
            replaced = result["outcome"] == "replaced"
            assert _required(task) == ({"A": 2, "C": 1} if replaced else {"A": 2, "B": 1})
            assert task["version"] == 1 + replaced
            if kind in ("scan", "shortage"):
                assert done is not replaced
            elif kind == "cancel":
                assert (done, task["status"]) == (True, "cancelled")
            else:
                assert (done, replaced, task["workers"]) == (True, True, ["ana"])
        assert not await inconsistencies(empty)

    async def test_with_releases(
        self, orders: Orders, call: Caller, warehouse: Warehouse, empty: Database
    ) -> None:
        for n in range(1, ROUNDS + 1):
            body = {"number": f"R{n}", "lines": _lines(A=1)}
            assert (await call("POST", "/api/requisitions", body))[0] == 201
            release = call("POST", "/api/tasks", {"requisition_ids": [n]}, role=Role.SUPERVISOR)
            result, _ = await asyncio.gather(orders.body(f"R{n}", _lines(A=1, B=2, C=3)), release)
            assert result["outcome"] == "replaced"
        _, page = await call("GET", "/api/tasks", role=Role.SUPERVISOR)
        assert [task["required"] for task in page["items"]] == [6] * ROUNDS
        assert not await inconsistencies(empty)

    async def test_two_imports_of_the_same_orders(
        self, call: Caller, empty: Database, warehouse: Warehouse, settings: TaskSettings
    ) -> None:
        """By two replicas, in opposite order: nothing deadlocks, and the later job has the last word."""
        numbers = [f"R{n}" for n in range(1, 41)]

        async def send(caller: Caller, job_id: int, names: list[str], **lines: int) -> set[str]:
            requisitions = [{"number": name, "lines": _lines(**lines)} for name in names]
            batch = {"job_id": job_id, "replace": True, "release": True, "requisitions": requisitions}
            status, answer = await caller("POST", "/internal/requisitions", batch)
            assert status == 200, answer
            return {result["outcome"] for result in answer["results"]}

        await send(call, 1, numbers, A=1, B=1)
        async with (
            served(create_app(settings), TaskState) as (url, _),
            aiohttp.ClientSession() as session,
        ):
            other = Caller(session, url)
            for job_id in range(2, 12, 2):
                new = [f"N{job_id}-{n}" for n in range(10)]
                _, later = await asyncio.gather(
                    send(call, job_id, numbers + new, A=job_id, C=1),
                    send(other, job_id + 1, [*reversed(new), *reversed(numbers)], D=1, A=job_id),
                )
                assert later <= {"created", "replaced"}
        async with empty.begin() as connection:
            contents = await connection.execute(
                text(
                    "SELECT DISTINCT array_agg(a.sku ORDER BY a.sku) AS skus FROM tasks.requisition_lines l "
                    "JOIN tasks.articles a ON a.id = l.article_id GROUP BY l.requisition_id"
                )
            )
            assert [row.skus for row in contents] == [["A", "D"]]
        assert not await inconsistencies(empty)
