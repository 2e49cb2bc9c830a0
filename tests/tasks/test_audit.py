"""What people do with tasks, articles and requisitions, as the audit log has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from magacin.contracts.identity import ADDRESS_HEADER, REQUEST_ID_HEADER, Role
from magacin.core.db import Database
from tests.support import Caller, audited, last_audited
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

FROM = {ADDRESS_HEADER: "10.0.0.7", REQUEST_ID_HEADER: "of-the-change"}
Do = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def do(call: Caller) -> Do:
    async def do(method: str, path: str, body: Any = None, user: str = "mira") -> tuple[int, Any]:
        status, answer = await call(method, path, body, user=user, role=Role.SUPERVISOR, headers=FROM)
        return status, answer

    return do


async def entries(database: Database, since: int) -> list[tuple[Any, ...]]:
    found = await audited(database, since)
    return [
        (one["action"], one["subject_kind"], one["subject_id"], one["before"], one["after"]) for one in found
    ]


async def test_who_and_where_from(do: Do, empty: Database) -> None:
    since = await last_audited(empty)
    await do("PUT", "/api/articles/A", {"description": "Pen"})
    [one] = await audited(empty, since)
    said = {name: one[name] for name in ("actor", "role", "address", "request_id")}
    assert said == {
        "actor": "mira",
        "role": "supervisor",
        "address": "10.0.0.7",
        "request_id": "of-the-change",
    }


async def test_articles_barcodes_and_places(do: Do, empty: Database) -> None:
    since = await last_audited(empty)
    for _ in range(2):  # what changes nothing is no change
        await do("PUT", "/api/articles/A", {"description": "Pen"})
        await do("POST", "/api/articles/A/barcodes", {"code": "X-1", "pieces": 6})
        await do("PUT", "/api/locations/L-1", {"zone": "Z", "aisle": "1", "sequence": 4})
        await do("PUT", "/api/articles/A/locations", {"locations": ["L-1"]})
    await do("PUT", "/api/articles/A", {"description": "Red pen"})
    await do("PUT", "/api/articles/A/barcodes/X-1", {"pieces": 12})
    await do("DELETE", "/api/articles/A/barcodes/X-1")
    await do("PUT", "/api/locations/L-1", {"zone": "Z", "aisle": "1", "sequence": 5})
    await do("PUT", "/api/articles/A/locations", {"locations": []})
    await do("DELETE", "/api/locations/L-1")
    found = await entries(empty, since)
    case = {"code": "X-1", "pieces": 6, "level": "case"}
    assert found[0] == ("article.saved", "article", "A", None, {"description": "Pen"})
    assert found[1] == ("barcode.added", "article", "A", None, case)
    assert found[2][:4] == ("location.saved", "location", "L-1", None)
    assert found[3] == ("article.placed", "article", "A", {"locations": []}, {"locations": ["L-1"]})
    assert found[4] == ("article.saved", "article", "A", {"description": "Pen"}, {"description": "Red pen"})
    assert found[5] == ("barcode.changed", "article", "A", {"code": "X-1", "pieces": 6}, {"pieces": 12})
    assert found[6] == ("barcode.removed", "article", "A", {**case, "pieces": 12}, None)
    assert found[7] == ("location.saved", "location", "L-1", {"sequence": 4}, {"sequence": 5})
    assert found[8] == ("article.placed", "article", "A", {"locations": ["L-1"]}, {"locations": []})
    assert found[9][:3] == ("location.removed", "location", "L-1")
    assert found[9][3]["sequence"] == 5
    assert len(found) == 10


async def test_the_life_of_a_task(do: Do, warehouse: Warehouse, empty: Database) -> None:
    since = await last_audited(empty)
    requisition = await warehouse.requisition(A=5, B=2)
    _, [task] = await do("POST", "/api/tasks", {"requisition_ids": [requisition]})
    path = f"/api/tasks/{task['task_id']}"
    for _ in range(2):
        await do("PATCH", path, {"priority": 5, "held": False})
        await do("POST", f"{path}/assign", {"workers": ["mira"]})
        await do("POST", f"{path}/start")
    line = (await warehouse.get(task["task_id"]))["lines"][0]["line_id"]
    plan = {"lines": [{"line_id": line, "quantity": 3}], "operation_id": str(uuid4())}
    for _ in range(2):
        _, moved = await do("POST", f"{path}/split", plan)
    await do("POST", f"{path}/cancel")
    found = await entries(empty, since)
    of = ("task", str(task["task_id"]))
    assert found[0][:3] == ("requisition.created", "requisition", str(requisition))
    assert found[1] == ("task.created", *of, None, {"requisition_ids": [requisition]})
    assert found[2] == ("task.changed", *of, {"priority": 0}, {"priority": 5})
    assert found[3] == ("task.assigned", *of, {"workers": []}, {"workers": ["mira"]})
    assert found[4] == ("task.started", *of, {"status": "assigned"}, {"status": "in_progress"})
    assert found[5] == (
        "task.split",
        *of,
        {"lines": {str(line): {"required": 5, "short": 0}}},
        {"lines": {str(line): {"required": 2, "short": 0}}, "to_task": moved["target"]["task_id"]},
    )
    assert found[6] == ("task.cancelled", *of, {"status": "in_progress"}, {"status": "cancelled"})
    assert len(found) == 7


async def test_a_worker_claims_and_completes(do: Do, warehouse: Warehouse, empty: Database) -> None:
    task = await warehouse.task(A=2)
    since = await last_audited(empty)
    path = f"/api/tasks/{task}"
    await do("POST", f"{path}/claim", user="ana")
    line = (await warehouse.get(task))["lines"][0]["line_id"]
    short = {"line_id": line, "quantity": 2, "reason": "not_found", "operation_id": str(uuid4())}
    # By the shortage the task is completed: that is scanning, and in the ledger.
    await do("POST", f"{path}/shortages", short, user="ana")
    plan = {"lines": [{"line_id": line, "quantity": 2}], "operation_id": str(uuid4())}
    await do("POST", f"{path}/replan", plan)
    found = await entries(empty, since)
    assert [one[0] for one in found] == ["task.claimed", "task.replanned"]
    assert found[1][3] == {"lines": {str(line): {"required": 2, "short": 2}}}


async def test_complete_by_hand(do: Do, warehouse: Warehouse, empty: Database) -> None:
    task = await warehouse.task("ana", A=2)
    async with empty.begin() as connection:
        # Nothing is left, and nobody has noticed: a task from before that was done by the last scan.
        await connection.execute(
            text("UPDATE tasks.task_lines SET picked = required WHERE task_id = :t"), {"t": task}
        )
        await connection.execute(
            text("UPDATE tasks.pick_tasks SET lines_open = 0 WHERE id = :t"), {"t": task}
        )
    since = await last_audited(empty)
    for _ in range(2):
        assert (await do("POST", f"/api/tasks/{task}/complete"))[0] == 200
    assert [one[0] for one in await entries(empty, since)] == ["task.completed"]


async def test_a_queue_that_is_handed_in(do: Do, warehouse: Warehouse, empty: Database) -> None:
    task = await warehouse.task("ana", A=2)
    since = await last_audited(empty)
    one = {"kind": "scan", "task_id": task, "code": "A", "quantity": 1, "operation_id": str(uuid4())}
    for _ in range(2):
        status, _ = await do("POST", "/api/scans", {"operations": [one], "on_behalf_of": "ana"})
        assert status == 200
    [entry] = await audited(empty, since)
    assert (entry["action"], entry["subject_id"], entry["actor"]) == ("user.queue_handed_in", "ana", "mira")
    assert entry["after"] == {"operations": 1, "task_ids": [task]}
    assert entry["address"] == "10.0.0.7"


async def test_what_is_refused_is_no_change(do: Do, warehouse: Warehouse, empty: Database) -> None:
    task = await warehouse.task("ana", A=2)
    since = await last_audited(empty)
    plan = {"lines": [{"line_id": 1, "quantity": 99}], "operation_id": str(uuid4())}
    assert (await do("POST", f"/api/tasks/{task}/split", plan))[0] >= 400
    assert (await do("PATCH", f"/api/tasks/{task}?revision=999", {"priority": 5}))[0] == 409
    assert (await do("DELETE", "/api/articles/A/barcodes/none"))[0] == 404
    assert await entries(empty, since) == []


async def test_an_import(call: Caller, empty: Database) -> None:
    since = await last_audited(empty)

    async def send(job: int, quantity: int) -> None:
        wanted = {"number": "R-1", "lines": [{"sku": "A", "quantity": quantity}]}
        body = {"job_id": job, "release": True, "replace": True, "requisitions": [wanted]}
        for _ in range(2):
            assert (await call("POST", "/internal/requisitions", body))[0] == 200

    await send(1, 2)
    await send(2, 3)
    taken, replaced = await audited(empty, since)
    assert (taken["actor"], taken["role"], taken["action"]) == ("system", None, "import.taken")
    assert (taken["subject_id"], taken["after"]) == ("1", {"requisitions": 1, "released": True})
    assert (replaced["action"], replaced["before"]) == ("requisition.replaced", {"quantity A": 2})
    assert replaced["after"] == {"quantity A": 3, "import": 2}


async def test_neither_is_there_without_the_other(do: Do, warehouse: Warehouse, empty: Database) -> None:
    """Where the entry cannot be written, nothing is changed."""
    task = await warehouse.task(A=2)
    async with empty.begin() as connection:
        await connection.execute(text("ALTER TABLE audit.entries RENAME TO elsewhere"))
    try:
        assert (await do("PATCH", f"/api/tasks/{task}", {"priority": 5}))[0] == 500
    finally:
        async with empty.begin() as connection:
            await connection.execute(text("ALTER TABLE audit.elsewhere RENAME TO entries"))
    assert (await warehouse.get(task))["priority"] == 0
