"""What a scanned code can mean."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from magacin.tasks.codes import Code, CodeRules, MeasureRule, gtin14, normalise_barcode, pieces, read_code
from magacin.tasks.codes.elements import read_date
from magacin.tasks.codes.rules import Measure


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


# Controls and signs, what codes begin with, and what they consist of.
_SIGNS = st.sampled_from("\x1d\x1e\x04\x02\x03\r /?&=%~^#ſ٣²\u200b\ud83d")
_BEGINNINGS = st.sampled_from(
    ("[)>", "06", "05", "https://", "e.com", "]C1", "]E3", "<GS>", "Alt029", "(01)")
)
_CONTENTS = st.sampled_from(
    ("0104006381333931", "04006381333931", "01", "37", "30", "10", "17", "5", "P", "Q")
)
_PIECES = st.lists(_SIGNS | _BEGINNINGS | _CONTENTS, max_size=12).map("".join)


@given(_PIECES)
@example("%01")  # the beginning of a frame, written out, and nothing in it
def test_nothing_that_is_put_together_breaks_the_reader(scanned: str) -> None:
    code = read_code(scanned)
    assert code.gtin is None or gtin14(code.gtin) == code.gtin
    assert 1 <= code.count <= 1_000_000
    assert not (code.is_several and (code.gtin or code.others))
    assert all(other and "\x1f" not in other for other in code.others)


@pytest.mark.parametrize(
    "start", ["", "0105012345678900", "(01)05012345678900", "[)>\x1e06\x1d", "https://e.com/01/"]
)
@pytest.mark.parametrize("end", ["", "!", "*", "\x03"])
@given(
    repeated=st.lists(
        st.sampled_from(("*", "\x02", "^B", "☻", "]C1", "<STX>", "A", "1", "~", " ")), min_size=1, max_size=4
    ).map("".join)
)
def test_nothing_that_is_repeated_breaks_the_reader(start: str, repeated: str, end: str) -> None:
    scanned = (start + repeated * 512)[: 512 - len(end)] + end
    assert len(read_code(scanned).others) <= 8


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
        ("(10)LOT", Code("(10)LOT")),
        ("(01)04006381333930", Code("(01)04006381333930")),
        ("(01", Code("(01")),
        ("12345", Code("12345")),
        ("010400638133393130", Code("010400638133393130")),
        ("]d2010400638133393130\x1d", Code("010400638133393130")),
        ("(01)04006381333931(30)", Code("(01)04006381333931(30)")),
        ("(01)04006381333931(30)٣", Code("(01)04006381333931(30)٣")),
        # One lot ends where the next element begins, and has twenty characters at most.
        ("0104006381333931" + "10" + "L" * 21, Code("0104006381333931" + "10" + "L" * 21)),
        ("AB12" * 2, Code("AB12" * 2)),
        ("ABCDEF" * 2, Code("ABCDEF" * 2, is_several=True)),
        ("A]B12", Code("A]B12")),
    ],
)
def test_readings(scanned: str, expected: Code) -> None:
    assert read_code(scanned) == expected


def test_percent_signs_without_end_are_read_once() -> None:
    """A value that may have characters percent-encoded could be taken apart in 2⁶⁰ ways."""
    for end in ("", "`"):
        assert read_code("(01)05012345678900(4302)" + "%41%42" * 60 + end).gtin == "05012345678900"


@pytest.mark.parametrize("indicator", range(1, 9))
def test_a_pack_is_never_taken_for_its_article(indicator: int) -> None:
    payload = f"{indicator}400638133393"
    pack = payload + _check_digit(payload)
    for scanned in (pack, f"]C101{pack}", f"(01){pack}(37)2", f"https://example.com/01/{pack}"):
        code = read_code(scanned)
        assert (code.gtin, code.others) == (pack, ())


_BARE = Code("5012345678900", "05012345678900")
_IN_37 = _BARE._replace(count=3, count_from="37")
_IN_30 = _BARE._replace(count=3, count_from="30")


@pytest.mark.parametrize(
    ("code", "pack", "literally", "expected"),
    [
        (_BARE, 1, False, 1),
        (_BARE, 12, False, 12),
        (_IN_37, 12, False, 36),
        (_IN_30, 12, False, 3),
        (_IN_37._replace(count_from="Q"), 12, False, 3),
        (_BARE._replace(is_variable=True), 12, False, 1),
        (_IN_37._replace(is_variable=True), 12, False, 3),
        # An in-house code that looks like a label is a name: what it seems to say counts nothing.
        (_IN_37, 12, True, 12),
    ],
)
def test_what_a_scan_comes_to(code: Code, pack: int, literally: bool, expected: int) -> None:
    assert pieces(code, pack, literally=literally) == expected


class TestMeasures:
    """EANs with a weight, a price or a number of pieces in them, by masks."""

    @pytest.mark.parametrize(
        ("mask", "ean", "expected"),
        [
            (
                "21IIIIIWW.WWWC",
                "2112345012346",
                Measure(("02112345000008", "12345"), weight=Decimal("1.234")),
            ),
            ("22IIIIIVPP.PPC", "2212345612991", Measure(("02212345000005", "12345"), price=Decimal("12.99"))),
            ("02IIIIIPPPPPC", "0212345001299", Measure(("00212345000007", "12345"), price=Decimal(129))),
            ("25IIIIINNNNNC", "2512345000044", Measure(("02512345000006", "12345"), pieces=4)),
            ("25IIIIINNNNNC", "2512345000006", None),
            ("21IIIIIWW.WWWC", "2212345012992", None),
        ],
    )
    def test_reads(self, mask: str, ean: str, expected: Measure | None) -> None:
        assert MeasureRule.parse(mask).read(ean) == expected

    @pytest.mark.parametrize(
        "mask",
        [
            "",
            "21IIIIIWWWWWW",
            "21IIIIIWWWWC",
            "31IIIIIWWWWWC",
            "21IIII.IWWWWWC",
            "25IIIIINNN.NNC",
            "21IIIIIWWPPPC",
        ],
    )
    def test_refuses_what_is_no_mask(self, mask: str) -> None:
        with pytest.raises(ValueError, match=re.escape(repr(mask))):
            MeasureRule.parse(mask)


def test_separators_are_what_is_set() -> None:
    rules = CodeRules(separators=("%%",))
    assert read_code("010400638133393110A%%3705", rules).count == 5
    assert read_code("010400638133393110A~3705", rules).gtin is None


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("270131", date(2027, 1, 31)),
        ("270200", date(2027, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("990101", date(1999, 1, 1)),
        ("000000", None),
        ("271301", None),
        ("260230", None),
        ("2701", None),
        ("٢٧٠١٣١", None),
    ],
)
def test_dates(digits: str, expected: date | None) -> None:
    assert read_date(digits) == expected
