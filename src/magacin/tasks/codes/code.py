"""The readings of a code, and how many pieces a scan of it comes to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

CountFrom = Literal["30", "37", "Q"]
Primary = Literal["01", "02", "03"]
# In no SKU and no barcode: PostgreSQL takes the readings apart again, which come in one column of many scans.
BETWEEN_OTHERS, BEFORE_RIVALS = "\x1f", "\x1e"
_BETWEEN = re.compile(f"[{BETWEEN_OTHERS}{BEFORE_RIVALS}]")


@dataclass(frozen=True, slots=True)
class Label:
    """What a label says besides the article and the count; only what is valid."""

    lot: str | None = None
    expiry: date | None = None
    best_before: date | None = None
    serial: str | None = None
    weight: Decimal | None = None
    """Net, in kilograms."""
    price: Decimal | None = None
    """In the currency of whoever printed it."""

    def told(self) -> dict[str, Any] | None:
        """Return what there is of it in JSON's types; None when there is nothing."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) for name, value in values.items() if value is not None} or None


# One is made for each scan: a tuple takes a third of the time of a frozen dataclass.
class Code(NamedTuple):
    """The readings of a code, in the order in which they are tried: literal, gtin, others.

    Where none of them finds an article, the literal and the others are looked for without regard to case,
    and found when there is one article only.
    """

    literal: str
    """As a SKU or as an in-house barcode, without frames and symbology identifier."""
    gtin: str | None = None
    """The 14-digit form of the GTIN it contains, as a barcode."""
    count: int = 1  # type: ignore[assignment]  # it is no count of items, as a tuple has
    """The count that the label carries, see `pieces`."""
    count_from: CountFrom | None = None
    """Application identifier 30 or 37, or data identifier Q."""
    primary: Primary | None = None
    """The application identifier of the GTIN."""
    others: tuple[str, ...] = ()
    """More readings, each as a SKU or as a barcode."""
    is_variable: bool = False
    """A piece whose weight or price the label says."""
    is_several: bool = False
    """Several codes in one, unless one article has all of it as its code."""
    label: Label | None = None
    rivals: tuple[str, ...] = ()
    """GTINs that may be codes of their own at its end: where one is an article's, these are several codes.

    By its check digit alone one lot in ten that ends with enough digits would be refused, for ever.
    """
    is_either: bool = False
    """The others are readings of equal right: where more than one is an article's, nothing is found."""

    @property
    def readings(self) -> tuple[str, str | None, str | None]:
        """Return what decides which article is found.

        The others are one text, see `BETWEEN_OTHERS`. Rivals follow, behind how many of them must be known.
        """
        if not (self.others or self.rivals):
            return self.literal, self.gtin, None
        # What is inside of a frame may have them, as a label has; then it names no article.
        others = BETWEEN_OTHERS.join(one for one in self.others if not _BETWEEN.search(one))
        if self.rivals or self.is_either:
            rivals = ("2", *self.others) if self.is_either else ("1", *self.rivals)
            others += BEFORE_RIVALS + BETWEEN_OTHERS.join(rivals)
        return self.literal, self.gtin, others


def pieces(code: Code, pack_pieces: int, *, literally: bool = False) -> int:
    """Return the pieces that one scan of `code` comes to.

    `pack_pieces` are those of the barcode that it was found by, 1 where it was found by a SKU. What was found
    by its literal is a name, whatever it looks like: its digits count nothing. A GTIN of 14 digits is
    found by its literal only because it is kept like that.
    """
    if literally and code.literal != code.gtin:
        return pack_pieces
    each = 1 if code.is_variable else pack_pieces
    if code.count_from is None:
        return each
    # A count of trade items, as opposed to one of pieces.
    return code.count * each if code.count_from == "37" else code.count
