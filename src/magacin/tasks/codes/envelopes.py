"""Messages of ISO/IEC 15434, as Data Matrix labels of suppliers have them: `[)>` RS 06 GS P… GS Q… RS EOT.

Format 05 has GS1 application identifiers, format 06 the data identifiers of ANSI MH10.8.2.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from magacin.tasks.codes.code import Code, Label
from magacin.tasks.codes.controls import END, GROUP_SEPARATOR, RECORD_SEPARATOR
from magacin.tasks.codes.elements import MAX_COUNT, in_kilograms, read_elements, split_elements
from magacin.tasks.codes.gtins import gtin14
from magacin.tasks.codes.rules import CodeRules

HEADER = "[)>"
_FIELD = re.compile(r"([0-9]{0,3}[A-Z])(.+)", re.DOTALL | re.IGNORECASE)
# The customer's part number, which is ours; a GTIN; the supplier's part number.
_PARTS = ("P", "8P", "1P", "30P")
_QUANTITY = re.compile(r"([0-9]{1,8})(?:\.([0-9]{0,3})0*)? *([A-Z][A-Z0-9]{0,3})?", re.IGNORECASE)
# Of ANSI ASC X12 (data element 355) and of UN/ECE Recommendation 20; kilograms in one of the others.
_PIECES = frozenset({"", "EA", "EACH", "PC", "PCE", "PCS", "UN", "C62", "H87", "NAR", "NMB"})
_KILOGRAMS = {"KG": Decimal(1), "KGM": Decimal(1), "GR": Decimal("0.001"), "GRM": Decimal("0.001")}
_POUNDS = frozenset({"LB", "LBR"})


def read_envelope(text: str, rules: CodeRules) -> Code:
    """Return what a message means; its literal alone where that is nothing."""
    body = rules.controlled(text[len(HEADER) :]).replace(END, "")
    read = [_read_record(text, record, rules) for record in body.split(RECORD_SEPARATOR)]
    found = [code for code in read if code is not None]
    if len(found) > 1 or HEADER in body:
        return Code(text, is_several=True)
    return found[0] if found else Code(text)


def _read_record(literal: str, record: str, rules: CodeRules) -> Code | None:
    number, content = record.strip(GROUP_SEPARATOR)[:2], record.strip(GROUP_SEPARATOR)[2:]
    if number == "05":
        elements = split_elements(content) if content.isascii() else None
        return read_elements(literal, elements, rules) if elements else None
    return _read_fields(literal, content) if number == "06" else None


def _read_fields(literal: str, content: str) -> Code | None:
    values: dict[str, list[str]] = {}
    fields = [field for field in content.split(GROUP_SEPARATOR) if field]
    for match in filter(None, map(_FIELD.fullmatch, fields)):
        values.setdefault(match[1].upper(), []).append(match[2].strip())
    # A part number of ours that is unknown is not looked for among the supplier's: those are other articles.
    names = _PARTS[:2] if "P" in values else _PARTS
    parts = [part for name in names for part in values.get(name, ())]
    if not parts:
        return None
    if any(len(values.get(name, ())) > 1 for name in (*_PARTS, "Q")):
        return Code(literal, is_several=True)
    quantities = [_quantity(text) for name in ("Q", "7Q") for text in values.get(name, ())]
    counts = {count for count, weight in quantities if weight is None}
    count = counts.pop() if counts else 1
    if count is None or counts:
        return None
    return Code(
        literal,
        None,
        count,
        count_from="Q" if any(weight is None for _, weight in quantities) else None,
        # One part after the other, in all its forms: the customer's number of it before the GTIN.
        others=tuple(form for part in parts for form in (part, gtin14(part)) if form),
        label=_label(
            {name: found[0] for name, found in values.items() if len(found) == 1},
            next((weight for _, weight in quantities if weight), None),
        ),
    )


def _quantity(written: str) -> tuple[int | None, Decimal | None]:
    """Return a number of pieces, or a weight in kilograms; neither where it is in other units."""
    match = _QUANTITY.fullmatch(written)
    if match is None:
        return None, None
    whole, decimals, unit = int(match[1]), match[2] or "", (match[3] or "").upper()
    if unit in _PIECES and not decimals.strip("0"):
        return (whole if 1 <= whole <= MAX_COUNT else None), None
    number = Decimal(f"{whole}.{decimals}")
    if unit in _POUNDS:
        return None, in_kilograms(number)
    return None, number * _KILOGRAMS[unit] if unit in _KILOGRAMS else None


def _label(values: dict[str, str], weight: Decimal | None) -> Label | None:
    expiry = _date(values.get("14D", ""))
    label = Label(lot=values.get("1T"), serial=values.get("S"), expiry=expiry, weight=weight)
    return label if label.told() else None


def _date(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits) if re.fullmatch("[0-9]{8}", digits) else None
    except ValueError:
        return None
