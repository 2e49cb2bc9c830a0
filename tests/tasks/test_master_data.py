"""Articles and locations as files."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.support import Caller, audited, last_audited

pytestmark = pytest.mark.served_once

CHANGES = ("articles_created", "articles_described", "barcodes_added", "barcodes_changed")


async def download(call: Caller, path: str, role: Role = Role.SUPERVISOR) -> bytes:
    async with call._session.get(call.url + path, headers=call.headers(role=role)) as response:
        assert response.status == 200, await response.text()
        assert "attachment" in response.headers["Content-Disposition"]
        return await response.read()


async def rows_of(call: Caller, name: str) -> list[dict[str, Any]]:
    content = await download(call, f"/api/master-data/{name}.csv")
    return [*csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


async def do(call: Caller, method: str, path: str, body: Any = None) -> Any:
    status, answer = await call(method, path, body, role=Role.SUPERVISOR)
    assert status in (200, 201), answer
    return answer


async def test_each_barcode_of_an_article_has_a_row(call: Caller) -> None:
    await do(call, "PUT", "/api/articles/A-1", {"description": "Voda 1,5 l"})
    await do(call, "POST", "/api/articles/A-1/barcodes", {"code": "4006381333931"})
    await do(call, "POST", "/api/articles/A-1/barcodes", {"code": "CASE", "pieces": 6, "level": "case"})
    await do(call, "PUT", "/api/articles/B-2", {"description": ""})
    assert [[*row.values()] for row in await rows_of(call, "articles")] == [
        ["A-1", "Voda 1,5 l", "04006381333931", "1", "each"],
        ["A-1", "Voda 1,5 l", "CASE", "6", "case"],
        ["B-2", "", "", "", ""],
    ]
    sheet = load_workbook(io.BytesIO(await download(call, "/api/master-data/articles.xlsx"))).active
    assert sheet is not None
    assert [row[:4] for row in sheet.iter_rows(values_only=True)][:2] == [
        ("sku", "description", "barcode", "pieces"),
        ("A-1", "Voda 1,5 l", "04006381333931", 1),
    ]


async def test_all_pages_of_them_come(call: Caller) -> None:
    for number in range(0, 1_000, 100):
        lines = [{"sku": f"S-{number + n:04}", "quantity": 1} for n in range(100)]
        await do(call, "POST", "/api/requisitions", {"number": f"R-{number}", "lines": lines})
    found = await rows_of(call, "articles")
    assert sorted(row["sku"] for row in found) == [f"S-{n:04}" for n in range(1_000)]


async def test_no_cell_is_a_formula(call: Caller) -> None:
    await do(call, "PUT", "/api/articles/-1", {"description": "=HYPERLINK(1)"})
    await do(call, "PUT", "/api/locations/@1", {"zone": "+1", "aisle": "-2", "sequence": 3})
    (article,) = await rows_of(call, "articles")
    (location,) = await rows_of(call, "locations")
    assert (article["sku"], article["description"]) == ("'-1", "'=HYPERLINK(1)")
    assert [*location.values()] == ["'@1", "'+1", "'-2", "3"]
    sheet = load_workbook(io.BytesIO(await download(call, "/api/master-data/locations.xlsx"))).active
    assert sheet is not None
    assert [*sheet.iter_rows(values_only=True)][1] == ("'@1", "'+1", "'-2", 3)


@pytest.mark.parametrize("path", ["articles.csv", "articles.xlsx", "locations.csv", "locations.xlsx"])
async def test_it_is_for_supervisors(call: Caller, path: str) -> None:
    # The services believe the gateway, which refuses workers by what the endpoint declares.
    from magacin.contracts import api

    (endpoint,) = [one for one in api.TASKS if one.path == f"/api/master-data/{path}"]
    assert endpoint.role is Role.SUPERVISOR


async def test_locations_are_found_by_code_zone_and_aisle(call: Caller) -> None:
    await do(call, "PUT", "/api/locations/A-01", {"zone": "Hladnjača", "aisle": "7", "sequence": 1})
    await do(call, "PUT", "/api/locations/B_01", {"zone": "Suvo", "aisle": "8%", "sequence": 2})
    for query, expected in [("a-0", ["A-01"]), ("HLAD", ["A-01"]), ("8%25", ["B_01"]), ("_", ["B_01"])]:
        _, page = await call("GET", f"/api/locations?query={query}")
        assert [one["code"] for one in page["items"]] == expected
    assert (await call("GET", "/api/locations?query=%00"))[0] == 422


PATH = "/api/master-data/articles"


class TestImport:
    """Rows of articles: all of them, or none."""

    async def test_what_is_saved_comes_back_as_it_was(self, call: Caller) -> None:
        await do(call, "PUT", "/api/articles/-1", {"description": "=1+1"})
        await do(call, "POST", "/api/articles/-1/barcodes", {"code": "@C", "pieces": 6, "level": "inner"})
        await do(call, "PUT", "/api/articles/B", {"description": ""})
        before = await rows_of(call, "articles")
        rows = [{"row": number, **row} for number, row in enumerate(before, start=2)]
        status, outcome = await call("POST", PATH, {"rows": rows}, role=Role.SUPERVISOR)
        assert (status, outcome["rows"]) == (200, 2)
        assert [outcome[name] for name in CHANGES] == [0, 0, 0, 0]
        assert await rows_of(call, "articles") == before

    async def test_articles_and_barcodes_are_made_and_changed(self, call: Caller) -> None:
        await do(call, "PUT", "/api/articles/A", {"description": "Old"})
        await do(call, "POST", "/api/articles/A/barcodes", {"code": "C6", "pieces": 6, "level": "case"})
        rows = [
            {"row": 2, "sku": "A", "description": "New", "barcode": "C6", "pieces": "12", "level": "Case"},
            {"row": 3, "sku": " B ", "description": "Second", "barcode": "4006381333931"},
            {"row": 4, "sku": "B", "barcode": "BOX", "pieces": "4"},
        ]
        for preview in (True, False):
            path = f"{PATH}?preview={str(preview).lower()}"
            status, outcome = await call("POST", path, {"rows": rows}, role=Role.SUPERVISOR)
            assert status == 200, outcome
            assert [outcome[name] for name in CHANGES] == [1, 1, 2, 1]
            assert len(await rows_of(call, "articles")) == (1 if preview else 3)
        _, a = await call("GET", "/api/articles/A")
        assert (a["description"], a["packs"]) == ("New", [{"code": "C6", "pieces": 12, "level": "case"}])
        _, b = await call("GET", "/api/articles/B")
        assert b["barcodes"] == ["04006381333931", "BOX"]
        assert b["packs"] == [{"code": "BOX", "pieces": 4, "level": "case"}]
        # An empty cell leaves what is there.
        rows = [{"row": 2, "sku": "A", "barcode": "C6"}]
        _, outcome = await call("POST", PATH, {"rows": rows}, role=Role.SUPERVISOR)
        assert [outcome[name] for name in CHANGES] == [0, 0, 0, 0]

    @pytest.mark.parametrize(
        ("row", "column", "says"),
        [
            ({"sku": ""}, "sku", "at least 1"),
            ({"sku": "x" * 65}, "sku", "at most 64"),
            ({"sku": "N", "description": "x" * 201}, "description", "at most 200"),
            ({"sku": "N", "barcode": "N1", "pieces": "1,5"}, "pieces", "integer"),
            ({"sku": "N", "barcode": "N1", "pieces": "0"}, "pieces", "greater"),
            ({"sku": "N", "barcode": "N1", "level": "lorry"}, "level", "each"),
            ({"sku": "N", "barcode": "N1", "level": "each", "pieces": "2"}, "level", "single piece"),
            ({"sku": "N", "pieces": "6"}, "barcode", "no barcode"),
            ({"sku": "N", "barcode": "TAKEN"}, "barcode", "means article A already"),
            ({"sku": "N", "barcode": "A"}, "barcode", "the SKU of article A"),
            ({"sku": "TAKEN"}, "sku", "barcode of article A"),
            ({"sku": "A", "barcode": "A", "pieces": "6"}, "barcode", "SKU of the article itself"),
            ({"sku": "GOOD", "description": "Otherwise"}, "description", "otherwise"),
            ({"sku": "A", "barcode": "NEW"}, "barcode", "another meaning"),
        ],
    )
    async def test_one_bad_row_keeps_all_out(
        self, call: Caller, row: dict[str, str], column: str, says: str
    ) -> None:
        await do(call, "PUT", "/api/articles/A", {"description": "There"})
        await do(call, "POST", "/api/articles/A/barcodes", {"code": "TAKEN"})
        before = await rows_of(call, "articles")
        good = {"row": 2, "sku": "GOOD", "description": "Good", "barcode": "NEW", "pieces": "6"}
        rows = [good, {"row": 3, **row}]
        status, outcome = await call("POST", f"{PATH}?preview=true", {"rows": rows}, role=Role.SUPERVISOR)
        assert (status, outcome["rows_rejected"]) == (200, 1)
        (reject,) = outcome["rejects"]
        assert (reject["row"], reject["column"]) == (3, column)
        assert says in reject["message"]
        status, body = await call("POST", PATH, {"rows": rows}, role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (409, "rows_refused")
        assert body["error"]["details"]["rejects"] == [reject]
        assert await rows_of(call, "articles") == before

    @pytest.mark.parametrize("rows", [[], [{"row": 0, "sku": "A"}], [{"row": 1}], [{"row": 1, "sku": 7}]])
    async def test_what_is_no_list_of_rows_is_refused(self, call: Caller, rows: list[Any]) -> None:
        status, body = await call("POST", PATH, {"rows": rows}, role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (422, "invalid_input")

    async def test_two_at_once_agree(self, call: Caller) -> None:
        def rows(sku: str) -> list[dict[str, Any]]:
            return [{"row": n, "sku": f"{sku}-{n}", "barcode": f"CODE-{n}"} for n in range(1, 300)]

        answers = await asyncio.gather(
            *(call("POST", PATH, {"rows": rows(sku)}, role=Role.SUPERVISOR) for sku in ("A", "B"))
        )
        assert sorted(status for status, _ in answers) == [200, 409]
        assert len(await rows_of(call, "articles")) == 299

    async def test_each_change_is_in_the_audit_log(self, call: Caller, empty: Database) -> None:
        since = await last_audited(empty)
        rows = [{"row": 2, "sku": "AUD", "description": "New", "barcode": "AUD-6", "pieces": "6"}]
        await do(call, "POST", PATH, {"rows": rows})
        saved, added = await audited(empty, since)
        assert (saved["action"], saved["after"]) == ("article.saved", {"description": "New"})
        assert added["after"] == {"code": "AUD-6", "pieces": 6, "level": "case"}
