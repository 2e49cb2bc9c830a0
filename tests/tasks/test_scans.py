"""The path that matters, through HTTP on the real database."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.settings import TaskSettings
from tests.conftest import Server
from tests.support import Caller, serving
from tests.tasks.conftest import Warehouse, inconsistencies


def _deadlocks(server: Server) -> int:
    """Count those that PostgreSQL resolved; its statistics know of them only some seconds later."""
    return server.log().count("ERROR:  deadlock detected")


class TestBadge:
    @pytest.mark.parametrize(
        "scanned",
        [
            "MGB1ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "mgb1abcdefghijklmnopqrstuvwxyz\r\n",
            "]C0MGB1ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "MGB1ABCDEFGHIJKLMNOPQR",
        ],
    )
    async def test_is_refused_and_not_kept(self, warehouse: Warehouse, call: Caller, scanned: str) -> None:
        task_id = await warehouse.task("ana", A=1)
        status, body = await warehouse.scan(task_id, scanned)
        assert (status, body["error"]["code"]) == (409, "unknown_code")
        _, scans = await call("GET", f"/api/tasks/{task_id}/scans")
        assert [scan["code"] for scan in scans["items"]] == ["MGB1…"]
        assert "FGHIJ" not in str([body, scans]).upper()

    async def test_an_article_may_begin_alike(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task("ana", **{"MGB1-100": 1})
        assert (await warehouse.scan(task_id, "MGB1-100"))[0] == 200


class TestAccepted:
    async def test_counts_and_completes_line_and_task(self, warehouse: Warehouse, empty: Database) -> None:
        task_id = await warehouse.task("ana", A=2, B=1)

        answers = [await warehouse.scan(task_id, code) for code in ("A", "A", "B")]

        assert [(status, body["outcome"], body["remaining_lines"]) for status, body in answers] == [
            (200, "picked", 2),
            (200, "line_complete", 1),
            (200, "task_complete", 0),
        ]
        task = await warehouse.get(task_id)
        assert (task["status"], task["picked"], task["required"]) == ("completed", 3, 3)
        assert task["started_at"]
        assert task["completed_at"]
        assert not await inconsistencies(empty)

    async def test_writes_the_task_when_it_is_another_than_before(
        self, warehouse: Warehouse, empty: Database
    ) -> None:
        """Most picks change a line alone: the task's row stays the version that it was."""

        async def version() -> int:
            async with empty.begin() as connection:
                wanted = text("SELECT xmin::text::bigint FROM tasks.pick_tasks WHERE id = :id")
                return int(await connection.scalar(wanted, {"id": task_id}))

        task_id = await warehouse.task("ana", A=3, B=2)
        versions = [await version()]
        for code in ("A", "A", "A", "B", "B"):
            await warehouse.scan(task_id, code)
            versions.append(await version())
        changed = [before != after for before, after in itertools.pairwise(versions)]
        assert changed == [True, False, True, False, True]
        assert (await warehouse.get(task_id))["status"] == "completed"
        assert not await inconsistencies(empty)

    async def test_takes_a_quantity(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task("ana", A=10)
        _, body = await warehouse.scan(task_id, "A", 4)
        assert (body["outcome"], body["quantity"], body["picked"], body["required"]) == ("picked", 4, 4, 10)

    @pytest.mark.parametrize(
        ("barcode", "scanned", "pieces"),
        [
            ("4006381333931", "4006381333931", 1),
            ("4006381333931", "04006381333931", 1),
            ("4006381333931", "0004006381333931", 1),
            ("036000291452", "0036000291452", 1),
            ("0036000291452", "036000291452", 1),
            ("96385074", "00000096385074", 1),
            ("00000096385074", "96385074", 1),
            ("4006381333931", "(01)04006381333931(37)3", 3),
            ("4006381333931", "]C1010400638133393110LOT7\x1d3702", 2),
            ("4006381333931", "0104006381333931", 1),
            ("SHELF-7/b", "SHELF-7/b", 1),
        ],
    )
    async def test_finds_the_article_by_any_form_of_its_barcode(
        self, warehouse: Warehouse, call: Caller, barcode: str, scanned: str, pieces: int
    ) -> None:
        task_id = await warehouse.task("ana", A=5, B=5)
        status, article = await call("POST", "/api/articles/A/barcodes", {"code": barcode})
        assert status == 201, article

        status, body = await warehouse.scan(task_id, scanned)

        assert (status, body.get("sku"), body.get("quantity")) == (200, "A", pieces)

    @pytest.mark.parametrize("suffix", ["\r\n", "\t", "\n"])
    async def test_ignores_what_a_scanner_ends_a_code_with(self, warehouse: Warehouse, suffix: str) -> None:
        task_id = await warehouse.task("ana", A=1)
        assert (await warehouse.scan(task_id, "A" + suffix))[0] == 200

    async def test_sku_wins_over_a_barcode_of_the_same_text(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1, B=1)
        status, body = await call("POST", "/api/articles/A/barcodes", {"code": "B"})
        assert (status, body["error"]["code"]) == (409, "barcode_taken")
        _, scanned = await warehouse.scan(task_id, "B")
        assert scanned["sku"] == "B"


class TestRefused:
    """A refusal says which it is and changes nothing."""

    @pytest.mark.parametrize(
        ("code", "quantity", "user", "expected"),
        [
            ("nonsense", 1, "ana", (409, "unknown_code")),
            ("4006381333930", 1, "ana", (409, "unknown_code")),  # wrong check digit
            ("OTHER", 1, "ana", (409, "not_in_task")),
            ("A", 3, "ana", (409, "more_than_required")),
            ("(01)04006381333931(30)3", 1, "ana", (409, "more_than_required")),
            ("(01)04006381333931(30)3", 1_000_000, "ana", (409, "more_than_required")),
            ("A", 1, "marko", (403, "not_your_task")),
        ],
    )
    async def test_by_name(
        self,
        warehouse: Warehouse,
        call: Caller,
        empty: Database,
        code: str,
        quantity: int,
        user: str,
        expected: tuple[int, str],
    ) -> None:
        task_id = await warehouse.task("ana", A=2)
        await warehouse.task("ana", OTHER=1)
        await call("POST", "/api/articles/A/barcodes", {"code": "4006381333931"})
        before = await warehouse.get(task_id)

        status, body = await warehouse.scan(task_id, code, quantity, user=user)

        assert (status, body["error"]["code"]) == expected
        assert body["error"]["message"]
        assert await warehouse.get(task_id) == before
        assert not await inconsistencies(empty)

    @pytest.mark.parametrize("end", ["cancel", "complete"])
    async def test_task_that_is_closed(self, warehouse: Warehouse, call: Caller, end: str) -> None:
        task_id = await warehouse.task("ana", A=1)
        if end == "complete":
            await warehouse.scan(task_id, "A")
        else:
            await call("POST", f"/api/tasks/{task_id}/cancel")
        status, body = await warehouse.scan(task_id, "A")
        assert (status, body["error"]["code"]) == (409, "task_not_open")

    async def test_task_that_nobody_claimed(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task(A=1)
        status, body = await warehouse.scan(task_id, "A")
        assert (status, body["error"]["code"]) == (403, "not_your_task")

    async def test_unknown_task(self, warehouse: Warehouse) -> None:
        status, body = await warehouse.scan(4711, "A")
        assert (status, body["error"]["code"]) == (404, "task_not_found")

    @pytest.mark.parametrize(
        "change",
        [
            {"quantity": 0},
            {"quantity": -1},
            {"quantity": 1.5},
            {"quantity": "many"},
            {"quantity": "1"},
            {"quantity": 1.0},
            {"quantity": True},
            {"quantity": 10**9},
            {"code": ""},
            {"code": "A\x00"},
            {"code": "x" * 513},
            {"code": " \r\n"},
            {"pieces": 0},
            {"task_id": 2**63},
            {"task_id": None},
            {"operation_id": "1"},
            {"version": 0},
            {"version": "1"},
            {"colour": "red"},
        ],
    )
    async def test_request_that_makes_no_sense(
        self, warehouse: Warehouse, call: Caller, change: dict[str, Any]
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        status, body = await call(
            "POST", "/api/scan", {"task_id": task_id, "code": "A", "operation_id": str(uuid4())} | change
        )
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert (await warehouse.get(task_id))["picked"] == 0


class TestIdempotent:
    async def test_same_id_same_answer_counted_once(self, warehouse: Warehouse, empty: Database) -> None:
        task_id = await warehouse.task("ana", A=3)
        operation_id = str(uuid4())
        first = await warehouse.scan(task_id, "A", operation_id=operation_id)
        await warehouse.scan(task_id, "A", 2)

        again = await warehouse.scan(task_id, "A", operation_id=operation_id)

        assert again == first
        assert first[1]["picked"] == 1
        assert (await warehouse.get(task_id))["picked"] == 3
        assert not await inconsistencies(empty)

    async def test_refusal_stays_a_refusal(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        operation_id = str(uuid4())
        first = await warehouse.scan(task_id, "4006381333931", operation_id=operation_id)
        await call("POST", "/api/articles/A/barcodes", {"code": "4006381333931"})

        again = await warehouse.scan(task_id, "4006381333931", operation_id=operation_id)

        assert again == first
        assert first[1]["error"]["code"] == "unknown_code"

    async def test_id_used_for_something_else_is_an_error(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task("ana", "marko", A=5)
        operation_id = str(uuid4())
        await warehouse.scan(task_id, "A", operation_id=operation_id)
        for status, body in [
            await warehouse.scan(task_id, "A", 2, operation_id=operation_id),
            await warehouse.scan(task_id, "B", operation_id=operation_id),
            await warehouse.scan(task_id, "A", operation_id=operation_id, user="marko"),
        ]:
            assert (status, body["error"]["code"]) == (409, "operation_id_reused")
        assert (await warehouse.get(task_id))["picked"] == 1

    async def test_race_of_fifty_with_one_id(self, warehouse: Warehouse) -> None:
        task_id = await warehouse.task("ana", A=100)
        operation_id = str(uuid4())
        answers = await asyncio.gather(
            *(warehouse.scan(task_id, "A", operation_id=operation_id) for _ in range(50))
        )
        assert all(answer == answers[0] for answer in answers)
        assert (await warehouse.get(task_id))["picked"] == 1


class TestTogether:
    @pytest.mark.parametrize("workers", [2, 50])
    async def test_no_scan_is_lost_or_counted_twice(
        self, warehouse: Warehouse, empty: Database, workers: int
    ) -> None:
        """200 scans of one line; every third is sent twice at once, as a scanner on a bad radio does."""
        names = [f"w{number}" for number in range(workers)]
        task_id = await warehouse.task(*names, A=200)
        sends: list[dict[str, Any]] = []
        for number in range(200):
            scan = {"user": names[number % workers], "operation_id": str(uuid4())}
            sends += [scan] * (2 if number % 3 == 0 else 1)

        answers = await asyncio.gather(*(warehouse.scan(task_id, "A", **scan) for scan in sends))

        assert {status for status, _ in answers} == {200}
        distinct = {body["operation_id"]: body for _, body in answers}
        assert Counter(body["outcome"] for body in distinct.values()) == {"picked": 199, "task_complete": 1}
        assert sorted(body["picked"] for body in distinct.values()) == list(range(1, 201))
        task = await warehouse.get(task_id)
        assert (task["picked"], task["status"]) == (200, "completed")
        assert not await inconsistencies(empty)

    @pytest.mark.parametrize("workers", [2, 50])
    async def test_never_more_than_required(
        self, warehouse: Warehouse, empty: Database, workers: int
    ) -> None:
        names = [f"w{number}" for number in range(workers)]
        task_id = await warehouse.task(*names, A=97, B=1)

        answers = await asyncio.gather(
            *(warehouse.scan(task_id, "A", user=names[n % workers]) for n in range(200))
        )

        counts = Counter(body.get("outcome") or body["error"]["code"] for _, body in answers)
        assert counts == {"picked": 96, "line_complete": 1, "more_than_required": 103}
        assert not await inconsistencies(empty)

    async def test_batches_over_many_tasks_do_not_deadlock(
        self, warehouse: Warehouse, empty: Database, settings: TaskSettings, postgres_server: Server
    ) -> None:
        """Four services at once: each records one batch at a time, and the others wait for the same locks."""
        small = settings.model_copy(update={"scan_batch_size": 10})
        tasks = [await warehouse.task("ana", "marko", A=40, B=40) for _ in range(5)]
        scans = [
            (task, code, user)
            for _ in range(20)
            for task in tasks
            for code in "AB"
            for user in ("ana", "marko")
        ]
        before = _deadlocks(postgres_server)

        async with contextlib.AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(serving(create_app(small))) for _ in range(4)]
            services = itertools.cycle([Warehouse(warehouse.call.at(url)) for url in urls])
            answers = await asyncio.gather(
                *(next(services).scan_until_served(t, c, user=u) for t, c, u in scans)
            )

        assert {status for status, _ in answers} == {200}
        assert _deadlocks(postgres_server) == before
        assert [(await warehouse.get(task))["status"] for task in tasks] == ["completed"] * 5
        assert not await inconsistencies(empty)
