"""Orders that were held back, released and discarded: both services are real."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.imports.support import Importer, csv_bytes
from tests.support import Caller, audited, last_audited

Line = tuple[str, int | str]


@pytest.fixture
def task_service_url(real_task_service_url: str) -> str:
    return real_task_service_url


async def run(importer: Importer, orders: dict[str, list[Line]], **form: str) -> Any:
    rows = [(number, sku, "", count, "", "") for number, lines in orders.items() for sku, count in lines]
    job = await importer.run(csv_bytes(rows), **form)
    assert job["status"] == "succeeded"
    return job


async def held(importer: Importer, **query: Any) -> list[Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, page = await importer.call("GET", f"/api/held-orders?{asked}")
    assert status == 200, page
    return list(page["items"])


async def only(importer: Importer, **query: Any) -> Any:
    [one] = await held(importer, **query)
    return one


async def decide(importer: Importer, what: str, one: Any, user: str = "ana") -> tuple[int, Any]:
    path = f"/api/held-orders/{one['held_id']}/{what}?revision={one['revision']}"
    return await importer.call("POST", path, user=user)


async def content(tasks: Caller, number: str) -> dict[str, int]:
    """Return the lines of an order; none where it is not there."""
    _, page = await tasks("GET", "/api/requisitions?limit=500", role=Role.SUPERVISOR)
    for one in page["items"]:
        if one["number"] == number:
            path = f"/api/requisitions/{one['requisition_id']}"
            _, order = await tasks("GET", path, role=Role.SUPERVISOR)
            return {line["sku"]: line["required"] for line in order["lines"]}
    return {}


def changes(one: Any) -> list[tuple[Any, ...]]:
    return [(d["change"], d["sku"], d["before"], d["after"]) for d in one["differences"]]


class TestIncomplete:
    async def test_its_good_lines_are_imported_when_it_is_released(
        self, importer: Importer, tasks: Caller, empty: Database
    ) -> None:
        bad: list[Line] = [("A", 2), ("B", "two"), ("C", 3), ("A", 1)]
        job = await run(importer, {"R1": bad, "R2": [("A", 1)]}, release="true")
        assert job["held_waiting"] == 1
        one = await only(importer)
        assert [one[name] for name in ("number", "reason", "state", "revision", "line_count")] == [
            "R1", "incomplete", "waiting", 1, 2,
        ]  # fmt: skip
        assert (one["missing_rows"], one["is_there"], one["job_id"]) == (1, False, job["job_id"])
        _, details = await importer.call("GET", f"/api/held-orders/{one['held_id']}")
        assert [(line["sku"], line["quantity"]) for line in details["lines"]] == [("A", 3), ("C", 3)]
        assert [(wrong["row"], wrong["value"]) for wrong in details["rejects"]] == [(3, "two")]

        since = await last_audited(empty)
        status, released = await decide(importer, "release", one)
        assert status == 200
        assert [released[name] for name in ("state", "outcome", "decided_by")] == [
            "released", "created", "ana",
        ]  # fmt: skip
        assert await content(tasks, "R1") == {"A": 3, "C": 3}
        assert (await importer.job(job["job_id"]))["held_waiting"] == 0
        assert await held(importer) == []
        told = [
            (entry["action"], entry["actor"], entry["after"])
            for entry in await audited(empty, since)
            if entry["actor"] == "ana"
        ]
        assert told == [
            ("import.released", "ana", {"number": "R1", "reason": "incomplete", "outcome": "created"})
        ]
        # As if it had been imported so: its missing row may still come, and a task was made of it.
        job = await run(importer, {"R1": [("B", 5)]})
        assert job["counts"]["requisitions_replaced"] == 1
        _, page = await tasks("GET", "/api/tasks?limit=10", role=Role.SUPERVISOR)
        assert {task["number"] for task in page["items"]} == {"R1", "R2"}

    async def test_of_a_row_whose_order_nobody_knows_both_sides_wait(self, importer: Importer) -> None:
        rows = [("R1", "A", "", 1, "", ""), ("", "B", "", 1, "", "Store"), ("R2", "C", "", 1, "", "")]
        await importer.run(csv_bytes(rows))
        assert [(one["number"], one["missing_rows"]) for one in await held(importer)] == [
            ("R1", 1),
            ("R2", 1),
        ]

    async def test_one_without_a_good_line_has_nothing_to_release(self, importer: Importer) -> None:
        await run(importer, {"R1": [("A", "none")]})
        assert await held(importer) == []

    async def test_a_mended_file_supersedes_it(self, importer: Importer, tasks: Caller) -> None:
        await run(importer, {"R1": [("A", 2), ("B", "two")]})
        one = await only(importer)
        await run(importer, {"R1": [("A", 2), ("B", 2)]})
        assert await held(importer) == []
        assert (await only(importer, state="superseded"))["held_id"] == one["held_id"]
        for what in ("release", "discard"):
            status, answer = await decide(importer, what, one)
            assert (status, answer["error"]["code"]) == (409, "held_order_changed")
            assert "came again with a later file" in answer["error"]["message"]
        assert await content(tasks, "R1") == {"A": 2, "B": 2}

    async def test_the_same_bad_file_again_leaves_one_to_decide_on(self, importer: Importer) -> None:
        for _ in range(3):
            job = await run(importer, {"R1": [("A", 2), ("B", "two")]})
        assert (await only(importer))["job_id"] == job["job_id"]

    async def test_one_that_somebody_has_made_by_hand_is_told_with_both_sides(
        self, importer: Importer, tasks: Caller
    ) -> None:
        await run(importer, {"R1": [("A", 2), ("B", "two")]})
        one = await only(importer)
        by_hand = {"number": "R1", "lines": [{"sku": "A", "quantity": 7}]}
        assert (await tasks("POST", "/api/requisitions", by_hand, role=Role.SUPERVISOR))[0] == 201
        status, answer = await decide(importer, "release", one)
        assert (status, answer["error"]["code"]) == (409, "held_order_changed")
        now = answer["error"]["details"]["now"]
        assert (now["revision"], now["is_there"], changes(now)) == (2, True, [("quantity", "A", 7, 2)])
        assert "R1 has changed since it was looked at: it differs now: A 7 → 2." in answer["error"]["message"]
        assert await content(tasks, "R1") == {"A": 7}
        status, released = await decide(importer, "release", now)
        assert (status, released["outcome"]) == (200, "replaced")
        assert await content(tasks, "R1") == {"A": 2}

    async def test_one_that_was_there_before_is_shown_with_both_sides(
        self, importer: Importer, tasks: Caller
    ) -> None:
        await run(importer, {"R1": [("A", 7), ("Z", 1)], "R2": [("A", 2)]})
        await run(importer, {"R1": [("A", 2), ("B", "two")], "R2": [("A", 2), ("B", "two")]})
        one, same = await held(importer)
        assert (one["reason"], one["is_there"], one["revision"]) == ("incomplete", True, 1)
        assert changes(one) == [("quantity", "A", 7, 2), ("removed", "Z", 1, None)]
        assert (same["is_there"], changes(same)) == (True, [])
        assert (await decide(importer, "release", one))[1]["outcome"] == "replaced"
        assert (await decide(importer, "release", same))[1]["outcome"] == "duplicate"
        assert await content(tasks, "R1") == {"A": 2}


class TestDiffering:
    async def test_it_replaces_what_is_there_or_not(
        self, importer: Importer, tasks: Caller, empty: Database
    ) -> None:
        orders: dict[str, list[Line]] = {"R1": [("A", 1), ("B", 1)], "R2": [("A", 1)], "R3": [("A", 1)]}
        await run(importer, orders)
        job = await run(importer, {"R1": [("A", 4), ("C", 1)], "R2": [("A", 9)], "R3": [("A", 1)]})
        assert job["held_waiting"] == 2
        one, other = await held(importer, job_id=job["job_id"])
        assert (one["reason"], one["is_there"], one["difference_count"]) == ("differs", True, 3)
        assert changes(one) == [
            ("quantity", "A", 1, 4),
            ("added", "C", None, 1),
            ("removed", "B", 1, None),
        ]
        since = await last_audited(empty)
        assert (await decide(importer, "release", one))[1]["outcome"] == "replaced"
        status, discarded = await decide(importer, "discard", other, user="bo")
        assert (status, discarded["state"], discarded["decided_by"]) == (200, "discarded", "bo")
        assert await content(tasks, "R1") == {"A": 4, "C": 1}
        assert await content(tasks, "R2") == {"A": 1}
        entries = {entry["action"]: entry for entry in await audited(empty, since)}
        assert entries["import.released"]["before"] == {"differs": "A 1 → 4; C added (1); B removed (1)"}
        assert entries["import.discarded"]["actor"] == "bo"
        assert entries["import.discarded"]["after"] == {"number": "R2", "reason": "differs"}

    async def test_what_is_there_changed_meanwhile(self, importer: Importer, tasks: Caller) -> None:
        await run(importer, {"R1": [("A", 1)]})
        await run(importer, {"R1": [("A", 2)]})
        one = await only(importer)
        # As another import's batch that has not superseded it yet.
        lines = [{"sku": "A", "quantity": 5}]
        batch = {"job_id": 90, "replace": True, "requisitions": [{"number": "R1", "lines": lines}]}
        assert (await tasks("POST", "/internal/requisitions", batch))[0] == 200
        status, answer = await decide(importer, "release", one)
        assert (status, answer["error"]["code"]) == (409, "held_order_changed")
        now = answer["error"]["details"]["now"]
        assert changes(now) == [("quantity", "A", 5, 2)]
        assert await content(tasks, "R1") == {"A": 5}
        # By its old revision nothing is decided any more, neither way.
        for what in ("release", "discard"):
            assert (await decide(importer, what, one))[0] == 409
        # Seen as it is now, it counts, although a later job has brought what is there.
        assert (await decide(importer, "release", now))[0] == 200
        assert await content(tasks, "R1") == {"A": 2}

    async def test_what_somebody_picks_of_stays(self, importer: Importer, tasks: Caller) -> None:
        await run(importer, {"R1": [("A", 3)]}, release="true")
        await run(importer, {"R1": [("A", 5)]})
        one = await only(importer)
        await tasks("POST", "/api/tasks/1/claim")
        scan = {"task_id": 1, "code": "A", "operation_id": str(uuid4())}
        assert (await tasks("POST", "/api/scan", scan))[0] == 200
        status, answer = await decide(importer, "release", one)
        assert (status, answer["error"]["code"]) == (409, "held_order_hindered")
        assert "because somebody has picked of it" in answer["error"]["message"]
        now = answer["error"]["details"]["now"]
        assert now["hindrance"] == "picked"
        assert await content(tasks, "R1") == {"A": 3}
        assert (await decide(importer, "discard", now))[0] == 200


class TestDecided:
    async def test_two_who_decide_at_once(self, importer: Importer, tasks: Caller) -> None:
        numbers = [f"R{n}" for n in range(6)]
        await run(importer, {number: [("A", 2), ("B", "two")] for number in numbers})
        for one in await held(importer):
            answers = await asyncio.gather(
                decide(importer, "release", one),
                decide(importer, "release", one, user="bo"),
                decide(importer, "discard", one, user="ceca"),
            )
            assert sorted(status for status, _ in answers).count(409) >= 1
            assert {status for status, _ in answers} <= {200, 409}
            _, now = await importer.call("GET", f"/api/held-orders/{one['held_id']}")
            is_there = await content(tasks, one["number"]) != {}
            assert (now["state"] == "released") == is_there

    async def test_an_answer_that_was_lost(self, importer: Importer, tasks: Caller, empty: Database) -> None:
        await run(importer, {"R1": [("A", 2), ("B", "two")], "R2": [("A", 2), ("B", "two")]})
        one, other = await held(importer)
        for each in (one, other):
            # As a process leaves it that died while the Task Service worked.
            lines = [{"sku": "A", "quantity": 2}]
            wanted = {"number": each["number"], "missing_rows": 1, "lines": lines}
            batch = {"job_id": each["job_id"], "replace": True, "decided": True, "requisitions": [wanted]}
            assert (await tasks("POST", "/internal/requisitions", batch))[0] == 200
            async with empty.begin() as connection:
                statement = text("UPDATE imports.held_orders SET releasing = true WHERE id = :id")
                await connection.execute(statement, {"id": each["held_id"]})
        status, released = await decide(importer, "release", one)
        assert (status, released["outcome"]) == (200, "created")
        status, answer = await decide(importer, "discard", other)
        assert (status, answer["error"]["code"]) == (409, "held_order_changed")
        assert answer["error"]["details"]["now"]["is_there"]
        assert "it is there with this content now" in answer["error"]["message"]

    async def test_what_is_no_decision(self, importer: Importer) -> None:
        await run(importer, {"R1": [("A", 2), ("B", "two")]})
        one = await only(importer)
        path = f"/api/held-orders/{one['held_id']}/release"
        for query in ("", "?revision=0", "?revision=x", "?revision=99999999999"):
            assert (await importer.call("POST", path + query))[0] == 422
        for nobody in (one["held_id"] + 1, 2**62):
            for what in ("release", "discard"):
                status, answer = await decide(importer, what, {"held_id": nobody, "revision": 1})
                assert (status, answer["error"]["code"]) == (404, "held_order_not_found")
            assert (await importer.call("GET", f"/api/held-orders/{nobody}"))[0] == 404
        assert (await importer.call("GET", "/api/held-orders?state=nothing"))[0] == 422

    async def test_a_page_at_a_time(self, importer: Importer) -> None:
        await run(importer, {f"R{n}": [("A", 2), ("B", "two")] for n in range(5)})
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            _, page = await importer.call("GET", f"/api/held-orders?limit=2&after={after}")
            found += [one["number"] for one in page["items"]]
            after = page["next_after"]
        assert found == [f"R{n}" for n in range(5)]

    async def test_what_the_task_service_does_not_take_waits_on(
        self, importer: Importer, tasks: Caller, empty: Database
    ) -> None:
        await run(importer, {"R1": [("A", 2), ("B", "two")]})
        one = await only(importer)
        async with empty.begin() as connection:
            await connection.execute(text("UPDATE imports.held_orders SET lines = '[]'"))
        status, answer = await decide(importer, "release", one)
        assert (status, answer["error"]["code"]) == (409, "held_order_refused")
        assert await content(tasks, "R1") == {}
        assert (await only(importer))["revision"] == 1
        assert (await decide(importer, "discard", one))[0] == 200
