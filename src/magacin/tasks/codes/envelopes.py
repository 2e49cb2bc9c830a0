"""Messages of ISO/IEC 15434, as Data Matrix labels of suppliers have them: `[)>` RS 06 GS P… GS Q… RS EOT.

Format 05 has GS1 application identifiers, format 06 the data identifiers of ANSI MH10.8.2.
"""

from __future__ import annotations

import re
from datetime import date

from magacin.tasks.codes.code import Code, Label
from magacin.tasks.codes.elements import MAX_COUNT, read_elements, split_elements
from magacin.tasks.codes.gtins import gtin14
from magacin.tasks.codes.rules import END, GROUP_SEPARATOR, RECORD_SEPARATOR, CodeRules

HEADER = "[)>"
_FIELD = re.compile(r"([0-9]{0,3}[A-Z])(.+)", re.DOTALL | re.IGNORECASE)
# The customer's part number, which is ours; the supplier's; a GTIN.
_PARTS = ("P", "1P", "30P", "8P")


def read_envelope(text: str, rules: CodeRules) -> Code:
    """Return what a message means; its literal alone where that is nothing."""
    body = rules.controlled(text[len(HEADER) :]).replace(END, "")
    read = [_read_record(text, record) for record in body.split(RECORD_SEPARATOR)]
    found = [code for code in read if code is not None]
    if len(found) > 1 or HEADER in body:
        return Code(text, is_several=True)
    return found[0] if found else Code(text)


def _read_record(literal: str, record: str) -> Code | None:
    number, content = record.strip(GROUP_SEPARATOR)[:2], record.strip(GROUP_SEPARATOR)[2:]
    if number == "05":
        elements = split_elements(content) if content.isascii() else None
        return read_elements(literal, elements) if elements else None
    return _read_fields(literal, content) if number == "06" else None


def _read_fields(literal: str, content: str) -> Code | None:
    values: dict[str, list[str]] = {}
    fields = [field for field in content.split(GROUP_SEPARATOR) if field]
    for match in filter(None, map(_FIELD.fullmatch, fields)):
        values.setdefault(match[1].upper(), []).append(match[2].strip())
    parts = [part for name in _PARTS for part in values.get(name, ())]
    if not parts:
        return None
    if any(len(values.get(name, ())) > 1 for name in (*_PARTS, "Q")):
        return Code(literal, is_several=True)
    quantity = values["Q"][0] if "Q" in values else None
    count = 1 if quantity is None else _count(quantity)
    if count is None:
        return None
    return Code(
        literal,
        None,
        count,
        count_from=None if quantity is None else "Q",
        # One part after the other, in all its forms: the customer's number of it before the supplier's.
        others=tuple(form for part in parts for form in (part, gtin14(part)) if form),
        label=_label({name: found[0] for name, found in values.items() if len(found) == 1}),
    )


def _count(quantity: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,8})(?:\.0*)?", quantity)
    return int(match[1]) if match and 1 <= int(match[1]) <= MAX_COUNT else None


def _label(values: dict[str, str]) -> Label | None:
    label = Label(lot=values.get("1T"), serial=values.get("S"), expiry=_date(values.get("14D", "")))
    return label if label.told() else None


def _date(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits) if re.fullmatch("[0-9]{8}", digits) else None
    except ValueError:
        return None
