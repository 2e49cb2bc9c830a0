"""Files that are damaged behind their header, and what nobody has foreseen: told at once, and by its name."""

from __future__ import annotations

import asyncio
import codecs
import io
import zipfile
from collections.abc import Callable

import aiohttp
import pytest
from sqlalchemy import text

from magacin.core.db import Database
from magacin.imports import worker
from magacin.imports.app import create_app
from magacin.imports.settings import ImportSettings
from tests.imports.conftest import OddReader
from tests.imports.support import HEADER, Importer, adds_up, csv_bytes, until, xlsx_bytes
from tests.support import Caller, serving

ROWS = [(f"R{number}", "A1", "Lantern", 6, "", "") for number in range(100)]
# More than any reader takes at one go: what is wrong at the end is met when the header is long understood.
MANY = [(f"R{number}", "A1", "Lantern", 6, "", "") for number in range(2_000)]
SHEET = "xl/worksheets/sheet1.xml"


def workbook(change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook whose sheet was changed, by somebody who kept the archive in order."""
    source, target = io.BytesIO(xlsx_bytes(MANY)), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            # Excel says a sheet's size; openpyxl looks through all of one that does not, before it has begun.
            sized = content.replace(b"<sheetData>", b'<dimension ref="A1:F2001"/><sheetData>')
            new.writestr(name, change(sized) if name == SHEET else content)
    return target.getvalue()


def with_a_wrong_checksum() -> bytes:
    content = workbook(bytes)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        checksum = archive.getinfo(SHEET).CRC.to_bytes(4, "little")
    return content.replace(checksum, bytes(4))


def last_text(xml: bytes, other: bytes) -> bytes:
    old = b't="inlineStr"><is><t>Lantern</t></is>'
    before, found, after = xml.rpartition(old)
    assert found
    return before + other + after


def cut_off(xml: bytes) -> bytes:
    return xml[: len(xml) * 3 // 4]


DAMAGED_TEXTS = {
    "utf-16-cut-off": codecs.BOM_UTF16_LE + csv_bytes(MANY).decode().encode("utf-16-le")[:-1],
}
DAMAGED_WORKBOOKS = {
    "no-such-shared-text": lambda: workbook(lambda xml: last_text(xml, b't="s"><v>999</v>')),
    "not-xml-further-on": lambda: workbook(cut_off),
    "wrong-checksum": with_a_wrong_checksum,
}


async def failed_at_once(importer: Importer, content: bytes, name: str) -> str:
    async with asyncio.timeout(120):
        job = await importer.run(content, name)
    assert job["status"] == "failed"
    assert job["counts"]["rows_read"] == 0
    status, health = await importer.call("GET", "/health")
    assert status == 200, health
    return str(job["error"])


@pytest.mark.parametrize("content", DAMAGED_TEXTS.values(), ids=DAMAGED_TEXTS)
async def test_a_text_that_breaks_behind_its_header(importer: Importer, content: bytes) -> None:
    assert "is not that further on" in await failed_at_once(importer, content, "orders.csv")


async def test_one_bad_byte_spoils_its_row_and_no_other(importer: Importer) -> None:
    content = codecs.BOM_UTF8 + csv_bytes(MANY).replace(b"R1950,", b"R\xff950,")
    job = await importer.run(content, "orders.csv")
    assert job["status"] == "succeeded"
    assert job["counts"]["rows_rejected"] == 1


@pytest.mark.parametrize("make", DAMAGED_WORKBOOKS.values(), ids=DAMAGED_WORKBOOKS)
async def test_a_workbook_that_breaks_behind_its_header(
    importer: Importer, make: Callable[[], bytes]
) -> None:
    assert "The workbook is damaged" in await failed_at_once(importer, make(), "orders.xlsx")


async def test_a_nul_in_the_header_is_shown(importer: Importer) -> None:
    header = (*HEADER[:2], "descr\0iption", "quantity", "bar\0code", "dest\0ination")
    rows = [("R1", "A1", "", 6, "", ""), ("R2", "A1", "", "six", "", "")]
    job = await importer.run(csv_bytes(rows, header))
    assert job["status"] == "succeeded", job["error"]
    assert adds_up(job)
    assert "descr\\x00iption" in " ".join(job["notes"])


async def test_a_nul_in_the_name_of_a_column_that_is_used(importer: Importer) -> None:
    header = ("requisition", "sku", "description", "quan\0tity", "barcode", "destination")
    job = await importer.run(csv_bytes([("R1", "A1", "", "six", "", "")], header))
    # Punctuation in names does not matter, and neither does this.
    assert job["status"] == "succeeded", job["error"]
    [reject] = await importer.rejects(job["job_id"])
    assert reject["column"] == "quan\\x00tity"


class TestUnforeseen:
    async def test_fails_the_job_after_three_attempts_and_says_what(
        self, importer: Importer, odd_reader: OddReader
    ) -> None:
        odd_reader.does("break", "break", "break", "break")
        async with asyncio.timeout(60):
            job = await importer.run(csv_bytes(ROWS))
        assert job["status"] == "failed"
        assert "3 attempts ended with ZeroDivisionError" in job["error"]
        assert odd_reader.left == ["break"]
        status, health = await importer.call("GET", "/health")
        assert status == 200, health

    async def test_that_passes_costs_a_moment(self, importer: Importer, odd_reader: OddReader) -> None:
        odd_reader.does("break", "fail the disk")
        job = await importer.run(csv_bytes(ROWS))
        assert (job["status"], job["counts"]["rows_accepted"]) == ("succeeded", len(ROWS))

    async def test_a_disk_is_not_taken_for_the_database(
        self, importer: Importer, odd_reader: OddReader
    ) -> None:
        odd_reader.does(*["fail the disk"] * 3)
        job = await importer.run(csv_bytes(ROWS))
        assert "DiskFailed (Input/output error)" in job["error"]


class TestAReaderThatDies:
    async def test_fails_the_file_at_once_and_no_other(
        self, importer: Importer, odd_reader: OddReader
    ) -> None:
        odd_reader.does("die")
        job = await importer.run(csv_bytes(ROWS))
        assert (job["status"], job["counts"]["rows_read"]) == ("failed", 0)
        assert "ended the process that read it (SIGKILL)" in job["error"]
        assert (await importer.run(csv_bytes(ROWS)))["status"] == "succeeded"

    async def test_others_go_on_beside_one_that_takes_long(
        self, importer: Importer, odd_reader: OddReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker, "_OVERTAKE_SECONDS", 0.1)
        odd_reader.does("hang")
        _, slow = await importer.upload(csv_bytes(ROWS))
        await until(lambda: odd_reader.left == [])
        quick = await importer.run(csv_bytes([("Q1", "A1", "", 1, "", "")]))
        assert quick["status"] == "succeeded"
        assert (await importer.job(slow["job_id"]))["status"] == "reading"

    async def test_a_stop_of_the_service_is_no_fault_of_the_file(
        self, settings: ImportSettings, empty: Database, odd_reader: OddReader
    ) -> None:
        odd_reader.does("hang")
        async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
            _, job = await Importer(Caller(session, url)).upload(csv_bytes(ROWS))
            await until(lambda: odd_reader.left == [])
        async with empty.begin() as connection:
            left = (await connection.execute(text("SELECT status, attempts FROM imports.jobs"))).one()
        assert tuple(left) == ("reading", 0)
        async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
            job = await Importer(Caller(session, url)).finished(job["job_id"])
        assert job["status"] == "succeeded"
