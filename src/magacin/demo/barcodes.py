"""Made-up barcodes for articles that have none, and the forms in which scanners send them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from random import Random

from magacin.contracts.tasks.articles import PackLevel

# GS1 keeps 20-29 for use within a company: these numbers cannot be anybody's real article.
_PREFIX = "20"
# How articles are packed; in which of these ways, goes by the SKU. The first digit of a pack's GTIN-14 is its
# place in the way.
_PACKINGS: tuple[tuple[tuple[int, PackLevel], ...], ...] = (
    ((6, PackLevel.CASE),),
    ((12, PackLevel.CASE),),
    ((3, PackLevel.INNER), (12, PackLevel.CASE)),
    ((4, PackLevel.INNER), (24, PackLevel.CASE)),
)


@dataclass(frozen=True, slots=True)
class PackCode:
    """A pack's GTIN-14, and the pieces in it."""

    code: str
    pieces: int
    level: PackLevel


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of `digits`: weights 3 and 1, the 3 at the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def in_house_gtin13(sku: str) -> str:
    """Return the GTIN-13 that the demo gives an article; always the same for a SKU."""
    body = f"{_PREFIX}{zlib.crc32(sku.encode()):010d}"
    return body + check_digit(body)


def packs_of(sku: str) -> list[PackCode]:
    """Return the packs that the demo gives an article: a case, or inner packs and a case.

    A pack's number is the article's own with the packing's digit in front, and a check digit of its own.
    """
    body = in_house_gtin13(sku)[:-1]
    packing = _PACKINGS[zlib.crc32(sku.encode()) % len(_PACKINGS)]
    return [
        PackCode(f"{digit}{body}{check_digit(f'{digit}{body}')}", pieces, level)
        for digit, (pieces, level) in enumerate(packing, start=1)
    ]


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
