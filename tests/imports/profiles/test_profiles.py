"""Profiles in the database, at the API, at an upload, and by the folder that a file lies in."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from magacin.imports.app import create_app
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool
from tests.imports.support import Importer, TaskServiceOnWheels, until
from tests.support import Caller, serving

PATH = "/api/import-profiles"
TEILE = {"mapping": {"requisition": "Beleg", "sku": ["Teil", "Teile"], "quantity": "Anz"}, "decimal": ","}
FILE = b"Beleg;Teile;Anz\nR1;A1;1.000\n"


@pytest.fixture
async def saved(importer: Importer) -> Importer:
    status, answer = await importer.call("PUT", f"{PATH}/Teile", TEILE | {"description": "Our supplier"})
    assert status == 200, answer
    return importer


class TestKept:
    async def test_it_is_listed_with_the_ready_made_ones(self, saved: Importer) -> None:
        status, found = await saved.call("GET", f"{PATH}/teile")
        assert status == 200
        assert (found["name"], found["description"], found["ready_made"]) == ("teile", "Our supplier", False)
        assert found["mapping"] == TEILE["mapping"]
        _, everything = await saved.call("GET", PATH)
        names = [profile["name"] for profile in everything]
        assert names == sorted(names)
        assert {"teile", "shopify", "sap"} < set(names)

    async def test_another_takes_its_place_and_it_can_be_removed(self, saved: Importer) -> None:
        await saved.call("PUT", f"{PATH}/teile", {"unit": "pcs"})
        _, found = await saved.call("GET", f"{PATH}/teile")
        assert (found["unit"], found["mapping"], found["decimal"]) == ("pcs", {}, None)
        assert (await saved.call("DELETE", f"{PATH}/teile"))[0] == 204
        status, answer = await saved.call("DELETE", f"{PATH}/teile")
        assert (status, answer["error"]["code"]) == (404, "profile_not_found")

    async def test_one_that_is_not_there_is_perhaps_another(self, importer: Importer) -> None:
        status, answer = await importer.call("GET", f"{PATH}/shopfy")
        assert status == 404
        assert "Is shopify meant?" in answer["error"]["message"]

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    async def test_the_names_of_ready_made_ones_are_taken(self, importer: Importer, method: str) -> None:
        status, answer = await importer.call(method, f"{PATH}/SAP", {} if method == "PUT" else None)
        assert (status, answer["error"]["code"]) == (409, "ready_made_profile")

    @pytest.mark.parametrize("body", [{"decimal": "x"}, {"colour": "red"}, {"mapping": {"colour": "x"}}])
    async def test_what_makes_no_sense_is_refused(self, importer: Importer, body: dict[str, object]) -> None:
        assert (await importer.call("PUT", f"{PATH}/mine", body))[0] == 422


class TestUploads:
    async def test_a_file_is_read_by_it(self, saved: Importer, task_service: TaskServiceOnWheels) -> None:
        job = await saved.run(FILE, profile="TEILE")
        assert (job["status"], job["profile"]) == ("succeeded", "teile")
        assert task_service.lines("R1") == [("A1", 1000)]

    async def test_what_is_said_goes_before_it(
        self, saved: Importer, task_service: TaskServiceOnWheels
    ) -> None:
        await saved.run(FILE, profile="teile", decimal=".")
        assert task_service.lines("R1") == [("A1", 1)]

    async def test_an_unknown_one_leaves_nothing(self, importer: Importer, settings: ImportSettings) -> None:
        status, answer = await importer.upload(FILE, profile="tiele")
        assert (status, answer["error"]["code"]) == (422, "unknown_profile")
        assert Spool(settings.import_dir).places() == []


class TestFolder:
    async def test_a_sub_folder_says_how_its_files_are_read(
        self, saved: Importer, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        folder = settings.import_dir / "incoming" / "Teile"
        folder.mkdir()
        (folder / "a.csv").write_bytes(FILE)
        job = await _only_job(saved)
        assert (job["profile"], job["filename"], job["error"]) == ("teile", "a.csv", None)
        assert task_service.lines("R1") == [("A1", 1000)]
        await until(lambda: (settings.import_dir / "processed" / f"{job['job_id']}-a.csv").exists())
        assert list(folder.iterdir()) == []

    async def test_one_that_is_named_for_none_is_said(
        self, importer: Importer, settings: ImportSettings
    ) -> None:
        folder = settings.import_dir / "incoming" / "shopfy"
        folder.mkdir()
        (folder.parent / "#recycle").mkdir()
        for file in (folder / "a.csv", folder.parent / "#recycle" / "b.csv"):
            file.write_bytes(FILE)

        async def said() -> bool:
            _, health = await importer.call("GET", "/health")
            return "incoming/shopfy/: There is no profile 'shopfy'. Is shopify meant?" in str(health)

        await until(said)
        await asyncio.sleep(settings.import_settle_seconds * 2)
        assert (folder / "a.csv").exists()
        _, health = await importer.call("GET", "/health")
        assert "recycle" not in str(health)

    async def test_a_crash_forgets_nothing(
        self, settings: ImportSettings, task_service: TaskServiceOnWheels
    ) -> None:
        place = settings.import_dir / "spool" / f"folder-{'a' * 32}-sap"
        place.mkdir(parents=True)
        (place / "a.csv").write_bytes(b"Verkaufsbeleg;Material;Menge\nR1;A1;1.000\n")
        async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
            job = await _only_job(Importer(Caller(session, url)))
        assert job["profile"] == "sap"
        assert task_service.lines("R1") == [("A1", 1000)]


async def _only_job(importer: Importer) -> dict[str, object]:
    async def there() -> bool:
        _, page = await importer.call("GET", "/api/imports")
        return bool(page["items"])

    await until(there)
    return dict(await importer.finished(1))
