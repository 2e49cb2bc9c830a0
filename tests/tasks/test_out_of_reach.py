"""What devices say of operations that they gathered out of reach: refusals, times, whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from magacin.contracts.identity import Role
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.core.db import Database
from tests.support import Caller
from tests.tasks.conftest import Warehouse, inconsistencies

pytestmark = pytest.mark.served_once

_REFUSALS = [outcome for outcome in ScanOutcome if not outcome.accepted]


async def _send(
    call: Caller, operations: Sequence[dict[str, Any]], owner: str | None = None, **who: Any
) -> list[Any]:
    body: dict[str, Any] = {"operations": [*operations]}
    if owner is not None:
        body["on_behalf_of"] = owner
    status, answer = await call("POST", "/api/scans", body, **who)
    assert status == 200, answer
    return list(answer["results"])


def _scan(task_id: int, code: str = "A", **more: Any) -> dict[str, Any]:
    return {"kind": "scan", "task_id": task_id, "code": code, "operation_id": str(uuid4()), **more}


def _shortage(task_id: int, line_id: int, **more: Any) -> dict[str, Any]:
    sent = {"kind": "shortage", "task_id": task_id, "line_id": line_id, "quantity": 1, "reason": "damaged"}
    return {**sent, "operation_id": str(uuid4()), **more}


def _undo(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "undo", "undoes": of["operation_id"], "operation_id": str(uuid4()), **more}


async def _scans(call: Caller, task_id: int) -> list[Any]:
    _, page = await call("GET", f"/api/tasks/{task_id}/scans", role=Role.SUPERVISOR)
    return list(page["items"])


def _ago(**delta: int) -> datetime:
    return datetime.now(UTC) - timedelta(**delta)


class TestRefusedThere:
    @pytest.mark.parametrize("refused_as", _REFUSALS)
    async def test_what_would_count_does_not(
        self, warehouse: Warehouse, call: Caller, empty: Database, refused_as: ScanOutcome
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        operation_id = str(uuid4())
        first = await warehouse.scan(task_id, "A", operation_id=operation_id, refused_as=refused_as)
        status, body = first
        assert (status, body["error"]["code"]) == (403 if refused_as == "not_your_task" else 409, refused_as)
        assert body["error"]["details"]["refused_as"] == refused_as
        assert "on the device" in body["error"]["message"]
        task = await warehouse.get(task_id)
        assert (task["picked"], task["status"]) == (0, "assigned")
        # For ever, whatever happens; and the same scan without the refusal is another one.
        assert (await warehouse.scan(task_id, "A"))[1]["outcome"] == "task_complete"
        assert await warehouse.scan(task_id, "A", operation_id=operation_id, refused_as=refused_as) == first
        status, body = await warehouse.scan(task_id, "A", operation_id=operation_id)
        assert (status, body["error"]["code"]) == (409, "operation_id_reused")
        assert not await inconsistencies(empty)

    async def test_what_is_refused_here_has_its_own_reason(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        status, body = await warehouse.scan(task_id, "A", 2, refused_as="unknown_code")
        assert (status, body["error"]["code"]) == (409, "more_than_required")
        assert "needs 1 more" in body["error"]["message"]
        (kept,) = await _scans(call, task_id)
        assert (kept["outcome"], kept["refused_as"]) == ("more_than_required", "unknown_code")

    async def test_nothing_can_be_taken_back(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=1)
        scan = _scan(task_id, refused_as="not_in_task")
        results = await _send(call, [scan, _undo(scan)])
        assert [one["error"]["code"] for one in results] == ["not_in_task", "was_refused"]

    @pytest.mark.parametrize("outcome", [o for o in ScanOutcome if o.accepted])
    async def test_a_device_cannot_say_that_it_counted(
        self, warehouse: Warehouse, outcome: ScanOutcome
    ) -> None:
        status, body = await warehouse.scan(await warehouse.task("ana", A=1), "A", refused_as=outcome)
        assert (status, body["error"]["code"]) == (422, "invalid_input")


class TestWhenItWasMade:
    async def test_is_kept_beside_the_arrival(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=9)
        made = _ago(hours=2)
        assert (await warehouse.scan(task_id, "A", picked_at=made.isoformat()))[0] == 200
        (kept,) = await _scans(call, task_id)
        assert datetime.fromisoformat(kept["picked_at"]) == made
        assert datetime.fromisoformat(kept["scanned_at"]) > made + timedelta(hours=1)

    @pytest.mark.parametrize(
        "wrong",
        [None, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 0, timedelta(days=-31)],
        ids=str,
    )
    async def test_of_a_clock_that_is_wrong_or_none_it_is_the_arrival(
        self, warehouse: Warehouse, call: Caller, wrong: Any
    ) -> None:
        task_id = await warehouse.task("ana", A=9)
        if isinstance(wrong, timedelta):
            wrong = (datetime.now(UTC) + wrong).isoformat()
        assert (await warehouse.scan(task_id, "A", picked_at=wrong))[0] == 200
        (kept,) = await _scans(call, task_id)
        assert kept["picked_at"] == kept["scanned_at"]

    async def test_may_be_put_right_until_it_is_answered(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=9)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        scan, short = _scan(task_id), _shortage(task_id, line_id)
        sent = [scan, short, _undo(scan)]
        first = await _send(call, [one | {"picked_at": _ago(hours=2).isoformat()} for one in sent])
        assert [one["status"] for one in first] == [200, 200, 200]
        assert await _send(call, [one | {"picked_at": _ago(hours=3).isoformat()} for one in sent]) == first

    async def test_says_of_which_day_it_is(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=9)
        late = _scan(task_id, picked_at=_ago(hours=25).isoformat())
        await _send(call, [late, _scan(task_id, quantity=2)])

        async def today() -> tuple[int, list[int]]:
            _, board = await call("GET", "/api/board")
            return board["scans_today"]["picked"], [one["picked"] for one in board["workers"]]

        assert await today() == (1, [2])
        # What was not of today is not taken away from today either.
        await _send(call, [_undo(late)])
        assert await today() == (1, [2])
        assert (await warehouse.get(task_id))["picked"] == 2

    async def test_how_late_they_arrive_is_measured(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=9)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        count, total = await _delays(call)
        made = {"picked_at": _ago(minutes=10).isoformat()}
        scan = _scan(task_id, **made)
        operations = [scan, _shortage(task_id, line_id, **made), _undo(scan, **made), _scan(task_id)]
        await _send(call, operations)
        await _send(call, operations)
        later, more = await _delays(call)
        assert later - count == 3, "each once, and of what was said only"
        assert 1800 <= more - total < 3 * 3600


async def _delays(call: Caller) -> tuple[float, float]:
    lines = (await call.metrics()).splitlines()
    count, total = (
        sum(
            float(line.split()[-1]) for line in lines if line.startswith(f"scan_arrival_delay_seconds_{kind}")
        )
        for kind in ("count", "sum")
    )
    return count, total


class TestOnBehalfOf:
    async def test_counts_as_the_owners(self, warehouse: Warehouse, call: Caller, empty: Database) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        scan = _scan(task_id)
        operations = [scan, _shortage(task_id, line_id), _undo(scan), _scan(task_id, quantity=2)]

        results = await _send(call, operations, "ana", user="vera", role=Role.SUPERVISOR)

        outcomes = [one["result"]["outcome"] for one in results]
        assert outcomes == ["picked", "reported", "undone", "task_complete"]
        kept = [(one["worker"], one["handed_in_by"]) for one in await _scans(call, task_id)]
        assert kept == [("ana", "vera")] * 2
        _, page = await call("GET", f"/api/tasks/{task_id}/shortages")
        assert [(one["worker"], one["handed_in_by"]) for one in page["items"]] == [("ana", "vera")]
        _, board = await call("GET", "/api/board")
        assert [(one["worker"], one["picked"]) for one in board["workers"]] == [("ana", 2)]
        assert not await inconsistencies(empty)

    async def test_is_answered_the_same_whichever_way_it_comes(
        self, warehouse: Warehouse, call: Caller, empty: Database
    ) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        scan = _scan(task_id)
        first = [scan, _shortage(task_id, line_id), _undo(scan), _scan(task_id, "nonsense")]
        handed_in = await _send(call, first, "ana", user="vera", role=Role.SUPERVISOR)
        assert await _send(call, first, user="ana") == handed_in

        other = [_scan(task_id), _scan(task_id, quantity=9)]
        sent = await _send(call, other, user="ana")
        assert await _send(call, other, "ana", user="vera", role=Role.SUPERVISOR) == sent
        # Who has sent it first is who it came from.
        handed_in_by = {one["operation_id"]: one["handed_in_by"] for one in await _scans(call, task_id)}
        assert handed_in_by[scan["operation_id"]] == "vera"
        assert handed_in_by[other[0]["operation_id"]] is None
        assert not await inconsistencies(empty)

    async def test_gives_the_owners_rights_and_no_more(self, warehouse: Warehouse, call: Caller) -> None:
        theirs = await warehouse.task("marko", A=3)
        line_id = (await warehouse.get(theirs))["lines"][0]["line_id"]
        scan = _scan(theirs)
        await _send(call, [scan], user="marko")

        operations = [_scan(theirs), _shortage(theirs, line_id), _undo(scan)]
        results = await _send(call, operations, "ana", user="vera", role=Role.SUPERVISOR)

        codes = [one["error"]["code"] for one in results]
        assert codes == ["not_your_task", "not_your_task", "not_your_operation"]

    @pytest.mark.parametrize("owner", ["marko", "ana"])
    async def test_is_not_for_workers(self, warehouse: Warehouse, call: Caller, owner: str) -> None:
        task_id = await warehouse.task("ana", A=3)
        body = {"operations": [_scan(task_id)], "on_behalf_of": owner}
        status, answer = await call("POST", "/api/scans", body)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
        assert (await warehouse.get(task_id))["picked"] == 0


class TestNotes:
    async def test_are_kept_and_listed(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=3)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        note = "Paleta je mokra.\nDonji red."
        said, silent = _shortage(task_id, line_id, note=note), _shortage(task_id, line_id)
        too_many = _shortage(task_id, line_id, quantity=9)
        elsewhere = _shortage(task_id, 4711)
        first = await _send(call, [said, silent, too_many, elsewhere, _undo(silent)])
        assert [one["status"] for one in first] == [200, 200, 409, 404, 200]

        _, page = await call("GET", f"/api/tasks/{task_id}/shortages")

        told = [(one["note"], one["sku"], one["outcome"], one["undone_by"] is None) for one in page["items"]]
        assert told[::-1] == [
            (note, "A", "reported", True), (None, "A", "reported", False),
            (None, "A", "more_than_required", True), (None, None, "line_not_found", True),
        ]  # fmt: skip
        assert all(one["picked_at"] == one["created_at"] for one in page["items"])
        # It is part of what is sent under the id.
        assert await _send(call, [said]) == first[:1]
        (other,) = await _send(call, [said | {"note": "something else"}])
        assert other["error"]["code"] == "operation_id_reused"

    async def test_of_anothers_task_are_not_for_everybody(self, warehouse: Warehouse, call: Caller) -> None:
        path = f"/api/tasks/{await warehouse.task('marko', A=1)}/shortages"
        assert (await call("GET", path))[0] == 403
        assert (await call("GET", path, role=Role.SUPERVISOR))[0] == 200

    @pytest.mark.parametrize("note", ["x" * 501, "a\x00b", "a\x1bb"])
    async def test_that_nobody_could_read_are_refused(
        self, warehouse: Warehouse, call: Caller, note: str
    ) -> None:
        task_id = await warehouse.task("ana", A=1)
        body = {"operations": [_shortage(task_id, 1, note=note)]}
        status, answer = await call("POST", "/api/scans", body)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")
