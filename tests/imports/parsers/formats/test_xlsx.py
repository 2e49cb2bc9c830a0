from __future__ import annotations

import datetime
import io
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from magacin.contracts.order_files import RejectReason
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.table import BadCell, Row, UnreadableFile

HEADER = ["order", "sku", "name", "qty"]
NOT_WHOLE = "6.5 is not a whole number, such as 6."


def read(path: Path) -> list[Row]:
    with open_table(path, path.name) as table:
        return list(table.rows())


def save(path: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def rewrite(path: Path, name: str, change: Any) -> None:
    """Replace one part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)


# openpyxl writes texts into their cells; Excel writes them here, in pieces, and how they are spoken.
STRINGS = (
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>other</t></si><si>'
    b"<r><t>Lan</t></r><r><rPr><b/></rPr><t xml:space='preserve'>tern </t></r>"
    b"<rPh sb='0' eb='1'><t>x</t></rPh></si></sst>"
)


def share(path: Path, strings: bytes = STRINGS) -> None:
    """Make the cell with the text Lantern refer to the second of the shared texts."""
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    rewrite(path, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", override))
    rewrite(path, "xl/sharedStrings.xml", lambda _: strings)
    old, new = b't="inlineStr"><is><t>Lantern</t></is>', b't="s"><v>1</v>'
    rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(old, new))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.xlsx"


class TestCells:
    def test_numbers_are_what_a_person_sees(self, path: Path) -> None:
        save(path, HEADER, [536365, 71053, "Lantern", 6.0], [536366, "007", None, 6.5])
        assert [row.cells for row in read(path)] == [
            ["536365", "71053", "Lantern", "6"],
            ["536366", "007", "", BadCell(RejectReason.NOT_A_NUMBER, NOT_WHOLE, "6.5")],
        ]

    def test_a_date_where_a_code_should_be(self, path: Path) -> None:
        save(path, HEADER, ["R1", datetime.date(2026, 2, 1), "x", 1])
        cell = read(path)[0].cells[1]
        assert isinstance(cell, BadCell)
        assert "date" in cell.message

    def test_texts_that_cells_share(self, path: Path) -> None:
        share(save(path, HEADER, ["R1", "A1", "Lantern", 1]))
        assert read(path)[0].cells == ["R1", "A1", "Lantern ", "1"]

    def test_truth_values_and_errors(self, path: Path) -> None:
        save(path, HEADER, ["R1", True, "x", "#N/A"])
        cells = read(path)[0].cells
        assert cells[1] == "TRUE"
        assert isinstance(cells[3], BadCell)
        assert cells[3].reason is RejectReason.BAD_ROW

    def test_a_formula_counts_by_its_result(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", "=2*3"])
        cell = read(path)[0].cells[3]
        assert isinstance(cell, BadCell)
        assert cell.reason is RejectReason.MISSING
        assert "no saved result" in cell.message
        sheet = "xl/worksheets/sheet1.xml"
        for tag in (b"<v />", b"<v></v>", b"<v/>"):
            rewrite(path, sheet, lambda xml, tag=tag: xml.replace(b"</f>" + tag, b"</f><v>6</v>"))
        rewrite(path, sheet, lambda xml: xml.replace(b"</f></c>", b"</f><v>6</v></c>"))
        assert read(path)[0].cells[3] == "6"

    def test_rows_keep_their_numbers_over_gaps(self, path: Path) -> None:
        save(path, [], HEADER, [], ["R1", "A1", "x", 1], [None, None, " "], ["R2", "A2", "y", 2, "a remark"])
        assert [(row.number, row.cells) for row in read(path)] == [
            (4, ["R1", "A1", "x", "1"]),
            (6, ["R2", "A2", "y", "2"]),
        ]

    def test_a_dimension_that_is_wrong(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"A1:D2", b"A1:A1"))
        assert read(path)[0].cells == ["R1", "A1", "x", "1"]

    def test_the_first_sheet_with_something_in_it(self, path: Path) -> None:
        book = Workbook()
        sheet = book.create_sheet("Data")
        sheet.append(HEADER)
        sheet.append(["R1", "A1", "x", 1])
        book.save(path)
        with open_table(path, path.name) as table:
            assert "'Data'" in table.notes[0]
            assert len(list(table.rows())) == 1


class TestRefused:
    def refused(self, path: Path) -> str:
        with pytest.raises(UnreadableFile) as caught:
            read(path)
        return str(caught.value)

    def test_no_sheet_has_data(self, path: Path) -> None:
        assert "anything in it" in self.refused(save(path))

    def test_columns_that_are_missing(self, path: Path) -> None:
        assert "'colour'" in self.refused(save(path, ["colour", "size"], ["red", 4]))

    def test_a_zip_that_is_no_workbook(self, path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "hello")
        assert "a ZIP archive" in self.refused(path)

    def test_cut_off(self, path: Path) -> None:
        whole = save(path, HEADER, ["R1", "A1", "x", 1]).read_bytes()
        for length in (10, len(whole) // 2, len(whole) - 10):
            path.write_bytes(whole[:length])
            assert self.refused(path)

    def test_damaged_anywhere(self, path: Path) -> None:
        whole = bytearray(save(path, HEADER, ["R1", "A1", "x", 1]).read_bytes())
        for place in range(0, len(whole), 97):
            damaged = whole.copy()
            damaged[place] ^= 0xFF
            path.write_bytes(damaged)
            try:
                read(path)
            except UnreadableFile as error:
                assert str(error)  # noqa: PT017  damage need not show, but if it does, then as this

    @pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
    def test_a_bomb(self, path: Path, part: str) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        rewrite(path, part, lambda xml: xml + b" " * (30 << 20))
        assert path.stat().st_size < 1 << 20
        assert "not opened" in self.refused(path)

    def test_a_bomb_of_many_parts(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        with zipfile.ZipFile(path, "a") as archive:
            for number in range(3000):
                archive.writestr(f"xl/part{number}.xml", "")
        assert "parts" in self.refused(path)

    def test_a_directory_that_lies_about_its_size(self, path: Path) -> None:
        whole = bytearray(save(path, HEADER, ["R1", "A1", "x", 1]).read_bytes())
        end = whole.rfind(b"PK\x05\x06")
        struct.pack_into("<I", whole, end + 12, 0x7FFF_FFFF)
        path.write_bytes(whole)
        assert "parts" in self.refused(path)

    def test_entities(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: bomb + xml)
        assert "damaged" in self.refused(path)

    @pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"])
    def test_entities_elsewhere(self, path: Path, part: str) -> None:
        share(save(path, HEADER, ["R1", "A1", "Lantern", 1]))
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        rewrite(path, part, lambda xml: bomb + xml[xml.find(b"?>") + 2 if xml.startswith(b"<?") else 0 :])
        message = self.refused(path)
        assert "damaged" in message

    def test_a_shared_text_that_is_not_there(self, path: Path) -> None:
        share(save(path, HEADER, ["R1", "A1", "Lantern", 1]), STRINGS.replace(b"<si><t>other</t></si>", b""))
        assert "damaged" in self.refused(path)

    def test_a_cell_without_an_end(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        rewrite(
            path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v>1</v>", b"<v>" + b"1" * 99_999)
        )
        assert "damaged" in self.refused(path)

    def test_cells_that_have_no_header_are_left_out(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "x", 1])
        cells = b"<c><v>1</v></c>" * 20_000
        rewrite(
            path,
            "xl/worksheets/sheet1.xml",
            lambda xml: xml.replace(b"</sheetData>", b"<row>" + cells + b"</row></sheetData>"),
        )
        assert [len(row.cells) for row in read(path)] == [4, 4]


def test_no_bytes_of_memory_for_a_picture(path: Path) -> None:
    """What nobody opens may be as large as it likes."""
    save(path, HEADER, ["R1", "A1", "x", 1])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/media/image1.png", io.BytesIO(b"x" * (30 << 20)).getvalue())
    assert len(read(path)) == 1


# Cells as programs write them, behind the letters and the number of their place.
CELLS = (
    *(
        't="inlineStr"><is><t>Lantern</t></is></c>',
        't="inlineStr"><is><t xml:space="preserve"> a </t></is></c>',
    ),
    *('t="inlineStr"><is><t>R&amp;D _x0041_</t></is></c>', 't="inlineStr"><is><r><t>rich</t></r></is></c>'),
    *(
        't="s"><v>0</v></c>',
        't="s"><v>1</v></c>',
        "><v>6</v></c>",
        't="n"><v>2.50</v></c>',
        's="0"><v>7</v></c>',
    ),
    *(
        "><f>A1+1</f><v>8</v></c>",
        "><f>A1+1</f></c>",
        't="str"><f>A1</f><v>text</v></c>',
        't="b"><v>1</v></c>',
    ),
    *('t="e"><v>#N/A</v></c>', "/>", "></c>", "><v>3</v><!-- x --></c>", "><v></v></c>"),
)
SHEET_ROW = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(CELLS)), max_size=6, unique_by=lambda cell: cell[0]
)


@given(rows=st.lists(SHEET_ROW, min_size=1, max_size=12).map(lambda rows: rows * 2))
def test_rows_of_any_shape_are_read_as_they_are_with_all_care(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[int, str]]]
) -> None:
    """With a comment in front of it a sheet is taken apart by an XML parser."""
    path = tmp_path_factory.mktemp("shapes") / "orders.xlsx"
    share(save(path, HEADER, ["R1", "A1", "Lantern", 1]))
    written = ""
    for number, row in enumerate(rows, start=3):
        cells = "".join(f'<c r="{"ABCDEF"[place]}{number}" {cell}' for place, cell in sorted(row))
        written += f'<row r="{number}">{cells}</row>'
    sheet = "xl/worksheets/sheet1.xml"
    rewrite(path, sheet, lambda xml: xml.replace(b"</sheetData>", written.encode() + b"</sheetData>"))
    found = read(path)
    rewrite(path, sheet, lambda xml: xml.replace(b"<sheetData>", b"<!-- --><sheetData>"))
    assert found == read(path)


class TestPartsByAnyName:
    """What a part is read as is said by whoever refers to it, not by its name."""

    def renamed(self, path: Path, kind: str, new: str, content: bytes | None = None) -> Path:
        """Move what the workbook reads as texts or styles to another name, with that content."""
        share(save(path, HEADER, ["R1", "A1", "Lantern", 1]))
        with zipfile.ZipFile(path) as archive:
            parts = {entry: archive.read(entry) for entry in archive.namelist()}
        old = parts.pop(f"xl/{kind}.xml")
        parts[f"xl/{new}"] = old if content is None else content
        relations = "xl/_rels/workbook.xml.rels"
        word = b"officeDocument/2006/relationships/" + kind.encode()
        added = b'<Relationship Id="other" Type="http://schemas.openxmlformats.org/%s" Target="%s"/></Rel'
        text = parts[relations].replace(b"/xl/%s.xml" % kind.encode(), b"/xl/gone.xml")
        parts[relations] = text.replace(b"</Rel", added % (word, new.encode()))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for entry, written in parts.items():
                archive.writestr(entry, written)
        return path

    @pytest.mark.parametrize("name", ["media/texts.xml", "embeddings/a.bin", "worksheets/texts.xml"])
    def test_are_read(self, path: Path, name: str) -> None:
        assert read(self.renamed(path, "sharedStrings", name))[0].cells[2] == "Lantern "

    @pytest.mark.parametrize(
        ("kind", "megabytes"), [("sharedStrings", 129), ("styles", 25)], ids=["texts", "styles"]
    )
    @pytest.mark.parametrize("name", ["media/image1.png", "worksheets/sheet9.xml"])
    def test_may_be_no_larger(self, path: Path, kind: str, megabytes: int, name: str) -> None:
        # It shrinks no more than orders do: its size alone is what there is to refuse.
        block = random.Random(5).randbytes(600).hex().encode().ljust(1 << 16)
        content = STRINGS.replace(b"<si><t>other", b"<si><t>" + block * (megabytes << 4) + b"other")
        with pytest.raises(UnreadableFile, match=f"{megabytes} MB in 'xl/{name}'"):
            read(self.renamed(path, kind, name, content))

    def test_what_nothing_reads_may_be(self, path: Path) -> None:
        save(path, HEADER, ["R1", "A1", "Lantern", 1])
        rewrite(path, "xl/media/image1.png", lambda _: random.Random(5).randbytes(25 << 20))
        assert [row.cells[0] for row in read(path)] == ["R1"]


class TestRowsThatAreNotThere:
    """A row says its own number, and a thousand bytes can say any."""

    def numbered(self, path: Path, number: int) -> Path:
        save(path, HEADER, ["R1", "71053", "Lantern", 6])
        rewrite(
            path,
            "xl/worksheets/sheet1.xml",
            lambda xml: xml.replace(b'<row r="2"', b'<row r="%d"' % number),
        )
        return path

    def test_a_gap_is_passed_over(self, path: Path) -> None:
        [row] = read(self.numbered(path, 200_000))
        assert (row.number, row.cells[0]) == (200_000, "R1")

    def test_excels_last_row_is_read(self, path: Path) -> None:
        assert [row.number for row in read(self.numbered(path, 1_048_576))] == [1_048_576]

    @pytest.mark.parametrize("number", [1_048_577, 99_999_999_999])
    def test_a_row_beyond_it_is_refused(self, path: Path, number: int) -> None:
        with pytest.raises(UnreadableFile, match="beyond 1,048,576"):
            read(self.numbered(path, number))

    def test_a_header_as_wide_as_a_sheet_is_refused(self, path: Path) -> None:
        save(path, [*HEADER, *["x"] * 1_000])
        with pytest.raises(UnreadableFile, match="1,004 columns"):
            read(path)

    def test_cells_without_a_name_at_its_right_do_not_count(self, path: Path) -> None:
        save(path, [*HEADER, *[" "] * 1_000], ["R1", "71053", "Lantern", 6])
        assert [len(row.cells) for row in read(path)] == [4]
