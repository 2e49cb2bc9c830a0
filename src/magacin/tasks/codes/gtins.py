"""GTINs in all their forms: EAN-8, UPC-A, EAN-13, ITF-14, leading zeros, UPC-E, add-ons, hyphens.

Sources: GS1 General Specifications, sections 7.9 (check digit), 5.2.2.4.2 (UPC-E), 5.2.2.5 (add-ons).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from magacin.tasks.codes.gs1 import BiipException, Upc, gs1_standard_check_digit

_DIGITS = re.compile(r"[0-9]{8,20}")
# As people write an EAN or an ISBN: with hyphens, blanks, or the signs that printing makes of them.
_GROUPED = re.compile(r"[0-9][0-9 \u00a0\u2009\u202f\u2010-\u2013\u2212-]{10,30}[0-9]")
_BETWEEN = re.compile("[^0-9]")
# How long a code is without its add-on: two or five digits beside it, an issue number or a price. Of those
# with 8 digits only UPC-E has any.
_WITH_ADD_ON = {10: 8, 13: 8, 14: 12, 15: 13, 17: 12, 18: 13}
# As GTINs are printed; more digits are leading zeros.
_LENGTHS = (8, 12, 13, 14)


def gtin14(digits: str) -> str | None:
    """Return the 14-digit form of a GTIN, or None when `digits` is none or its check digit is wrong.

    GTIN-8, -12 and -13 and any number of leading zeros are the same trade item as the 14-digit form.
    """
    if not _DIGITS.fullmatch(digits):
        return None
    significant = digits.lstrip("0")
    if not 5 <= len(significant) <= 14:
        return None
    # Leading zeros change no check digit.
    is_right = gs1_standard_check_digit(significant[:-1]) == int(significant[-1])
    return significant.zfill(14) if is_right else None


def upc_a_of_upc_e(digits: str) -> list[str]:
    """Return, as 14 digits, what UPC-E of 6, 7 or 8 digits can be short for.

    Seven digits lack the number system, which is 0 then, or the check digit. The former can be checked.
    """
    full = [f"0{digits}", digits] if len(digits) == 7 else [digits]
    found = []
    for one in full if len(digits) in (6, 7, 8) else ():
        with suppress(BiipException):
            found.append(Upc.parse(one).as_upc_a().zfill(14))
    return found


def without_add_on(digits: str, gtin: str | None) -> list[str]:
    """Return what is left of digits without an add-on of 2 or 5, as GTINs; `gtin` is that of all digits."""
    length = _WITH_ADD_ON.get(len(digits))
    # A number that is a GTIN as a whole has its 13 or 14 digits from that, and no add-on.
    if length is None or (gtin is not None and len(digits) in _LENGTHS):
        return []
    if length == 8:
        return upc_a_of_upc_e(digits[:length])
    found = gtin14(digits[:length])
    return [found] if found else []


def gtins_at_end(text: str) -> tuple[str, ...]:
    """Return the GTINs, in all their digits, that a text ends with."""
    digits = text[len(text.rstrip("0123456789")) :]
    found = (gtin14(digits[-length:]) for length in _LENGTHS if length <= len(digits))
    return tuple(dict.fromkeys(gtin for gtin in found if gtin))


def are_two(digits: str) -> bool:
    """Tell whether digits are two GTINs, one after the other."""
    ends = [end for end in _LENGTHS if len(digits) - end in _LENGTHS]
    return any(gtin14(digits[:end]) and gtin14(digits[end:]) for end in ends)


def ungrouped(text: str) -> str | None:
    """Return the digits of a number that is written in groups, as ISBNs are; None when it is too short."""
    if not _GROUPED.fullmatch(text):
        return None
    digits = _BETWEEN.sub("", text)
    return digits if len(digits) >= 12 else None


def normalise_barcode(code: str) -> str:
    """Return a barcode in the form in which it is kept: a GTIN as 14 digits, anything else as it is."""
    plain = code.strip(" \t\r\n")
    return gtin14(plain) or gtin14(ungrouped(plain) or "") or plain


# The same articles come again with each batch of an import.
@lru_cache(maxsize=20_000)
def same_codes(code: str) -> frozenset[str]:
    """Return what reads the same as a barcode: as it stands, as it is kept, and a GTIN's shorter forms."""
    return frozenset(_forms(code))


def _forms(code: str) -> Iterator[str]:
    kept = normalise_barcode(code)
    yield code.strip(" \t\r\n")
    yield kept
    if gtin14(kept):
        yield from (kept[-length:] for length in _LENGTHS[:-1] if not kept[:-length].strip("0"))
