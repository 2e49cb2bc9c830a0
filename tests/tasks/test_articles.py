"""Articles and barcodes over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from yarl import URL

from tests.support import Caller


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
