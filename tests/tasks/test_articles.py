"""Articles and barcodes over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.tasks.models import barcodes
from tests.support import Caller

pytestmark = pytest.mark.served_once


async def _put(call: Caller, sku: str, description: str = "") -> None:
    status, body = await call("PUT", f"/api/articles/{sku}", {"description": description})
    assert status == 200, body


async def test_finds_by_part_of_sku_or_description(call: Caller) -> None:
    await _put(call, "85123A", "WHITE HANGING HEART")
    await _put(call, "71053", "WHITE METAL LANTERN 100%")
    for query, expected in [
        ("heart", ["85123A"]),
        ("7105", ["71053"]),
        ("white", ["85123A", "71053"]),
        ("0%", ["71053"]),
    ]:
        _, page = await call("GET", f"/api/articles?query={quote(query)}")
        assert [item["sku"] for item in page["items"]] == expected


@pytest.mark.parametrize("sku", ["BANK CHARGES", "A/B", "100%", "šifra", "a?b"])
async def test_any_sku_can_be_addressed(call: Caller, sku: str) -> None:
    path = f"/api/articles/{quote(sku, safe='')}"
    status, body = await call("GET", path)
    assert (status, body["error"]["code"]) == (404, "article_not_found")
    for method, suffix, payload in [("PUT", "", {"description": "x"}), ("POST", "/barcodes", {"code": "77"})]:
        async with call._session.request(
            method, URL(call.url + path + suffix, encoded=True), json=payload, headers=call.headers()
        ) as response:
            assert response.status in (200, 201)
            assert (await response.json())["sku"] == sku


async def test_names_that_look_alike_are_one(call: Caller) -> None:
    composed, apart = "\u0160IFRA", "S\u030cIFRA"
    for sku in (composed, apart):
        await _put(call, quote(sku), sku)
        assert (await call("GET", f"/api/articles/{quote(sku)}"))[1]["description"] == sku
    _, page = await call("GET", "/api/articles")
    assert [item["sku"] for item in page["items"]] == [composed]
    assert (await call("POST", f"/api/articles/{quote(apart)}/barcodes", {"code": "e\u0301"}))[0] == 201
    assert (await call("DELETE", f"/api/articles/{quote(composed)}/barcodes/{quote('é')}"))[0] == 204


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\u202e", "\ufeff"])
async def test_nothing_is_kept_in_a_name_that_nobody_sees(call: Caller, unseen: str) -> None:
    await _put(call, "AB")
    sku = f"A{unseen}B"
    said = f"has characters that nobody sees (U+{ord(unseen):04X}): leave them out"
    line = {"sku": sku, "quantity": 1}
    for method, path, body in (
        ("PUT", f"/api/articles/{quote(sku)}", {}),
        ("POST", "/api/articles/AB/barcodes", {"code": sku}),
        ("POST", "/api/requisitions", {"number": "R-1", "lines": [line]}),
        ("POST", "/api/requisitions", {"number": sku, "lines": [line | {"sku": "AB"}]}),
    ):
        status, answer = await call(method, path, body, role=Role.SUPERVISOR)
        assert status == 422
        assert said in answer["error"]["message"]


async def test_barcode_belongs_to_one_article(call: Caller) -> None:
    await _put(call, "A")
    await _put(call, "B")
    assert (await call("POST", "/api/articles/A/barcodes", {"code": "4006381333931"}))[0] == 201
    assert (await call("POST", "/api/articles/A/barcodes", {"code": "04006381333931"}))[0] == 201
    status, body = await call("POST", "/api/articles/B/barcodes", {"code": "4006381333931"})
    assert (status, body["error"]["code"], body["error"]["details"]["sku"]) == (409, "barcode_taken", "A")
    assert (await call("DELETE", "/api/articles/A/barcodes/4006381333931"))[0] == 204
    assert (await call("DELETE", "/api/articles/A/barcodes/4006381333931"))[0] == 404
    assert (await call("POST", "/api/articles/B/barcodes", {"code": "4006381333931"}))[0] == 201


async def test_barcode_that_was_kept_in_groups_can_be_removed(call: Caller, empty: Database) -> None:
    await _put(call, "A")
    async with empty.begin() as connection:
        await connection.execute(barcodes.insert().values(code="978-3-16-148410-0", article_id=1))
    assert (await call("DELETE", "/api/articles/A/barcodes/978-3-16-148410-0"))[0] == 204
    assert (await call("GET", "/api/articles/A"))[1]["barcodes"] == []


@pytest.mark.parametrize("code", ["%00", "A%00B", "%0A", "x" * 49])
async def test_barcode_that_cannot_be_is_refused(call: Caller, code: str) -> None:
    await _put(call, "A")
    url = URL(f"{call.url}/api/articles/A/barcodes/{code}", encoded=True)
    async with call._session.delete(url, headers=call.headers()) as response:
        assert response.status == 422


async def test_barcode_that_is_the_sku_of_another_article_in_any_form(call: Caller) -> None:
    await _put(call, "4006381333931")
    await _put(call, "B")
    for code in ("4006381333931", "04006381333931", "004006381333931"):
        status, body = await call("POST", "/api/articles/B/barcodes", {"code": code})
        assert (status, body["error"]["details"]["sku"]) == (409, "4006381333931"), code
    assert (await call("POST", "/api/articles/4006381333931/barcodes", {"code": "4006381333931"}))[0] == 201
    await _put(call, "4006381333931", "described")


async def test_sku_that_is_a_barcode_of_another_article(call: Caller) -> None:
    await _put(call, "A")
    await call("POST", "/api/articles/A/barcodes", {"code": "4006381333931"})
    status, body = await call("PUT", "/api/articles/4006381333931", {"description": "x"})
    assert (status, body["error"]["code"], body["error"]["details"]["sku"]) == (409, "barcode_taken", "A")
    assert (await call("GET", "/api/articles/4006381333931"))[0] == 404


class TestPacks:
    """Barcodes that stand for more than one piece."""

    async def test_are_shown_with_their_pieces(self, call: Caller) -> None:
        await _put(call, "A/1")
        path = "/api/articles/A/1/barcodes"
        await call("POST", path, {"code": "4006381333931"})
        await call("POST", path, {"code": "14006381333938", "pieces": 6, "level": "inner"})
        contains = {"code": "14006381333938", "count": 4}
        await call("POST", path, {"code": "24006381333935", "contains": contains})
        status, article = await call(
            "POST",
            path,
            {"code": "PALLET", "contains": {"code": "24006381333935", "count": 10}, "level": "pallet"},
        )
        assert status == 201
        assert article["barcodes"] == ["04006381333931", "14006381333938", "24006381333935", "PALLET"]
        assert [(pack["code"], pack["pieces"], pack["level"]) for pack in article["packs"]] == [
            ("14006381333938", 6, "inner"),
            ("24006381333935", 24, "case"),
            ("PALLET", 240, "pallet"),
        ]

    async def test_other_pieces_are_a_conflict_until_a_supervisor_sets_them(self, call: Caller) -> None:
        await _put(call, "A")
        pack = {"code": "BOX", "pieces": 6}
        for again in (pack, pack, {"code": "BOX"}):
            assert (await call("POST", "/api/articles/A/barcodes", again))[0] == 201
        status, body = await call("POST", "/api/articles/A/barcodes", pack | {"pieces": 12})
        assert (status, body["error"]["code"], body["error"]["details"]["pieces"]) == (409, "pack_differs", 6)
        status, article = await call("PUT", "/api/articles/A/barcodes/BOX", {"pieces": 12})
        assert (status, article["packs"]) == (200, [{"code": "BOX", "pieces": 12, "level": "case"}])
        status, article = await call("PUT", "/api/articles/A/barcodes/BOX", {})
        assert (status, article["packs"], article["barcodes"]) == (200, [], ["BOX"])
        status, body = await call("PUT", "/api/articles/A/barcodes/A", {"pieces": 12})
        assert (status, body["error"]["code"]) == (422, "pack_impossible")
        status, body = await call("PUT", "/api/articles/A/barcodes/OTHER", {"pieces": 12})
        assert (status, body["error"]["code"]) == (404, "barcode_not_found")

    @pytest.mark.parametrize(
        ("barcode", "code", "names"),
        [
            ({"code": "BOX", "pieces": 0}, "invalid_input", "pieces"),
            ({"code": "BOX", "pieces": 1.5}, "invalid_input", "pieces"),
            ({"code": "BOX", "pieces": 2, "level": "each"}, "invalid_input", "each"),
            ({"code": "BOX", "level": "crate"}, "invalid_input", "level"),
            (
                {"code": "BOX", "pieces": 2, "contains": {"code": "CASE", "count": 2}},
                "invalid_input",
                "exclude",
            ),
            ({"code": "BOX", "contains": {"code": "BOX", "count": 2}}, "pack_impossible", "contains itself"),
            (
                {"code": "4006381333931", "contains": {"code": "04006381333931", "count": 2}},
                "pack_impossible",
                "itself",
            ),
            ({"code": "BOX", "contains": {"code": "NONE", "count": 2}}, "pack_impossible", "NONE"),
            ({"code": "BOX", "contains": {"code": "OF-B", "count": 2}}, "pack_impossible", "OF-B"),
            (
                {"code": "BOX", "level": "inner", "contains": {"code": "CASE", "count": 2}},
                "pack_impossible",
                "CASE",
            ),
            ({"code": "BOX", "contains": {"code": "CASE", "count": 2}}, "pack_impossible", "level case"),
            (
                {"code": "BOX", "level": "pallet", "contains": {"code": "CASE", "count": 10**6}},
                "pack_impossible",
                "12000000",
            ),
            ({"code": "OF-B", "pieces": 3}, "barcode_taken", "B"),
            ({"code": "A", "pieces": 3}, "pack_impossible", "SKU of the article itself"),
            ({"code": "MGB1" + "ABCDEFGHIJKLMNOPQRSTUVWX"}, "invalid_input", "badge"),
            ({"code": "]C0mgb1" + "abcdefghijkl"}, "invalid_input", "badge"),
        ],
    )
    async def test_what_cannot_be_is_refused_and_named(
        self, call: Caller, barcode: dict[str, Any], code: str, names: str
    ) -> None:
        await _put(call, "A")
        await _put(call, "B")
        await call("POST", "/api/articles/A/barcodes", {"code": "CASE", "pieces": 12})
        await call("POST", "/api/articles/B/barcodes", {"code": "OF-B"})
        status, body = await call("POST", "/api/articles/A/barcodes", barcode)
        assert (status, body["error"]["code"]) == (409 if code == "barcode_taken" else 422, code)
        assert names in str(body["error"])
        assert (await call("GET", "/api/articles/A"))[1]["barcodes"] == ["CASE"]


@pytest.mark.parametrize(
    "line", [{"sku": "MGB1ABCDEFGHIJKLMNOPQRSTUVWX27"}, {"sku": "A", "barcode": "]C0mgb1abcdefghijkl"}]
)
async def test_a_badge_is_kept_nowhere(call: Caller, line: dict[str, Any]) -> None:
    order = {"number": "R1", "lines": [line | {"quantity": 1}]}
    for method, path, body in (
        ("POST", "/api/requisitions", order),
        ("PUT", "/api/articles/]C0MGB1ABCDEFGHIJKLMNOPQRSTUVWX27", {}),
    ):
        status, answer = await call(method, path, body)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")
        assert "badge" in answer["error"]["message"]
        assert "MGB1" not in str(answer).upper()
    assert (await call("GET", "/api/articles"))[1]["items"] == []
