"""Codes as programs disguise them: in formulas, behind apostrophes, as numbers that lost their digits."""

from __future__ import annotations

import re

from magacin.imports.parsers.text import without_marks

# ="00123" keeps Excel from dropping the zeros, and so does an apostrophe.
_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE = re.compile(r"['’](?=[0-9])")
# pandas makes fractions of a column of numbers in which a cell is empty.
_FRACTION = re.compile(r"([0-9]{3,})\.0", re.ASCII)
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?E(\+?)([0-9]{1,3})", re.ASCII | re.IGNORECASE)
_SPACED = re.compile(r"[0-9][0-9 -]+[0-9]", re.ASCII)
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})


class ShortenedNumber(Exception):
    """The code is a number in its scientific form, and digits of it are lost."""


def tidy_code(text: str, *, barcode: bool = False) -> tuple[str, str | None]:
    """Return a code as a scanner would send it, and in which way it was written otherwise, if in any.

    Raises `ShortenedNumber` for one of which digits are lost.
    """
    code = without_marks(text.replace("\u00a0", " ")).strip()
    if (formula := _FORMULA.fullmatch(code)) is not None:
        return formula[1].replace('""', '"').strip(), '="…"'
    if _APOSTROPHE.match(code):
        return code[1:], "'…"
    if (fraction := _FRACTION.fullmatch(code)) is not None:
        return fraction[1], "….0"
    if (scientific := _SCIENTIFIC.fullmatch(code)) is not None:
        return _digits(scientific, code, barcode=barcode)
    if barcode and _SPACED.fullmatch(code) and is_gtin(digits := re.sub("[ -]", "", code)) and digits != code:
        return digits, "1 234-5"
    return code, None


def _digits(match: re.Match[str], code: str, *, barcode: bool) -> tuple[str, str | None]:
    first, rest, plus, exponent = match[1], match[2] or "", match[3], int(match[4])
    if not rest and not plus and not barcode:
        return code, None  # 5E12 is a code like any other, and no program writes a number so
    if len(rest) != exponent:
        raise ShortenedNumber
    return first + rest, "…E+12"


def is_gtin(digits: str) -> bool:
    """Tell whether it is a GTIN: 8, 12, 13 or 14 digits of which the last checks the others.

    GS1 General Specifications, 7.9: from the right, the digits before it weigh 3, 1, 3, 1 …
    """
    if len(digits) not in _GTIN_LENGTHS or not digits.isascii() or not digits.isdigit():
        return False
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(digits[:-1])))
    return (10 - total % 10) % 10 == int(digits[-1])
