from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import aiohttp
import pytest

from magacin.imports.app import create_app
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool
from tests.imports.support import Importer, csv_bytes, until, xlsx_bytes
from tests.support import Caller, serving

GOOD = csv_bytes([("R1", "A1", "Lantern", 6, "", "Shop 4")])


def left(settings: ImportSettings) -> list[str]:
    return [path.name for path in (settings.import_dir / "spool").iterdir()]


def bomb() -> bytes:
    file = io.BytesIO(xlsx_bytes([("R1", "A1", "x", 1, "", "")]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * (200 << 20))
    return file.getvalue()


class TestTaken:
    async def test_the_answer_is_the_job(self, importer: Importer) -> None:
        status, job = await importer.upload(GOOD, "orders.csv")
        assert status == 202
        assert (job["filename"], job["format"], job["source"]) == ("orders.csv", "csv", "upload")
        assert (job["submitted_by"], job["partial"], job["release"]) == ("ana", False, False)
        assert (await importer.finished(job["job_id"]))["status"] == "succeeded"

    async def test_the_file_leaves_the_spool_afterwards(
        self, importer: Importer, settings: ImportSettings
    ) -> None:
        await importer.run(GOOD)
        await until(lambda: not left(settings))

    async def test_options(self, importer: Importer) -> None:
        mapping = json.dumps({"requisition": "Belegnr"})
        content = csv_bytes([("R1", "A1", 2)], header=("Belegnr", "sku", "qty"))
        job = await importer.run(content, partial="true", release="1", mapping=mapping, source="cli")
        assert (job["partial"], job["release"], job["source"]) == (True, True, "cli")
        assert job["counts"]["requisitions_created"] == 1

    async def test_a_name_with_a_path(self, importer: Importer) -> None:
        part = 'form-data; name="file"; filename="../../x/C:\\orders\\Trebovanje š\u2028.csv"'
        body = f"--x\r\nContent-Disposition: {part}\r\n\r\norder,sku,qty\r\n--x--\r\n".encode()
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, job = await importer.call("POST", "/api/imports", data=body, headers=headers)
        assert (status, job["filename"]) == (202, "Trebovanje š_.csv")


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "content", "status", "code"),
        [
            ("orders.csv", b"", 422, "empty_file"),
            ("orders.csv", b"\0" * 100_000, 415, "unsupported_file"),
            ("orders.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, 415, "unsupported_file"),
            ("orders.xlsx", None, 415, "unsupported_file"),
            ("orders.exe", GOOD, 415, "unsupported_file"),
        ],
    )
    async def test_a_file_that_is_clearly_wrong(
        self,
        importer: Importer,
        settings: ImportSettings,
        name: str,
        content: bytes | None,
        status: int,
        code: str,
    ) -> None:
        answered, body = await importer.upload(bomb() if content is None else content, name)
        assert (answered, body["error"]["code"]) == (status, code)
        assert body["error"]["message"]
        assert left(settings) == []
        assert (await importer.call("GET", "/api/imports"))[1]["items"] == []

    @pytest.mark.parametrize(
        "form",
        [
            {"partial": "perhaps"},
            {"mapping": "{"},
            {"mapping": "[1]"},
            {"mapping": '{"colour": "x"}'},
            {"mapping": '{"sku": ""}'},
            {"mapping": '{"sku": 5}'},
            {"mapping": '{"sku": "\\u0000"}'},
            {"mapping": '{"sku": "\\ud800"}'},
            {"mapping": "x" * 20_000},
            {"source": "elsewhere"},
            {"unknown": "field"},
        ],
    )
    async def test_options_that_make_no_sense(
        self, importer: Importer, settings: ImportSettings, form: dict[str, str]
    ) -> None:
        status, body = await importer.upload(GOOD, **form)
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert left(settings) == []

    async def test_no_form_at_all(self, importer: Importer) -> None:
        assert (await importer.call("POST", "/api/imports", {"file": "x"}))[0] == 415
        assert (await importer.call("POST", "/api/imports", data=b"order,sku"))[0] == 415

    async def test_a_form_without_a_file(self, importer: Importer) -> None:
        data = aiohttp.FormData({"partial": "true"}, default_to_multipart=True)
        status, body = await importer.call("POST", "/api/imports", data=data)
        assert (status, body["error"]["code"]) == (422, "missing_file")

    async def test_two_files(self, importer: Importer, settings: ImportSettings) -> None:
        data = aiohttp.FormData()
        data.add_field("file", GOOD, filename="a.csv")
        data.add_field("file", GOOD, filename="b.csv")
        status, body = await importer.call("POST", "/api/imports", data=data)
        assert (status, body["error"]["code"]) == (422, "missing_file")
        assert left(settings) == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"garbage",
            b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\norder,sku",
            b"--x\r\n" + b"A" * 100_000,
            b"--x\r\n\r\n\r\n--x--",
        ],
    )
    async def test_a_broken_form(self, importer: Importer, settings: ImportSettings, body: bytes) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, answer = await importer.call("POST", "/api/imports", data=body, headers=headers)
        assert 400 <= status < 500, answer
        assert left(settings) == []

    @pytest.mark.parametrize(
        "path", ["/api/imports/1", "/api/imports/1/rejects", "/api/imports/1/rejects.csv"]
    )
    async def test_jobs_that_are_not_there(self, importer: Importer, path: str) -> None:
        status, body = await importer.call("GET", path)
        assert (status, body["error"]["code"]) == (404, "import_not_found")

    async def test_ids_that_are_none(self, importer: Importer) -> None:
        for job_id in ("x", "0", "-1", str(2**63)):
            assert (await importer.call("GET", f"/api/imports/{job_id}"))[0] == 422

    async def test_without_the_service_token(self, importer: Importer) -> None:
        headers = {"X-Magacin-Service-Token": "wrong"}
        assert (await importer.call("GET", "/api/imports", headers=headers))[0] == 401


class TestTooLarge:
    @pytest.fixture
    async def small(self, settings: ImportSettings) -> AsyncIterator[Importer]:
        limited = settings.model_copy(update={"import_max_bytes": 3 << 20})
        async with serving(create_app(limited)) as url, aiohttp.ClientSession() as session:
            yield Importer(Caller(session, url))

    async def test_it_is_refused_and_nothing_is_kept(self, small: Importer, settings: ImportSettings) -> None:
        for size in ((3 << 20) + 1, 30 << 20):
            status, body = await small.upload(b"x" * size)
            assert status == 413
            assert body["error"]["code"] in ("file_too_large", "body_too_large")
            assert left(settings) == []

    async def test_also_when_its_size_is_not_announced(
        self, small: Importer, settings: ImportSettings
    ) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
            for _ in range(10):
                yield b"x" * (1 << 20)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, answer = await small.call("POST", "/api/imports", data=body(), headers=headers)
        assert (status, answer["error"]["code"]) == (413, "file_too_large")
        assert left(settings) == []

    async def test_the_largest_that_is_allowed(self, small: Importer) -> None:
        content = (GOOD + b"\n" + (b" " * 1023 + b"\n") * (3 << 10))[: 3 << 20]
        assert (await small.run(content))["status"] == "succeeded"

    async def test_more_rows_than_allowed(self, settings: ImportSettings) -> None:
        limited = settings.model_copy(update={"import_max_rows": 120})
        rows = [("R1", f"A{n}", "x", 1, "", "") for n in range(121)]
        async with serving(create_app(limited)) as url, aiohttp.ClientSession() as session:
            importer = Importer(Caller(session, url))
            job = await importer.run(csv_bytes(rows))
            assert (job["status"], job["counts"]["rows_read"]) == ("failed", 0)
            assert "120 rows" in job["error"]
            assert (await importer.run(csv_bytes(rows[1:])))["status"] == "succeeded"


async def test_a_client_that_hangs_up_leaves_nothing(importer: Importer, settings: ImportSettings) -> None:
    host, port = importer.call.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    headers = "".join(f"{name}: {value}\r\n" for name, value in importer.call.headers().items())
    writer.write(
        f"POST /api/imports HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        "--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\norder".encode()
    )
    await writer.drain()
    await until(lambda: left(settings))
    writer.close()
    await until(lambda: not left(settings))


async def test_a_disk_that_is_full_is_said_and_nothing_is_kept(
    importer: Importer, settings: ImportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Spool.begin_upload

    def begin_on_a_full_disk(spool: Spool) -> tuple[str, BinaryIO]:
        name, file = begin(spool)
        file.close()
        # Takes what is written into its buffer, and finds at each flush that there is no room.
        return name, Path("/dev/full").open("wb")

    monkeypatch.setattr(Spool, "begin_upload", begin_on_a_full_disk)
    status, answer = await importer.upload(csv_bytes([("R1", "A1", "", 6, "", "")]))
    assert (status, answer["error"]["code"]) == (503, "dependency_unavailable")
    assert "No space left" in answer["error"]["message"]
    assert left(settings) == []
