from __future__ import annotations

import pytest

from magacin.contracts.order_files import COLUMNS, Column, Subject
from magacin.imports.parsers.columns import SYNONYMS, ColumnsNotFound, normalise, recognise


class TestRecognise:
    def test_the_names_of_the_retail_file(self) -> None:
        layout = recognise(
            ["InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice", "CustomerID", "Country"]
        )
        assert layout.positions == {
            Column.REQUISITION: 0,
            Column.SKU: 1,
            Column.DESCRIPTION: 2,
            Column.QUANTITY: 3,
            Column.DESTINATION: 6,
        }
        assert layout.unused == ["UnitPrice", "CustomerID"]

    @pytest.mark.parametrize(
        "header",
        [
            ["requisition", "sku", "description", "quantity", "barcode", "destination"],
            ["ORDER_NO", "Item Code", "Name", "Qty", "EAN", "Ship to"],
            ["Broj trebovanja", "Šifra artikla", "Naziv", "Količina", "Barkod", "Odredište"],
            ["broj trebovanja", "sifra", "naziv", "kolicina", "bar kod", "odrediste"],
            ["Број требовања", "Шифра", "Назив", "Количина", "Баркод", "Одредиште"],
            ["porudzbina", "artikal", "opis", "kol.", "GTIN/EAN", "kupac"],
        ],
    )
    def test_all_six_meanings_in_other_words(self, header: list[str]) -> None:
        layout = recognise(header)
        wanted = [Column.REQUISITION, Column.SKU, Column.DESCRIPTION, Column.QUANTITY]
        wanted += [Column.BARCODE, Column.DESTINATION]
        assert [layout.positions[column] for column in wanted] == [0, 1, 2, 3, 4, 5]

    def test_the_better_name_wins(self) -> None:
        assert recognise(["item", "sku", "order", "qty"]).positions[Column.SKU] == 1

    @pytest.mark.parametrize("subject", Subject)
    def test_every_synonym_is_found_alone(self, subject: Subject) -> None:
        plain = {
            Subject.ORDERS: (Column.REQUISITION, Column.SKU, Column.QUANTITY),
            Subject.ARTICLES: (Column.SKU, Column.BARCODE),
            Subject.LOCATIONS: (Column.LOCATION, Column.SEQUENCE),
        }
        for column in COLUMNS[subject]:
            for name in SYNONYMS[column]:
                others = [other.value for other in plain[subject] if other is not column]
                found = recognise([*others, name.upper()], subject=subject)
                assert found.positions[column] == len(others), name

    @pytest.mark.parametrize("subject", Subject)
    def test_no_name_has_two_meanings(self, subject: Subject) -> None:
        meanings: dict[str, set[Column]] = {}
        for column in COLUMNS[subject]:
            for name in SYNONYMS[column]:
                meanings.setdefault(normalise(name), set()).add(column)
        assert {name: found for name, found in meanings.items() if len(found) > 1} == {}

    def test_a_missing_column_is_named_with_what_was_found(self) -> None:
        with pytest.raises(ColumnsNotFound) as caught:
            recognise(["InvoiceNo", "Colour"])
        message = str(caught.value)
        assert "sku" in message
        assert "quantity" in message
        assert "'Colour'" in message
        assert "lacks requisition" not in message

    def test_the_same_name_twice_is_not_guessed(self) -> None:
        with pytest.raises(ColumnsNotFound, match="Two columns"):
            recognise(["order", "sku", "SKU", "quantity"])


class TestMapping:
    def test_it_wins_over_recognition(self) -> None:
        layout = recognise(["order", "sku", "Teil", "qty"], {Column.SKU: "teil"})
        assert layout.positions[Column.SKU] == 2

    def test_the_rest_is_still_recognised(self) -> None:
        layout = recognise(["Belegnr", "sku", "qty"], {Column.REQUISITION: "Belegnr"})
        assert layout.positions == {Column.REQUISITION: 0, Column.SKU: 1, Column.QUANTITY: 2}

    def test_a_column_that_is_not_there(self) -> None:
        with pytest.raises(ColumnsNotFound, match=r"'Teil'.*lacks.*'order'"):
            recognise(["order", "sku", "qty"], {Column.SKU: "Teil"})

    def test_one_column_for_two_meanings(self) -> None:
        with pytest.raises(ColumnsNotFound, match="two meanings"):
            recognise(["order", "a", "qty"], {Column.SKU: "a", Column.DESCRIPTION: "a"})
