"""What a scanned code can mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magacin.tasks.codes import Code, gtin14, normalise_barcode, read_code


def _check_digit(payload: str) -> str:
    """GS1 General Specifications 7.9, written down once more so that the library is not its own witness."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(payload)))
    return str(-total % 10)


@given(st.integers(min_value=10**6, max_value=10**12 - 1), st.integers(min_value=0, max_value=4))
def test_every_gtin_is_found_in_every_form(number: int, zeros: int) -> None:
    payload = str(number)
    digits = payload + _check_digit(payload)
    expected = digits.zfill(14)
    shortest = digits.zfill(next(size for size in (8, 12, 13, 14) if len(digits) <= size))
    assert gtin14(shortest) == expected
    assert gtin14("0" * zeros + expected) == expected
    assert read_code(f"(01){expected}").gtin == expected


@given(st.integers(min_value=10**6, max_value=10**12 - 1), st.integers(min_value=1, max_value=9))
def test_wrong_check_digit_is_no_gtin(number: int, off: int) -> None:
    payload = str(number)
    wrong = str((int(_check_digit(payload)) + off) % 10)
    assert gtin14((payload + wrong).zfill(13)) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(scanned: str) -> None:
    code = read_code(scanned)
    assert code.count >= 1
    assert normalise_barcode(scanned) is not None


_LABELS = st.tuples(
    st.sampled_from(["", "]C1", "]d2", "\x1d"]),
    st.sampled_from(["0104006381333931", "(01)04006381333931", "0204006381333931"]),
    st.sampled_from(["30", "37", "(30)", "(37)", "10", "(10)", ""]),
    st.text(alphabet="0123456789٣²()\x1d A-", max_size=12),
).map("".join)


@given(_LABELS)
def test_no_label_breaks_the_reader(scanned: str) -> None:
    code = read_code(scanned)
    assert code.gtin in (None, "04006381333931")
    assert 1 <= code.count <= 1_000_000


@pytest.mark.parametrize(
    ("scanned", "expected"),
    [
        ("85123A", Code("85123A")),
        (" 85123A\r\n", Code("85123A")),
        ("]E04006381333931", Code("4006381333931", "04006381333931")),
        ("(01)04006381333931(37)12", Code("(01)04006381333931(37)12", "04006381333931", 12)),
        ("(02)04006381333931(37)12", Code("(02)04006381333931(37)12", "04006381333931", 12)),
        ("(01)04006381333931(30)7(10)X", Code("(01)04006381333931(30)7(10)X", "04006381333931", 7)),
        # A count of nothing, two counts that contradict, no article, a wrong check digit: no reading.
        ("(01)04006381333931(37)0", Code("(01)04006381333931(37)0")),
        ("(01)04006381333931(30)1(37)2", Code("(01)04006381333931(30)1(37)2")),
        ("010400638133393130", Code("010400638133393130")),
        ("]d2010400638133393130\x1d", Code("]d2010400638133393130\x1d")),
        ("(01)04006381333931(30)", Code("(01)04006381333931(30)")),
        ("(01)04006381333931(30)٣", Code("(01)04006381333931(30)٣")),
        ("(10)LOT", Code("(10)LOT")),
        ("(01)04006381333930", Code("(01)04006381333930")),
        ("(01", Code("(01")),
        ("12345", Code("12345")),
    ],
)
def test_readings(scanned: str, expected: Code) -> None:
    assert read_code(scanned) == expected
