"""Orders that come again, with another content: both services are real."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from magacin.contracts.identity import Role
from magacin.contracts.tasks.requisitions import Change, Difference
from magacin.imports.duplicates import listed
from tests.imports.support import Importer, adds_up, csv_bytes
from tests.support import Caller

Line = tuple[str, int | str]


@pytest.fixture
def task_service_url(real_task_service_url: str) -> str:
    return real_task_service_url


async def run(importer: Importer, orders: dict[str, list[Line]], **form: str) -> Any:
    rows = [(number, sku, "", count, "", "") for number, lines in orders.items() for sku, count in lines]
    job = await importer.run(csv_bytes(rows), release="true", **form)
    assert job["status"] == "succeeded"
    assert adds_up(job)
    return job


async def picture(tasks: Caller, task_id: int = 1) -> tuple[int, dict[str, int]]:
    """Return a task's version and what it requires."""
    _, task = await tasks("GET", f"/api/tasks/{task_id}", role=Role.SUPERVISOR)
    return task["version"], {line["sku"]: line["required"] for line in task["lines"]}


def counted(job: Any, *names: str) -> list[int]:
    return [job["counts"][name] for name in names]


def said(job: Any, number: str = "R1") -> list[str]:
    return [note for note in job["notes"] if note.startswith(f"{number} ")]


_REQUISITIONS = tuple(f"requisitions_{name}" for name in ("created", "replaced", "duplicate", "differing"))


async def test_a_changed_order(importer: Importer, tasks: Caller) -> None:
    await run(importer, {"R1": [("A", 2), ("B", 1)], "R2": [("A", 1)]})
    changed: dict[str, list[Line]] = {"R1": [("A", 5), ("C", 1)], "R2": [("A", 1)]}

    job = await run(importer, changed | {"R3": [("A", 1)]})
    assert counted(job, *_REQUISITIONS) == [1, 0, 2, 1]
    assert counted(job, "rows_accepted", "rows_duplicate") == [1, 3]
    [note] = said(job)
    assert "R1 was imported before and differs now: A 2 → 5; C added (1); B removed (1). It stays" in note
    assert not said(job, "R2")
    assert await picture(tasks) == (1, {"A": 2, "B": 1})

    job = await run(importer, changed, replace="true")
    assert job["replace"]
    assert counted(job, *_REQUISITIONS) == [0, 1, 1, 0]
    assert counted(job, "rows_accepted", "rows_duplicate") == [2, 1]
    said_of_it = "R1 was imported before and has this content now: A 2 → 5; C added (1); B removed (1)."
    assert said(job) == [said_of_it]
    assert await picture(tasks) == (2, {"A": 5, "C": 1})

    await tasks("POST", "/api/tasks/1/claim")
    scan = {"task_id": 1, "code": "A", "operation_id": str(uuid4())}
    assert (await tasks("POST", "/api/scan", scan))[0] == 200
    job = await run(importer, {"R1": [("A", 9)], "R2": [("A", 3)]}, replace="true")
    assert counted(job, *_REQUISITIONS) == [0, 1, 1, 1]
    assert "because somebody has picked of it" in said(job)[0]
    assert [await picture(tasks, n) for n in (1, 2)] == [(2, {"A": 5, "C": 1}), (2, {"A": 3})]


async def test_the_mended_rows_follow_a_partial_import(importer: Importer, tasks: Caller) -> None:
    bad: list[Line] = [("A", 2), ("B", "one"), ("C", 0)]
    job = await run(importer, {"R1": bad, "R2": bad, "R3": [("A", 1)]}, partial="true")
    assert counted(job, "rows_accepted", "rows_rejected") == [3, 4]
    assert said(await run(importer, {"R3": [("A", 1), ("B", 1)]}), "R3")[0].endswith("to change it.")

    # The whole of one order, and the mended rows alone of the other.
    whole: list[Line] = [("A", 2), ("B", 1), ("C", 3)]
    job = await run(importer, {"R1": whole, "R2": whole[1:]})
    assert counted(job, *_REQUISITIONS) == [0, 2, 0, 0]
    for task_id, number in enumerate(("R1", "R2"), 1):
        note = f"{number} was imported in part before and is completed: B added (1); C added (3)."
        assert said(job, number) == [note]
        assert await picture(tasks, task_id) == (2, {"A": 2, "B": 1, "C": 3})

    # They are complete now: the same again is a plain duplicate, and more of one another order.
    job = await run(importer, {"R1": whole, "R2": [("D", 1)]})
    assert counted(job, *_REQUISITIONS) == [0, 0, 2, 1]
    assert not said(job)


async def test_an_answer_that_was_lost_is_given_again(importer: Importer, tasks: Caller) -> None:
    """The Task Service had committed when the process died that was to note it; the next one sends again."""
    await run(importer, {"R1": [("A", 1)]})
    lines = [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}]
    requisitions = [{"number": "R1", "lines": lines}, {"number": "N", "lines": lines[:1]}]
    batch = {"job_id": 2, "replace": True, "release": True, "requisitions": requisitions}
    assert (await tasks("POST", "/internal/requisitions", batch))[0] == 200
    job = await run(importer, {"R1": [("A", 2), ("B", 1)], "N": [("A", 2)]}, replace="true")
    assert job["job_id"] == 2
    assert counted(job, *_REQUISITIONS) == [1, 1, 0, 0]
    assert counted(job, "rows_accepted", "rows_duplicate") == [3, 0]
    assert said(job) == ["R1 was imported before and has this content now: A 1 → 2; B added (1)."]
    assert await picture(tasks) == (2, {"A": 2, "B": 1})


async def test_two_imports_of_the_same_orders_at_once(importer: Importer, tasks: Caller) -> None:
    orders = [f"R{n}" for n in range(12)]
    await run(importer, {number: [("A", 1)] for number in orders})
    counts = (2, 3)
    jobs = await asyncio.gather(
        *(run(importer, {number: [("A", n)] for number in orders}, replace="true") for n in counts)
    )
    first, last = sorted(zip(jobs, counts, strict=True), key=lambda one: one[0]["job_id"])
    assert counted(last[0], "requisitions_replaced") == [12]
    # Should it be stored after the last one, it does not bring back what that has changed.
    [replaced] = counted(first[0], "requisitions_replaced")
    assert replaced in (0, 12)
    found = [await picture(tasks, n) for n in range(1, 13)]
    assert found == [(3 if replaced else 2, {"A": last[1]})] * 12


def test_many_differences_are_said_in_part() -> None:
    many = [Difference(change=Change.ADDED, sku=f"SKU-{n}", after=n) for n in range(1, 2_000)]
    words = listed(many)
    assert words.startswith("SKU-1 added (1); SKU-2 added (2); ")
    assert len(words) < 400
    shown = words.count(" added ")
    assert words.endswith(f"; and {1_999 - shown:,} more")
