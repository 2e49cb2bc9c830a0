"""What a scanned code can mean: a SKU, a GTIN in any of its forms, an in-house code, a GS1 element string.

Pure functions; whether the article exists is the repository's to say.
Sources: GS1 General Specifications, sections 3 (application identifiers 01, 02, 30, 37), 5.10.3 and 5.9.3
(symbology identifiers ]C1, ]d2, ]e0, ]Q3, ]J1), and 7.9 (check digit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from biip import BiipException
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin

_GS1_SYMBOLOGY = re.compile(r"^\](C1|d2|e0|Q3|J1)")
_ANY_SYMBOLOGY = re.compile(r"^\][A-Za-z][0-9a-zA-Z]")
# A scanner without symbology identifiers sends a bare element string: it begins with a GTIN and goes on.
_BARE_ELEMENTS = re.compile(r"^\x1d?0[12]\d{14}")
_DIGITS = re.compile(r"^[0-9]{8,20}$")
# A label read in half: in brackets the library skips what has no value, and a count would be lost.
_EMPTY_ELEMENT = re.compile(r"\(\d+\)(\(|$)")
_GROUP_SEPARATOR = "\x1d"
_MAX_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Code:
    """The readings of a code, in the order in which they are tried."""

    literal: str
    """As a SKU or as an in-house barcode."""
    gtin: str | None = None
    """The 14-digit form of the GTIN it contains."""
    count: int = 1
    """How many pieces the label stands for (application identifiers 30 and 37)."""


def read_code(scanned: str) -> Code:
    """Read what a scanner sent. Never fails: a code that means nothing has no reading but the literal."""
    plain = scanned.strip(" \t\r\n")
    if _GS1_SYMBOLOGY.match(plain) or plain.startswith("(") or _GROUP_SEPARATOR in plain:
        return _read_elements(plain) or Code(plain)
    literal = _ANY_SYMBOLOGY.sub("", plain)
    gtin = gtin14(literal)
    if gtin is None and _BARE_ELEMENTS.match(literal):
        return _read_elements(literal) or Code(literal)
    return Code(literal, gtin)


def gtin14(digits: str) -> str | None:
    """Return the 14-digit form of a GTIN, or None when `digits` is none or its check digit is wrong.

    GTIN-8, -12 and -13 and any number of leading zeros are the same trade item as the 14-digit form.
    """
    if not _DIGITS.match(digits):
        return None
    significant = digits.lstrip("0")
    if len(significant) > 14 or len(significant) < 5:
        return None
    try:
        return Gtin.parse(_shortest_form(significant)).as_gtin_14()
    except BiipException:
        return None


def _shortest_form(significant: str) -> str:
    length = next(size for size in (8, 12, 13, 14) if len(significant) <= size)
    return significant.zfill(length)


def _read_elements(scanned: str) -> Code | None:
    body = _GS1_SYMBOLOGY.sub("", scanned).lstrip(_GROUP_SEPARATOR)
    if not body.isascii() or _EMPTY_ELEMENT.search(body):
        return None
    try:
        message = GS1Message.parse_hri(body) if body.startswith("(") else GS1Message.parse(body)
    except BiipException:
        return None
    gtin = next((e.gtin.as_gtin_14() for e in message.element_strings if e.gtin is not None), None)
    count = _read_count([e.value for e in message.element_strings if e.ai.ai in ("30", "37")])
    return Code(scanned, gtin, count) if gtin is not None and count is not None else None


def _read_count(values: list[str]) -> int | None:
    """Return the pieces that a label stands for: 1 when it does not say, None when it makes no sense."""
    if not values:
        return 1
    # The library lets an empty count through, and digits of other scripts.
    if len(values) > 1 or not (values[0].isascii() and values[0].isdigit()):
        return None
    count = int(values[0])
    return count if 1 <= count <= _MAX_COUNT else None


def normalise_barcode(code: str) -> str:
    """Return a barcode in the form in which it is kept: a GTIN as 14 digits, anything else as it is."""
    plain = code.strip(" \t\r\n")
    return gtin14(plain) or plain


# The same articles come again with each batch of an import.
@lru_cache(maxsize=20_000)
def same_codes(code: str) -> frozenset[str]:
    """Return what reads the same as a barcode: as it stands, as it is kept, and a GTIN's shorter forms."""
    kept = normalise_barcode(code)
    found = {code.strip(" \t\r\n"), kept}
    if gtin14(kept):
        found |= {kept[-length:] for length in (8, 12, 13) if not kept[:-length].strip("0")}
    return frozenset(found)
