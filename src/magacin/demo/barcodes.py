"""Made-up barcodes for articles that have none, and the forms in which scanners send them."""

from __future__ import annotations

import zlib
from random import Random

# GS1 keeps 20-29 for use within a company: these numbers cannot be anybody's real article.
_PREFIX = "20"


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of `digits`: weights 3 and 1, the 3 at the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def in_house_gtin13(sku: str) -> str:
    """Return the GTIN-13 that the demo gives an article; always the same for a SKU."""
    body = f"{_PREFIX}{zlib.crc32(sku.encode()):010d}"
    return body + check_digit(body)


def as_scanned(gtin13: str, quantity: int, random: Random) -> tuple[str, int]:
    """Return a code as some scanner may send it and the quantity to send along with it.

    A GS1 element string says itself how many pieces there are, so that the quantity is 1.
    """
    gtin14 = gtin13.zfill(14)
    return random.choice(
        [
            (gtin13, quantity),
            (gtin14, quantity),
            (f"]E0{gtin13}", quantity),
            (f"(01){gtin14}(37){quantity}", 1),
            (f"]C101{gtin14}37{quantity}", 1),
        ]
    )
