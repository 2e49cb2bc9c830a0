"""The table of what scans come to, by scans: tests/fixtures/scan-rules.json.

Its shape: `settings` are those of the Task Service, `articles` what there is, each with its `barcodes` in the
form of the API, and `cases` what is scanned: a `name`, the `code` as the scanner sends it, and either `sku`
and `quantity` (pieces), with what is `kept` of the label if anything is, or the `outcome` of a refusal.
`separators` stands in few cases: they hold where `MAGACIN_SCAN_SEPARATORS` is set to that. `stories` are of
scans, shortages and undos of one task, one after the other, with what each is answered.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from magacin.contracts.identity import Role
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

RULES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "scan-rules.json").read_text("utf-8")
)
# By the separators that are set; None are the usual ones.
CASES: dict[str | None, list[dict[str, Any]]] = {}
for _case in RULES["cases"]:
    CASES.setdefault(_case.get("separators"), []).append(_case)
_KEPT = ("lot", "expiry", "best_before", "serial", "weight", "price")


@pytest.fixture(params=[None])
def settings(settings: TaskSettings, request: pytest.FixtureRequest) -> TaskSettings:
    own = {} if request.param is None else {"scan_separators": request.param}
    return settings.model_copy(update=RULES["settings"] | own)


@pytest.mark.parametrize(("settings", "cases"), CASES.items(), indirect=["settings"], ids=map(str, CASES))
async def test_every_case_of_the_table(
    warehouse: Warehouse, call: Caller, cases: list[dict[str, Any]]
) -> None:
    task_id = await warehouse.task("ana", **{article["sku"]: 1_000 for article in RULES["articles"]})
    for article in RULES["articles"]:
        for barcode in article["barcodes"]:
            status, body = await call("POST", f"/api/articles/{article['sku']}/barcodes", barcode)
            assert status == 201, body

    found = [await _scanned(warehouse, task_id, case) for case in cases]

    expected = [_expected(case) for case in cases]
    assert [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]] == []
    counted = sum(case.get("quantity", 0) for case in cases)
    assert (await warehouse.get(task_id))["picked"] == counted
    # What was refused is recorded, as it was sent.
    _, page = await call("GET", f"/api/tasks/{task_id}/scans?limit=500", role=Role.SUPERVISOR)
    assert {scan["code"] for scan in page["items"]} == {case["code"].strip(" \t\r\n\u00a0") for case in cases}


async def _scanned(warehouse: Warehouse, task_id: int, case: dict[str, Any]) -> dict[str, Any]:
    status, body = await warehouse.scan(task_id, case["code"])
    _, page = await warehouse.call("GET", f"/api/tasks/{task_id}/scans?limit=1", role=Role.SUPERVISOR)
    kept = {name: page["items"][0][name] for name in _KEPT if page["items"][0][name] is not None}
    if status == 200:
        return {"name": case["name"], "sku": body["sku"], "quantity": body["quantity"], "kept": kept}
    return {"name": case["name"], "outcome": body["error"]["code"]}


def _expected(case: dict[str, Any]) -> dict[str, Any]:
    if "outcome" in case:
        return {"name": case["name"], "outcome": case["outcome"]}
    return {name: case[name] for name in ("name", "sku", "quantity")} | {"kept": case.get("kept", {})}


@pytest.mark.parametrize("story", RULES["stories"], ids=[story["name"] for story in RULES["stories"]])
async def test_every_story_of_the_table(warehouse: Warehouse, call: Caller, story: dict[str, Any]) -> None:
    requisitions = [await warehouse.requisition(**{sku: pieces}) for sku, pieces, *_ in story["lines"]]
    totes = {id_: line[2] for id_, line in zip(requisitions, story["lines"], strict=True) if len(line) > 2}
    for article in RULES["articles"]:
        await call("PUT", f"/api/articles/{article['sku']}", {})
        for barcode in article["barcodes"]:
            await call("POST", f"/api/articles/{article['sku']}/barcodes", barcode)
    status, made = await call(
        "POST", "/api/tasks", {"requisition_ids": requisitions, "together": True, "totes": totes}
    )
    assert status == 201, made
    task_id = made[0]["task_id"]
    _, task = await call("POST", f"/api/tasks/{task_id}/assign", {"workers": ["ana"]})
    lines = {place: line["line_id"] for place, line in enumerate(task["lines"], 1)}
    ids: dict[str, str] = defaultdict(lambda: str(uuid4()))

    for step in story["steps"]:
        operation = _operation(step, ids, task_id, lines)
        _, body = await call("POST", "/api/scans", {"operations": [operation]}, user="ana")
        assert step | _told(body["results"][0], lines, step) == step


def _operation(step: dict[str, Any], ids: dict[str, str], task_id: int, lines: dict[int, int]) -> Any:
    same: dict[str, Any] = {"operation_id": ids[step["id"]]}
    if "undo" in step:
        return same | {"kind": "undo", "undoes": ids[step["undo"]]}
    if "line" in step:
        same["line_id"] = lines.get(step["line"], 10**9)
    if "short" in step:
        more = {"kind": "shortage", "quantity": step["short"], "reason": "not_found"}
    else:
        more = {"kind": "scan", "code": step["scan"], "pieces": step.get("pieces"), "tote": step.get("tote")}
    return same | more | {"task_id": task_id}


def _told(answer: dict[str, Any], lines: dict[int, int], step: dict[str, Any]) -> dict[str, Any]:
    """Return what the answer has of that which a step says of it."""
    if answer["error"]:
        return {"outcome": answer["error"]["code"]}
    told = answer["result"] | {"short_now": answer["result"].get("short")}
    told["of_line"] = next(place for place, line_id in lines.items() if line_id == told["line_id"])
    expected = ("outcome", "of_line", "quantity", "picked", "short_now", "task_status", "remaining_lines")
    return {name: told[name] for name in expected if name in step}


class TestPiecesShown:
    """A client says what it showed; where the code stands for another number here, nothing counts."""

    async def test_same_number_counts(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=100)
        await call("POST", "/api/articles/A/barcodes", {"code": "BOX", "pieces": 6})
        status, body = await warehouse.scan(task_id, "BOX", 2, pieces=12)
        assert (status, body["quantity"], body["picked"]) == (200, 12, 12)

    async def test_another_number_is_a_conflict_for_ever(self, warehouse: Warehouse, call: Caller) -> None:
        task_id = await warehouse.task("ana", A=100)
        await call("POST", "/api/articles/A/barcodes", {"code": "BOX", "pieces": 12})
        operation_id = str(uuid4())
        first = await warehouse.scan(task_id, "BOX", pieces=6, operation_id=operation_id)
        status, body = first
        assert (status, body["error"]["code"]) == (409, "quantity_conflict")
        details = body["error"]["details"]
        assert (details["sku"], details["quantity"], details["pieces"]) == ("A", 12, 6)
        assert (await warehouse.get(task_id))["picked"] == 0
        # Recorded: it stays refused when the pack has become what was shown, and is another scan without it.
        await call("PUT", "/api/articles/A/barcodes/BOX", {"pieces": 6})
        assert await warehouse.scan(task_id, "BOX", pieces=6, operation_id=operation_id) == first
        status, body = await warehouse.scan(task_id, "BOX", operation_id=operation_id)
        assert (status, body["error"]["code"]) == (409, "operation_id_reused")
        assert (await warehouse.scan(task_id, "BOX", pieces=6))[1]["picked"] == 6
