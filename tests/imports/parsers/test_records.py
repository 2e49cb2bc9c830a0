"""Rows of files of articles and locations: what is read, and what is refused by the file alone."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magacin.contracts.order_files import Column, Subject
from magacin.contracts.tasks.articles import Article, Pack, PackLevel
from magacin.contracts.tasks.locations import Location
from magacin.contracts.tasks.master_data import ARTICLE_COLUMNS, LOCATION_COLUMNS
from magacin.contracts.written_codes import as_cell, of_cell
from magacin.core.exports import workbook
from magacin.core.spreadsheets import MARK, csv_lines
from magacin.imports.parsers.options import PlainReading
from magacin.imports.parsers.records import RecordReader
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.rows import RejectedRow
from magacin.imports.parsers.table import UnreadableFile
from magacin.tasks.master_data.files import row_of, rows_of
from tests.imports.support import csv_bytes

# What may be kept as a code or a text: no control characters, in one form, and nothing that nobody sees.
_VISIBLE = st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Mc", "Me", "Zl", "Zp"))
_SIGNS = st.sampled_from([*"=+-@'\";,|. #*[]_/x0159EeA", "'="])
_LETTERS = st.sampled_from(string.ascii_letters + string.digits)
_TEXT = st.lists(st.one_of(_VISIBLE, _SIGNS, _LETTERS), max_size=12).map("".join).map(str.strip)
_CODE = st.one_of(
    _TEXT,
    st.from_regex(r"[0-9]{1,20}", fullmatch=True),
    st.from_regex(r"'?[0-9]\.[0-9]{1,4}E\+?[0-9]{1,2}", fullmatch=True),
    st.sampled_from(["nan", "-", "NULL", "[A] B", '="1"', "'1'", "_x0041_", "123.0", "1 234-5", "sep=;"]),
).filter(lambda code: code == _kept(code) and code != "")


def _kept(code: str) -> str:
    """Return a code in the one form that is kept."""
    return unicodedata.normalize("NFC", code)


def read(
    content: bytes, name: str, subject: Subject, **options: Any
) -> tuple[list[Any], list[RejectedRow], list[str]]:
    """Return the records of a file with their rows, what was refused, and the notes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        reading = PlainReading(subject=subject, **options)
        with open_table(path, name, reading) as table:
            reader = RecordReader(table, reading)
            chunks = [*reader.chunks(3)]
    records = [record for chunk in chunks for record in chunk.contents]
    assert sum(chunk.row_count for chunk in chunks) == len(records) + len(
        {reject.row for chunk in chunks for reject in chunk.rejects}
    )
    return records, [reject for chunk in chunks for reject in chunk.rejects], reader.notes + table.notes


def articles(*rows: Sequence[object], header: Sequence[str] = ARTICLE_COLUMNS, **options: Any) -> Any:
    return read(csv_bytes(rows, header), "articles.csv", Subject.ARTICLES, **options)


def locations(*rows: Sequence[object], header: Sequence[str] = LOCATION_COLUMNS, **options: Any) -> Any:
    return read(csv_bytes(rows, header), "locations.csv", Subject.LOCATIONS, **options)


def saved(header: Sequence[str], rows: Sequence[Sequence[Any]], ending: str) -> bytes:
    """Return rows as the exports write them."""
    if ending == "xlsx":
        return workbook([header, *rows], "saved")
    return (MARK + csv_lines([header, *rows])).encode()


class TestRoundTrip:
    @given(code=_CODE)
    @settings(max_examples=500)
    def test_a_code_comes_back_from_its_cell(self, code: str) -> None:
        for barcode in (False, True):
            assert of_cell(as_cell(code), barcode=barcode) == (code, None)

    @given(code=_CODE)
    def test_and_no_spreadsheet_runs_it(self, code: str) -> None:
        assert as_cell(code).lstrip("\"' ")[:1] not in "=+-@" or as_cell(code).startswith("'")

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    @given(data=st.data())
    @settings(max_examples=40, deadline=None)
    def test_articles_come_back_as_they_were_saved(self, ending: str, data: st.DataObject) -> None:
        codes = data.draw(st.lists(_CODE, min_size=2, max_size=8, unique=True))
        skus, barcodes = codes[: len(codes) // 2], codes[len(codes) // 2 :]
        of_each: dict[str, list[str]] = {sku: [] for sku in skus}
        for code in barcodes:
            of_each[data.draw(st.sampled_from(skus))].append(code)
        packs = st.builds(tuple, st.tuples(st.integers(2, 1_000_000), st.sampled_from([*PackLevel][1:])))
        made = [
            Article(
                sku=sku,
                description=data.draw(_TEXT),
                barcodes=mine,
                packs=[
                    Pack(code=code, pieces=pieces, level=level)
                    for code in mine
                    for pieces, level in data.draw(st.lists(packs, max_size=1))
                ],
            )
            for sku, mine in of_each.items()
        ]
        rows = [row for article in made for row in rows_of(article)]
        content = saved(ARTICLE_COLUMNS, rows, ending)
        records, rejects, _ = read(content, f"articles.{ending}", Subject.ARTICLES)
        assert not rejects
        expected = []
        for article in made:
            packed = {pack.code: pack for pack in article.packs}
            for code in article.barcodes or [""]:
                pack = packed.get(code)
                pieces = "" if not code else str(pack.pieces if pack else 1)
                level = "" if not code else pack.level.value if pack else "each"
                expected.append((article.sku, article.description, code, pieces, level))
        assert [tuple(record.cells.values()) for record in records] == expected

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    @given(codes=st.lists(_CODE, min_size=1, max_size=6, unique=True), data=st.data())
    @settings(max_examples=40, deadline=None)
    def test_locations_do(self, ending: str, codes: list[str], data: st.DataObject) -> None:
        places = [
            Location(
                code=code[:32].strip(),
                zone=data.draw(_TEXT),
                aisle=data.draw(_TEXT),
                sequence=data.draw(st.integers(0, 2**31 - 1)),
            )
            for code in {code[:32].strip(): code for code in codes}
        ]
        content = saved(LOCATION_COLUMNS, [row_of(place) for place in places], ending)
        records, rejects, _ = read(content, f"locations.{ending}", Subject.LOCATIONS)
        assert not rejects
        assert [tuple(record.cells.values()) for record in records] == [
            (place.code, place.zone, place.aisle, str(place.sequence)) for place in places
        ]


class TestArticles:
    def test_columns_are_recognised_by_their_names(self) -> None:
        header = ("Šifra artikla", "Naziv", "EAN", "Komada u pakovanju", "Pakovanje", "Cena")
        records, rejects, notes = articles(("A1", "Voda", "4006381333931", 6, "CASE", "12,00"), header=header)
        assert not rejects
        assert records == [
            (
                2,
                {
                    "sku": "A1",
                    "description": "Voda",
                    "barcode": "4006381333931",
                    "pieces": "6",
                    "level": "case",
                },
            )
        ]
        assert "Not used: Cena." in notes[-1]

    def test_a_mapping_wins(self) -> None:
        mapping = {Column.SKU: "Teil", Column.BARCODE: ("Strich", "EAN")}
        records, _, _ = articles(("A1", "X9", "B1"), header=("Teil", "sku", "EAN"), mapping=mapping)
        assert records == [(2, {"sku": "A1", "barcode": "B1"})]

    def test_codes_are_read_as_those_of_orders(self) -> None:
        records, _, notes = articles(('="00123"', "", "4006381 333931", "", ""), ("'007", "", "", "", ""))
        assert [(record.cells["sku"], record.cells["barcode"]) for record in records] == [
            ("00123", "4006381333931"),
            ("007", ""),
        ]
        assert any('written as ="…"' in note for note in notes)

    @pytest.mark.parametrize(
        ("row", "column", "reason", "says"),
        [
            (("", "x", "", "", ""), "sku", "missing", "There is no sku"),
            (("nan", "x", "", "", ""), "sku", "missing", "There is no sku"),
            (("x" * 65, "", "", "", ""), "sku", "too_long", "at most 64"),
            (("=1+1", "", "", "", ""), "sku", "bad_row", "is a formula"),
            (("8.01235E+15", "", "", "", ""), "sku", "not_a_number", "digits are lost"),
            (("N", "x" * 201, "", "", ""), "description", "too_long", "at most 200"),
            (("N", "", "x" * 49, "", ""), "barcode", "too_long", "at most 48"),
            (("N", "", "8.01235E+15", "", ""), "barcode", "not_a_number", "digits are lost"),
            (("N", "", "B", "1,5", ""), "pieces", "not_a_number", "whole number"),
            (("N", "", "B", "1.000", ""), "pieces", "not_a_number", "where a point does"),
            (("N", "", "B", "six", ""), "pieces", "not_a_number", "whole number"),
            (("N", "", "B", "0", ""), "pieces", "not_positive", "1 or more"),
            (("A", "", "TAKEN", "", ""), "barcode", "conflict", "Row 2 has the same barcode already."),
            (("N", "", "TAKEN", "", ""), "barcode", "conflict", "Row 2 gives it to the article A."),
            (("A", "Other", "B", "", ""), "description", "conflict", "Row 2 describes the article"),
            (("A", "x\x01y", "", "", ""), "description", "bad_character", "U+0001"),
        ],
    )
    def test_a_bad_row_is_told_and_keeps_no_other_out(
        self, row: tuple[str, ...], column: str, reason: str, says: str
    ) -> None:
        good = ("A", "First", "TAKEN", "6", "case")
        records, rejects, _ = articles(good, row, ("Z", "", "", "", ""))
        assert [record.row for record in records] == [2, 4]
        [reject] = rejects
        assert (reject.row, reject.column, reject.reason) == (3, column, reason)
        assert says in reject.message

    def test_of_two_rows_that_say_the_same_one_counts(self) -> None:
        records, [reject], _ = articles(("A", "x", "", "", ""), ("A", "x", "", "", ""))
        assert len(records) == 1
        assert (reject.row, reject.column, reject.message) == (3, "sku", "Row 2 has the same sku already.")

    def test_a_row_that_was_refused_says_nothing_to_others(self) -> None:
        records, rejects, _ = articles(("A", "", "B", "none", ""), ("C", "", "B", "2", ""))
        assert [record.cells["sku"] for record in records] == ["C"]
        assert [reject.row for reject in rejects] == [2]

    def test_rules_and_the_header_again_are_passed_over(self) -> None:
        records, rejects, notes = articles(
            ("A", "", "", "", ""), ARTICLE_COLUMNS, ("---", "---", "---", "---", "---"), ("B", "", "", "", "")
        )
        assert (len(records), rejects) == (2, [])
        assert sum(note.startswith("Passed over: 1 row ") for note in notes) == 2

    def test_too_many_and_too_few_fields(self) -> None:
        content = b"sku,description,barcode,pieces,level\nA,Cable 3x1,5,B1,1,each\nB,short\n"
        records, [reject], _ = read(content, "articles.csv", Subject.ARTICLES)
        assert (reject.row, reject.reason, reject.requisition) == (2, "bad_row", "A")
        assert [record.cells["sku"] for record in records] == ["B"]

    @pytest.mark.parametrize("header", [("article",), ("description", "barcode"), ("quantity", "x")])
    def test_what_names_no_article_or_nothing_else_is_no_file_of_articles(
        self, header: tuple[str, ...]
    ) -> None:
        with pytest.raises(UnreadableFile, match="The header lacks"):
            articles(("A",) * len(header), header=header)

    def test_a_decimal_sign_that_is_given_tells_what_a_number_is(self) -> None:
        records, _, _ = articles(("A", "", "B", "1.000", ""), decimal=",")
        assert records[0].cells["pieces"] == "1000"


class TestLocations:
    def test_columns_are_recognised_by_their_names(self) -> None:
        records, rejects, _ = locations(
            ("A-01", "Hladnjača", "A", "120"), header=("Lokacija", "Zona", "Prolaz", "Redosled")
        )
        assert not rejects
        assert records == [(2, {"location": "A-01", "zone": "Hladnjača", "aisle": "A", "sequence": "120"})]

    @pytest.mark.parametrize(
        ("row", "column", "reason", "says"),
        [
            (("", "x", "", "1"), "code", "missing", "There is no location"),
            (("x" * 33, "", "", "1"), "code", "too_long", "at most 32"),
            (("N", "x" * 201, "", "1"), "zone", "too_long", "at most 200"),
            (("N", "", "", "first"), "sequence", "not_a_number", "whole number"),
            (("N", "", "", "-1"), "sequence", "not_positive", "0 or more"),
            (("A-01", "Other", "", "2"), "code", "conflict", "Row 2 has the same location already."),
        ],
    )
    def test_a_bad_row_is_told(self, row: tuple[str, ...], column: str, reason: str, says: str) -> None:
        records, [reject], _ = locations(("A-01", "", "", "1"), row)
        assert len(records) == 1
        assert (reject.row, reject.column, reject.reason) == (3, column, reason)
        assert says in reject.message


@pytest.mark.parametrize("subject", [Subject.ARTICLES, Subject.LOCATIONS])
def test_the_samples_are_read_as_they_stand(subject: Subject) -> None:
    sample = Path(__file__).parents[3] / "docs" / "samples" / f"{subject.value}.csv"
    records, rejects, _ = read(sample.read_bytes(), sample.name, subject)
    assert (len(records), rejects) == (4 if subject is Subject.ARTICLES else 3, [])
