"""GS1 elements: application identifiers with their values, as element strings, in brackets or in a URI.

The table of application identifiers is biip's. What is read by it here is kept when a date is none: the GTIN
and the count beside it are good. Sources: GS1 General Specifications, sections 3 (application identifiers),
7.8 (element strings), 7.12 (dates); GS1 Digital Link Standard: URI Syntax.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from urllib.parse import unquote

from magacin.tasks.codes.code import Code, CountFrom, Label, Primary
from magacin.tasks.codes.controls import GROUP_SEPARATOR
from magacin.tasks.codes.gs1 import BiipException, GS1ApplicationIdentifier
from magacin.tasks.codes.gtins import gtin14, gtins_at_end
from magacin.tasks.codes.rules import CodeRules, Measure

Elements = Sequence[tuple[str, str]]

MAX_COUNT = 1_000_000
# Dates are looked at when they are used.
_ANY_DATE = {ai: re.compile(rf"{ai}(\d{{6}})") for ai in ("11", "12", "13", "15", "16", "17")}
_ANY_DATE["8008"] = re.compile(r"8008(\d{8}(?:\d{2}){0,2})")
_BRACKETED = re.compile(r"\((\d{2,4})\)")
_URI = re.compile(
    r"(?:https?://[^/?#\s]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(/[^?#\s]*)(?:\?([^#\s]*))?(?:#.*)?", re.IGNORECASE
)
# As earlier versions of the standard spelled them.
_SPELT = {"gtin": "01", "lot": "10", "ser": "21", "cpv": "22", "exp": "17"}
_LABEL_WITHIN = re.compile(r"0[12](\d{14})")
_TRADE_ITEMS: tuple[Primary, ...] = ("01", "02", "03")
_COUNTS: tuple[CountFrom, ...] = ("30", "37")
_POUND = Decimal("0.45359237")


@lru_cache(maxsize=2048)
def _known(head: str) -> tuple[str, re.Pattern[str], bool] | None:
    """Return the identifier that four characters begin with, its format, and whether a separator ends it."""
    try:
        found = GS1ApplicationIdentifier.extract(head)
    except BiipException:
        return None
    pattern = _ANY_DATE.get(found.ai) or re.compile(found.pattern.removeprefix("^").removesuffix("$"))
    return found.ai, pattern, found.separator_required and ".." in found.format


def split_elements(text: str) -> Elements | None:
    """Return the elements of an element string; None when it is none."""
    found, place = [], 0
    while place < len(text):
        if text[place] == GROUP_SEPARATOR:
            place += 1
            continue
        known = _known(text[place : place + 4])
        if known is None:
            return None
        identifier, pattern, is_open = known
        end = text.find(GROUP_SEPARATOR, place)
        end = len(text) if end < 0 else end
        match = pattern.match(text, place, end)
        if match is None or (is_open and match.end() < end):
            return None
        value = text[place + len(identifier) : match.end()]
        if not value:
            return None
        found.append((identifier, value))
        place = match.end()
    return found


def split_brackets(text: str) -> Elements | None:
    """Return the elements of a text as it is printed for people, `(01)…(37)…`; None when it is none.

    Where each of them ends is plain: those beside the GTIN are not checked.
    """
    parts = _BRACKETED.split("".join(text.replace(GROUP_SEPARATOR, "").split()))
    if parts[0] or len(parts) < 3:
        return None
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    # People leave out the zeros that fill a GTIN up.
    found = [(ai, value.zfill(14) if ai in _TRADE_ITEMS else value) for ai, value in pairs]
    return found if all(value and _is_known(ai) for ai, value in found) else None


def split_uri(uri: str) -> Elements | None:
    """Return the elements of a GS1 Digital Link URI, on whatever host; None when it is none.

    Those beside the GTIN are not checked: a query may have anything.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        return None
    path = [unquote(part) for part in match[1].strip("/").split("/")]
    starts = [i for i, part in enumerate(path[:-1]) if part.lower() in {"00", "01", "02", "gtin"}]
    if not starts:
        return None
    # A shop may have folders of such names.
    start = next((i for i in starts if gtin14(path[i + 1])), starts[0])
    pairs = list(zip(path[start::2], path[start + 1 :: 2], strict=False))
    query = [part.partition("=") for part in re.split("[&;]", match[2] or "")]
    pairs += [(unquote(name), unquote(value)) for name, _, value in query]
    named = [(_SPELT.get(name.lower(), name), value) for name, value in pairs]
    return [(name, value.zfill(14) if name == "01" else value) for name, value in named]


def read_elements(literal: str, elements: Elements, rules: CodeRules) -> Code | None:
    """Return what elements mean; None when they name no article, or make no sense."""
    values: dict[str, list[str]] = {}
    for identifier, value in elements:
        values.setdefault(identifier, []).append(value)
    items = [(ai, value) for ai in _TRADE_ITEMS for value in values.get(ai, ())]
    if len(items) > 1 or any(_has_label(v) for ai in ("10", "21") for v in values.get(ai, ())):
        # Two labels in one: which of them is meant nobody can say, and one scan is not two.
        return Code(literal, is_several=True)
    gtin = gtin14(items[0][1]) if items and len(items[0][1]) == 14 else None
    # What is said twice is said once.
    counts = {(ai, _count(value)) for ai in _COUNTS for value in values.get(ai, ())}
    if gtin is None or len(counts) > 1:
        return None
    count_from, count = counts.pop() if counts else (None, 1)
    if count is None:
        return None
    measure = rules.measured(gtin)
    if measure and measure.pieces and count_from != "30":
        count_from, count = "30", count * measure.pieces
    return Code(
        literal,
        gtin,
        count,
        count_from=count_from,
        primary=items[0][0],
        others=measure.readings if measure else (),
        # A measure beside another GTIN says how much a pack holds: it is the pack that was scanned.
        is_variable=measure is not None or gtin[0] == "9",
        label=_label(values, measure),
        rivals=gtins_at_end(literal.partition(gtin.lstrip("0"))[2]),
    )


def _has_label(value: str) -> bool:
    """Tell whether a lot or serial number goes on into the next label, which nothing was sent before."""
    match = _LABEL_WITHIN.search(value)
    return match is not None and gtin14(match[1]) is not None


def _count(digits: str) -> int | None:
    """Return a count, or None when it makes no sense."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 8):
        return None
    count = int(digits)
    return count if 1 <= count <= MAX_COUNT else None


def _is_known(identifier: str) -> bool:
    known = _known(identifier)
    return known is not None and known[0] == identifier


def _is_valid(identifier: str, value: str) -> bool:
    known = _known(identifier)
    return known is not None and known[0] == identifier and bool(known[1].fullmatch(identifier + value))


def _label(values: Mapping[str, Sequence[str]], measure: Measure | None) -> Label | None:
    def only(identifier: str) -> str | None:
        found = set(values.get(identifier, ()))
        value = found.pop() if len(found) == 1 else None
        return value if value is not None and _is_valid(identifier, value) else None

    measure = measure or Measure(())
    label = Label(
        lot=only("10"),
        expiry=read_date(only("17") or (only("7003") or "")[:6]),
        best_before=read_date(only("15") or ""),
        serial=only("21"),
        weight=_decimal(values, "310") or in_kilograms(_decimal(values, "320")) or measure.weight,
        price=_decimal(values, "392") or _decimal(values, "393", skipped=3) or measure.price,
    )
    return label if label.told() else None


def read_date(digits: str) -> date | None:
    """Return the date of YYMMDD, in the century that is nearest; the day 00 is the month's last one."""
    if not re.fullmatch("[0-9]{6}", digits):
        return None
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    this_year = datetime.now(UTC).year
    year += this_year - this_year % 100
    if year - this_year > 50:
        year -= 100
    elif this_year - year > 49:
        year += 100
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:  # IllegalMonthError among them
        return None


def _decimal(values: Mapping[str, Sequence[str]], family: str, *, skipped: int = 0) -> Decimal | None:
    """Return the only value of a family of identifiers, whose fourth digit says how many decimals it has."""
    found = {(ai[3], value) for ai in values if re.fullmatch(f"{family}[0-9]", ai) for value in values[ai]}
    if len(found) != 1:
        return None
    decimals, digits = found.pop()
    if not (digits.isascii() and _is_valid(family + decimals, digits)):
        return None
    return Decimal(digits[skipped:]).scaleb(-int(decimals)) or None


def in_kilograms(pounds: Decimal | None) -> Decimal | None:
    """Return a weight in pounds (avoirdupois) in kilograms."""
    return None if pounds is None else (pounds * _POUND).quantize(Decimal("0.000001"))
