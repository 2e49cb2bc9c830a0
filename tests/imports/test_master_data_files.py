"""Files of articles and locations, from the upload to what is there: both services are real."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.imports.settings import ImportSettings
from tests.imports.support import Importer, csv_bytes, xlsx_bytes
from tests.imports.test_folder import jobs
from tests.support import Caller, audited, last_audited

ARTICLES = ("sku", "description", "barcode", "pieces", "level")
LOCATIONS = ("code", "zone", "aisle", "sequence")
BAD_FILE = csv_bytes([("A1", "Water", "B1", "none", "")], ARTICLES)


@pytest.fixture
def task_service_url(real_task_service_url: str) -> str:
    return real_task_service_url


class Records:
    """Hands files of articles or locations in."""

    def __init__(self, importer: Importer, tasks: Caller, subject: str) -> None:
        self.importer = importer
        self.tasks = tasks
        self.subject = subject

    async def send(self, content: bytes, query: str = "", name: str = "", **form: str) -> tuple[int, Any]:
        data = aiohttp.FormData(form)
        data.add_field("file", content, filename=name or f"{self.subject}.csv")
        path = f"/api/imports/{self.subject}{query}"
        return await self.importer.call("POST", path, data=data)

    async def preview(self, content: bytes, **form: str) -> Any:
        status, answer = await self.send(content, "?preview=true", **form)
        assert status == 200, answer
        return answer

    async def run(self, content: bytes, name: str = "", **form: str) -> Any:
        status, job = await self.send(content, name=name, **form)
        assert status == 202, job
        job = await self.importer.finished(job["job_id"])
        counts = job["counts"]
        rows = sum(counts[f"rows_{what}"] for what in ("accepted", "duplicate", "rejected", "held_back"))
        assert rows == counts["rows_read"]
        return job

    async def saved(self, ending: str = "csv") -> bytes:
        """Return all that is there, as a file."""
        url = f"{self.tasks.url}/api/master-data/{self.subject}.{ending}"
        headers = self.tasks.headers(role=Role.SUPERVISOR)
        async with self.tasks._session.get(url, headers=headers) as response:
            assert response.status == 200
            return await response.read()

    async def lines(self) -> list[str]:
        return sorted((await self.saved()).decode("utf-8-sig").splitlines()[1:])


@pytest.fixture
def articles(importer: Importer, tasks: Caller) -> Records:
    return Records(importer, tasks, "articles")


@pytest.fixture
def locations(importer: Importer, tasks: Caller) -> Records:
    return Records(importer, tasks, "locations")


def rows_of(job: Any) -> list[int]:
    return [job["counts"][f"rows_{name}"] for name in ("read", "accepted", "duplicate", "rejected")]


class TestArticles:
    async def test_good_rows_count_and_bad_ones_are_told(
        self, articles: Records, tasks: Caller, empty: Database
    ) -> None:
        await tasks("PUT", "/api/articles/THERE", {"description": "Old"}, role=Role.SUPERVISOR)
        await tasks("POST", "/api/articles/THERE/barcodes", {"code": "TAKEN"}, role=Role.SUPERVISOR)
        content = csv_bytes(
            [
                ("WATER", "Water", "4006381333931", "", ""),
                ("WATER", "", "CASE", "6", "case"),
                ("THERE", "New", "", "", ""),
                ("OTHER", "Other", "TAKEN", "", ""),
                ("LAMP", "x" * 201, "", "", ""),
                ("TAKEN", "A barcode", "", "", ""),
                ("BOX", "", "BOX-6", "6", "lorry"),
            ],
            ARTICLES,
        )
        before = await articles.lines()
        preview = await articles.preview(content)
        assert await articles.lines() == before
        since = await last_audited(empty)
        job = await articles.run(content)
        assert (job["subject"], job["status"], job["held_waiting"]) == ("articles", "succeeded", 0)
        assert rows_of(job) == [7, 3, 0, 4]
        assert job["counts"]["requisitions_total"] == 0
        assert await articles.lines() == [
            "THERE,New,TAKEN,1,each",
            "WATER,Water,04006381333931,1,each",
            "WATER,Water,CASE,6,case",
        ]
        rejects = await articles.importer.rejects(job["job_id"])
        assert [(one["row"], one["column"], one["requisition"]) for one in rejects] == [
            (5, "barcode", "OTHER"),
            (6, "description", "LAMP"),
            (7, "sku", "TAKEN"),
            (8, "level", "BOX"),
        ]
        assert rejects[0]["message"] == "It means article THERE already."
        # What was looked at before is what came of it.
        assert preview["rejects"] == rejects
        assert preview["duplicates"] == []
        for name in ("read", "accepted", "duplicate", "rejected"):
            assert preview["counts"][f"rows_{name}"] == job["counts"][f"rows_{name}"]
        assert [record["row"] for record in preview["records"]] == [2, 3, 4]
        done = [(one["action"], one["actor"], one["subject_id"]) for one in await audited(empty, since)]
        assert done[0][:2] == ("import.started", "ana")
        assert set(done[1:]) == {
            ("article.saved", "ana", "WATER"),
            ("article.saved", "ana", "THERE"),
            ("barcode.added", "ana", "WATER"),
        }

    async def test_the_same_again_changes_nothing(self, articles: Records, empty: Database) -> None:
        content = csv_bytes([("A", "x", "B1", "6", "case"), ("C", "", "", "", "")], ARTICLES)
        await articles.run(content)
        since = await last_audited(empty)
        job = await articles.run(content)
        assert rows_of(job) == [2, 0, 2, 0]
        assert [one["action"] for one in await audited(empty, since)] == ["import.started"]

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    async def test_what_is_saved_can_be_imported_elsewhere(
        self, articles: Records, tasks: Caller, ending: str, empty: Database
    ) -> None:
        nasty = [
            "=1+1",
            "-1",
            "@x",
            "+7",
            "'007",
            "007",
            "123.0",
            "nan",
            "8.5E+11",
            "_x0041_",
            "[A] B",
            'a"b',
        ]
        for number, sku in enumerate(nasty):
            body = {"rows": [{"row": 1, "sku": f"'{sku}" if sku[0] in "=-@+'" else sku, "description": sku}]}
            status, answer = await tasks("POST", "/api/master-data/articles", body, role=Role.SUPERVISOR)
            assert status == 200, (number, answer)
        before, file = await articles.lines(), await articles.saved(ending)
        assert len(before) == len(nasty)
        name = f"articles.{ending}"
        assert rows_of(await articles.run(file, name)) == [len(nasty), 0, len(nasty), 0]
        await forget_articles(empty)
        assert await articles.lines() == []
        assert rows_of(await articles.run(file, name)) == [len(nasty), len(nasty), 0, 0]
        assert await articles.lines() == before

    async def test_a_workbook_with_columns_that_were_chosen(self, articles: Records) -> None:
        content = xlsx_bytes([("X1", 4006381333931, 6)], ("Teil", "Strich", "Menge je Karton"))
        preview = await articles.preview(content, name="teile.xlsx")
        assert "The header lacks sku" in preview["error"]
        assert preview["columns"] == ["Teil", "Strich", "Menge je Karton"]
        mapping = '{"sku": "Teil", "barcode": "Strich", "pieces": "Menge je Karton"}'
        assert (await articles.preview(content, name="teile.xlsx", mapping=mapping))["error"] is None
        job = await articles.run(content, "teile.xlsx", mapping=mapping)
        assert rows_of(job) == [1, 1, 0, 0]
        assert await articles.lines() == ["X1,,04006381333931,6,case"]

    async def test_many_batches_are_one_import(self, articles: Records, settings: ImportSettings) -> None:
        count = 3 * settings.import_batch_lines + 7
        rows = [(f"S-{n:04}", f"No {n}", f"C-{n:04}", "", "") for n in range(count)]
        rows[5] = ("S-0005", "", "C-0005", "none", "")
        rows[40] = ("S-0040", "", "S-0001", "", "")
        job = await articles.run(csv_bytes(rows, ARTICLES))
        assert rows_of(job) == [count, count - 2, 0, 2]
        assert [one["row"] for one in await articles.importer.rejects(job["job_id"])] == [7, 42]
        assert len(await articles.lines()) == count - 2

    async def test_rejects_are_a_file(self, articles: Records) -> None:
        job = await articles.run(BAD_FILE)
        _, text = await articles.importer.call("GET", f"/api/imports/{job['job_id']}/rejects.csv")
        assert "pieces,not_a_number" in text

    async def test_two_files_at_once_give_a_code_to_one_article(self, articles: Records) -> None:
        def content(sku: str) -> bytes:
            return csv_bytes([(f"{sku}-{n}", "", f"CODE-{n}", "", "") for n in range(60)], ARTICLES)

        done = await asyncio.gather(*(articles.run(content(sku)) for sku in "AB"))
        assert sum(job["counts"]["rows_accepted"] for job in done) == 60
        assert sum(job["counts"]["rows_rejected"] for job in done) == 60
        lines = await articles.lines()
        assert len({line.split(",")[2] for line in lines}) == len(lines) == 60


class TestLocations:
    async def test_good_rows_count_and_bad_ones_are_told(
        self, locations: Records, tasks: Caller, empty: Database
    ) -> None:
        there = {"zone": "Dry", "aisle": "A", "sequence": 10}
        await tasks("PUT", "/api/locations/A-01", there, role=Role.SUPERVISOR)
        content = csv_bytes(
            [
                ("A-01", "Cold", "", ""),
                ("A-02", "", "", "20"),
                ("A-03", "Dry", "A", ""),
                ("A-04", "", "", "9999999999"),
                ("A-02", "", "", "30"),
            ],
            LOCATIONS,
        )
        preview = await locations.preview(content)
        since = await last_audited(empty)
        job = await locations.run(content)
        assert rows_of(job) == [5, 2, 0, 3]
        assert await locations.lines() == ["A-01,Cold,A,10", "A-02,,,20"]
        rejects = await locations.importer.rejects(job["job_id"])
        assert [(one["row"], one["column"]) for one in rejects] == [
            (4, "sequence"),
            (5, "sequence"),
            (6, "code"),
        ]
        assert "The location is new" in rejects[0]["message"]
        assert preview["rejects"] == rejects
        _, changed, made = await audited(empty, since)
        assert (changed["action"], changed["before"], changed["after"]) == (
            "location.saved",
            {"zone": "Dry"},
            {"zone": "Cold"},
        )
        assert (made["actor"], made["subject_id"], made["before"]) == ("ana", "A-02", None)

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    async def test_what_is_saved_can_be_imported(self, locations: Records, ending: str) -> None:
        rows = [("A-01", "Zone 1", "A", "10"), ("'=B", "'+1", "'-2", "20"), ("'007", "", "", "30")]
        await locations.run(csv_bytes(rows, LOCATIONS))
        before, file = await locations.lines(), await locations.saved(ending)
        assert before == ["'=B,'+1,'-2,20", "007,,,30", "A-01,Zone 1,A,10"]
        job = await locations.run(file, f"locations.{ending}")
        assert rows_of(job) == [3, 0, 3, 0]


class TestProfiles:
    async def test_a_profile_is_for_files_of_one_kind(self, articles: Records, importer: Importer) -> None:
        profile = {"subject": "articles", "mapping": {"sku": "Teil", "barcode": "Strich"}}
        status, kept = await importer.call("PUT", "/api/import-profiles/teile", profile)
        assert (status, kept["subject"]) == (200, "articles")
        content = csv_bytes([("X1", "B1")], ("Teil", "Strich"))
        job = await articles.run(content, profile="teile")
        assert (rows_of(job), job["profile"]) == ([1, 1, 0, 0], "teile")
        status, answer = await importer.upload(content, "orders.csv", profile="teile")
        assert (status, answer["error"]["code"]) == (422, "unknown_profile")
        assert "is for files of articles, and this is one of orders" in answer["error"]["message"]
        status, answer = await articles.send(content, profile="shopify")
        assert (status, answer["error"]["code"]) == (422, "unknown_profile")

    async def test_a_folder_of_its_name_takes_files_of_its_kind(
        self, articles: Records, importer: Importer, settings: ImportSettings
    ) -> None:
        profile = {"subject": "articles", "mapping": {"sku": "Teil"}}
        await importer.call("PUT", "/api/import-profiles/teile", profile)
        folder = settings.import_dir / "incoming" / "teile"
        folder.mkdir()
        (folder / ".new.csv").write_bytes(csv_bytes([("X1", "What it is")], ("Teil", "Naziv")))
        (folder / ".new.csv").rename(folder / "new.csv")
        [job] = await jobs(importer, 1)
        job = await importer.finished(job["job_id"])
        assert (job["subject"], job["submitted_by"]) == ("articles", "watched-folder")
        assert await articles.lines() == ["X1,What it is,,,"]

    @pytest.mark.parametrize(
        "profile",
        [
            {"subject": "articles", "mapping": {"requisition": "Order"}},
            {"subject": "orders", "mapping": {"zone": "Zone"}},
            {"subject": "people"},
        ],
    )
    async def test_what_its_files_do_not_have_is_refused(
        self, importer: Importer, profile: dict[str, Any]
    ) -> None:
        status, answer = await importer.call("PUT", "/api/import-profiles/teile", profile)
        assert (status, answer["error"]["code"]) == (422, "invalid_input")


class TestRefused:
    @pytest.mark.parametrize(
        ("form", "says"),
        [
            ({"mapping": '{"quantity": "x"}'}, "has no quantity"),
            ({"mapping": "[]"}, "mapping"),
            ({"partial": "x"}, "partial"),
            ({"profile": "nobody"}, "There is no profile"),
        ],
    )
    async def test_a_form_that_makes_no_sense(
        self, articles: Records, form: dict[str, str], says: str
    ) -> None:
        status, answer = await articles.send(BAD_FILE, **form)
        assert status == 422
        assert says in answer["error"]["message"]

    async def test_the_kind_is_said_by_the_address_alone(self, articles: Records) -> None:
        job = await articles.run(csv_bytes([("X1", "x")], ("sku", "name")), subject="locations")
        assert job["subject"] == "articles"

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n"])
    async def test_what_is_no_table(self, articles: Records, content: bytes) -> None:
        assert (await articles.send(content))[0] in (415, 422)

    async def test_a_file_of_orders(self, locations: Records) -> None:
        job = await locations.run(csv_bytes([("R1", "A", "", 1, "", "")]))
        assert job["status"] == "failed"
        assert "The header lacks location" in job["error"]
        assert await locations.lines() == []


async def forget_articles(database: Database) -> None:
    """Make the stack one that knows no article."""
    async with database.begin() as connection:
        for table in ("barcodes", "articles"):
            await connection.exec_driver_sql(f"DELETE FROM tasks.{table}")
