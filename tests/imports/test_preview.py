"""What an import would come to, at the API: nothing changes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from magacin.core.db import Database
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool
from tests.imports.support import Importer, csv_bytes

ROWS = [
    ("R1", "A1", "Lantern", 6, "123", "North"),
    ("R1", "A1", "Lantern", 2, "123", "North"),
    ("R2", "A1", "", 0, "", ""),
    ("R2", "A2", "", 1, "", ""),
    ("R3", "A3", "", 4, "", ""),
]


@pytest.fixture
def task_service_url(real_task_service_url: str) -> str:
    return real_task_service_url


@pytest.fixture(autouse=True)
async def nothing_changes(importer: Importer, empty: Database, settings: ImportSettings) -> Any:
    yield
    assert Spool(settings.import_dir).places() == []
    async with empty.begin() as connection:
        for table in ("rejects", "staged_requisitions"):
            of_none = text(
                f"SELECT count(*) FROM imports.{table} WHERE job_id NOT IN (SELECT id FROM imports.jobs)"
            )
            assert await connection.scalar(of_none) == 0


async def test_what_would_happen(importer: Importer) -> None:
    found = await importer.preview(csv_bytes(ROWS))
    assert (found["format"], found["encoding"], found["profile"], found["error"]) == (
        "csv",
        "utf-8",
        None,
        None,
    )
    assert [(row["row"], row["quantity"]) for row in found["rows"]] == [(2, 6), (3, 2), (6, 4)]
    assert [(one["row"], one["reason"]) for one in found["rejects"]] == [
        (4, "not_positive"),
        (5, "held_back"),
    ]
    assert found["held_back"] == ["R2"]
    assert found["duplicates"] == []
    counts = found["counts"]
    assert (counts["rows_read"], counts["rows_accepted"], counts["rows_merged"]) == (5, 3, 1)
    assert (counts["requisitions_created"], counts["requisitions_held_back"]) == (2, 1)
    assert any("A1 in R1" in note for note in found["notes"])
    _, page = await importer.call("GET", "/api/imports")
    assert page["items"] == []


async def test_good_rows_of_bad_requisitions(importer: Importer) -> None:
    found = await importer.preview(csv_bytes(ROWS), partial="true")
    assert (found["held_back"], found["counts"]["rows_accepted"]) == ([], 4)


async def test_a_file_that_would_fail(importer: Importer) -> None:
    found = await importer.preview(b"colour\nred\n")
    assert "'colour'" in found["error"]
    assert (found["rows"], found["duplicates"], found["counts"]["rows_read"]) == ([], None, 0)


async def test_by_a_profile(importer: Importer) -> None:
    found = await importer.preview(b"Verkaufsbeleg;Material;Menge\nR1;A1;1.000\n", profile="sap")
    assert (found["profile"], found["rows"][0]["quantity"]) == ("sap", 1000)


async def test_what_is_there_already_and_how_it_differs(importer: Importer) -> None:
    await importer.run(csv_bytes([*ROWS, ("R4", "A4", "", 1, "", "")]))
    again = csv_bytes([("R1", "A1", "Lantern", 9, "123", "North"), ROWS[4], ("R5", "A1", "", 1, "", "")])
    found = await importer.preview(again)
    different, same = found["duplicates"]
    assert (different["number"], same["number"]) == ("R1", "R3")
    assert different["differences"] == [{"change": "quantity", "sku": "A1", "before": 8, "after": 9}]
    assert "A1 8 → 9" in different["message"]
    assert "the same content" in same["message"]
    counts = found["counts"]
    assert (counts["requisitions_created"], counts["requisitions_duplicate"]) == (1, 2)
    assert (counts["requisitions_differing"], counts["rows_duplicate"], counts["rows_accepted"]) == (1, 2, 1)
    replaced = await importer.preview(again, replace="true")
    assert replaced["counts"]["requisitions_replaced"] == 1
    assert (await importer.preview(again))["counts"] == counts


class TestWithoutTheTaskService:
    @pytest.fixture
    def task_service_url(self) -> str:
        return "http://127.0.0.1:9"

    async def test_nobody_knows_what_is_there(self, importer: Importer) -> None:
        found = await importer.preview(csv_bytes(ROWS))
        assert found["duplicates"] is None
        assert found["counts"]["rows_accepted"] == 3


class TestColumns:
    HEADER = b"Beleg;Teil;Wieviel;Beleg2\r\nR1;A1;3;x\r\n"

    async def test_they_are_there_to_choose_from_where_none_is_known(self, importer: Importer) -> None:
        found = await importer.preview(self.HEADER)
        assert "lacks" in found["error"]
        assert found["columns"] == ["Beleg", "Teil", "Wieviel", "Beleg2"]
        assert found["meanings"] == {}

    async def test_a_mapping_of_them_is_what_the_file_is_read_by(self, importer: Importer) -> None:
        mapping = '{"requisition": "Beleg2", "sku": "Teil", "quantity": "Wieviel"}'
        found = await importer.preview(self.HEADER, mapping=mapping)
        assert found["error"] is None
        assert found["columns"] == ["Beleg", "Teil", "Wieviel", "Beleg2"]
        assert found["meanings"] == {"requisition": "Beleg2", "sku": "Teil", "quantity": "Wieviel"}
        assert [(row["requisition"], row["quantity"]) for row in found["rows"]] == [("x", 3)]
