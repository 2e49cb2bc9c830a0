"""The table of what scans come to, by scans: tests/fixtures/scan-rules.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from magacin.contracts.identity import Role
from magacin.tasks.settings import TaskSettings
from tests.support import Caller
from tests.tasks.conftest import Warehouse

RULES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "scan-rules.json").read_text("utf-8")
)
_KEPT = ("lot", "expiry", "best_before", "serial", "weight", "price")


@pytest.fixture
def settings(settings: TaskSettings) -> TaskSettings:
    return settings.model_copy(update=RULES["settings"])


async def test_every_case_of_the_table(warehouse: Warehouse, call: Caller) -> None:
    task_id = await warehouse.task("ana", **{article["sku"]: 1_000 for article in RULES["articles"]})
    for article in RULES["articles"]:
        for barcode in article["barcodes"]:
            status, body = await call("POST", f"/api/articles/{article['sku']}/barcodes", barcode)
            assert status == 201, body

    found = [await _scanned(warehouse, task_id, case) for case in RULES["cases"]]

    expected = [_expected(case) for case in RULES["cases"]]
    assert [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]] == []
    counted = sum(case.get("quantity", 0) for case in RULES["cases"])
    assert (await warehouse.get(task_id))["picked"] == counted
    # What was refused is recorded, as it was sent.
    _, page = await call("GET", f"/api/tasks/{task_id}/scans?limit=500", role=Role.SUPERVISOR)
    assert {scan["code"] for scan in page["items"]} == {
        case["code"].strip(" \t\r\n") for case in RULES["cases"]
    }


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
