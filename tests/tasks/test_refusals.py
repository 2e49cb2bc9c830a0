"""Whatever comes from a scanner and does not count is recorded, and supervisors read it in one list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.refusals.repository import MAX_IN_A_MINUTE
from tests.support import Caller
from tests.tasks.conftest import Warehouse
from tests.tasks.test_operations import Device, _age, device, scan, shortage, undo

pytestmark = pytest.mark.served_once

__all__ = ["device"]  # a fixture


# What logs somebody in, scanned into what is malformed besides.
BADGE = f"MGB1{'ABCDEFGHIJKLM' * 2}"


class Supervisor:
    """Reads what was refused."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    async def refusals(self, **query: Any) -> list[dict[str, Any]]:
        status, page = await self._call(
            "GET", "/api/refusals", user="vera", role=Role.SUPERVISOR, params=query
        )
        assert status == 200, page
        return list(page["items"])

    async def told(self, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(one[name] for name in names) for one in await self.refusals()]


@pytest.fixture
def supervisor(call: Caller) -> Supervisor:
    return Supervisor(call)


class TestUnknownTask:
    async def test_scan(self, warehouse: Warehouse, supervisor: Supervisor) -> None:
        operation_id = str(uuid4())
        for _ in range(2):  # an operation stands there once, however often it is sent
            status, body = await warehouse.scan(4711, "4006381333931", operation_id=operation_id)
            assert (status, body["error"]["code"]) == (404, "task_not_found")
        (refusal,) = await supervisor.refusals()
        assert refusal.pop("refused_at")
        assert refusal == {
            "worker": "ana", "reason": "task_not_found", "kind": "scan", "operation_id": operation_id,
            "task_id": 4711, "code": "4006381333931", "detail": None, "sku": None, "picked_at": None,
            "refused_as": None, "handed_in_by": None,
        }  # fmt: skip

    async def test_shortage(self, call: Caller, supervisor: Supervisor) -> None:
        body = {"line_id": 1, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await call("POST", "/api/tasks/4711/shortages", body))[0] == 404
        assert await supervisor.told("worker", "reason", "kind", "operation_id", "task_id") == [
            ("ana", "task_not_found", "shortage", body["operation_id"], 4711)
        ]

    async def test_in_a_batch(self, warehouse: Warehouse, device: Device, supervisor: Supervisor) -> None:
        task_id = await warehouse.task("ana", A=1)
        await device.together([scan(4711, "A"), scan(task_id, "A"), shortage(4712, 1)])
        assert sorted(await supervisor.told("task_id", "kind", "code")) == [
            (4711, "scan", "A"), (4712, "shortage", None),
        ]  # fmt: skip


class TestUsedId:
    async def test_by_whatever_it_is_used_for(
        self, warehouse: Warehouse, device: Device, supervisor: Supervisor
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=9)
        done = scan(task_id, "A")
        await device.one(done)
        await device.one(done | {"code": "B"})
        await device.one(done, user="marko")
        await device.one({"kind": "undo", "undoes": str(uuid4()), "operation_id": done["operation_id"]})
        told = await supervisor.told("worker", "reason", "kind", "operation_id", "task_id", "code")
        used = ("operation_id_reused", "scan", done["operation_id"], task_id)
        assert sorted(told, key=str) == sorted(
            [
                ("ana", *used, "B"),
                ("marko", *used, "A"),
                ("ana", "operation_id_reused", "undo", done["operation_id"], None, None),
            ],
            key=str,
        )

    async def test_twice_in_one_batch(self, call: Caller, supervisor: Supervisor) -> None:
        one, other = scan(1, "A"), scan(1, "B")
        status, _ = await call("POST", "/api/scans", {"operations": [one, other, one]})
        assert status == 422
        assert await supervisor.told("reason", "operation_id", "code") == [
            ("repeated_operation", one["operation_id"], "A")
        ]


class TestMalformed:
    @pytest.mark.parametrize(
        ("malformed", "code", "detail"),
        [
            ({"quantity": 0}, "A", "scan.quantity: Input should be greater"),
            ({"kind": "guess"}, "A", "Input tag 'guess'"),
            ({"code": ""}, "", "scan.code: "),
            ({"code": "A\0B"}, "A\N{REPLACEMENT CHARACTER}B", "scan.code: "),
            ({"code": "\ud800"}, "?", "scan.code: "),
            ({"code": "9" * 5_000}, "9" * 512, "scan.code: "),
            ({"code": 4006381333931}, None, "scan.code: "),
            ({"operation_id": "1"}, "A", "scan.operation_id: "),
            ({"task_id": -1}, "A", "scan.task_id: "),
            ({"task_id": 10**30}, "A", "scan.task_id: "),
            ({"more": 1}, "A", "scan.more: "),
            ({"quantity": 0, "code": BADGE}, "MGB1…", "scan.quantity: "),
            ({"code": "9" * 500 + BADGE}, "MGB1…", "scan.code: "),
            ({"kind": BADGE}, "A", "MGB1…"),
            ({BADGE: 1}, "A", "MGB1…"),
        ],
    )
    async def test_among_good_ones(
        self,
        warehouse: Warehouse,
        call: Caller,
        supervisor: Supervisor,
        malformed: dict[str, Any],
        code: str | None,
        detail: str,
    ) -> None:
        task_id = await warehouse.task("ana", A=5)
        sent = scan(task_id, "A") | malformed
        status, body = await call("POST", "/api/scans", {"operations": [scan(task_id, "A"), sent]})
        assert (status, body["error"]["code"]) == (422, "invalid_input")

        (refusal,) = await supervisor.refusals()

        assert (refusal["worker"], refusal["reason"]) == ("ana", "invalid_input")
        assert refusal["code"] == code
        assert refusal["detail"].startswith(detail)
        assert refusal["operation_id"] == (None if "operation_id" in malformed else sent["operation_id"])
        assert refusal["task_id"] == (None if "task_id" in malformed else task_id)
        assert refusal["kind"] == (None if "kind" in malformed else "scan")
        assert (await warehouse.get(task_id))["picked"] == 0

    @pytest.mark.parametrize("operations", [None, [], "A", {}, [{"kind": "undo"}] * 501])
    async def test_batch_as_a_whole(self, call: Caller, supervisor: Supervisor, operations: Any) -> None:
        status, _ = await call("POST", "/api/scans", {"operations": operations})
        assert status == 422
        ((reason, detail),) = await supervisor.told("reason", "detail")
        assert reason == "invalid_input"
        assert detail.startswith("operations: ")

    async def test_of_five_hundred_all(self, call: Caller, supervisor: Supervisor) -> None:
        operations = [scan(1, "A", quantity=0) for _ in range(500)]
        status, _ = await call("POST", "/api/scans", {"operations": operations})
        assert status == 422
        told = await supervisor.refusals(limit=500)
        assert {one["operation_id"] for one in told} == {one["operation_id"] for one in operations}

    @pytest.mark.parametrize("item", [None, 7, "A", [], {}])
    async def test_what_is_no_operation(self, call: Caller, supervisor: Supervisor, item: Any) -> None:
        status, _ = await call("POST", "/api/scans", {"operations": [item]})
        assert status == 422
        assert await supervisor.told("kind", "operation_id", "task_id", "code") == [(None,) * 4]

    async def test_alone(self, call: Caller, supervisor: Supervisor) -> None:
        operation_id = str(uuid4())
        same = {"operation_id": operation_id}
        bodies = [
            ("/api/scan", {"task_id": 5, "code": "A", "quantity": 0} | same),
            ("/api/undo", {"undoes": "nothing"} | same),
            ("/api/tasks/6/shortages", {"line_id": 1, "quantity": 1, "reason": "none"} | same),
        ]
        for path, body in bodies:
            assert (await call("POST", path, body))[0] == 422
        assert sorted(await supervisor.told("kind", "operation_id", "task_id", "code"), key=str) == [
            ("scan", operation_id, 5, "A"),
            ("shortage", operation_id, 6, None),
            ("undo", operation_id, None, None),
        ]

    @pytest.mark.parametrize("path", ["/api/scan", "/api/scans", "/api/undo"])
    async def test_json(self, call: Caller, supervisor: Supervisor, path: str) -> None:
        headers = {"Content-Type": "application/json"}
        status, _ = await call("POST", path, data='{"task_id": ', headers=headers)
        assert status == 400
        assert await supervisor.told("worker", "reason", "code") == [("ana", "malformed_json", None)]


class TestMuch:
    async def test_of_one_person_no_more_than_so_many_in_a_minute(
        self, call: Caller, supervisor: Supervisor, empty: Database
    ) -> None:
        counted = text("SELECT count(*) FROM tasks.refusals WHERE worker = :worker")

        async def send(user: str) -> int:
            operations = [scan(4711, "A") for _ in range(400)]
            status, body = await call("POST", "/api/scans", {"operations": operations}, user=user)
            assert (status, {one["status"] for one in body["results"]}) == (200, {404})
            async with empty.begin() as connection:
                return int(await connection.scalar(counted, {"worker": user}) or 0)

        assert [await send("ana") for _ in range(4)] == [400, 800, MAX_IN_A_MINUTE, MAX_IN_A_MINUTE]
        assert (await call("POST", "/api/scan", {"code": "A"}))[0] == 422
        assert await send("marko") == 400
        async with empty.begin() as connection:
            assert await connection.scalar(counted, {"worker": "ana"}) == MAX_IN_A_MINUTE
            await connection.execute(text("UPDATE tasks.refusals SET refused_at = now() - interval '2 min'"))
        assert await send("ana") == MAX_IN_A_MINUTE + 400


class TestList:
    async def test_of_all_that_was_refused_the_newest_first(
        self, warehouse: Warehouse, device: Device, call: Caller, supervisor: Supervisor, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", "marko", A=2)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        done, last = scan(task_id, "A"), scan(task_id, "A")
        await device.one(scan(task_id, "nonsense"))
        await device.together([shortage(task_id, line_id, 9)])
        await device.one(done)
        await device.one(undo(scan(task_id, "A")))
        await device.one(undo(done), user="marko")
        await device.one(last)
        await _age(empty, task_id, "16 minutes")
        await device.one(undo(done))
        await _age(empty, task_id, "1 minute")
        await device.one(undo(done))
        await device.one(undo(done))
        await device.one(scan(4711, "A"))

        told = await supervisor.told("kind", "reason", "worker", "task_id", "code")

        assert told == [
            ("scan", "task_not_found", "ana", 4711, "A"),
            ("undo", "already_undone", "ana", task_id, None),
            ("undo", "too_late", "ana", task_id, None),
            ("undo", "not_your_operation", "marko", task_id, None),
            ("undo", "nothing_to_undo", "ana", None, None),
            ("shortage", "more_than_required", "ana", task_id, None),
            ("scan", "unknown_code", "ana", task_id, "nonsense"),
        ]
        assert [one["reason"] for one in await supervisor.refusals(limit=2)] == [
            "task_not_found", "already_undone",
        ]  # fmt: skip


class TestQuery:
    """What a supervisor asks for, to find the label or the article that is wrong."""

    async def _refused(self, warehouse: Warehouse, device: Device) -> int:
        """Refuse something of each kind, by ana; return the task."""
        task_id = await warehouse.task("ana", A=1, B=1)
        a, _ = (line["line_id"] for line in (await warehouse.get(task_id))["lines"])
        wrong = scan(task_id, "wrong")
        await device.together(
            [
                wrong, scan(task_id, "A", 9), shortage(task_id, a) | {"quantity": 9}, undo(wrong),
                scan(4711, "A"), scan(task_id, "B"), scan(4711, "wrong"), shortage(4712, a),
            ]
        )  # fmt: skip
        return task_id

    async def test_every_page_of_it(
        self, warehouse: Warehouse, device: Device, supervisor: Supervisor, call: Caller
    ) -> None:
        await self._refused(warehouse, device)
        whole = await supervisor.refusals()
        assert len(whole) == 7
        for limit in (1, 2, 3, 7):
            pages: list[Any] = []
            query: dict[str, Any] = {"limit": limit}
            while query:
                status, page = await call("GET", "/api/refusals", role=Role.SUPERVISOR, params=query)
                assert status == 200, page
                pages += page["items"]
                query = {"limit": limit, "before": page["next_before"]} if page["next_before"] else {}
            assert pages == whole

    async def test_of_one_worker_code_or_article(
        self, warehouse: Warehouse, device: Device, supervisor: Supervisor
    ) -> None:
        task_id = await self._refused(warehouse, device)
        await device.together([scan(task_id, "A")], user="marko")
        told = [
            [(one["kind"], one["reason"]) for one in await supervisor.refusals(**query)]
            for query in ({"worker": "marko"}, {"code": "wrong"}, {"sku": "A"}, {"sku": "A", "worker": "ana"})
        ]
        assert [sorted(one) for one in told] == [
            [("scan", "not_your_task")],
            [("scan", "task_not_found"), ("scan", "unknown_code")],
            [
                ("scan", "more_than_required"), ("scan", "not_your_task"), ("shortage", "more_than_required"),
            ],
            [("scan", "more_than_required"), ("shortage", "more_than_required")],
        ]  # fmt: skip

    async def test_of_the_last_days(
        self, warehouse: Warehouse, supervisor: Supervisor, database: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        for age in ("5 days", "30 days"):
            await warehouse.scan(task_id, age)
            async with database.begin() as connection:
                await connection.execute(
                    text(
                        "UPDATE tasks.scans SET scanned_at = now() - CAST(:age AS interval) WHERE code = :age"
                    ),
                    {"age": age},
                )
        assert [one["code"] for one in await supervisor.refusals()] == ["5 days"]
        long_ago = await supervisor.refusals(since="2020-01-01T00:00:00Z")
        assert [one["code"] for one in long_ago] == ["5 days", "30 days"]

    async def test_of_devices_that_were_out_of_reach(
        self, warehouse: Warehouse, call: Caller, supervisor: Supervisor
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        made = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        late = [
            scan(task_id, "A", picked_at=made, refused_as="unknown_code"),
            scan(4711, "A", picked_at=made),
        ]
        body = {"operations": [*late, scan(task_id, "nothing")], "on_behalf_of": "ana"}
        assert (await call("POST", "/api/scans", body, user="vera", role=Role.SUPERVISOR))[0] == 200

        found = await supervisor.refusals(late="true")

        names = ("worker", "handed_in_by", "reason", "refused_as", "sku")
        assert sorted(tuple(str(one[name]) for name in names) for one in found) == [
            ("ana", "vera", "task_not_found", "None", "None"),
            ("ana", "vera", "unknown_code", "unknown_code", "A"),
        ]
        assert {datetime.fromisoformat(one["picked_at"]) for one in found} == {datetime.fromisoformat(made)}

    @pytest.mark.parametrize("before", ["x", "1", "1.", "99999999999999999999.a", "1.a b"])
    async def test_nonsense_is_refused(self, call: Caller, before: str) -> None:
        status, body = await call("GET", "/api/refusals", role=Role.SUPERVISOR, params={"before": before})
        assert (status, body["error"]["code"]) == (422, "invalid_input")
