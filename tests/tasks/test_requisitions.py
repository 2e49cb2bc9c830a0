"""Requisitions by hand and from imports."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.support import Caller

pytestmark = pytest.mark.served_once


def _batch(*numbers: str, job_id: int = 1, **more: Any) -> dict[str, Any]:
    lines = [{"sku": "A", "quantity": 2, "description": "LANTERN"}, {"sku": "B", "quantity": 1}]
    return {"job_id": job_id, "requisitions": [{"number": n, "lines": lines} for n in numbers], **more}


async def _outcomes(call: Caller, batch: dict[str, Any]) -> list[str]:
    status, body = await call("POST", "/internal/requisitions", batch)
    assert status == 200, body
    return [result["outcome"] for result in body["results"]]


class TestBatch:
    async def test_creates_requisitions_lines_and_articles(self, call: Caller) -> None:
        assert await _outcomes(call, _batch("R1", "R2")) == ["created", "created"]

        _, page = await call("GET", "/api/requisitions")
        assert [(r["number"], r["line_count"], r["task_id"]) for r in page["items"]] == [
            ("R1", 2, None),
            ("R2", 2, None),
        ]
        _, requisition = await call("GET", f"/api/requisitions/{page['items'][0]['requisition_id']}")
        assert [(line["sku"], line["required"], line["remaining"]) for line in requisition["lines"]] == [
            ("A", 2, 2),
            ("B", 1, 1),
        ]
        _, article = await call("GET", "/api/articles/A")
        assert article == {"sku": "A", "description": "LANTERN", "barcodes": [], "packs": []}

    async def test_same_job_again_gets_the_same_answer(self, call: Caller) -> None:
        first = await call("POST", "/internal/requisitions", _batch("R1", "R2"))
        assert await call("POST", "/internal/requisitions", _batch("R1", "R2")) == first
        _, page = await call("GET", "/api/requisitions")
        assert len(page["items"]) == 2

    async def test_another_job_meets_duplicates(self, call: Caller) -> None:
        await _outcomes(call, _batch("R1", "R2"))
        assert await _outcomes(call, _batch("R2", "R3", job_id=2)) == ["duplicate", "created"]

    async def test_two_jobs_at_once_create_each_requisition_once(self, call: Caller) -> None:
        numbers = [f"R{n}" for n in range(60)]
        outcomes = await asyncio.gather(
            _outcomes(call, _batch(*numbers)), _outcomes(call, _batch(*reversed(numbers), job_id=2))
        )
        pairs = zip(outcomes[0], reversed(outcomes[1]), strict=True)
        assert {tuple(sorted(pair)) for pair in pairs} == {("created", "duplicate")}

    async def test_releases_tasks_if_asked(self, call: Caller) -> None:
        await _outcomes(call, _batch("R1", "R2", release=True))
        _, page = await call("GET", "/api/tasks")
        assert [(task["number"], task["status"]) for task in page["items"]] == [
            ("R1", "open"),
            ("R2", "open"),
        ]

    async def test_barcode_of_another_article_is_noted_not_taken(self, call: Caller) -> None:
        lines = [{"sku": "A", "quantity": 1, "barcode": "4006381333931"}]
        await call(
            "POST",
            "/internal/requisitions",
            {"job_id": 1, "requisitions": [{"number": "R1", "lines": lines}]},
        )
        other = [{"sku": "B", "quantity": 1, "barcode": "04006381333931"}]
        _, body = await call(
            "POST",
            "/internal/requisitions",
            {"job_id": 1, "requisitions": [{"number": "R2", "lines": other}]},
        )
        assert "means another article" in body["results"][0]["notes"][0]
        _, article = await call("GET", "/api/articles/A")
        assert article["barcodes"] == ["04006381333931"]

    @pytest.mark.parametrize("sku", ["4006381333931", "04006381333931", "IN-HOUSE"])
    async def test_barcode_that_is_the_sku_of_another_article_is_noted_not_taken(
        self, call: Caller, sku: str
    ) -> None:
        barcode = sku if sku == "IN-HOUSE" else "4006381333931"
        lines = [{"sku": sku, "quantity": 1}, {"sku": "B", "quantity": 1, "barcode": barcode}]
        batch = {"job_id": 1, "requisitions": [{"number": "R1", "lines": lines}]}
        _, body = await call("POST", "/internal/requisitions", batch)
        [note] = body["results"][0]["notes"]
        assert "means another article" in note
        assert (await call("GET", "/api/articles/B"))[1]["barcodes"] == []

    async def test_sku_that_is_a_barcode_of_another_article_is_noted(self, call: Caller) -> None:
        lines = [{"sku": "A", "quantity": 1, "barcode": "4006381333931"}]
        for number, each in (("R1", lines), ("R2", [{"sku": "4006381333931", "quantity": 1}])):
            batch = {"job_id": 1, "requisitions": [{"number": number, "lines": each}]}
            _, body = await call("POST", "/internal/requisitions", batch)
        assert "also a barcode of another article" in body["results"][0]["notes"][0]

    async def test_a_description_is_not_lost_to_a_later_empty_one(self, call: Caller) -> None:
        await _outcomes(call, _batch("R1"))
        empty = {"number": "R2", "lines": [{"sku": "A", "quantity": 1}]}
        await call("POST", "/internal/requisitions", {"job_id": 1, "requisitions": [empty]})
        _, article = await call("GET", "/api/articles/A")
        assert article["description"] == "LANTERN"

    async def test_bad_requisition_leaves_nothing_of_its_batch(self, call: Caller) -> None:
        batch = _batch("R1", "R2")
        batch["requisitions"][1]["lines"] = [{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]
        status, body = await call("POST", "/internal/requisitions", batch)
        assert (status, body["error"]["code"]) == (422, "duplicate_sku")
        _, page = await call("GET", "/api/requisitions")
        assert page["items"] == []


class TestCompared:
    async def test_says_what_would_become_of_each_and_changes_nothing(self, call: Caller) -> None:
        await _outcomes(call, _batch("R1", "R2"))
        before = await call("GET", "/api/requisitions")
        wanted = _batch("R1", "R2", "R3")["requisitions"]
        wanted[1]["lines"] = [{"sku": "A", "quantity": 5}]
        for replace, outcome in ((False, "duplicate"), (True, "replaced")):
            body = {"requisitions": wanted, "replace": replace}
            status, answer = await call("POST", "/internal/requisitions/compare", body)
            assert status == 200, answer
            results = answer["results"]
            assert [(r["number"], r["outcome"], r["requisition_id"]) for r in results] == [
                ("R1", "duplicate", 1),
                ("R2", outcome, 2),
                ("R3", "created", None),
            ]
            assert [len(r["differences"]) for r in results] == [0, 2, 0]
            assert results[1]["differences"] == [
                {"change": "quantity", "sku": "A", "before": 2, "after": 5},
                {"change": "removed", "sku": "B", "before": 1, "after": None},
            ]
        assert await call("GET", "/api/requisitions") == before


class TestByHand:
    async def test_barcode_of_another_article_is_noted(self, call: Caller) -> None:
        for number, sku, notes in (("R1", "A", 0), ("R2", "B", 1)):
            lines = [{"sku": sku, "quantity": 1, "barcode": "4006381333931"}]
            status, answer = await call("POST", "/api/requisitions", {"number": number, "lines": lines})
            assert (status, len(answer["notes"])) == (201, notes)
        assert "means another article" in answer["notes"][0]

    async def test_many_lines_of_which_one_repeats_are_refused(self, call: Caller) -> None:
        lines = [{"sku": f"D{n % 9_999}", "quantity": 1} for n in range(10_000)]
        status, answer = await call("POST", "/api/requisitions", {"number": "R1", "lines": lines})
        assert (status, answer["error"]["details"]["skus"]) == (422, ["D0"])

    async def test_same_number_again_is_a_conflict(self, call: Caller) -> None:
        body = {"number": "R1", "lines": [{"sku": "A", "quantity": 1}]}
        assert (await call("POST", "/api/requisitions", body))[0] == 201
        status, answer = await call("POST", "/api/requisitions", body)
        assert (status, answer["error"]["code"]) == (409, "requisition_exists")

    @pytest.mark.parametrize(
        "change",
        [
            {"number": ""},
            {"number": "x" * 65},
            {"number": "a\x00b"},
            {"lines": []},
            {"lines": [{"sku": "A", "quantity": 0}]},
            {"lines": [{"sku": " ", "quantity": 1}]},
            {"due_at": "tomorrow"},
            {"due_at": "2026-11-23T12:00:00"},  # of which zone?
            {"due_at": "9999-12-31T23:59:59-14:00"},
            {"due_at": "0001-01-01T00:00:00+14:00"},
        ],
    )
    async def test_nonsense_is_refused(self, call: Caller, change: dict[str, Any]) -> None:
        body = {"number": "R1", "lines": [{"sku": "A", "quantity": 1}]} | change
        status, answer = await call("POST", "/api/requisitions", body)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")

    async def test_unknown_is_not_found(self, call: Caller) -> None:
        status, body = await call("GET", "/api/requisitions/4711", role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (404, "requisition_not_found")

    async def test_pages_through_all_once(self, call: Caller) -> None:
        await _outcomes(call, _batch(*(f"R{n}" for n in range(25))))
        seen, after = [], 0
        while after is not None:
            _, page = await call("GET", f"/api/requisitions?limit=10&after={after}")
            seen += [item["number"] for item in page["items"]]
            after = page["next_after"]
        assert sorted(seen) == sorted({f"R{n}" for n in range(25)})


@pytest.mark.parametrize(
    "ids",
    ["(SELECT max(id) FROM tasks.requisitions), -1", "-1, (SELECT max(id) FROM tasks.articles)"],
    ids=["article", "requisition"],
)
async def test_a_line_of_what_is_not_there_is_refused(call: Caller, database: Database, ids: str) -> None:
    await _outcomes(call, _batch("R1"))
    insert = "INSERT INTO tasks.requisition_lines (requisition_id, article_id, required)"
    with pytest.raises(IntegrityError, match="unknown article or requisition"):
        async with database.begin() as connection:
            await connection.execute(text(f"{insert} VALUES ({ids}, 1)"))


@pytest.mark.parametrize("table", ["articles", "requisitions"])
async def test_what_has_lines_is_not_deleted(call: Caller, database: Database, table: str) -> None:
    await _outcomes(call, _batch("R1"))
    with pytest.raises(IntegrityError, match=f"{table} with lines stay"):
        async with database.begin() as connection:
            await connection.execute(text(f"DELETE FROM tasks.{table}"))
