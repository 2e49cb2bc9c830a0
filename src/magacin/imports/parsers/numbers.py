"""Numbers as people and programs write them: `1.000` is one thousand in Belgrade and one in Boston.

What has one meaning is read. What has two is read as the rest of the file shows (`1.234,50` in a price,
`6,00` in another row), or as whoever sends it says; else both readings are told and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

DecimalSign = Literal[".", ","]

_BLANKS = " \u00a0\u2007\u2009\u202f"
# Digits in groups of three behind the first, all separated alike: by a mark, a blank or an apostrophe.
_GROUPED = re.compile(rf"([1-9][0-9]{{0,2}})(?:([.,'’{_BLANKS}])[0-9]{{3}}(?:\2[0-9]{{3}})*)", re.ASCII)
_NUMBER = re.compile(rf"([+-]?)([0-9][0-9.,'’{_BLANKS}]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A number that can mean two: with the comma, or with the point as decimal sign."""

    comma: str
    point: str


def whole(text: str, sign: DecimalSign | None) -> int | Ambiguous | None:
    """Return the whole number that `text` means, both readings where it can mean two, None where it is none.

    `sign` is the file's decimal sign, None while nothing shows it. A sign and blanks around are accepted.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    minus, digits = match[1], match[2].strip()
    comma, point = (_whole(digits, mark) for mark in (",", "."))
    if sign is not None:
        return _signed(minus, comma if sign == "," else point)
    if _could_be_two(digits):
        return Ambiguous(_shown(digits, ","), _shown(digits, "."))
    return _signed(minus, comma if comma is not None else point)


def _signed(minus: str, digits: str | None) -> int | None:
    # A number of a million digits takes Python minutes; whoever asks finds nine of them too many.
    return None if digits is None else int(f"{minus}{digits[:20]}")


def _whole(digits: str, decimal: str) -> str | None:
    """Return the digits of a whole number written with `decimal` as its decimal sign; None if it is none."""
    front, mark, behind = digits.partition(decimal)
    if mark and (decimal in behind or behind.strip("0") or not front):
        return None
    if front.isdigit():
        return front.lstrip("0") or "0"
    grouped = _GROUPED.fullmatch(front)
    return re.sub(r"\D", "", front) if grouped and grouped[2] != decimal else None


def _could_be_two(digits: str) -> bool:
    """Tell whether it is one group of thousands, or three places behind a decimal sign."""
    return re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", digits, re.ASCII) is not None


def _shown(digits: str, decimal: str) -> str:
    return digits.replace(decimal, ".") if decimal in digits else re.sub(r"[.,]", "", digits)


def number_in(cell: str) -> str | None:
    """Return what of a cell is a number in any of the ways that they are written, without what it costs or
    weighs: `1.234,50` of `1.234,50 €`. None where it is none."""
    match = _MEASURED.fullmatch(cell.strip())
    return match[1].strip() if match and _NUMBER.fullmatch(match[1]) else None


def evidence(numbers: Iterable[str], *, measured: bool = True) -> set[DecimalSign]:
    """Return the decimal signs that some numbers show: none, one, or both where they contradict each other.

    Of those that are not known to be measured, `12.05` may be the twelfth of May, five past twelve, or the
    fifth of what is under twelve, `381.111.234` a telephone and `44.8125` a place on the map: they show
    nothing.
    """
    return {
        sign
        for number in numbers
        if (measured or not _COUNTED.fullmatch(number)) and (sign := _shows(number)) is not None
    }


# A currency or a unit, in front or behind.
_UNIT = r"(?:[^\W\d_]{1,4}\.?|[$€£¥%])?"
_MEASURED = re.compile(rf"{_UNIT}\s*([+-]?[0-9][0-9.,'’\s]*?)\s*{_UNIT}")
_COUNTED = re.compile(
    r"[0-2]?[0-9]\.[0-5]?[0-9]|[+-]?[0-9]+[.,][0-9]{4,}|[0-9]+([.,])[0-9]{3}(?:\1[0-9]{3})+", re.ASCII
)
_BOTH = re.compile(r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*([.,])[0-9]+", re.ASCII)
_SEVERAL = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}(?:\1[0-9]{3})+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:0[.,][0-9]+|[0-9]+[.,](?:[0-9]{1,2}|[0-9]{4,}))", re.ASCII)
_OTHER: dict[str, DecimalSign] = {".": ",", ",": "."}


def _shows(cell: str) -> DecimalSign | None:
    text = cell.strip()
    if (match := _BOTH.fullmatch(text)) and match[1] != match[2]:
        return _OTHER[match[1]]
    if match := _SEVERAL.fullmatch(text):
        return _OTHER[match[1]]
    if _DECIMAL.fullmatch(text):
        return "," if "," in text else "."
    return None
