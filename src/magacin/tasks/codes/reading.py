"""What a scanner sent, taken apart into the readings that are tried.

What an article has as its SKU or barcode is found as it stands, whatever it looks like: everything here is
what else the code can mean. Sources: GS1 General Specifications, 5.10.3 (symbology identifiers); AIM for the
identifiers of other symbologies.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from magacin.tasks.codes.code import Code, Label
from magacin.tasks.codes.elements import read_elements, split_brackets, split_elements, split_uri
from magacin.tasks.codes.envelopes import HEADER, read_envelope
from magacin.tasks.codes.gtins import are_two, gtin14, ungrouped, upc_a_of_upc_e, without_add_on
from magacin.tasks.codes.rules import GROUP_SEPARATOR, STANDARD, CodeRules

# Frames (STX … ETX), separators at the ends, blanks, tabs and line ends that a scanner is set up to send.
_AROUND = "".join(map(chr, range(0x21))) + "\x7f\u00a0\u200b\u200e\u200f\ufeff"
# The same, written out.
_SPELT_AROUND = re.compile(
    r"^(?:[<{[]STX[>}\]]|\u2402)+|(?:[<{[](?:ETX|CR|LF)[>}\]]|[\u2403\u240a\u240d])+$", re.IGNORECASE
)
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9a-zA-Z]")
_GS1_SYMBOLOGY = re.compile(r"\](?:C1|d2|e0|Q3|J1)", re.IGNORECASE)
_WITH_ADD_ON = ("]E3", "]e3")
# A scanner may send an add-on as a code of its own behind the first one.
_ADD_ON_APART = re.compile(r"([0-9]{8,13})\][eE][12]([0-9]{2}|[0-9]{5})")
# A scanner without symbology identifiers sends a bare element string: it begins with a GTIN, or with the
# number of a logistic unit and the GTIN of what is in it.
_BARE = r"(?:00[0-9]{18})?0[12][0-9]{14}"
_BARE_ELEMENTS = re.compile(_BARE)
# A name and nothing else: it has a letter, and no sign that scanners put around or between codes.
_NAME = re.compile(rf"(?=.*[A-Za-z])(?!{_BARE}|id\.gs1|ID\.GS1)[0-9A-Za-z ./_-]+")
_BETWEEN_CODES = re.compile(r"[\x00-\x1c\x1e-\x1f\x7f\x85\u2028\u2029]+")


# Most of what is scanned in a minute was scanned before.
@lru_cache(maxsize=8192)
def read_code(scanned: str, rules: CodeRules = STANDARD) -> Code:
    """Read what a scanner sent. Never fails: a code that means nothing has no reading but the literal."""
    plain = scanned.strip(_AROUND)
    if _NAME.fullmatch(plain):
        return Code(plain, is_several=_is_doubled(plain))
    body = plain[3:].lstrip(_AROUND) if _SYMBOLOGY.match(plain) else plain
    if not (body.isascii() and body.isalnum()):
        return _read_marked(plain, body, rules)
    if body.isdigit():
        found = _read_digits(body, rules, has_add_on=plain.startswith(_WITH_ADD_ON))
        if found.gtin or found.others or not (_BARE_ELEMENTS.match(body) or body is not plain):
            return found
    return _read_gs1(plain, body, body, rules) or Code(body, is_several=_is_doubled(body) or are_two(body))


def _read_marked(plain: str, body: str, rules: CodeRules) -> Code:
    """Read what has other characters than letters and digits."""
    if body.startswith(HEADER):
        return read_envelope(body, rules)
    if _BETWEEN_CODES.search(body):
        return Code(body, is_several=sum(map(bool, _BETWEEN_CODES.split(body))) > 1)
    if apart := _ADD_ON_APART.fullmatch(body):
        return replace(_read_digits(apart[1], rules), literal=body)
    start = rules.leading.match(plain)
    text = plain[start.end() :] if start else body
    if sum(len(part) > 3 for part in _SYMBOLOGY.split(text)) > 1:
        return Code(body, is_several=True)
    if elements := split_uri(body):
        return read_elements(body, elements) or Code(body, is_several=body.count("://") > 1)
    if elements_found := _read_gs1(plain, body, text, rules):
        return elements_found
    if digits := ungrouped(body):
        return replace(_read_digits(digits, rules), literal=body)
    unframed = _SPELT_AROUND.sub("", body)
    if body.startswith("*") and body.endswith("*"):
        unframed = body[1:-1]  # as Code 39 begins and ends
    if unframed != body:
        inner = read_code(unframed, rules)
        return replace(inner, literal=body, others=(inner.literal, *inner.others))
    return Code(body, is_several=_is_doubled(body))


def _read_gs1(plain: str, body: str, text: str, rules: CodeRules) -> Code | None:
    """Read `text` as an element string: one that says it is, or that begins with a GTIN."""
    if not text.isascii():
        text = rules.separated(text)
    says_so = text.startswith("(") or _BARE_ELEMENTS.match(text) or _GS1_SYMBOLOGY.match(plain)
    if says_so and (separated := rules.separated(text)) != text:
        found = _of_elements(body, separated)
        if found is not None:
            return found
    return _of_elements(body, text) if says_so or GROUP_SEPARATOR in text else None


def _of_elements(literal: str, text: str) -> Code | None:
    if not text.isascii():
        return None
    elements = split_brackets(text) if text.startswith("(") else split_elements(text)
    return read_elements(literal, elements) if elements else None


def _read_digits(digits: str, rules: CodeRules, *, has_add_on: bool = False) -> Code:
    gtin = None if has_add_on else gtin14(digits)
    measure = rules.measured(gtin) if gtin else None
    if measure:
        return Code(
            digits,
            gtin,
            measure.pieces or 1,
            count_from="30" if measure.pieces else None,
            others=measure.readings,
            is_variable=True,
            label=None if measure.pieces else Label(weight=measure.weight, price=measure.price),
        )
    others = upc_a_of_upc_e(digits) or without_add_on(digits, gtin)
    return Code(digits, gtin, others=tuple(others), is_several=gtin is None and are_two(digits))


def _is_doubled(text: str) -> bool:
    """Tell whether a text is one code twice."""
    half, odd = divmod(len(text), 2)
    return not odd and half >= 6 and text[:half] == text[half:]
