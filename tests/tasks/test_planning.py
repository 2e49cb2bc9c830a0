"""Locations, tasks of several requisitions, and pieces that are moved between task lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.models import metadata
from magacin.tasks.pick_tasks.service import release
from magacin.tasks.requisitions.repository import RequisitionRepository
from magacin.tasks.settings import TaskSettings
from tests.support import Caller, empty_tables
from tests.tasks.conftest import Warehouse, inconsistencies

pytestmark = pytest.mark.served_once


class Planner:
    """Does what a supervisor does."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self._call(method, path, body, user="vera", role=Role.SUPERVISOR)

    async def place(self, code: str, sequence: int, *skus: str) -> None:
        """Make a location, and let articles lie there besides where they are."""
        assert (await self("PUT", f"/api/locations/{code}", {"zone": "Z", "sequence": sequence}))[0] == 200
        for sku in skus:
            await self("PUT", f"/api/articles/{sku}", {"description": ""})
            _, there = await self("GET", f"/api/articles/{sku}/locations")
            codes = [*(one["code"] for one in there["locations"]), code]
            assert (await self("PUT", f"/api/articles/{sku}/locations", {"locations": codes}))[0] == 200

    async def move(self, how: str, task_id: int, *lines: tuple[int, int], **more: Any) -> tuple[int, Any]:
        pieces = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in lines]
        body = {"lines": pieces, "operation_id": str(uuid4()), **more}
        return await self("POST", f"/api/tasks/{task_id}/{how}", body)


@pytest.fixture
def planner(call: Caller) -> Planner:
    return Planner(call)


def lines(task: Any) -> list[tuple[Any, ...]]:
    """Return what is asked of a task's lines: SKU, place, required, picked, short."""
    return [
        (one["sku"], one["location"], one["required"], one["picked"], one["short"]) for one in task["lines"]
    ]


async def totals(planner: Planner, requisition_id: int) -> list[tuple[int, int, int, int]]:
    _, requisition = await planner("GET", f"/api/requisitions/{requisition_id}")
    return [(one["required"], one["picked"], one["short"], one["remaining"]) for one in requisition["lines"]]


class TestLocations:
    async def test_lines_are_in_walking_order(self, warehouse: Warehouse, planner: Planner) -> None:
        await planner.place("B-1", 20, "A")
        await planner.place("A-9", 10, "C")
        await planner.place("A-1", 30, "A")  # A is picked where the round comes first
        task = await warehouse.get(await warehouse.task("ana", A=1, B=2, C=3))
        assert lines(task) == [("C", "A-9", 3, 0, 0), ("A", "B-1", 1, 0, 0), ("B", None, 2, 0, 0)]
        assert task["lines"][0]["zone"] == "Z"

    async def test_are_listed_and_described_anew(self, planner: Planner) -> None:
        await planner.place("A-1", 1)
        assert (await planner("PUT", "/api/locations/A-1", {"aisle": "4", "sequence": 2}))[0] == 200
        _, page = await planner("GET", "/api/locations")
        assert page["items"] == [{"code": "A-1", "zone": "", "aisle": "4", "sequence": 2}]

    async def test_one_that_is_used_stays(self, warehouse: Warehouse, planner: Planner) -> None:
        await planner.place("A-1", 1, "A")
        task_id = await warehouse.task("ana", A=1)
        status, body = await planner("DELETE", "/api/locations/A-1")
        assert (status, body["error"]["code"]) == (409, "location_in_use")
        assert body["error"]["details"] == {"code": "A-1", "skus": ["A"], "task_ids": [task_id]}
        await planner("PUT", "/api/articles/A/locations", {"locations": []})
        status, body = await planner("DELETE", "/api/locations/A-1")
        assert (status, body["error"]["details"]["task_ids"]) == (409, [task_id])
        assert lines(await warehouse.get(task_id)) == [("A", "A-1", 1, 0, 0)]

    async def test_unused_one_goes(self, planner: Planner) -> None:
        await planner.place("A-1", 1)
        assert (await planner("DELETE", "/api/locations/A-1"))[0] == 204
        assert (await planner("DELETE", "/api/locations/A-1"))[0] == 404

    async def test_unknown_ones_change_nothing(self, planner: Planner) -> None:
        await planner.place("A-1", 1, "A")
        body = {"locations": ["A-1", "nowhere"]}
        status, answer = await planner("PUT", "/api/articles/A/locations", body)
        assert (status, answer["error"]["code"]) == (404, "location_not_found")
        _, there = await planner("GET", "/api/articles/A/locations")
        assert [one["code"] for one in there["locations"]] == ["A-1"]
        assert (await planner("GET", "/api/articles/none/locations"))[0] == 404


class TestTogether:
    async def test_one_task_of_several_requisitions(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        first, second = await warehouse.requisition(A=2, B=1), await warehouse.requisition(A=3)
        body = {"requisition_ids": [first, second], "together": True, "totes": {first: "T1", second: "T2"}}
        status, tasks = await planner("POST", "/api/tasks", body)
        assert (status, len(tasks)) == (201, 1)
        assert tasks[0]["requisition_ids"] == [first, second]
        task_id = tasks[0]["task_id"]
        task = await warehouse.get(task_id)
        assert [(one["requisition_id"], one["sku"], one["tote"]) for one in task["lines"]] == [
            (first, "A", "T1"), (second, "A", "T2"), (first, "B", "T1"),
        ]  # fmt: skip

        await planner("POST", f"/api/tasks/{task_id}/assign", {"workers": ["ana"]})
        # Three fit on the second line only; what is named goes where it is named.
        of_a, of_other_a, of_b = (one["line_id"] for one in task["lines"])
        answers = [await warehouse.scan(task_id, "A", 3, tote="T2")]
        answers.append(await warehouse.scan(task_id, "A", 2, line_id=of_other_a, tote="T2"))
        answers.append(await warehouse.scan(task_id, "A", 2, line_id=of_a, tote="T1"))
        answers.append(await warehouse.scan(task_id, "A", 1, line_id=of_b, tote="T1"))
        told = [(status, body.get("outcome") or body["error"]["code"]) for status, body in answers]
        assert told == [
            (200, "line_complete"), (409, "more_than_required"), (200, "line_complete"), (409, "not_on_line"),
        ]  # fmt: skip
        assert (await totals(planner, first))[0] == (2, 2, 0, 0)
        assert await totals(planner, second) == [(3, 3, 0, 0)]
        assert not await inconsistencies(empty)

    async def test_tote_of_another_requisition(self, warehouse: Warehouse, planner: Planner) -> None:
        first = await warehouse.requisition(A=2)
        body = {"requisition_ids": [first], "totes": {first + 1: "T1"}}
        assert (await planner("POST", "/api/tasks", body))[0] == 422
        assert (await planner("GET", f"/api/requisitions/{first}"))[1]["task_id"] is None

    async def test_is_not_replaced_by_a_file(self, warehouse: Warehouse, planner: Planner) -> None:
        ids = [await warehouse.requisition(A=2), await warehouse.requisition(A=3)]
        await planner("POST", "/api/tasks", {"requisition_ids": ids, "together": True})
        _, requisition = await planner("GET", f"/api/requisitions/{ids[0]}")
        other = {"number": requisition["number"], "lines": [{"sku": "A", "quantity": 7}]}
        body = {"job_id": 9, "replace": True, "requisitions": [other]}
        _, answer = await planner("POST", "/internal/requisitions", body)
        assert answer["results"][0]["hindrance"] == "planned"
        assert await totals(planner, ids[0]) == [(2, 0, 0, 2)]


class TestSplit:
    async def test_into_a_new_task(self, warehouse: Warehouse, planner: Planner, empty: Database) -> None:
        requisition_id = await warehouse.requisition(A=10)
        _, (task,) = await planner("POST", "/api/tasks", {"requisition_ids": [requisition_id]})
        await planner("POST", f"/api/tasks/{task['task_id']}/assign", {"workers": ["ana"]})
        await warehouse.scan(task["task_id"], "A", 3)
        line_id = (await warehouse.get(task["task_id"]))["lines"][0]["line_id"]

        status, result = await planner.move("split", task["task_id"], (line_id, 4))

        assert status == 200
        assert lines(result["task"]) == [("A", None, 6, 3, 0)]
        assert lines(result["target"]) == [("A", None, 4, 0, 0)]
        assert (result["task"]["version"], result["target"]["status"]) == (2, "open")
        assert result["target"]["requisition_ids"] == [requisition_id]
        assert await totals(planner, requisition_id) == [(10, 3, 0, 7)]
        assert not await inconsistencies(empty)

    async def test_what_is_scanned_on_the_version_before(
        self, warehouse: Warehouse, planner: Planner
    ) -> None:
        task_id = await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        await planner.move("split", task_id, (line_id, 4))
        assert (await warehouse.scan(task_id, "A", 5, version=1))[0] == 200  # in either version it counts
        status, body = await warehouse.scan(task_id, "A", 5, version=1)
        assert (status, body["error"]["code"]) == (409, "version_conflict")

    async def test_to_another_place_of_the_same_task(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        await planner.place("A-1", 1, "A")
        await planner.place("Z-9", 99)
        task_id = await warehouse.task("ana", A=5)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        for quantity in (2, 1):
            status, result = await planner.move(
                "split", task_id, (line_id, quantity), to_task_id=task_id, location="Z-9"
            )
            assert status == 200
        assert lines(result["task"]) == [("A", "A-1", 2, 0, 0), ("A", "Z-9", 3, 0, 0)]
        assert [(await warehouse.scan(task_id, "A"))[1]["line_id"] for _ in range(3)] == [
            line_id, line_id, result["task"]["lines"][1]["line_id"],
        ]  # fmt: skip
        assert not await inconsistencies(empty)

    async def test_of_all_that_is_left_closes_the_task(self, warehouse: Warehouse, planner: Planner) -> None:
        picked, untouched = await warehouse.task("ana", A=3), await warehouse.task("ana", A=3)
        await warehouse.scan(picked, "A", 1)
        for task_id, left, status in ((picked, 2, "completed"), (untouched, 3, "cancelled")):
            line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
            _, result = await planner.move("split", task_id, (line_id, left))
            assert result["task"]["status"] == status

    async def test_of_a_requisition_waits_for_nobody_who_holds_it(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        """All others lock a requisition before its tasks: to wait for it here would be a deadlock."""
        ids = [await warehouse.requisition(A=2), await warehouse.requisition(B=3)]
        body = {"requisition_ids": ids, "together": True}
        _, (task,) = await planner("POST", "/api/tasks", body)
        first = (await warehouse.get(task["task_id"]))["lines"][0]
        async with empty.begin() as connection:
            await RequisitionRepository(connection).lock(ids)
            status, result = await planner.move("split", task["task_id"], (first["line_id"], 2))
        assert (status, result["target"]["requisition_ids"]) == (200, [first["requisition_id"]])
        assert not await inconsistencies(empty)

    async def test_new_task_is_as_urgent(self, warehouse: Warehouse, planner: Planner) -> None:
        task_id = await warehouse.task("ana", A=3)
        urgent = {"priority": 7, "due_at": "2027-03-01T12:00:00Z"}
        assert (await planner("PATCH", f"/api/tasks/{task_id}", urgent))[0] == 200
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        target = (await planner.move("split", task_id, (line_id, 1)))[1]["target"]
        assert {name: target[name] for name in urgent} == urgent

    async def test_sent_again_moves_once(self, warehouse: Warehouse, planner: Planner) -> None:
        task_id = await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        same = {"operation_id": str(uuid4())}
        first = await planner.move("split", task_id, (line_id, 4), **same)
        await planner("POST", f"/api/tasks/{first[1]['target']['task_id']}/assign", {"workers": ["marko"]})
        assert (await warehouse.scan(first[1]["target"]["task_id"], "A", 4, user="marko"))[0] == 200
        assert await planner.move("split", task_id, (line_id, 4), **same) == first
        status, body = await planner.move("split", task_id, (line_id, 3), **same)
        assert (status, body["error"]["code"]) == (409, "operation_id_reused")

    async def test_refused_one_stays_refused(
        self, warehouse: Warehouse, planner: Planner, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        same = {"operation_id": str(uuid4())}
        first = await planner.move("replan", task_id, (line_id, 2), **same)
        assert (first[0], first[1]["error"]["code"]) == (409, "not_that_many")
        short = {"line_id": line_id, "quantity": 2, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await call("POST", f"/api/tasks/{task_id}/shortages", short))[0] == 201
        task = await warehouse.get(task_id)
        # An answer that comes late, or a request that does: it is known what became of it.
        assert await planner.move("replan", task_id, (line_id, 2), **same) == first
        assert await warehouse.get(task_id) == task
        assert len((await planner("GET", "/api/tasks"))[1]["items"]) == 1
        assert (await planner.move("replan", task_id, (line_id, 2)))[0] == 200
        status, body = await planner.move("replan", task_id, (line_id, 1), **same)
        assert (status, body["error"]["code"]) == (409, "operation_id_reused")
        assert not await _moved(empty, same["operation_id"])

    async def test_from_before_answers_were_kept(
        self, warehouse: Warehouse, planner: Planner, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        same = {"operation_id": str(uuid4())}
        first = await planner.move("split", task_id, (line_id, 4), **same)
        async with empty.begin() as connection:
            await connection.execute(text("UPDATE tasks.plan_changes SET answer = NULL"))
        assert await planner.move("split", task_id, (line_id, 4), **same) == first

    @pytest.mark.parametrize(
        ("quantity", "more", "expected"),
        [
            (8, {}, (409, "not_that_many")),
            (1, {"to_task_id": 4711}, (404, "task_not_found")),
            (1, {"location": "nowhere"}, (404, "location_not_found")),
            (1, {"to_task_id": "own"}, (409, "nothing_to_move")),
            (1, {"to_task_id": "closed"}, (409, "wrong_task_status")),
            (0, {}, (422, "invalid_input")),
        ],
    )
    async def test_changes_nothing_where_it_cannot_be(
        self,
        warehouse: Warehouse,
        planner: Planner,
        empty: Database,
        quantity: int,
        more: dict[str, Any],
        expected: tuple[int, str],
    ) -> None:
        task_id, closed = await warehouse.task("ana", A=10, B=1), await warehouse.task("ana", A=1)
        await warehouse.scan(closed, "A")
        await warehouse.scan(task_id, "A", 3)
        task = await warehouse.get(task_id)
        a, b = (one["line_id"] for one in task["lines"])
        named = {"own": task_id, "closed": closed}
        more = {key: named.get(value, value) for key, value in more.items()}
        status, body = await planner.move("split", task_id, (b, 1), (a, quantity), **more)
        assert (status, body["error"]["code"]) == expected
        assert await warehouse.get(task_id) == task
        assert len((await planner("GET", "/api/tasks"))[1]["items"]) == 2
        assert not await inconsistencies(empty)

    async def test_line_of_another_task(self, warehouse: Warehouse, planner: Planner) -> None:
        first, second = await warehouse.task("ana", A=10), await warehouse.task("ana", A=10)
        line_id = (await warehouse.get(second))["lines"][0]["line_id"]
        status, body = await planner.move("split", first, (line_id, 1))
        assert (status, body["error"]["code"]) == (404, "line_not_found")


class TestReplan:
    async def test_what_was_short_is_picked_by_another_task(
        self, warehouse: Warehouse, planner: Planner, call: Caller
    ) -> None:
        requisition_id = await warehouse.requisition(A=5)
        _, (task,) = await planner("POST", "/api/tasks", {"requisition_ids": [requisition_id]})
        task_id = task["task_id"]
        await planner("POST", f"/api/tasks/{task_id}/assign", {"workers": ["ana"]})
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = {"line_id": line_id, "quantity": 5, "reason": "not_found", "operation_id": str(uuid4())}
        _, closed = await call("POST", f"/api/tasks/{task_id}/shortages", short)
        assert closed["status"] == "completed"

        status, result = await planner.move("replan", task_id, (line_id, 3))

        assert status == 200
        assert (result["task"]["status"], lines(result["task"])) == ("completed", [("A", None, 2, 0, 2)])
        assert lines(result["target"]) == [("A", None, 3, 0, 0)]
        assert await totals(planner, requisition_id) == [(5, 0, 2, 3)]
        # What is planned anew is not taken back as well.
        undo = {"undoes": short["operation_id"], "operation_id": str(uuid4())}
        status, body = await call("POST", "/api/undo", undo)
        assert (status, body["error"]["code"]) == (409, "pieces_moved")
        assert await totals(planner, requisition_id) == [(5, 0, 2, 3)]

    async def test_what_was_found_after_all(
        self, warehouse: Warehouse, planner: Planner, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=5, B=1)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = {"line_id": line_id, "quantity": 5, "reason": "damaged", "operation_id": str(uuid4())}
        await call("POST", f"/api/tasks/{task_id}/shortages", short)
        _, result = await planner.move("replan", task_id, (line_id, 2), to_task_id=task_id)
        assert lines(result["task"])[0] == ("A", None, 5, 0, 3)
        assert (await warehouse.scan(task_id, "A", 2))[1]["outcome"] == "line_complete"
        async with empty.begin() as connection:
            counted = text("SELECT lines_open FROM tasks.pick_tasks WHERE id = :id")
            assert await connection.scalar(counted, {"id": task_id}) == 1

    async def test_more_than_was_short(self, warehouse: Warehouse, planner: Planner) -> None:
        task_id = await warehouse.task("ana", A=5)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        status, body = await planner.move("replan", task_id, (line_id, 1))
        assert (status, body["error"]["code"]) == (409, "not_that_many")


class TestDatabase:
    """Whatever the code does, the tables keep their sums."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE tasks.task_lines SET required = required + 1",
            "DELETE FROM tasks.task_lines",
            "UPDATE tasks.requisition_lines SET required = required + 1",
            "DELETE FROM tasks.requisition_lines",
            "UPDATE tasks.task_lines SET picked = 11",
            "INSERT INTO tasks.task_lines (task_id, requisition_line_id, article_id, required)"
            " SELECT task_id, requisition_line_id, article_id, 1 FROM tasks.task_lines",
            "INSERT INTO tasks.task_lines (task_id, requisition_line_id, article_id, required)"
            " SELECT 4711, requisition_line_id, article_id, 1 FROM tasks.task_lines",
            "DELETE FROM tasks.pick_tasks",
        ],
    )
    async def test_refuses(self, warehouse: Warehouse, empty: Database, statement: str) -> None:
        await warehouse.task("ana", A=10)
        with pytest.raises(Exception, match=r"(check|violat|stay|require|unknown|still referenced)"):  # noqa: PT012
            async with empty.begin() as connection:
                await connection.execute(text("DELETE FROM tasks.pick_task_workers"))
                await connection.execute(text(statement))


async def test_release_reads_no_other_lines_than_its_own(empty: Database, settings: TaskSettings) -> None:
    """Also where all that PostgreSQL knows of the tables is of the first morning: one order, of one line."""
    async with empty.begin() as connection:
        await connection.execute(text("INSERT INTO tasks.articles (sku, description) VALUES ('A', '')"))
        await release(connection, await _order(connection, 5_100), due_at=None)
    await empty_tables(empty, metadata)
    async with empty.begin() as connection:
        await connection.execute(text("INSERT INTO tasks.articles (sku, description) VALUES ('A', '')"))
        await release(connection, await _order(connection, 1), due_at=None)
        await connection.execute(text("ANALYZE"))
    async with empty.begin() as connection:
        # What is known of a table's values outlasts this.
        await connection.execute(text("TRUNCATE tasks.requisitions, tasks.articles CASCADE"))
        await connection.execute(text("INSERT INTO tasks.articles (sku, description) VALUES ('A', '')"))
        ids = await _order(connection, 5_100)
        await release(connection, ids[:5_000], due_at=None)
    async with (
        Database(settings.database_url, application="tests", by_index=True) as database,
        database.begin() as connection,
    ):
        before = await _read(connection)
        await release(connection, ids[5_000:], due_at=None)
        after = await _read(connection)
    # Some times as many as it has lines, since checks read them again.
    read = {name: after[name] - before[name] for name in after if after[name] - before[name] >= 2_000}
    assert read == {}


async def _order(connection: AsyncConnection, number: int) -> Sequence[int]:
    """Store so many requisitions of one line; return their ids."""
    requisitions = text(
        "INSERT INTO tasks.requisitions (number, destination) SELECT n, '' FROM generate_series(1, :number) n"
    )
    await connection.execute(requisitions, {"number": number})
    await connection.execute(
        text(
            "INSERT INTO tasks.requisition_lines (requisition_id, article_id, required) "
            "SELECT r.id, a.id, 1 FROM tasks.requisitions r, tasks.articles a ORDER BY r.id"
        )
    )
    return (await connection.scalars(text("SELECT id FROM tasks.requisitions ORDER BY id"))).all()


async def _moved(database: Database, operation_id: str) -> Any:
    """Return the task to which a plan moved something."""
    target = text("SELECT target_task_id FROM tasks.plan_changes WHERE operation_id = :id")
    async with database.begin() as connection:
        return await connection.scalar(target, {"id": operation_id})


async def _read(connection: AsyncConnection) -> Counter[str]:
    """Return how many rows of each table this connection has read, which PostgreSQL adds up now and then."""
    read = text(
        "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
        "WHERE schemaname = 'tasks'"
    )
    return Counter({name: int(count) for name, count in await connection.execute(read)})
