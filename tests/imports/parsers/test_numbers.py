from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magacin.imports.parsers.numbers import Ambiguous, DecimalSign, evidence, whole


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [("1.000", "1000", "1.000"), ("1,000", "1.000", "1000"), ("250.000", "250000", "250.000")],
)
def test_one_group_of_thousands_can_mean_two(text: str, comma: str, point: str) -> None:
    assert whole(text, None) == Ambiguous(comma, point)


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("1.000", ",", 1000),
        ("1.000", ".", 1),
        ("1,000", ",", 1),
        ("1,000", ".", 1000),
        ("1.234", ".", None),
        ("1.000,00", ".", None),
        ("12.50", ",", None),
    ],
)
def test_with_the_sign_it_means_one(text: str, sign: DecimalSign, number: int | None) -> None:
    assert whole(text, sign) == number


@pytest.mark.parametrize(
    "text", ["", "six", "1.5", "0.500", "1.00.0", "10 00", "1,00,000", "1.000 000", "6 pcs"]
)
def test_what_is_no_whole_number_however_it_is_read(text: str) -> None:
    assert whole(text, None) is None


@pytest.mark.parametrize(
    ("cell", "signs"),
    [
        ("1.234,50", {","}),
        ("1,234.50", {"."}),
        ("6,00", {","}),
        ("0.125", {"."}),
        ("1.234.567", {","}),
        ("1.234", set()),
        ("17", set()),
        ("12.05.2026", set()),
    ],
)
def test_what_a_cell_shows(cell: str, signs: set[DecimalSign]) -> None:
    assert evidence([cell]) == signs


@given(
    number=st.integers(1, 999_999_999),
    sign=st.sampled_from([",", "."]),
    group=st.sampled_from(["", " ", "\u00a0", "\u202f", "'"]),
    decimals=st.integers(0, 5),
)
def test_a_number_is_read_as_it_was_written(
    number: int, sign: DecimalSign, group: str, decimals: int
) -> None:
    other = "." if sign == "," else ","
    for separator in (group, other):
        text = f"{number:,}".replace(",", separator) + (sign + "0" * decimals if decimals else "")
        assert whole(text, sign) == number
        assert whole(text, None) == number or isinstance(whole(text, None), Ambiguous)
