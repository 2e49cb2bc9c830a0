"""Workbooks of all kinds: the same orders by every program, and what makes a cell mean another thing."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openpyxl import Workbook

from magacin.contracts.imports import RECOGNISED, ReadingOptions
from magacin.contracts.order_files import RejectReason
from magacin.imports.assembly import Assembled, assemble
from magacin.imports.parsers.lines import LineReader
from magacin.imports.parsers.number_formats import Kind, number_format
from magacin.imports.parsers.ole import OLE
from magacin.imports.parsers.registry import inspect, open_table
from magacin.imports.parsers.table import UnreadableFile

FIXTURES = Path(__file__).parents[3] / "fixtures" / "workbooks"
FEATURES = sorted(FIXTURES.glob("features-*"))
SAME = sorted(
    path for path in FIXTURES.iterdir() if path.suffix != ".md" and not path.name.startswith("features-")
)
HEADER = ["order", "sku", "name", "qty", "ean"]


class Found(NamedTuple):
    format: str
    notes: list[str]
    content: Assembled


def read(path: Path, options: ReadingOptions = RECOGNISED) -> Found:
    format = inspect(path, path.name)
    with format.open(path, options) as table:
        reader = LineReader(table, options)
        found = list(reader.chunks(100))
        content = assemble(
            [line for lines in found for line in lines.contents],
            [reject for lines in found for reject in lines.rejects],
            {number for lines in found for number in lines.held_back},
            table.layout,
            partial=False,
        )
        return Found(format.name, [*table.notes, *reader.notes], content)


def rows(found: Found) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in found.content.rows]


def problems(found: Found) -> dict[str, tuple[str, str]]:
    return {reject.requisition: (reject.reason, reject.message) for reject in found.content.rejects}


def refused(path: Path, options: ReadingOptions = RECOGNISED) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path, options)
    return str(caught.value)


def save(path: Path, *cells: list[Any], change: Callable[[Any], None] = lambda sheet: None) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Orders"
    for row in cells:
        sheet.append(row)
    change(sheet)
    book.save(path)
    return path


def repacked(path: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    """Change names and contents of a workbook's parts."""
    with zipfile.ZipFile(path) as archive:
        parts = [change(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("path", SAME, ids=lambda path: path.name)
def test_the_same_orders_by_every_program(path: Path) -> None:
    found = read(path)
    name, place = "Čaša & <lonac>", "Niš"
    if "biff5" in path.name:
        name, place = (re.sub("[Čš]", "_", text) for text in (name, place))
    assert rows(found) == [
        (2, "SO-1", "00123", 6, name, "5901234123457", place),
        (3, "811234567890123", "71053", 2, "first second", None, ""),
        (4, "SO-1", "AB-7", 1000, 'Lamp "x"', None, place),
    ]
    assert found.content.rejects == []
    assert found.format == {".xml": "xml2003"}.get(path.suffix, path.suffix[1:])


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.name)
def test_what_changes_the_meaning_of_cells(path: Path) -> None:
    found = read(path)
    # Only LibreOffice works formulas out.
    formula = [(8, "R-3", "A4", 6, "formula", None, "")] if "libreoffice" in path.name else []
    assert rows(found) == [
        (4, "SO-00123", "0007001", 2, "formats", "0000012345670", "Niš"),
        (5, "R-2", "A1", 1, "merged", None, "Pirot"),
        (6, "R-2", "A2", 3, "merged", None, "Pirot"),
        (7, "R-2", "A3", 4, "merged", None, "Pirot"),
        *formula,
        (11, "R-6", "12345", 1, "grouped", None, ""),
    ]
    why = problems(found)
    assert "date" in why["R-4"][1]
    assert "cannot be told" in why["R-5"][1]
    assert "lost" in why["R-7"][1]
    assert ("R-3" in why) != bool(formula)
    notes = " ".join(found.notes)
    for said in (
        "Read the sheet 'Orders'.",
        "'Cover' (no header of orders)",
        "'Old' (hidden)",
        "'Tuesday' (orders, too",
        "Columns that are hidden, and were read: 'EAN'.",
        "Hidden rows (perhaps filtered away) that were read: 1 (6).",
    ):
        assert said in notes


class TestSheets:
    def test_by_name(self) -> None:
        path = FIXTURES / "features-libreoffice.xls"
        assert rows(read(path, ReadingOptions(sheet="old")))[0][1] == "OLD-1"
        assert "no sheet 'Wednesday'. Its sheets are: 'Cover', 'Old'" in refused(
            path, ReadingOptions(sheet="Wednesday")
        )

    def test_nothing_but_hidden_ones(self, tmp_path: Path) -> None:
        def hide(sheet: Any) -> None:
            sheet.parent.create_sheet("Blank")
            sheet.sheet_state = "veryHidden"

        path = save(tmp_path / "a.xlsx", HEADER, ["R1", "A", "", 1], change=hide)
        assert "Not read: 'Orders' (hidden)" in refused(path)


NUMBERS = [
    # What is stored, its format, and the code that it is; None where it is refused.
    (123, "000000", "000123"),
    (1234567, "000000", "1234567"),
    (123, '"SO-"00000', "SO-00123"),
    (123, r"\S\O\-00000;[Red]-0", "SO-00123"),
    (123456789, "000-00-0000", "123-45-6789"),
    (7, '"A;"0', "A;7"),
    (123, "[$-409]0", "123"),
    (123, '"SO-"General', "SO-123"),
    (0, "000", "000"),
    (71053, "#,##0", "71053"),
    (71053, "@", "71053"),
    (12.5, "General", "12.5"),
    (8112345678901234, "General", "8112345678901234"),
    (9007199254740993, "General", None),
    (8112345678901230, "General", None),
    (811234567890123456, "000000", None),
    (123, "0.00", None),
    (123, "0%", None),
    (123, "0.0E+0", None),
    (123, '[>100]"A"0;"B"0', None),
    (12000, "0,", None),
    (46054, "d.m.yyyy", None),
    (-5, "000", None),
]


@pytest.mark.parametrize(("value", "format", "code"), NUMBERS)
def test_numbers_as_codes(tmp_path: Path, value: float, format: str, code: str | None) -> None:
    def format_it(sheet: Any) -> None:
        sheet["B2"].number_format = format

    found = read(save(tmp_path / "a.xlsx", HEADER, ["R1", value, "", 1], change=format_it))
    assert [row[2] for row in rows(found)] == ([code] if code else [])
    assert bool(found.content.rejects) == (code is None)


@pytest.mark.parametrize(
    ("value", "format", "quantity"),
    [
        (6, "0.00", 6),
        (6, '0" kom"', 6),
        (1234, "#,##0", 1234),
        (6.5, "0", None),
        (0.5, "0%", None),
        (6000, "0,", None),
    ],
)
def test_numbers_as_quantities(tmp_path: Path, value: float, format: str, quantity: int | None) -> None:
    def format_it(sheet: Any) -> None:
        sheet["D2"].number_format = format

    found = read(save(tmp_path / "a.xlsx", HEADER, ["R1", "A", "", value], change=format_it))
    assert [row[3] for row in rows(found)] == ([quantity] if quantity else [])


def test_a_decimal_point_of_a_number_is_no_evidence_for_a_text(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", [*HEADER, "price"], ["R1", "A", "", "1.000", None, 2.5])
    assert "nothing in the file tells which" in problems(read(path))["R1"][1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("yyyy-mm-dd", Kind.DATE),
        ("[h]:mm", Kind.DATE),
        ('"day" 0', Kind.PATTERN),
        ("0 %", Kind.SCALED),
        ("# ?/?", Kind.OTHER),
    ],
)
def test_kinds_of_formats(code: str, kind: Kind) -> None:
    assert number_format(code).kind is kind


class TestMerged:
    def read(self, tmp_path: Path, cells: list[list[Any]], *ranges: str) -> Found:
        def merge(sheet: Any) -> None:
            for range_ in ranges:
                sheet.merge_cells(range_)

        return read(save(tmp_path / "a.xlsx", HEADER, *cells, change=merge))

    def test_a_total_is_no_order(self, tmp_path: Path) -> None:
        found = self.read(tmp_path, [["R1", "A", "", 1], ["Total", None, None, 1]], "A3:C3")
        assert [row[1] for row in rows(found)] == ["R1"]

    def test_a_line_over_two_rows_is_one_line(self, tmp_path: Path) -> None:
        cells: list[list[Any]] = [["R1", "A", "a", 4], [None, None, "b", None], ["R2", "B", "", 1]]
        found = self.read(tmp_path, cells, "A2:A3", "B2:B3", "D2:D3")
        assert [row[1:4] for row in rows(found)] == [("R1", "A", 4), ("R2", "B", 1)]

    def test_it_does_not_reach_further(self, tmp_path: Path) -> None:
        cells: list[list[Any]] = [
            ["R1", "A", "", 1],
            [None, "B", "", 1],
            [None, "C", "x", 1],
            ["R2", "D", "", 1],
        ]
        assert [row[1] for row in rows(self.read(tmp_path, cells, "A2:A3"))][:2] == ["R1", "R1"]


class TestOpenPackaging:
    def orders(self, tmp_path: Path) -> Path:
        return save(tmp_path / "a.xlsx", HEADER, ["R1", "A", "", 1])

    def check(self, path: Path) -> None:
        assert [row[1] for row in rows(read(path))] == ["R1"]

    @pytest.mark.parametrize(
        "rename",
        [
            lambda name: name.replace("/", "\\"),
            str.upper,
            lambda name: name.replace("xl/", "book/") if name.startswith("xl/") else name,
        ],
        ids=["backslashes", "other-case", "not-in-xl"],
    )
    def test_names_of_parts(self, tmp_path: Path, rename: Callable[[str], str]) -> None:
        def change(name: str, content: bytes) -> tuple[str, bytes]:
            if name.endswith((".rels", "[Content_Types].xml")) and rename("xl/a") == "book/a":
                content = content.replace(b"xl/", b"book/")
            return rename(name), content

        self.check(repacked(self.orders(tmp_path), change))

    def test_strict(self, tmp_path: Path) -> None:
        def change(name: str, content: bytes) -> tuple[str, bytes]:
            for old, new in (
                (
                    b"http://schemas.openxmlformats.org/spreadsheetml/2006/",
                    b"http://purl.oclc.org/ooxml/spreadsheetml/",
                ),
                (
                    b"http://schemas.openxmlformats.org/officeDocument/2006/",
                    b"http://purl.oclc.org/ooxml/officeDocument/",
                ),
            ):
                content = content.replace(old, new)
            return name, content

        self.check(repacked(self.orders(tmp_path), change))

    def test_prefixes_and_comments_are_taken_apart_with_care(self, tmp_path: Path) -> None:
        def change(name: str, content: bytes) -> tuple[str, bytes]:
            if name.endswith("sheet1.xml"):
                content = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", content).replace(b"xmlns=", b"xmlns:x=")
                content = content.replace(b"<x:sheetData>", b"<x:sheetData><!-- <x:row/> -->")
            return name, content

        self.check(repacked(self.orders(tmp_path), change))

    def test_the_end_record_of_large_archives(self, tmp_path: Path) -> None:
        path = self.orders(tmp_path)
        content = path.read_bytes()
        end = content.rfind(b"PK\x05\x06")
        count, size, offset = struct.unpack_from("<HII", content, end + 10)
        large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
        path.write_bytes(content[:end] + large + locator + content[end:])
        self.check(path)

    def test_escapes(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.xlsx", HEADER, ["R1", "A", "one_x000D_\ntwo_x0041__x005F_x000D_", 1])
        assert rows(read(path))[0][4] == "one twoA_x000D_"


class TestRefused:
    def test_a_password(self, tmp_path: Path) -> None:
        header = bytearray(512)
        header[:8] = OLE
        struct.pack_into("<H", header, 30, 9)
        struct.pack_into("<I", header, 48, 0)
        struct.pack_into("<I", header, 76, 1)
        name = "EncryptedPackage".encode("utf-16-le")
        directory = name.ljust(64, b"\0") + struct.pack("<H", len(name) + 2)
        path = tmp_path / "a.xlsx"
        path.write_bytes(
            header + directory.ljust(512, b"\0") + struct.pack("<I", 0xFFFF_FFFE).ljust(512, b"\xff")
        )
        assert "has a password" in refused(path)
        path.write_bytes(
            (FIXTURES / "xlwt.xls").read_bytes().replace(b"\xe1\x00\x02\x00", b"\x2f\x00\x02\x00", 1)
        )
        assert "has a password" in refused(path)

    def test_a_password_of_ods(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ods"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", b"\x01\x02")
            archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
        assert "has a password" in refused(path)

    def test_records_of_xlsb_that_nobody_knows(self, tmp_path: Path) -> None:
        def change(name: str, content: bytes) -> tuple[str, bytes]:
            if name.endswith("sheet1.bin"):
                end = content.rindex(b"\x92\x01\x00")  # the end of the rows
                content = content[:end] + b"\x7f\x00" + content[end:]
            return name, content

        path = tmp_path / "a.xlsb"
        path.write_bytes((FIXTURES / "sheetjs.xlsb").read_bytes())
        assert "cells could be missing" in refused(repacked(path, change))

    @pytest.mark.parametrize("source", SAME, ids=lambda path: path.name)
    def test_damage_is_told_as_damage(self, tmp_path: Path, source: Path) -> None:
        whole = source.read_bytes()
        path = tmp_path / source.name
        for place in range(0, len(whole), max(7, len(whole) // 25)):
            damaged = bytearray(whole)
            damaged[place] ^= 0xFF
            for content in (bytes(damaged), whole[:place]):
                path.write_bytes(content)
                try:
                    with open_table(path, path.name) as table:
                        list(table.rows())
                except UnreadableFile as error:
                    assert str(error)  # noqa: PT017  damage need not show, but if it does, then as this

    @pytest.mark.parametrize(
        ("name", "part"),
        [("libreoffice.ods", "content.xml"), ("sheetjs.xlsb", "xl/worksheets/sheet1.bin")],
    )
    def test_bombs(self, tmp_path: Path, name: str, part: str) -> None:
        path = tmp_path / name
        path.write_bytes((FIXTURES / name).read_bytes())

        def change(of: str, content: bytes) -> tuple[str, bytes]:
            return of, content + bytes(10 << 20) if of == part else content

        assert "not opened" in refused(repacked(path, change))

    @pytest.mark.parametrize("name", ["libreoffice.ods", "sheetjs.xml"])
    def test_entities(self, tmp_path: Path, name: str) -> None:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

        def change(of: str, content: bytes) -> tuple[str, bytes]:
            at = content.find(b"?>") + 2
            return of, content[:at] + bomb + content[at:] if of.endswith((".xml",)) else content

        path = tmp_path / name
        path.write_bytes((FIXTURES / name).read_bytes())
        if name.endswith(".ods"):
            repacked(path, change)
        else:
            path.write_bytes(change(name, path.read_bytes())[1])
        assert "document type" in refused(path)

    def test_cells_repeated_without_end(self, tmp_path: Path) -> None:
        endless = (
            b'<table:table-row table:number-rows-repeated="999999999"><table:table-cell '
            b'table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell></table:table-row>'
        )

        def change(name: str, content: bytes) -> tuple[str, bytes]:
            return name, content.replace(b"<table:table-row ", endless + b"<table:table-row ", 1)

        path = tmp_path / "a.ods"
        path.write_bytes((FIXTURES / "libreoffice.ods").read_bytes())
        assert "16,384 columns" in refused(repacked(path, change))


class TestWebPages:
    def page(self, tmp_path: Path, content: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "orders.xls"
        path.write_bytes(content.encode(encoding))
        return path

    def test_spans_nested_tables_and_line_breaks(self, tmp_path: Path) -> None:
        content = (
            "<html><body><table><tr><td>menu</td><td><table><tr><th>order<th>sku<th>name<th>qty</tr>"
            "<tr><td rowspan=2>R1<td>A&nbsp;1<td>two<br>lines<td>6</tr>"
            "<tr style='display:none'><td>B  1<td><b>bo</b>ld<td>1</tr></table></td></tr></table></html>"
        )
        found = read(self.page(tmp_path, content))
        assert [row[:5] for row in rows(found)] == [
            (2, "R1", "A 1", 6, "two lines"),
            (3, "R1", "B 1", 1, "bold"),
        ]
        assert any("Hidden rows" in note for note in found.notes)

    def test_its_encoding(self, tmp_path: Path) -> None:
        table = "<table><tr><td>nalog<td>šifra<td>količina<tr><td>Č-1<td>A<td>1</table>"
        for encoding, head in (("cp1250", "<meta charset=windows-1250>"), ("utf-16", ""), ("cp1250", "")):
            assert rows(read(self.page(tmp_path, head + table, encoding)))[0][1] == "Č-1"

    def test_a_text_that_is_called_a_workbook(self, tmp_path: Path) -> None:
        found = read(self.page(tmp_path, "order\tsku\tqty\nR1\t007\t6\n"))
        assert (found.format, rows(found)[0][2]) == ("csv", "007")


def test_a_missing_cell_of_xlsx_is_noticed_by_counting(tmp_path: Path) -> None:
    """Attributes in another order, other quotes: what is not plain is taken apart with care."""

    def change(name: str, content: bytes) -> tuple[str, bytes]:
        if name.endswith("sheet1.xml"):
            content = content.replace(b'<c r="B2"', b"<c r='B2'").replace(
                b'<c r="D2" t="n">', b'<c t="n" r="D2">'
            )
        return name, content

    path = save(tmp_path / "a.xlsx", HEADER, ["R1", "A", "", 7])
    assert rows(read(repacked(path, change)))[0][1:4] == ("R1", "A", 7)


def test_reason_of_a_formula_without_a_result(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", HEADER, ["R1", "=A1", "", 1])
    assert problems(read(path))["R1"][0] == RejectReason.MISSING
