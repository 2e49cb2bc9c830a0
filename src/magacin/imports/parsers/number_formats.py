"""Number formats of spreadsheets: what somebody sees where a cell holds a number.

The language of their codes is that of ECMA-376, part 1, 18.8.31; all kinds of workbooks use it. The zeros of
a code such as 00123 are often in the format alone, and they are part of it. What a whole number shows is told
for formats of digits and fixed text; of all others it is said that it cannot be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import lru_cache

GENERAL = "General"
# Those that a workbook refers to by number without defining them; 18.8.30.
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    48: "##0.0E+0", 49: "@",
} | dict.fromkeys([*range(15, 23), *range(27, 37), *range(45, 48), *range(50, 59)], "yyyy-mm-dd")  # fmt: skip

_TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<general>General)|(?P<other>.)',
    re.IGNORECASE | re.DOTALL,
)
_COLOURS = {"black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"}
_DATES = frozenset("ymdhsgeb")


class Kind(Enum):
    """What a format makes of a whole number."""

    PLAIN = auto()  # its digits, perhaps in groups
    PATTERN = auto()  # digits with zeros in front, or fixed text around
    DATE = auto()
    SCALED = auto()  # a number other than its own: percent, thousands
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format, taken apart for what is not negative: placeholders (`0`, `#`, `?`) and fixed text."""

    kind: Kind
    parts: tuple[tuple[str, bool], ...] = ()
    """Each with whether it is a placeholder."""

    def shown(self, number: int | str) -> str | None:
        """Return what is seen of a number (a text if it is not whole), None where that cannot be told."""
        if self.kind is Kind.PLAIN:
            return str(number)
        if self.kind is not Kind.PATTERN or isinstance(number, str) or number < 0:
            return None
        return _filled(self.parts, str(number) if number else "")


@lru_cache(maxsize=4096)
def number_format(code: str) -> NumberFormat:
    """Return what a format code means."""
    parts: list[tuple[str, bool]] = []
    kinds: set[Kind] = set()
    grouped = False
    for match in _TOKENS.finditer(_first_section(code)):
        kind, part = match.lastgroup, match[match.lastgroup] if match.lastgroup else ""
        if kind in ("quoted", "escaped"):
            parts.append((part, False))
        elif kind == "general":
            parts.append(("#", True))
        elif kind == "bracket":
            kinds.update(_bracket(part))
        elif kind == "other" and part in "0#?":
            parts.append((part, True))
        elif kind == "other" and part == "," and parts and parts[-1][1]:
            grouped = True
            parts.append((",", False))
        elif kind == "other":
            kinds.update(_sign(part))
            parts.append((part, False))
    if Kind.DATE in kinds:
        return NumberFormat(Kind.DATE)
    if grouped and _scales(parts):
        return NumberFormat(Kind.SCALED)
    for kind_ in (Kind.SCALED, Kind.OTHER):
        if kind_ in kinds:
            return NumberFormat(kind_)
    kept = tuple(part for part in parts if part != (",", False)) if grouped else tuple(parts)
    return NumberFormat(_plain_or_pattern(kept), kept)


def _first_section(code: str) -> str:
    """Return the part of a code that is for numbers which are not negative."""
    quoted = False
    for place, character in enumerate(code):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted and code[place - 1 : place] != "\\":
            return code[:place]
    return code


def _bracket(content: str) -> set[Kind]:
    name = content.casefold()
    if name.startswith("$") or name in _COLOURS or name.startswith("color"):
        return set()
    if name and set(name) <= set("hms"):
        return {Kind.DATE}
    return {Kind.OTHER}  # a condition


def _sign(character: str) -> set[Kind]:
    if character.casefold() in _DATES:
        return {Kind.DATE}
    if character == "%":
        return {Kind.SCALED}
    # Shown as they are, without quotes, or nothing at all.
    return set() if character in " -+():@$€" else {Kind.OTHER}


def _scales(parts: list[tuple[str, bool]]) -> bool:
    """Tell whether a comma follows the last placeholder: it divides by a thousand."""
    last = max((i for i, (_, placeholder) in enumerate(parts) if placeholder), default=-1)
    return (",", False) in parts[last + 1 :]


def _plain_or_pattern(parts: tuple[tuple[str, bool], ...]) -> Kind:
    placeholders = [part for part, is_placeholder in parts if is_placeholder]
    text = "".join(part for part, is_placeholder in parts if not is_placeholder).strip()
    if not placeholders:
        return Kind.PLAIN if text in ("", "@") else Kind.OTHER
    return Kind.PLAIN if not text and placeholders.count("0") <= 1 else Kind.PATTERN


def _filled(parts: tuple[tuple[str, bool], ...], digits: str) -> str:
    """Put digits into placeholders from the right; those that are left over go before the first one."""
    first = next(i for i, (_, placeholder) in enumerate(parts) if placeholder)
    left = list(digits)
    shown: list[str] = []
    for i in range(len(parts) - 1, -1, -1):
        part, placeholder = parts[i]
        if not placeholder:
            shown.append(part)
        elif i == first:
            shown.append("".join(left) or ("0" if part == "0" else ""))
        elif left or part == "0":
            shown.append(left.pop() if left else "0")
    return "".join(reversed(shown)).strip()


def date_text(serial: float, *, since_1904: bool) -> str:
    """Return a date as ISO 8601 writes it, with the time of day where there is one; "" where it is none."""
    epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
    try:
        moment = epoch + timedelta(seconds=round(serial * 86_400))
    except (OverflowError, ValueError):
        return ""
    return moment.date().isoformat() if serial == int(serial) else moment.isoformat(" ")
