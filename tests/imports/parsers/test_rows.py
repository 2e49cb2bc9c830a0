from __future__ import annotations

from typing import Any

import pytest

from magacin.contracts.order_files import RejectReason
from magacin.imports.parsers.columns import recognise
from magacin.imports.parsers.rows import RejectedRow, RowChecker, StagedRow
from magacin.imports.parsers.table import BadCell, Row
from tests.imports.support import HEADER

GOOD = {
    "requisition": "R1",
    "sku": "A1",
    "description": "Lantern",
    "quantity": "6",
    "barcode": "5901234123457",
    "destination": "Shop 4",
}


def check(**cells: Any) -> StagedRow | list[RejectedRow]:
    row = GOOD | cells
    return RowChecker(recognise(HEADER)).check(Row(7, [row[name] for name in HEADER]))


def reject(**cells: Any) -> RejectedRow:
    found = check(**cells)
    assert isinstance(found, list)
    assert len(found) == 1
    return found[0]


def test_a_good_row() -> None:
    assert check() == StagedRow(7, "R1", "A1", 6, "Lantern", "5901234123457", "Shop 4")


def test_blanks_around_values_go() -> None:
    assert check(requisition=" R1\t", sku="\u00a0A1 ", quantity=" 6 ", barcode="  ") == StagedRow(
        7, "R1", "A1", 6, "Lantern", None, "Shop 4"
    )


def test_line_breaks_in_a_description_become_blanks() -> None:
    found = check(description="Lantern,\r\nwhite\tmetal")
    assert isinstance(found, StagedRow)
    assert found.description == "Lantern, white metal"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("requisition", "", RejectReason.MISSING),
        ("requisition", "  ", RejectReason.MISSING),
        ("requisition", "x" * 65, RejectReason.TOO_LONG),
        ("requisition", "R\x0012", RejectReason.BAD_CHARACTER),
        ("sku", "", RejectReason.MISSING),
        ("sku", "x" * 65, RejectReason.TOO_LONG),
        ("sku", "A\x07", RejectReason.BAD_CHARACTER),
        ("sku", "A\nB", RejectReason.BAD_CHARACTER),
        ("sku", "caf\ufffd", RejectReason.BAD_CHARACTER),
        ("quantity", "", RejectReason.MISSING),
        ("quantity", "six", RejectReason.NOT_A_NUMBER),
        ("quantity", "6.5", RejectReason.NOT_A_NUMBER),
        ("quantity", "1,000", RejectReason.NOT_A_NUMBER),
        ("quantity", "1e3", RejectReason.NOT_A_NUMBER),
        ("quantity", "NaN", RejectReason.NOT_A_NUMBER),
        ("quantity", "٦", RejectReason.NOT_A_NUMBER),
        ("quantity", "²", RejectReason.NOT_A_NUMBER),
        ("quantity", "1_000", RejectReason.NOT_A_NUMBER),
        ("quantity", "0", RejectReason.NOT_POSITIVE),
        ("quantity", "-6", RejectReason.NOT_POSITIVE),
        ("quantity", "-0.0", RejectReason.NOT_POSITIVE),
        ("quantity", "-" + "9" * 5000, RejectReason.NOT_POSITIVE),
        ("quantity", "1000001", RejectReason.TOO_LARGE),
        ("quantity", "9" * 5000, RejectReason.TOO_LARGE),
        ("description", "x" * 201, RejectReason.TOO_LONG),
        ("description", "x\x00y", RejectReason.BAD_CHARACTER),
        ("barcode", "1" * 49, RejectReason.TOO_LONG),
        ("barcode", "59\x1b", RejectReason.BAD_CHARACTER),
        ("barcode", "5.90123E+12", RejectReason.NOT_A_NUMBER),
        ("sku", "MGB1ABCDEFGHIJKLMNOPQRSTUVWX27", RejectReason.BAD_ROW),
        ("barcode", "mgb1abcdefghijklmnopqrstuvwx27", RejectReason.BAD_ROW),
        ("destination", "x" * 201, RejectReason.TOO_LONG),
        ("destination", "x\x7fy", RejectReason.BAD_CHARACTER),
    ],
)
def test_each_reason(column: str, value: str, reason: RejectReason) -> None:
    found = reject(**{column: value})
    assert (found.row, found.column, found.reason) == (7, column, reason.value)
    assert found.message
    assert "\x00" not in found.value + found.requisition
    assert len(found.value) <= 200


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("6", 6),
        ("+6", 6),
        ("6.0", 6),
        ("6.", 6),
        ("6,0", 6),
        ("6,00", 6),
        ("006", 6),
        ("1 000", 1000),
        ("1\u00a0000", 1000),
        ("1'000", 1000),
        ("1.000,00", 1000),
        ("1,000.0", 1000),
        ("1.000.000", 1_000_000),
        ("1000.000", 1000),
        ("1000000", 1_000_000),
        ("0" * 500 + "7", 7),
    ],
)
def test_quantities_that_are_taken(text: str, quantity: int) -> None:
    found = check(quantity=text)
    assert isinstance(found, StagedRow)
    assert found.quantity == quantity


def test_everything_that_is_wrong_with_a_row_is_said() -> None:
    found = check(sku="", quantity="x", destination="x" * 300)
    assert isinstance(found, list)
    assert [r.column for r in found] == ["sku", "quantity", "destination"]
    assert {r.requisition for r in found} == {"R1"}


def test_a_row_that_cannot_be_taken_apart_still_holds_its_requisition_back() -> None:
    found = RowChecker(recognise(HEADER)).check(Row(9, ["R1", "A\x001"], "2 fields"))
    assert found == [RejectedRow(9, "", "bad_row", "2 fields", "R1 | A\\x001", "R1")]


def test_a_cell_without_a_text() -> None:
    found = reject(quantity=BadCell(RejectReason.BAD_ROW, "an error", "#N/A"))
    assert (found.reason, found.message, found.value) == ("bad_row", "an error", "#N/A")


def test_a_column_that_is_not_there_is_empty() -> None:
    layout = recognise(["order", "sku", "qty"])
    assert RowChecker(layout).check(Row(2, ["R1", "A1", "6"])) == StagedRow(2, "R1", "A1", 6, "", None, "")
