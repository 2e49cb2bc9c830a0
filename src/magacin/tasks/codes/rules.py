"""What a site can set about codes: separators as its keyboards type them, and its variable measure EANs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from magacin.tasks.codes.controls import (
    END,
    GROUP_SEPARATOR,
    RECORD_SEPARATOR,
    SEPARATORS,
    any_of,
    spellings,
)
from magacin.tasks.codes.gs1 import gs1_standard_check_digit


@dataclass(frozen=True, slots=True)
class Measure:
    """What an EAN with a measure in it says. One of weight (kilograms), price and pieces is there."""

    readings: tuple[str, ...]
    weight: Decimal | None = None
    price: Decimal | None = None
    pieces: int | None = None


_MEASURES = "WPN"
_MASK = re.compile(r"(?P<prefix>(?:02|2)\d*)(?P<item>I+)V?(?P<measure>([WPN])\4*)V?C")


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """Where an EAN-13 of 02 or 20 to 29 has its article number and its measure.

    Written as a mask of 13 places: digits that it begins with, `I` for the article number, one of `W` (weight
    in kilograms), `P` (price) and `N` (pieces) for the measure, `V` for the measure's own check digit, which
    is not looked at, and `C` at the end; a point says where the decimals begin. `21IIIIIWW.WWWC`.
    """

    mask: str
    decimals: int

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read a mask; raise ValueError that says what is wrong with it."""
        mask = written.replace(".", "", 1)
        match = _MASK.fullmatch(mask)
        if len(mask) != 13 or match is None:
            raise ValueError(
                f"{written!r} is no rule for EANs with a measure. It has 13 places: 02 or 2 and more digits, "
                "I for the article number, W, P or N for weight, price or pieces, V for a check digit of "
                "those, C for the last one, and a point before decimals: 21IIIIIWW.WWWC"
            )
        start, end = match.span("measure")
        point = written.find(".") if "." in written else end
        if not start < point <= end or (point < end and match["measure"][0] == "N"):
            raise ValueError(f"The point in {written!r} is not between two places of a weight or price.")
        return cls(mask, end - point)

    def read(self, ean13: str) -> Measure | None:
        """Return what an EAN-13 says by this rule; None when it does not begin as the rule does."""
        places = list(zip(self.mask, ean13, strict=True))
        if any(place.isdigit() and place != digit for place, digit in places):
            return None
        item = "".join(digit for place, digit in places if place == "I")
        number = int("".join(digit for place, digit in places if place in _MEASURES))
        # The article's own number is the one without a measure.
        payload = "".join("0" if place in f"{_MEASURES}V" else digit for place, digit in places[:-1])
        readings = (f"{payload}{gs1_standard_check_digit(payload)}".zfill(14), item)
        if "N" in self.mask:
            return Measure(readings, pieces=number) if number else None
        value = Decimal(number).scaleb(-self.decimals)
        return Measure(readings, weight=value) if "W" in self.mask else Measure(readings, price=value)


class CodeRules:
    """How a site's scanners are to be understood; compared by identity."""

    def __init__(
        self, separators: tuple[str, ...] = SEPARATORS, measures: tuple[MeasureRule, ...] = ()
    ) -> None:
        self.measures = measures
        self._separator = any_of(separators)
        self._controls = (
            (any_of((*separators, *spellings("GS", 29))), GROUP_SEPARATOR),
            (any_of(spellings("EOT", 4)), END),
        )
        self._record = any_of(spellings("RS", 30))
        self.leading = re.compile(
            rf"(?:\x1d|{self._separator.pattern})*(?:\][A-Z][0-9A-Z](?:\x1d|{self._separator.pattern})*)?",
            re.IGNORECASE,
        )

    def separated(self, text: str) -> str:
        """Return a text with the group separators that were written out."""
        return self._separator.sub(GROUP_SEPARATOR, text)

    def controlled(self, text: str) -> str:
        """Return a text with all control characters of an ISO 15434 message that were written out."""
        if GROUP_SEPARATOR in text:
            return text  # then nothing is written out: `#` and `~` are parts of names
        text = self._record.sub(RECORD_SEPARATOR, text)  # before `^`, which `^^` is not two of
        for pattern, character in reversed(self._controls):
            text = pattern.sub(character, text)
        return text

    def measured(self, gtin: str) -> Measure | None:
        """Return what the first rule that fits says of a GTIN in its 14-digit form."""
        if gtin[0] != "0":
            return None
        return next((found for rule in self.measures if (found := rule.read(gtin[1:]))), None)


STANDARD = CodeRules()
