"""Undos, and operations that a device sends together."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from magacin.contracts.events import EVENT_STREAM, STREAM_FIELD
from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.support import Caller, sample
from tests.tasks.conftest import Warehouse, inconsistencies

pytestmark = pytest.mark.served_once


def scan(task_id: int, code: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "kind": "scan",
        "task_id": task_id,
        "code": code,
        "quantity": quantity,
        "operation_id": str(uuid4()),
        **more,
    }


def shortage(task_id: int, line_id: int, quantity: int = 1) -> dict[str, Any]:
    return {
        "kind": "shortage",
        "task_id": task_id,
        "line_id": line_id,
        "quantity": quantity,
        "reason": "not_found",
        "operation_id": str(uuid4()),
    }


def undo(of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "undo", "undoes": of["operation_id"], "operation_id": str(uuid4())}


class Device:
    """Sends operations, one by one or together."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    async def together(self, operations: Sequence[dict[str, Any]], *, user: str = "ana") -> list[Any]:
        status, body = await self._call("POST", "/api/scans", {"operations": [*operations]}, user=user)
        assert status == 200, body
        assert [one["operation_id"] for one in body["results"]] == [o["operation_id"] for o in operations]
        return list(body["results"])

    async def one(self, operation: dict[str, Any], **who: Any) -> tuple[int, Any]:
        path = {"scan": "/api/scan", "undo": "/api/undo"}[operation["kind"]]
        return await self._call("POST", path, {k: v for k, v in operation.items() if k != "kind"}, **who)


@pytest.fixture
def device(call: Caller) -> Device:
    return Device(call)


async def outcomes(device: Device, *operations: dict[str, Any], user: str = "ana") -> list[str]:
    results = await device.together(operations, user=user)
    return [(one["result"] or {}).get("outcome") or one["error"]["code"] for one in results]


async def _told(redis: Redis, last: str) -> list[str]:
    """Return the kinds of all events, once the last one is there."""
    async with asyncio.timeout(120):
        while True:
            entries: Any = await redis.xrange(EVENT_STREAM)
            kinds = [orjson.loads(fields[STREAM_FIELD])["type"] for _, fields in entries]
            if last in kinds:
                return kinds
            await asyncio.sleep(0.02)


class TestUndo:
    async def test_of_the_scan_that_completed_the_task_opens_it_again(
        self, warehouse: Warehouse, device: Device, empty: Database, redis: Redis
    ) -> None:
        task_id = await warehouse.task("ana", A=2)
        first, last = scan(task_id, "A"), scan(task_id, "A")
        assert await outcomes(device, first, last) == ["picked", "task_complete"]

        status, answer = await device.one(undo(last))

        assert status == 200
        told = {key: answer[key] for key in ("outcome", "kind", "sku", "quantity", "picked", "required")}
        assert told == {
            "outcome": "undone", "kind": "scan", "sku": "A", "quantity": 1, "picked": 1, "required": 2,
        }  # fmt: skip
        assert (answer["task_status"], answer["remaining_lines"]) == ("in_progress", 1)
        task = await warehouse.get(task_id)
        assert (task["status"], task["completed_at"], task["picked"]) == ("in_progress", None, 1)
        assert (await _told(redis, "task.reopened"))[-2:] == ["scan.undone", "task.reopened"]
        assert (await outcomes(device, scan(task_id, "A"))) == ["task_complete"]
        assert not await inconsistencies(empty)

    async def test_of_a_shortage(self, warehouse: Warehouse, device: Device, empty: Database) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = shortage(task_id, line_id, 3)
        assert await outcomes(device, short, undo(short)) == ["reported", "undone"]
        task = await warehouse.get(task_id)
        assert (task["status"], task["short"]) == ("in_progress", 0)
        assert not await inconsistencies(empty)

    async def test_replay_of_a_shortage_answers_with_the_task_as_it_was_then(
        self, warehouse: Warehouse, device: Device, call: Caller
    ) -> None:
        task_id = await warehouse.task("ana", A=3, B=1)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = shortage(task_id, line_id)
        body = {key: short[key] for key in ("line_id", "quantity", "reason", "operation_id")}
        path = f"/api/tasks/{task_id}/shortages"
        first = await call("POST", path, body)
        assert (first[0], first[1]["short"], first[1]["picked"]) == (201, 1, 0)
        assert await outcomes(device, scan(task_id, "A"), undo(short)) == ["picked", "undone"]
        assert await call("POST", path, body) == first
        # One that was first answered among others is answered with its task when that is first asked for.
        other = shortage(task_id, line_id, 2)
        assert await outcomes(device, other) == ["reported"]
        body |= {key: other[key] for key in ("quantity", "operation_id", "reason")}
        answers = await asyncio.gather(*(call("POST", path, body) for _ in range(4)))
        assert (answers[0][0], answers[0][1]["short"], answers[0][1]["picked"]) == (201, 2, 1)
        await outcomes(device, scan(task_id, "B"))
        assert [*answers, await call("POST", path, body)] == [answers[0]] * 5

    async def test_replay_of_what_was_undone_answers_as_it_first_did_and_stays_undone(
        self, warehouse: Warehouse, device: Device
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        done = scan(task_id, "A")
        first = await device.one(done)
        back = undo(done)
        undone = await device.one(back)
        assert await device.one(done) == first
        assert await device.one(back) == undone
        assert (await warehouse.get(task_id))["picked"] == 0

    @pytest.mark.parametrize(
        ("who", "role", "expected"),
        [
            ("ana", Role.WORKER, (200, "undone")),
            ("marko", Role.WORKER, (403, "not_your_operation")),
            ("vera", Role.SUPERVISOR, (200, "undone")),
        ],
    )
    async def test_by_its_worker_or_a_supervisor(
        self, warehouse: Warehouse, device: Device, who: str, role: Role, expected: tuple[int, str]
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=2)
        done = scan(task_id, "A")
        await device.one(done)
        status, body = await device.one(undo(done), user=who, role=role)
        assert (status, body.get("outcome") or body["error"]["code"]) == expected

    async def test_is_refused_by_name_and_recorded(
        self, warehouse: Warehouse, device: Device, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        refused, done, nothing = scan(task_id, "nonsense"), scan(task_id, "A"), scan(task_id, "A")
        await outcomes(device, refused, done)
        before = await warehouse.get(task_id)
        wrong = [undo(refused), undo(nothing), undo(undo(done))]
        expected = [(409, "was_refused"), (404, "nothing_to_undo"), (404, "nothing_to_undo")]
        for operation, answer in zip(wrong, expected, strict=True):
            for _ in range(2):  # a replay answers alike
                status, body = await device.one(operation)
                assert (status, body["error"]["code"]) == answer
                assert body["error"]["message"]
        assert await warehouse.get(task_id) == before
        back = undo(done)
        assert await outcomes(device, back, undo(done)) == ["undone", "already_undone"]
        assert (await device.one(undo(back)))[1]["error"]["code"] == "nothing_to_undo"
        async with empty.begin() as connection:
            recorded = await connection.scalar(text("SELECT count(*) FROM tasks.undos"))
        assert recorded == 6

    async def test_is_too_late_some_time_after_the_task_was_closed(
        self, warehouse: Warehouse, device: Device, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        done = scan(task_id, "A")
        await device.one(done)
        await _age(empty, task_id, "16 minutes")
        status, body = await device.one(undo(done))
        assert (status, body["error"]["code"]) == (409, "too_late")
        await _age(empty, task_id, "14 minutes")
        assert (await device.one(undo(done)))[0] == 200

    async def test_of_a_cancelled_task_leaves_it_cancelled(
        self, warehouse: Warehouse, device: Device, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=2)
        done = scan(task_id, "A")
        await device.one(done)
        await call("POST", f"/api/tasks/{task_id}/cancel", role=Role.SUPERVISOR)
        assert (await device.one(undo(done)))[0] == 200
        task = await warehouse.get(task_id)
        assert (task["status"], task["picked"]) == ("cancelled", 0)
        assert task["completed_at"]
        assert not await inconsistencies(empty)

    async def test_two_at_once_take_back_once(
        self, warehouse: Warehouse, device: Device, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=9)
        done = scan(task_id, "A", 3)
        await device.one(done)
        answers = await asyncio.gather(*(device.one(undo(done)) for _ in range(8)))
        assert sorted(status for status, _ in answers) == [200] + [409] * 7
        assert not await inconsistencies(empty)

    async def test_an_id_that_was_used_for_something_else(self, warehouse: Warehouse, device: Device) -> None:
        task_id = await warehouse.task("ana", A=9)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        done, short = scan(task_id, "A"), shortage(task_id, line_id)
        back = undo(done)
        await outcomes(device, done, short, back)
        for used in (done, short, back):
            others: list[dict[str, Any]] = [scan(task_id, "A"), shortage(task_id, line_id), undo(done)]
            taken = [other | {"operation_id": used["operation_id"]} for other in others]
            codes = [(await outcomes(device, one))[0] for one in taken if one["kind"] != used["kind"]]
            assert codes == ["operation_id_reused"] * 2
        assert (await warehouse.get(task_id))["picked"] == 0

    @pytest.mark.parametrize(
        "kinds", [*itertools.combinations(["scan", "shortage", "undo", "split"], 2)], ids="-".join
    )
    async def test_two_kinds_at_once_under_one_id_count_once(
        self, warehouse: Warehouse, device: Device, call: Caller, empty: Database, kinds: tuple[str, str]
    ) -> None:
        """Of different tasks, so that neither waits for the other, and both have looked the id up."""
        undone = await warehouse.task("ana", A=2)
        done = scan(undone, "A")
        await device.one(done)
        same = {"operation_id": str(uuid4())}

        async def send(kind: str) -> tuple[int, Any]:
            task_id = tasks[kind]
            path, body = {
                "scan": ("/api/scan", {"task_id": task_id, "code": "A"}),
                "shortage": (
                    f"/api/tasks/{task_id}/shortages",
                    {"line_id": lines[kind], "quantity": 1, "reason": "damaged"},
                ),
                "undo": ("/api/undo", {"undoes": done["operation_id"]}),
                "split": (
                    f"/api/tasks/{task_id}/split",
                    {"lines": [{"line_id": lines[kind], "quantity": 1}]},
                ),
            }[kind]
            return await call("POST", path, body | same, role=Role.SUPERVISOR)

        tasks = {kind: await warehouse.task("ana", A=2) for kind in kinds} | {"undo": undone}
        lines = {kind: (await warehouse.get(id_))["lines"][0]["line_id"] for kind, id_ in tasks.items()}
        async with empty.begin() as holding:
            # Whatever is recorded tells of it: both wait there, in the middle of their transactions.
            await holding.execute(text("LOCK TABLE tasks.outbox IN SHARE MODE"))
            both = asyncio.gather(*map(send, kinds))
            await _wait(empty, "insert into tasks.outbox", 2)
        answers = dict(zip(kinds, await both, strict=True))

        assert sorted(body.get("error", {}).get("code", "") for _, body in answers.values()) == [
            "", "operation_id_reused",
        ]  # fmt: skip
        assert {kind: await send(kind) for kind in kinds} == answers
        assert not await inconsistencies(empty)

    async def test_is_seen_on_the_board_and_beside_its_scan(
        self, warehouse: Warehouse, device: Device, call: Caller
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=9)
        done, back = scan(task_id, "A", 3), scan(task_id, "A", 2)
        other = scan(task_id, "A", 4)
        await outcomes(device, done, back)
        await outcomes(device, other, user="marko")
        taken = undo(back)
        await outcomes(device, taken)
        _, board = await call("GET", "/api/board")
        assert [(one["worker"], one["picked"]) for one in board["workers"]] == [("marko", 4), ("ana", 3)]
        assert (board["units_picked"], board["scans_today"]["picked"]) == (7, 2)
        _, page = await call("GET", f"/api/tasks/{task_id}/scans")
        assert {one["operation_id"]: one["undone_by"] for one in page["items"]} == {
            done["operation_id"]: None,
            back["operation_id"]: taken["operation_id"],
            other["operation_id"]: None,
        }

    async def test_counts(self, warehouse: Warehouse, device: Device, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        before = await _scans_and_undos(call)
        done = scan(task_id, "A")
        await outcomes(device, done, undo(done), undo(done))
        after = await _scans_and_undos(call)
        assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
            'scans_total{outcome="task_complete"}': 1,
            'scan_undos_total{outcome="undone"}': 1,
            'scan_undos_total{outcome="already_undone"}': 1,
        }


class TestTogether:
    async def test_each_is_answered_as_it_would_be_alone(
        self, warehouse: Warehouse, device: Device, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=5, B=1)
        a, b = (line["line_id"] for line in (await warehouse.get(task_id))["lines"])
        wrong = scan(task_id, "A", 2)
        operations = [
            scan(task_id, "A"), wrong, scan(task_id, "nonsense"), scan(task_id, "A", 9), undo(wrong),
            shortage(task_id, b), shortage(task_id, b), scan(4711, "A"), shortage(task_id, a, 4),
        ]  # fmt: skip
        results = await device.together(operations)
        told = [
            (r["status"], (r["result"] or r["error"]).get("outcome") or r["error"]["code"]) for r in results
        ]
        assert told == [
            (200, "picked"), (200, "picked"), (409, "unknown_code"), (409, "more_than_required"),
            (200, "undone"), (200, "reported"), (409, "more_than_required"), (404, "task_not_found"),
            (200, "reported"),
        ]  # fmt: skip
        assert results[-1]["result"]["task_status"] == "completed"
        task = await warehouse.get(task_id)
        assert (task["status"], task["picked"], task["short"]) == ("completed", 1, 5)
        assert await device.together(operations) == results
        assert not await inconsistencies(empty)

    @pytest.mark.parametrize("count", [0, 501])
    async def test_too_many_or_none(self, call: Caller, count: int) -> None:
        operations = [scan(1, "A") for _ in range(count)]
        status, body = await call("POST", "/api/scans", {"operations": operations})
        assert (status, body["error"]["code"]) == (422, "invalid_input")

    async def test_same_id_twice(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=5)
        one = scan(task_id, "A")
        status, body = await call("POST", "/api/scans", {"operations": [one, scan(task_id, "A"), one]})
        assert (status, body["error"]["code"]) == (422, "repeated_operation")
        assert one["operation_id"] in body["error"]["message"]
        assert (await warehouse.get(task_id))["picked"] == 0

    @pytest.mark.parametrize(
        "malformed",
        [{"quantity": 0}, {"kind": "guess"}, {"code": ""}, {"operation_id": "1"}, {"more": 1}],
    )
    async def test_a_malformed_one_is_named_and_nothing_recorded(
        self, warehouse: Warehouse, call: Caller, malformed: dict[str, Any]
    ) -> None:
        task_id = await warehouse.task("ana", A=5)
        operations = [scan(task_id, "A"), scan(task_id, "A") | malformed]
        status, body = await call("POST", "/api/scans", {"operations": operations})
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert "operations.1" in str(body["error"]) or "'operations', 1" in str(body["error"])
        assert (await warehouse.get(task_id))["picked"] == 0

    async def test_an_undo_of_what_is_just_being_recorded(
        self, warehouse: Warehouse, device: Device, call: Caller, empty: Database
    ) -> None:
        """It is sent again with its scan, whose code means something else by then."""
        task_id = await warehouse.task("ana", A=2)
        await call("POST", "/api/articles/A/barcodes", {"code": "BAR"}, role=Role.SUPERVISOR)
        done = scan(task_id, "BAR")
        async with empty.begin() as holding:
            await holding.execute(text("LOCK TABLE tasks.outbox IN SHARE MODE"))
            first = asyncio.ensure_future(device.together([done]))
            await _wait(empty, "insert into tasks.outbox", 1)
            second = asyncio.ensure_future(device.together([done, undo(done)]))
            await _wait(empty, "from tasks.pick_tasks", 1)
            async with empty.begin() as connection:
                await connection.execute(text("DELETE FROM tasks.barcodes WHERE code = 'BAR'"))

        again, undone = await second
        assert [again] == await first
        assert undone["status"] == 200, undone["error"]
        assert (await warehouse.get(task_id))["picked"] == 0
        assert not await inconsistencies(empty)

    async def test_five_hundred_and_others_scan_meanwhile(
        self, warehouse: Warehouse, device: Device, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=600)
        results, *single = await asyncio.gather(
            device.together([scan(task_id, "A") for _ in range(500)]),
            *(device.one(scan(task_id, "A"), user="marko") for _ in range(100)),
        )
        assert {one["status"] for one in results} | {status for status, _ in single} == {200}
        assert (await warehouse.get(task_id))["status"] == "completed"
        assert not await inconsistencies(empty)

    async def test_one_that_breaks_is_answered_500_and_the_others_count(
        self, warehouse: Warehouse, device: Device, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=5)
        before = await _metric(call, 'scan_batch_operations_total{result="failed"}')
        async with empty.begin() as connection:
            await connection.execute(
                text("ALTER TABLE tasks.scans ADD CONSTRAINT broken CHECK (code <> 'unheard-of')")
            )
        try:
            broken = scan(task_id, "unheard-of")
            operations = [scan(task_id, "A"), broken, undo(broken), scan(task_id, "A")]
            results = await device.together(operations)
        finally:
            async with empty.begin() as connection:
                await connection.execute(text("ALTER TABLE tasks.scans DROP CONSTRAINT broken"))
        assert [one["status"] for one in results] == [200, 500, 500, 200]
        assert (await warehouse.get(task_id))["picked"] == 2
        assert await _metric(call, 'scan_batch_operations_total{result="failed"}') == before + 2
        # Sent again, the undo finds what it takes back: it was not answered for good.
        await call("POST", "/api/articles/A/barcodes", {"code": "unheard-of"}, role=Role.SUPERVISOR)
        again = await device.together(operations)
        assert [one["status"] for one in again] == [200] * 4
        assert (await warehouse.get(task_id))["picked"] == 2


async def _wait(database: Database, query: str, count: int) -> None:
    """Return once so many connections wait for a lock with a query like that."""
    waiting = text(
        "SELECT count(DISTINCT pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT granted AND query ILIKE '%' || :query || '%' AND application_name = 'task-service'"
    )
    async with asyncio.timeout(120):
        while True:
            async with database.begin() as connection:
                if await connection.scalar(waiting, {"query": query}) == count:
                    return
            await asyncio.sleep(0.02)


async def _age(database: Database, task_id: int, interval: str) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text(
                "UPDATE tasks.pick_tasks SET completed_at = now() - CAST(CAST(:age AS text) AS interval) "
                "WHERE id = :id"
            ),
            {"age": interval, "id": task_id},
        )


async def _scans_and_undos(call: Caller) -> dict[str, float]:
    lines = (await call.metrics()).splitlines()
    wanted = (line for line in lines if line.startswith(("scans_total{", "scan_undos_total{")))
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in wanted}


async def _metric(call: Caller, name: str) -> float:
    return sample(await call.metrics(), f"{name} ")
