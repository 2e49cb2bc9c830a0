"""Codes as programs disguise them: in formulas, behind apostrophes, as numbers that lost their digits.

A file of ours is read back as it was: `as_cell` puts an apostrophe before a code that would be taken for a
disguised one, or run as a formula, and `of_cell` takes it away again.
"""

from __future__ import annotations

import re
import unicodedata

from magacin.core.spreadsheets import Harmless, harmless, plain

_PLAIN = re.compile(r"[0-9]{1,16}[A-Za-z]{0,3}|[A-Za-z][A-Za-z0-9-]*[0-9]", re.ASCII)
# ="00123" keeps Excel from dropping the zeros, and so does an apostrophe.
_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE = re.compile(r"['’](?=[^\W_])")
_IN_APOSTROPHES = re.compile(r"'([^']+)'")
# pandas makes fractions of a column of numbers in which a cell is empty.
_FRACTION = re.compile(r"([0-9]{3,})[.,]0|([0-9]{6,})[.,]00", re.ASCII)
_SCIENTIFIC = re.compile(
    r"([0-9])(?:[.,]([0-9]+))?(?:E|[ ]?[x×*][ ]?10\^)([+ -]?)([0-9]{1,3})", re.ASCII | re.IGNORECASE
)
# Excel keeps 15 digits of a number and writes zeros for the others.
_ROUNDED = re.compile(r"[1-9][0-9]{14}00+", re.ASCII)
_EXACT = 2**53
# Odoo shows an article as its code and its name.
_NAMED = re.compile(r"\[([^\[\]]+)\] \S.*")
_SPACES = re.compile(r"[ \u2010-\u2015\u2212-]")
_SPACED = re.compile(rf"[0-9](?:[0-9]|{_SPACES.pattern})+[0-9]", re.ASCII)
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
# What programs write into a cell that has nothing in it, and people for "none" and "as above".
_NOTHING = frozenset({
    "nan", "null", "none", "n/a", "na", "#n/a", "nil", "undefined", "(blank)", "(empty)", "ditto", "dto",
    "dto.", "idem", "id.", "same", "(same)", "same as above", "as above", "isto", "исто", "то же",
})  # fmt: skip


# Between letters of some scripts they mean something; in a code nothing does that cannot be seen.
JOINERS = frozenset("\u200c\u200d")


def without_marks(text: str, keep: frozenset[str] = frozenset()) -> str:
    """Return a text without what copying brings along and nobody sees: zero widths, soft hyphens."""
    if text.isascii():
        return text
    return "".join(c for c in text if c in keep or unicodedata.category(c) != "Cf")


class ShortenedNumber(Exception):
    """The code is a number in its scientific form, or a rounded one, and digits of it are lost."""


class NoCode(Exception):
    """There is something in the cell, and it names nothing: `nan`, `-`, an error of a formula."""


def is_plain(text: str) -> bool:
    """Tell whether it is a code that nothing has been done to, as most are: one look tells."""
    return _PLAIN.fullmatch(text) is not None


def undressed(text: str) -> tuple[str, str | None]:
    """Return a value as it was before a program wrapped it up, and in which way it did, if in any."""
    code = text.strip()
    if not code.isascii():
        code = _in_plain_characters(code)
    if code.isalnum():
        return code, None
    if (formula := _FORMULA.fullmatch(code)) is not None:
        return formula[1].replace('""', '"').strip(), '="…"'
    if (quoted := _IN_APOSTROPHES.fullmatch(code)) is not None:
        return quoted[1].strip(), "'…'"
    if _APOSTROPHE.match(code):
        return code[1:], "'…"
    if (fraction := _FRACTION.fullmatch(code)) is not None:
        return fraction[1] or fraction[2], "….0"
    return code, None


def tidy_code(text: str, *, barcode: bool = False) -> tuple[str, str | None]:
    """Return a code as a scanner would send it, and in which way it was written otherwise, if in any.

    Raises `ShortenedNumber` for one of which digits are lost, `NoCode` for what stands for none.
    """
    if is_plain(text):
        return text, None
    code, what = undressed(text)
    if _ROUNDED.fullmatch(code):
        raise ShortenedNumber
    if not barcode and (named := _NAMED.fullmatch(code)) is not None:
        return named[1].strip(), "[…] and a name"
    if (scientific := _SCIENTIFIC.fullmatch(code)) is not None:
        return _digits(scientific, code, barcode=barcode)
    if code.isalpha() or not code.isalnum():
        if _names_nothing(code):
            raise NoCode
        if barcode and _SPACED.fullmatch(code) and is_gtin(digits := _SPACES.sub("", code)):
            return digits, "1 234-5"
    return code, what


def _in_plain_characters(code: str) -> str:
    """Return a code with blanks of one kind, letters and accents in one, and no marks that nobody sees."""
    composed = unicodedata.normalize("NFC", without_marks(code))
    return "".join(" " if unicodedata.category(c) == "Zs" else c for c in composed).strip()


def _names_nothing(code: str) -> bool:
    if not code:
        return False
    # Excel's errors, and the ##### of a column that was too narrow.
    return (
        code.casefold() in _NOTHING
        or (code[0] == "#" and code[-1] in "!?")
        or not any(c.isalnum() or unicodedata.category(c)[0] == "C" for c in code)
    )


def _digits(match: re.Match[str], code: str, *, barcode: bool) -> tuple[str, str | None]:
    first, rest, sign, exponent = match[1], match[2] or "", match[3], int(match[4])
    if not rest and not sign and not barcode:
        return code, None  # 5E12 is a code like any other, and no program writes a number so
    if sign == "-" or len(rest) != exponent or int(first + rest) > _EXACT:
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


def as_cell(code: str) -> Harmless:
    """Return the cell that a code is saved as: no spreadsheet runs it, and `of_cell` gives the code."""
    if harmless(code) == code and _is_as_written(code):
        return Harmless(code)
    # What stands behind the apostrophe is at the beginning of no cell.
    return Harmless("'" + harmless(f"x{code}")[1:])


def of_cell(cell: str, *, barcode: bool = False) -> tuple[str, str | None]:
    """Return the code that a cell means, and in which way it was written otherwise, if in any.

    Raises what `tidy_code` raises.
    """
    if cell.startswith("'"):
        code = plain(f"x{cell[1:]}")[1:]
        if as_cell(code) == cell:
            return code, None
    return tidy_code(cell, barcode=barcode)


def _is_as_written(code: str) -> bool:
    if code.startswith("'"):
        return False
    try:
        return all(tidy_code(code, barcode=barcode) == (code, None) for barcode in (False, True))
    except (NoCode, ShortenedNumber):
        return False
