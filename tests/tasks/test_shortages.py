"""The shortages of all tasks, as a list and as files."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from openpyxl import load_workbook

from magacin.contracts.identity import Role
from magacin.tasks.dependencies import TaskState
from tests.support import Caller
from tests.tasks.conftest import Warehouse

pytestmark = pytest.mark.served_once

PATH = "/api/shortages"


class Shelf:
    """Reports what is not there, and looks at what was reported."""

    def __init__(self, warehouse: Warehouse, call: Caller) -> None:
        self.warehouse, self._call = warehouse, call

    async def short(
        self, sku: str, quantity: int = 1, worker: str = "ana", reason: str = "damaged", **more: Any
    ) -> dict[str, Any]:
        """Make a task of ten pieces and report some of them short; return the task."""
        task_id = await self.warehouse.task(worker, **{sku: 10})
        task = await self.warehouse.get(task_id)
        body = {"line_id": task["lines"][0]["line_id"], "quantity": quantity, "reason": reason, **more}
        body = {"operation_id": str(uuid4())} | body
        status, answer = await self._call("POST", f"/api/tasks/{task_id}/shortages", body, user=worker)
        assert status == 201, answer
        return {**task, "operation_id": body["operation_id"]}

    async def listed(self, query: str = "") -> Any:
        status, found = await self._call("GET", f"{PATH}{query}", role=Role.SUPERVISOR)
        assert status == 200, found
        return found

    async def skus(self, query: str = "") -> list[str]:
        return [one["sku"] for one in (await self.listed(query))["items"]]


@pytest.fixture
def shelf(warehouse: Warehouse, call: Caller) -> Shelf:
    return Shelf(warehouse, call)


async def test_says_what_was_short_where_and_for_whom(
    warehouse: Warehouse, shelf: Shelf, call: Caller
) -> None:
    await call("PUT", "/api/locations/A-1", {"zone": "Z", "sequence": 1}, role=Role.SUPERVISOR)
    await call("PUT", "/api/articles/A", {"description": "Water"}, role=Role.SUPERVISOR)
    await call("PUT", "/api/articles/A/locations", {"locations": ["A-1"]}, role=Role.SUPERVISOR)
    task = await shelf.short("A", 4, reason="not_found", note="empty shelf")
    (one,) = (await shelf.listed())["items"]
    made_at = datetime.fromisoformat(one.pop("made_at"))
    assert abs(datetime.now(UTC) - made_at) < timedelta(minutes=10)
    assert one == {
        "operation_id": task["operation_id"],
        "worker": "ana",
        "sku": "A",
        "description": "Water",
        "location": "A-1",
        "quantity": 4,
        "reason": "not_found",
        "note": "empty shelf",
        "task_id": task["task_id"],
        "task_status": "in_progress",
        "line_id": task["lines"][0]["line_id"],
        "number": task["number"],
        "still_short": 4,
    }


async def test_by_article_worker_and_reason_page_by_page(shelf: Shelf) -> None:
    for sku, worker, reason in (
        ("A", "ana", "damaged"), ("B", "ivo", "damaged"), ("A", "ivo", "not_found"), ("C", "ana", "damaged"),
    ):  # fmt: skip
        await shelf.short(sku, 1, worker, reason)
    assert await shelf.skus() == ["C", "A", "B", "A"]
    assert await shelf.skus("?sku=A") == ["A", "A"]
    assert await shelf.skus("?worker=ivo") == ["A", "B"]
    assert await shelf.skus("?reason=damaged") == ["C", "B", "A"]
    assert await shelf.skus("?sku=A&worker=ivo&reason=not_found") == ["A"]
    assert await shelf.skus("?sku=no-such") == []
    first = await shelf.listed("?limit=3")
    rest = await shelf.listed(f"?limit=3&before={first['next_before']}")
    assert [one["sku"] for one in (*first["items"], *rest["items"])] == ["C", "A", "B", "A"]
    assert rest["next_before"] is None


async def test_stands_on_the_day_on_which_it_was_made(shelf: Shelf) -> None:
    """In the time zone of the site, which is not UTC here; also what arrives later."""
    zone = ZoneInfo((await shelf.listed())["time_zone"])
    assert zone.key != "UTC"
    made = datetime.now(zone).replace(hour=23, minute=59, second=59) - timedelta(days=3)
    await shelf.short("LATE", picked_at=made.isoformat())
    await shelf.short("NOW")
    day, today = made.date(), datetime.now(zone).date()

    async def of(first: object, last: object) -> list[str]:
        return await shelf.skus(f"?first_day={first}&last_day={last}")

    assert await of(day, day) == ["LATE"]
    assert await of(day + timedelta(days=1), today + timedelta(days=1)) == ["NOW"]
    assert await of(day - timedelta(days=1), day - timedelta(days=1)) == []
    assert await shelf.skus() == ["NOW", "LATE"]


async def test_what_was_refused_taken_back_or_replanned(
    warehouse: Warehouse, shelf: Shelf, call: Caller
) -> None:
    undone, planned = await shelf.short("UNDONE", 2), await shelf.short("PLANNED", 3)
    line = planned["lines"][0]["line_id"]
    too_many = {"line_id": line, "quantity": 99, "reason": "damaged", "operation_id": str(uuid4())}
    assert (await call("POST", f"/api/tasks/{planned['task_id']}/shortages", too_many))[0] == 409
    undo = {"undoes": undone["operation_id"], "operation_id": str(uuid4())}
    assert (await call("POST", "/api/undo", undo))[0] == 200
    plan = {"lines": [{"line_id": line, "quantity": 2}], "operation_id": str(uuid4())}
    path = f"/api/tasks/{planned['task_id']}/replan"
    assert (await call("POST", path, plan, role=Role.SUPERVISOR))[0] == 200
    (one,) = (await shelf.listed())["items"]
    assert (one["sku"], one["quantity"], one["still_short"]) == ("PLANNED", 3, 1)


async def test_the_article_that_is_short_again_and_again_is_seen(shelf: Shelf) -> None:
    for sku, times in (("ONCE", 1), ("OFTEN", 3)):
        for _ in range(times):
            await shelf.short(sku, 2)
    expected = [
        {"sku": "OFTEN", "description": "", "shortages": 3, "pieces": 6},
        {"sku": "ONCE", "description": "", "shortages": 1, "pieces": 2},
    ]
    # As soon as the sums of reports have followed.
    async with asyncio.timeout(120):
        while (await shelf.listed())["often"] != expected:
            pass
    assert (await shelf.listed("?first_day=2020-01-01&last_day=2020-12-31"))["often"] == []


async def test_what_has_not_changed_is_not_sent_again(shelf: Shelf, call: Caller) -> None:
    await shelf.short("A")
    async with asyncio.timeout(120):
        while not (await shelf.listed())["often"]:
            pass
    _, tag, _ = await call.if_changed(PATH, role=Role.SUPERVISOR)
    assert (await call.if_changed(PATH, tag, role=Role.SUPERVISOR))[0] == 304
    await shelf.short("A")
    assert (await call.if_changed(PATH, tag, role=Role.SUPERVISOR))[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        "first_day=2027-01-01",
        "first_day=2027-01-02&last_day=2027-01-01",
        "reason=lazy",
        "before=x",
        "before=1.2",
        "limit=0",
    ],
)
async def test_nonsense_is_refused(call: Caller, query: str) -> None:
    assert (await call("GET", f"{PATH}?{query}", role=Role.SUPERVISOR))[0] == 422


class TestFiles:
    async def _get(self, service: tuple[str, TaskState], call: Caller, path: str) -> bytes:
        async with (
            aiohttp.ClientSession() as session,
            session.get(service[0] + path, headers=call.headers("vera", Role.SUPERVISOR)) as response,
        ):
            assert response.status == 200
            assert "attachment" in response.headers["Content-Disposition"]
            return await response.read()

    async def test_are_all_of_what_is_meant_and_run_nothing(
        self, service: tuple[str, TaskState], shelf: Shelf, call: Caller
    ) -> None:
        await shelf.short("A", 3, note="=HYPERLINK(A1)")
        await shelf.short("B", 1, "ivo", note="-2+3")
        found = await self._get(service, call, f"{PATH}/shortages.csv")
        rows = [*csv.DictReader(io.StringIO(found.decode("utf-8-sig")))]
        told = [(row["sku"], row["quantity"], row["worker"], row["note"]) for row in rows]
        assert told == [("B", "1", "ivo", "'-2+3"), ("A", "3", "ana", "'=HYPERLINK(A1)")]
        found = await self._get(service, call, f"{PATH}/shortages.xlsx?worker=ana")
        (sheet,) = load_workbook(io.BytesIO(found)).worksheets
        names, only = sheet.iter_rows(values_only=True)
        row = dict(zip(names, only, strict=True))
        assert (row["sku"], row["quantity"], row["note"]) == ("A", 3, "'=HYPERLINK(A1)")

    async def test_of_refusals_have_every_page(
        self,
        service: tuple[str, TaskState],
        warehouse: Warehouse,
        call: Caller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("magacin.tasks.refusals.service._ROWS_AT_ONCE", 2)
        task_id = await warehouse.task("ana", A=1)
        for number in range(5):
            assert (await warehouse.scan(task_id, f"+{number}"))[0] == 409
        await warehouse.scan(task_id, "other", user="ivo")
        found = await self._get(service, call, "/api/refusals/refusals.csv?worker=ana")
        rows = [*csv.DictReader(io.StringIO(found.decode("utf-8-sig")))]
        assert [row["code"] for row in rows] == [f"'+{number}" for number in (4, 3, 2, 1, 0)]
        assert {row["reason"] for row in rows} == {"unknown_code"}
