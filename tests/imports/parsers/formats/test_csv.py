from __future__ import annotations

import codecs
import csv
from pathlib import Path

import pytest

from magacin.contracts.order_files import Column
from magacin.imports.parsers.encoding import detect
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.table import Row, UnreadableFile

HEADER = "order,sku,name,qty\n"


def read(tmp_path: Path, content: bytes) -> list[Row]:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with open_table(path, path.name) as table:
        return list(table.rows())


def refused(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(tmp_path, content)
    return str(caught.value)


class TestEncoding:
    @pytest.mark.parametrize(
        ("codec", "bom", "expected"),
        [
            ("utf-8", b"", "utf-8"),
            ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
            ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
            ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
            ("utf-16-le", b"", "utf-16-le"),
            ("utf-16-be", b"", "utf-16-be"),
            ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32"),
            ("cp1252", b"", "cp1252"),
            ("cp1250", b"", "cp1250"),
            ("cp1251", b"", "cp1251"),
        ],
    )
    def test_it_is_recognised_and_read(self, tmp_path: Path, codec: str, bom: bytes, expected: str) -> None:
        name = {"cp1251": "Шоља за кафу", "cp1252": "Crème brûlée £5"}.get(codec, "Šolja za kafu, žuta")
        path = tmp_path / "orders.csv"
        path.write_bytes(bom + f'{HEADER}R1,A1,"{name}",6\n'.encode(codec))
        assert detect(path).codec == expected
        with open_table(path, path.name) as table:
            assert [row.cells for row in table.rows()] == [["R1", "A1", name, "6"]]

    def test_a_pound_sign_after_two_megabytes_of_ascii(self, tmp_path: Path) -> None:
        content = HEADER.encode() + b"R1,A1,plain,6\n" * 150_000 + "R2,A2,£5 LAMP,1\n".encode("cp1252")
        assert read(tmp_path, content)[-1].cells == ["R2", "A2", "£5 LAMP", "1"]

    def test_a_character_over_the_edge_of_a_block(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        start = HEADER.encode() + b"R1,A1,"
        path.write_bytes(start + b"x" * ((1 << 20) - len(start) - 1) + "ž".encode() + b",6\n")
        assert detect(path).codec == "utf-8"

    @pytest.mark.parametrize("content", [b"\0" * 5000, bytes(range(32)) * 200, b"a\0" * 2 + b"\0" * 400])
    def test_bytes_that_are_no_text(self, tmp_path: Path, content: bytes) -> None:
        assert "not a text file" in refused(tmp_path, content)

    def test_utf16_that_breaks_off_within_a_character(self, tmp_path: Path) -> None:
        content = codecs.BOM_UTF16_LE + (HEADER + "R1,A1,x,6\n").encode("utf-16-le") + b"\x00\xd8"
        assert "UTF-16" in refused(tmp_path, content)


class TestDelimiter:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_it_is_recognised(self, tmp_path: Path, delimiter: str) -> None:
        line = delimiter.join(["R1", "A1", '"a, b; c"', "6"])
        content = f"{HEADER.replace(',', delimiter)}{line}\n".encode()
        assert read(tmp_path, content)[0].cells == ["R1", "A1", "a, b; c", "6"]

    def test_the_first_line_of_excel(self, tmp_path: Path) -> None:
        rows = read(tmp_path, b"sep=;\norder;sku;qty\nR1;A1;6\n")
        assert rows == [Row(3, ["R1", "A1", "6"])]

    def test_a_header_with_the_other_delimiter_inside_a_name(self, tmp_path: Path) -> None:
        assert read(tmp_path, b'"name, long";order;sku;qty\nx;R1;A1;6\n')[0].cells[1] == "R1"


class TestRows:
    def test_numbers_are_those_of_a_spreadsheet(self, tmp_path: Path) -> None:
        content = b'\n\norder,sku,name,qty\n\nR1,A1,"two\nlines",6\n,,,\nR2,A2,x,1\n'
        assert [row.number for row in read(tmp_path, content)] == [5, 7]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_every_kind_of_line_end(self, tmp_path: Path, end: str) -> None:
        content = f"{HEADER}R1,A1,x,6\nR2,A2,y,1\n".replace("\n", end).encode()
        assert [row.cells[0] for row in read(tmp_path, content)] == ["R1", "R2"]

    def test_no_line_end_at_the_end(self, tmp_path: Path) -> None:
        assert len(read(tmp_path, HEADER.encode() + b"R1,A1,x,6")) == 1

    def test_too_few_and_too_many_fields(self, tmp_path: Path) -> None:
        rows = read(tmp_path, HEADER.encode() + b"R1,A1\nR2,A2,big, red,6\nR3,A3,x,6,,\n")
        assert rows[0].problem is not None
        assert "2 fields" in rows[0].problem
        assert rows[1].problem is not None
        assert "quotes" in rows[1].problem
        assert rows[2].problem is None

    def test_a_bad_quote_costs_its_row_only(self, tmp_path: Path) -> None:
        rows = read(tmp_path, HEADER.encode() + b'R1,A1,"5" pipe, red,6\nR2,A2,x,1\n')
        assert [row.problem is None for row in rows] == [False, True]
        assert [row.cells[0] for row in rows] == ["R1", "R2"]

    def test_a_text_that_begins_with_a_quoted_word(self, tmp_path: Path) -> None:
        rows = read(tmp_path, HEADER.encode() + b'R1,A1,"Komfort" pipe,6\nR2,A2,"a, b",1\n')
        assert [row.cells[2] for row in rows] == ['"Komfort" pipe', "a, b"]

    def test_an_inch_sign_inside_an_unquoted_text(self, tmp_path: Path) -> None:
        assert read(tmp_path, HEADER.encode() + b'R1,A1,pipe 5",6\n')[0].cells[2] == 'pipe 5"'

    def test_a_field_that_is_far_too_long_is_a_field(self, tmp_path: Path) -> None:
        rows = read(tmp_path, HEADER.encode() + b"R1,A1," + b"x" * 40_000 + b",6\nR2,A2,x,1\n")
        assert [len(row.cells) for row in rows] == [4, 4]


class TestUnreadable:
    def test_a_quote_that_is_never_closed(self, tmp_path: Path) -> None:
        rows = b"R1,A1,x,6\n" + b'R2,A2,"x,6\n' + b"R3,A3,x,1\n" * 9
        message = refused(tmp_path, HEADER.encode() + rows + b'R4,A4,"a, b",1\n')
        assert "Row 3 " in message

    def test_a_quote_that_swallows_a_huge_file(self, tmp_path: Path) -> None:
        message = refused(tmp_path, HEADER.encode() + b'R2,A2,"x, y,6\n' + b"R3,A3,x,1\n" * 150_000)
        assert "Row 2 " in message

    def test_a_quote_that_another_row_closes_loses_no_row(self, tmp_path: Path) -> None:
        message = refused(tmp_path, HEADER.encode() + b'R1,A1,"x,6\nR2,A2,"y,6\nR3,A3,"z, w",1\n')
        assert "Row 2 " in message

    def test_a_quote_that_another_row_closes_is_a_character_where_every_line_is_a_row(
        self, tmp_path: Path
    ) -> None:
        rows = read(tmp_path, HEADER.encode() + b'R1,A1,"x,6\nR2,A2,"y,6\nR3,A3,z,1\n')
        assert [row.cells for row in rows] == [
            ["R1", "A1", '"x', "6"],
            ["R2", "A2", '"y', "6"],
            ["R3", "A3", "z", "1"],
        ]

    def test_an_address_in_two_lines_swallows_nothing(self, tmp_path: Path) -> None:
        rows = read(tmp_path, HEADER.encode() + b'R1,A1,"12 High St, London, UK\nattn: Bob, dock 4",6\n')
        assert [len(row.cells) for row in rows] == [4]

    def test_a_line_that_does_not_end_far_below_the_header(self, tmp_path: Path) -> None:
        content = HEADER.encode() + b"R1,A1,x,6\n" * 300 + b"x" * (2 << 20)
        assert "Line 302 is longer than" in refused(tmp_path, content)

    @pytest.mark.parametrize("quote", ["", '"'])
    def test_the_mark_that_ends_files_of_dos_is_no_row(self, tmp_path: Path, quote: str) -> None:
        content = f"{HEADER}R1,A1,{quote}x{quote},6\r\n\x1a"
        assert [row.cells for row in read(tmp_path, content.encode())] == [["R1", "A1", "x", "6"]]

    def test_a_file_without_line_ends(self, tmp_path: Path) -> None:
        assert "Line 2 is longer" in refused(tmp_path, HEADER.encode() + b"x" * (3 << 20))

    @pytest.mark.parametrize("content", [b"", b"\n\n\n"])
    def test_nothing_in_it(self, tmp_path: Path, content: bytes) -> None:
        assert "empty" in refused(tmp_path, content)

    def test_a_header_that_means_nothing(self, tmp_path: Path) -> None:
        message = refused(tmp_path, b"colour,size\nred,4\n")
        assert "'colour', 'size'" in message


def test_the_retail_file_is_read_as_python_reads_it(retail_file: Path) -> None:
    with retail_file.open(encoding="cp1252", newline="") as file:
        expected = list(csv.reader(file, skipinitialspace=True))[1:]
    with open_table(retail_file, retail_file.name) as table:
        assert table.layout.positions[Column.REQUISITION] == 0
        rows = list(table.rows())
    assert [row.cells for row in rows] == expected
    assert [row.number for row in rows] == list(range(2, 50_064))
