"""Order files as people's programs write them: what is read, what is refused, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magacin.contracts.imports import RECOGNISED, ReadingOptions
from magacin.imports.parsers.lines import LineReader
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.table import UnreadableFile


class Found(NamedTuple):
    """What a file came to."""

    lines: list[tuple[str, str, int]]
    refused: list[tuple[int, str, str]]
    held_back: set[str]
    notes: str


def read(tmp_path: Path, text: str | bytes, options: ReadingOptions = RECOGNISED) -> Found:
    path = tmp_path / "orders.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with open_table(path, path.name, options) as table:
        reader = LineReader(table, options)
        # Few at a time, so that what is told of neighbours is told across chunks, too.
        found = list(reader.chunks(2))
        contents = [content for lines in found for content in lines.contents]
        rejects = [reject for lines in found for reject in lines.rejects]
        return Found(
            [(content.requisition, content.sku, content.quantity) for content in contents],
            [(reject.row, reject.reason, reject.requisition) for reject in rejects],
            {number for lines in found for number in lines.held_back},
            " ".join(table.notes + reader.notes),
        )


class TestNumbers:
    def test_one_group_of_thousands_is_refused_with_both_readings(self, tmp_path: Path) -> None:
        found = read(tmp_path, "Nalog;Sifra;Kolicina\nQ1;A;1.000\nQ1;B;250.000\n")
        assert found.refused == [(2, "not_a_number", "Q1"), (3, "not_a_number", "Q1")]

    @pytest.mark.parametrize(
        ("price", "quantity"), [("1.234,50", 12_000), ("1,234.50", 12), ("7,90", 12_000)]
    )
    def test_a_price_shows_the_sign(self, tmp_path: Path, price: str, quantity: int) -> None:
        found = read(tmp_path, f"Nalog;Sifra;Kolicina;Cena\nQ1;A;12.000;{price}\n")
        assert found.lines == [("Q1", "A", quantity)]

    def test_another_row_shows_the_sign(self, tmp_path: Path) -> None:
        found = read(tmp_path, "Nalog;Sifra;Kolicina\nQ1;A;1.000\nQ1;B;6,00\n")
        assert found.lines == [("Q1", "A", 1000), ("Q1", "B", 6)]

    def test_prices_that_contradict_each_other_show_nothing(self, tmp_path: Path) -> None:
        found = read(tmp_path, "Nalog;Sifra;Kolicina;Cena\nQ1;A;1.000;7,90\nQ1;B;2;7.90\n")
        assert [row for row, *_ in found.refused] == [2]

    def test_names_with_numbers_in_them_show_nothing(self, tmp_path: Path) -> None:
        text = "Nalog;Sifra;Kolicina;Naziv\nQ1;A;1.000;pipe\nQ1;B;2;3.5\nQ1;C;2;cable\n"
        assert [row for row, *_ in read(tmp_path, text).refused] == [2]

    @pytest.mark.parametrize("price", ["1.234,50 €", "RSD 1.234,50", "5,5%", "0,250"])
    def test_a_sum_with_its_currency_shows_the_sign(self, tmp_path: Path, price: str) -> None:
        found = read(tmp_path, f"Nalog;Sifra;Kolicina;Cena\nQ1;A;12.000;{price}\n")
        assert found.lines == [("Q1", "A", 12_000)]

    @pytest.mark.parametrize(
        ("name", "cell"),
        [("Pos", "1.1"), ("Datum", "12.05"), ("Vreme", "9.30"), ("Tel", "381.111.234"), ("X", "44.8125")],
    )
    def test_positions_and_dates_show_nothing(self, tmp_path: Path, name: str, cell: str) -> None:
        found = read(tmp_path, f"Nalog;Sifra;Kolicina;{name}\nQ1;A;1.000;{cell}\n")
        assert [reason for _, reason, _ in found.refused] == ["not_a_number"]

    def test_a_price_that_could_be_a_time_shows_the_sign_all_the_same(self, tmp_path: Path) -> None:
        found = read(tmp_path, 'order,sku,qty,price\nQ1,A,"1,000",2.50\n')
        assert found.lines == [("Q1", "A", 1000)]

    def test_whoever_sends_it_may_say_the_sign(self, tmp_path: Path) -> None:
        found = read(tmp_path, "Nalog;Sifra;Kolicina\nQ1;A;1.000\n", ReadingOptions(decimal=","))
        assert found.lines == [("Q1", "A", 1000)]


class TestCodes:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ('"=""00123"""', "00123"),
            ("'00123", "00123"),
            ("70001.0", "70001"),
            ("X\u200b1\ufeff", "X1"),
            ("AB\u00a012", "AB 12"),
            ("8.112345678901234E15", "8112345678901234"),
            ("5E12", "5E12"),
            ("1-2.0", "1-2.0"),
            ("'A-1", "A-1"),
            ("'00123'", "00123"),
            ('"70001,0"', "70001"),
            ("A\u3000B", "A B"),
            ("C\u030c1", "\u010c1"),
            ("811234567890123456", "811234567890123456"),
            ("#1000", "#1000"),
        ],
    )
    def test_a_code_is_what_it_was_before_a_program_dressed_it(
        self, tmp_path: Path, written: str, meant: str
    ) -> None:
        found = read(tmp_path, f"order,sku,qty\n{written},{written},2\n")
        assert found.lines == [(meant, meant, 2)]

    @pytest.mark.parametrize(
        "written",
        [
            "8.01235E+15",
            '"8,01235E+15"',
            "5E+12",
            "5.9e12",
            "8.01235E 15",
            "8.01235e+015",
            "1.20E-05",
            "8.1123456789012345E16",
            "811234567890123000",
        ],
    )
    def test_a_number_that_lost_digits_is_refused_in_every_column(self, tmp_path: Path, written: str) -> None:
        for row in (f"{written};A;2;", f"O1;{written};2;", f"O1;A;2;{written}"):
            found = read(tmp_path, f"order;sku;qty;ean\n{row}\n")
            assert [reason for _, reason, _ in found.refused] == ["not_a_number"]

    @pytest.mark.parametrize("nothing", ["nan", "NULL", "-", "n/a", "#REF!", "########", "〃", "ditto"])
    def test_what_stands_for_nothing_names_nothing(self, tmp_path: Path, nothing: str) -> None:
        found = read(tmp_path, f"order,sku,qty,ean\nO1,A,1,{nothing}\n{nothing},B,1,\nO2,{nothing},1,\n")
        assert found.refused == [(3, "missing", nothing), (4, "missing", "O2")]
        assert found.held_back == {"O1", "O2"}

    def test_a_formula_is_no_code(self, tmp_path: Path) -> None:
        assert read(tmp_path, "order,sku,qty\nO1,=A2,1\n").refused == [(2, "bad_row", "O1")]

    def test_a_shortened_quantity_is_refused(self, tmp_path: Path) -> None:
        assert read(tmp_path, "order,sku,qty\nO1,A,1.50E+02\n").refused == [(2, "not_a_number", "O1")]

    def test_a_barcode_with_blanks_or_hyphens_is_what_a_scanner_sends(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv"
        path.write_text("order,sku,qty,ean\nO1,A,1,978-3-16-148410-0\nO1,B,1,5 901234 123457\nO1,C,1,12-34\n")
        with open_table(path, path.name) as table:
            [lines] = LineReader(table, RECOGNISED).chunks(10)
            barcodes = [line.barcode for line in lines.contents]
        assert barcodes == ["9783161484100", "5901234123457", "12-34"]


class TestWhoseLineItIs:
    def test_a_number_on_the_first_line_of_an_order_alone(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,customer,sku,qty\nH1,Shop 1,A,2\n,,B,3\n,,C,4\nH2,Shop 2,A,1\n")
        assert found.lines == [("H1", "A", 2), ("H1", "B", 3), ("H1", "C", 4), ("H2", "A", 1)]
        assert "2 rows without a number" in found.notes

    def test_a_line_that_names_its_own_customer_is_not_the_row_aboves(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,customer,sku,qty\nH1,Shop 1,A,2\n,Shop 2,B,3\nH3,Shop 3,A,1\n,,B,1\n")
        assert found.lines == [("H1", "A", 2), ("H3", "A", 1)]
        assert found.refused == [(3, "missing", ""), (5, "missing", "")]
        assert found.held_back == {"H1", "H3"}

    @pytest.mark.parametrize(
        "between", [",,,", ",,,,,", ",,,Shipping", "H1,,,Shipping", "order,sku,qty,note"]
    )
    def test_nothing_is_filled_in_across_a_row_that_is_no_line(self, tmp_path: Path, between: str) -> None:
        found = read(tmp_path, f"order,sku,qty,note\nH1,A,2,\n{between}\n,B,3,\nH2,C,1,\n")
        assert found.lines == [("H1", "A", 2), ("H2", "C", 1)]
        assert found.held_back == {"H1", "H2"}

    @pytest.mark.parametrize(
        ("header", "cell"),
        [("filijala", "Shop 2"), ("Abteilung", "17"), ("datum", "2026-02-01"), ("xyz", "a")],
    )
    def test_nothing_is_filled_in_where_a_row_may_say_whose_it_is(
        self, tmp_path: Path, header: str, cell: str
    ) -> None:
        found = read(tmp_path, f"order,{header},sku,qty\nH1,x,A,2\n,{cell},B,3\nH2,x,C,1\n")
        assert found.refused == [(3, "missing", "")]
        assert found.held_back == {"H1", "H2"}

    @pytest.mark.parametrize(("header", "cell"), [("boja", "plava"), ("cena", "2,50"), ("xyz", "a")])
    def test_what_is_said_of_each_line_is_no_order(self, tmp_path: Path, header: str, cell: str) -> None:
        found = read(
            tmp_path,
            f"order;customer;{header};sku;qty\nH1;Shop 1;{cell};A;2\n;;{cell};B;3\nH2;S;{cell};C;1\n",
        )
        assert found.lines == [("H1", "A", 2), ("H1", "B", 3), ("H2", "C", 1)]

    def test_a_unit_is_said_of_each_line(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,sku,qty,unit\nH1,A,2,PCS\n,B,3,PCS\n")
        assert found.lines == [("H1", "A", 2), ("H1", "B", 3)]

    def test_a_number_that_lost_its_digits_may_be_either_neighbours(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,sku,qty\nH1,A,1\n8.01235E+15,B,1\nH2,C,1\nH3,D,1\n")
        assert found.held_back == {"H1", "H2"}

    def test_a_refused_row_holds_back_its_order_however_the_number_is_written(self, tmp_path: Path) -> None:
        found = read(tmp_path, 'order,sku,qty\n"=""H1""",A,1\n"=""H1""",B,two\n')
        assert found.refused == [(3, "not_a_number", "H1")]

    def test_a_row_broken_in_two_holds_both_neighbours_back(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,sku,qty,note\nH1,A,1,two\nlines\n,B,2,\nH2,C,1,\n")
        assert {"H1", "H2"} <= found.held_back

    def test_nothing_is_filled_in_across_a_row_that_is_refused(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order,sku,qty\nH1,A,2\nH2,B,two\n,C,3\nH3,D,1\n")
        assert found.lines == [("H1", "A", 2), ("H3", "D", 1)]
        assert found.held_back == {"H2", "H3"}

    def test_a_row_that_cannot_be_taken_apart_holds_both_neighbours_back(self, tmp_path: Path) -> None:
        text = 'sku,qty,note,order\nA,2,x,H1\nB,2,"a" b, c,H1\nC,1,"x, y",H2\nD,1,x,H3\n'
        found = read(tmp_path, text)
        assert [reason for _, reason, _ in found.refused] == ["bad_row"]
        assert {"H1", "H2"} <= found.held_back | {number for *_, number in found.refused}
        assert "H3" not in found.held_back

    @given(
        orders=st.lists(
            st.tuples(st.from_regex(r"[A-Z]{2}[0-9]{3}", fullmatch=True), st.integers(1, 4)),
            min_size=1,
            max_size=6,
            unique_by=lambda order: order[0],
        )
    )
    def test_orders_of_any_length_are_filled_down(
        self, tmp_path_factory: pytest.TempPathFactory, orders: list[tuple[str, int]]
    ) -> None:
        rows = ["order,customer,sku,qty"]
        meant = []
        for number, count in orders:
            for i in range(count):
                rows.append(f"{number},Shop,A{i},{i + 1}" if i == 0 else f",,A{i},{i + 1}")
                meant.append((number, f"A{i}", i + 1))
        assert read(tmp_path_factory.mktemp("filled"), "\n".join(rows)).lines == meant


class TestRowsOfKnownCells:
    def test_a_row_that_cannot_be_taken_apart_is_refused_though_its_first_cells_are_fine(
        self, tmp_path: Path
    ) -> None:
        before = "order,sku,name,qty,price\nH1,A1,Cable 3x1,2,9\nH1,A2,Rope,5,9\n"
        found = read(tmp_path, f"{before}H1,A1,Cable 3x1,5,2,9\n")
        assert found.refused == [(4, "bad_row", "H1")]


class TestRowsThatAreNone:
    def test_the_header_again_as_where_two_exports_were_put_together(self, tmp_path: Path) -> None:
        header = "\ufefforder no,sku,qty\r\n"
        found = read(tmp_path, f"{header}F1,A1,2\r\n{header}F2,A1,3\r\n")
        assert found.lines == [("F1", "A1", 2), ("F2", "A1", 3)]
        assert "with the header again" in found.notes

    def test_shipping_and_totals(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order no,sku,qty,shipping\nF1,A1,2,\nF1,,,UPS 2nd day\n,,,total 2\n")
        assert (found.lines, found.refused, found.held_back) == ([("F1", "A1", 2)], [], set())
        assert "2 rows that name no article" in found.notes

    @pytest.mark.parametrize(
        "totals", ["F1,Ukupno,5", "F1 Total,,5", "Svega:,,5", ",,5", ",Итого,5", "Ukupno za nalog F1,,5"]
    )
    def test_a_row_of_totals_is_known_by_its_sum(self, tmp_path: Path, totals: str) -> None:
        found = read(tmp_path, f"order no,sku,qty\nF1,A,2\nF1,B,3\n{totals}\n")
        assert (found.lines, found.refused) == ([("F1", "A", 2), ("F1", "B", 3)], [])
        assert "with the sum of those above" in found.notes

    @pytest.mark.parametrize("row", ["F1,Total,7", "F1,,5", "F1,,2"])
    def test_what_may_be_a_line_is_not_passed_over(self, tmp_path: Path, row: str) -> None:
        found = read(tmp_path, f"order no,sku,qty\nF1,A,2\nF1,B,3\n{row}\n")
        assert [number for *_, number in found.refused] == ["F1"]

    def test_a_sum_is_no_order(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order no,sku,qty\nF1,A1,2\nUkupno artikala,1,7\n")
        assert (found.lines, [row for row, *_ in found.refused]) == ([("F1", "A1", 2)], [3])

    @pytest.mark.parametrize("row", ["Printed on 12.05.2026", "-----+-----+----", "---|---|---", "(1 row)"])
    def test_remarks_and_rulers(self, tmp_path: Path, row: str) -> None:
        found = read(tmp_path, f"order no|sku|qty\n{row}\nF1|A1|2\n{row}\n")
        assert (found.lines, found.refused, found.held_back) == ([("F1", "A1", 2)], [], set())

    def test_another_tables_header_refuses_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="Row 3 is the header of another table"):
            read(tmp_path, "order no,sku,qty\nF1,A1,2\nsku,order no,qty\nA1,F2,3\n")

    def test_a_line_above_the_header_refuses_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match=r"Row 1 .* above the header"):
            read(tmp_path, "F1,A1,2\norder no,sku,qty\nF2,A1,3\n")

    def test_the_end_of_a_file_of_dos(self, tmp_path: Path) -> None:
        assert read(tmp_path, "order no,sku,qty\r\nF1,A1,2\r\n\x1a").refused == []


class TestShapes:
    @pytest.mark.parametrize(
        "text",
        [
            "Firma d.o.o.;;;\nSpisak naloga;;;\n;;;\nNalog;Sifra;Kolicina;Naziv\nF1;A1;2;x\n",
            ";;\norder no;sku;qty\nF1;A1;2\n",
            '"sep=;"\norder no;sku;qty\nF1;A1;2\n',
            "sep=;;;\norder no;sku;qty\nF1;A1;2\n",
            "SEP=^\norder no^sku^qty\nF1^A1^2\n",
            '"order no","item\nno","qty\nordered"\nF1,A1,2\n',
            "order no;sku;qty;\nF1;A1;2\n",
            f"order no,sku,qty{',' * 16_381}\nF1,A1,2{',' * 16_381}\n",
            "order no,sku,qty,description,ean,customer\nF1,A1,2\n",
            'order no, sku, qty\nF1, "A1", 2\n',
            'order no,sku,qty,name\nF1,A1,2,"12\\" pipe"\n',
            'order no;sku;qty;note\nF1;A1;2;"\n',
        ],
    )
    def test_one_line_however_its_table_is_written(self, tmp_path: Path, text: str) -> None:
        assert read(tmp_path, text).lines == [("F1", "A1", 2)]

    def test_ditto_marks_and_inch_signs_swallow_no_row(self, tmp_path: Path) -> None:
        found = read(tmp_path, 'order no;sku;qty;note\nS1;A;2;"\nS1;B;3;"\nS1;C;4;3/4"\n')
        assert found.lines == [("S1", "A", 2), ("S1", "B", 3), ("S1", "C", 4)]
        assert "quotes stand for themselves" in found.notes

    def test_a_tab_file_whose_quotes_do_not_pair(self, tmp_path: Path) -> None:
        found = read(
            tmp_path, 'order no\tsku\tname\tqty\nS3\tA1\t"Best\t2\nS3\tA2\tx\t3\nS3\tA3\tlast "\t5\n'
        )
        assert found.lines == [("S3", "A1", 2), ("S3", "A2", 3), ("S3", "A3", 5)]

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            (2, 'note\nS1;A;2;"\nS1;B;3;"\nS1;C;4;"a; b"'),
            (2, 'note\nS1;A;2;"\nS1;B;3\nS1;C;4;"\nS1;D;5;x'),
            (2, 'note\nS1;A;2;"\nS1;B;3;x;\nS1;C;4;"'),
            (1, '"note\nS1;A;2;x\nS1;B;3;"\nS1;C;4;y'),
        ],
    )
    def test_a_quote_that_swallows_rows_refuses_the_file(self, tmp_path: Path, row: int, text: str) -> None:
        with pytest.raises(UnreadableFile, match=f"Row {row} "):
            read(tmp_path, f"order no;sku;qty;{text}\n")

    def test_line_breaks_and_delimiters_in_a_quoted_text(self, tmp_path: Path) -> None:
        text = 'order,sku,qty,address\nS1,A,2,"Main St 5,\n11000 Belgrade, Serbia"\n'
        assert read(tmp_path, text).lines == [("S1", "A", 2)]

    @pytest.mark.parametrize("row", ["F1,A,Cable 3x1,5,7", "F1,A,Cable 3x1,5,7,,"])
    def test_a_comma_without_quotes_shifts_no_quantity(self, tmp_path: Path, row: str) -> None:
        found = read(tmp_path, f"order no,sku,name,qty,ean,customer\n{row}\nF2,A,Cup,3\n")
        assert (found.lines, found.refused) == ([("F2", "A", 3)], [(2, "bad_row", "F1")])

    def test_delimiters_that_end_each_row_are_no_fields(self, tmp_path: Path) -> None:
        found = read(tmp_path, "order no,sku,name,qty,store\nF1,A,Cup,5,7,\nF1,B,Cup,6,7,\n")
        assert found.lines == [("F1", "A", 5), ("F1", "B", 6)]

    def test_the_row_of_the_header_may_be_said(self, tmp_path: Path) -> None:
        text = "order,sku,qty\nold,A,1\norder,sku,qty\nF1,A1,2\n"
        assert read(tmp_path, text, ReadingOptions(header_row=3)).lines == [("F1", "A1", 2)]


class TestColumns:
    @pytest.mark.parametrize("header", ["Order No,SKU,Amount", "Order No,Item,Qty"])
    def test_money_is_no_quantity_and_a_line_number_no_article(self, tmp_path: Path, header: str) -> None:
        with pytest.raises(UnreadableFile, match="lacks"):
            read(tmp_path, f"{header}\nK1,10,250\n")

    @pytest.mark.parametrize("others", ["Units,Qty Ordered", "Qty Shipped,Qty Ordered", "Qty,Qty Ordered"])
    def test_what_was_ordered_goes_before_what_was_shipped(self, tmp_path: Path, others: str) -> None:
        assert read(tmp_path, f"Order No,SKU,{others}\nK1,CUP,3,5\n").lines == [("K1", "CUP", 5)]


class TestEncodings:
    def test_one_foreign_byte_spoils_one_row(self, tmp_path: Path) -> None:
        content = "order no;sku;qty;name\nE1;A;2;Čaša žuta\nE2;B;2;Lav".encode() + b"\xe8\n" + b"E3;C;1;x\n"
        found = read(tmp_path, content)
        assert [number for number, *_ in found.lines] == ["E1", "E3"]
        assert found.refused == [(3, "bad_character", "E2")]

    @pytest.mark.parametrize(
        ("encoding", "header", "name"),
        [
            ("cp1250", "Nalog;Artikal;Količina;Naziv", ""),
            ("cp852", "Broj naloga;Šifra;Količina;Naziv", "Čaša žuta"),
            ("iso8859-2", "Broj naloga;Šifra;Količina;Naziv", "Čaša žuta"),
            ("cp1250", "order no;sku;qty;name", "Żółta łódź"),
            ("cp1253", "order no;sku;qty;name", "Καφές μεγάλος"),
            ("cp932", "order no;sku;qty;name", "日本語のコップ"),
            ("mac-cyrillic", "Налог;Шифра;Количина;Назив", "Чаша жута"),
        ],
    )
    def test_names_are_read_in_the_encoding_that_makes_sense_of_them(
        self, tmp_path: Path, encoding: str, header: str, name: str
    ) -> None:
        path = tmp_path / "orders.csv"
        path.write_bytes(f"{header}\nE1;A;2;{name}\n".encode(encoding))
        with open_table(path, path.name) as table:
            [lines] = LineReader(table, RECOGNISED).chunks(10)
        assert [line.description for line in lines.contents] == [name]

    def test_what_stays_open_is_asked_with_words_to_choose_by(self, tmp_path: Path) -> None:
        content = "order no;sku;qty;name\nE1;A;2;Rød\n".encode("cp1252")
        with pytest.raises(UnreadableFile, match=r"Rød.*--encoding cp1252"):
            read(tmp_path, content)
        assert read(tmp_path, content, ReadingOptions(encoding="cp1252")).lines == [("E1", "A", 2)]
