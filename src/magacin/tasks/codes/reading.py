"""What a scanner sent, taken apart into the readings that are tried.

What an article has as its SKU or barcode is found as it stands, whatever it looks like: everything here is
what else the code can mean. Sources: GS1 General Specifications, 5.10.3 (symbology identifiers); AIM for the
identifiers of other symbologies.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from magacin.tasks.codes.code import Code, Label
from magacin.tasks.codes.controls import GROUP_SEPARATOR, has_frames_inside, unframed
from magacin.tasks.codes.elements import read_elements, split_brackets, split_elements, split_uri
from magacin.tasks.codes.envelopes import HEADER, read_envelope
from magacin.tasks.codes.gtins import are_two, gtin14, ungrouped, upc_a_of_upc_e, without_add_on
from magacin.tasks.codes.rules import STANDARD, CodeRules


def _characters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(number) for first, last in ranges for number in range(first, last + 1))


# Marks that nobody sees: of no breadth, or of the direction of a text.
_UNSEEN = "\u00ad\u061c\ufeff" + _characters((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069))
_BLANKS = "\u00a0\u1680\u202f\u205f\u3000" + _characters((0x2000, 0x200A))
# Frames (STX … ETX), separators at the ends, blanks, tabs and line ends that a scanner is set up to send.
_AROUND = _characters((0, 0x20), (0x7F, 0x9F)) + _BLANKS + _UNSEEN
_UNSEEN_INSIDE = re.compile(f"[{_UNSEEN}]")
# As a keyboard for Chinese or Japanese types them that is set to full width.
_FULL_WIDTH = {0xFF00 + number - 0x20: number for number in range(0x21, 0x7F)}
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9a-zA-Z]")
_GS1_SYMBOLOGY = re.compile(r"\](?:C1|d2|e0|Q3|J1)", re.IGNORECASE)
# What the readers of EAN and UPC say: which of them it is.
_UPC_E_OR_LONGER, _ADD_ON_2, _ADD_ON_5, _WITH_ADD_ON, _EAN_8 = "]E0", "]E1", "]E2", "]E3", "]E4"
# A scanner may send an add-on as a code of its own behind the first one.
_ADD_ON_APART = re.compile(r"([0-9]{8,13})\][eE][12]([0-9]{2}|[0-9]{5})")
# A scanner without symbology identifiers sends a bare element string: it begins with a GTIN, or with the
# number of a logistic unit and the GTIN of what is in it.
_BARE = r"(?:00[0-9]{18})?0[12][0-9]{14}"
_BARE_ELEMENTS = re.compile(_BARE)
# A name and nothing else: it has a letter, and no sign that scanners put around or between codes. What has a
# host and a path may be a link without its scheme.
# Without going back, which takes long in names of many letters.
_NAME = re.compile(
    rf"(?=[^A-Za-z]*+[A-Za-z])(?!{_BARE}|[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)++/)[0-9A-Za-z ./_-]++"
)
# What is around more than that is no code, but a row of asterisks, one inside the other.
_MOST_LAYERS = 4
_BETWEEN_CODES = re.compile(r"[\x00-\x1c\x1e-\x1f\x7f\x85\u2028\u2029]+")


# Most of what is scanned in a minute was scanned before.
@lru_cache(maxsize=8192)
def read_code(scanned: str, rules: CodeRules = STANDARD) -> Code:
    """Read what a scanner sent. Never fails: a code that means nothing has no reading but the literal."""
    return _read(scanned, rules)


def named(scanned: str) -> str:
    """Return what tells the name of a place or a tote from another one, scanned or kept."""
    return read_code(scanned).literal.lower()


def _read(scanned: str, rules: CodeRules, layers: int = 0) -> Code:
    """Read a code from which so many layers were taken away: frames, and signs that nobody sees."""
    plain = scanned.strip(_AROUND)
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain)  # as articles have their names
    if _NAME.fullmatch(plain):
        return Code(plain, is_several=_is_doubled(plain))
    body = plain[3:].lstrip(_AROUND) if _SYMBOLOGY.match(plain) else plain
    if not (body.isascii() and body.isalnum()):
        return _read_marked(plain, body, rules, layers)
    if body.isdigit():
        symbology = plain[:3].upper() if body is not plain else None
        says_so = _GS1_SYMBOLOGY.match(plain)
        if says_so and (found_elements := _read_gs1(plain, body, body, rules)):
            return found_elements
        found = _read_digits(body, rules, symbology)
        if found.gtin or found.others or not (_BARE_ELEMENTS.match(body) or body is not plain):
            return found
    return _read_gs1(plain, body, body, rules) or Code(body, is_several=_is_doubled(body) or are_two(body))


def _read_marked(plain: str, body: str, rules: CodeRules, layers: int) -> Code:
    """Read what has other characters than letters and digits."""
    if body.startswith(HEADER):
        return read_envelope(body, rules)
    inner = unframed(body)
    if not body.isascii():
        inner = _UNSEEN_INSIDE.sub("", inner).translate(_FULL_WIDTH)
    if inner != body:
        return _read_inner(body, inner, rules, layers)
    if _BETWEEN_CODES.search(body):
        return Code(body, is_several=sum(map(bool, _BETWEEN_CODES.split(body))) > 1)
    if apart := _ADD_ON_APART.fullmatch(body):
        return _read_digits(apart[1], rules, None)._replace(literal=body)
    start = rules.leading.match(plain)
    text = plain[start.end() :] if start else body
    links = body.partition("?")[0].count("://")
    if links > 1 or has_frames_inside(body) or sum(len(part) > 3 for part in _SYMBOLOGY.split(text)) > 1:
        return Code(body, is_several=True)
    if elements := split_uri(body):
        return read_elements(body, elements, rules) or Code(body, is_several=body.count("://") > 1)
    if elements_found := _read_gs1(plain, body, text, rules):
        return elements_found
    if digits := ungrouped(body):
        return _read_digits(digits, rules, None)._replace(literal=body)
    if len(body) > 2 and body.startswith("*") and body.endswith("*"):
        return _read_inner(body, body[1:-1], rules, layers)  # as Code 39 begins and ends
    return Code(body, is_several=_is_doubled(body))


def _read_inner(body: str, inner: str, rules: CodeRules, layers: int) -> Code:
    """Read what is left of a code when what is around it is taken away; the whole may be a name."""
    if layers == _MOST_LAYERS:
        return Code(body)
    found = _read(inner, rules, layers + 1)
    if found.is_several or not found.literal:
        return Code(body, is_several=found.is_several)
    return found._replace(literal=body, others=(found.literal, *found.others))


def _read_gs1(plain: str, body: str, text: str, rules: CodeRules) -> Code | None:
    """Read `text` as an element string: one that says it is, or that begins with a GTIN."""
    if not text.isascii():
        text = rules.separated(text)
    says_so = text.startswith("(") or _BARE_ELEMENTS.match(text) or _GS1_SYMBOLOGY.match(plain)
    # A scanner that sends the separator itself writes none out.
    if GROUP_SEPARATOR in text and (found := _of_elements(body, text, rules)):
        return found
    if says_so and (separated := rules.separated(text)) != text:
        found = _of_elements(body, separated, rules)
        if found is not None:
            return found
    if not says_so:
        return None
    # No element has a blank: there it stands for a separator, or for nothing.
    return _of_elements(body, text, rules) or _of_elements(body, text.replace(" ", GROUP_SEPARATOR), rules)


def _of_elements(literal: str, text: str, rules: CodeRules) -> Code | None:
    if not text.isascii():
        return None
    elements = split_brackets(text) if text.startswith("(") else split_elements(text)
    return read_elements(literal, elements, rules) if elements else None


def _read_digits(digits: str, rules: CodeRules, symbology: str | None) -> Code:
    """Read digits; a symbology identifier in front of them says which readings there are."""
    if symbology in (_ADD_ON_2, _ADD_ON_5):
        return Code(digits)  # an add-on alone is the code of nothing
    is_short = len(digits) <= 8
    has_no_gtin = symbology == _WITH_ADD_ON or (symbology == _UPC_E_OR_LONGER and is_short)
    gtin = None if has_no_gtin else gtin14(digits)
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
    others: list[str] = []
    if symbology in (None, _UPC_E_OR_LONGER, _WITH_ADD_ON):
        others = upc_a_of_upc_e(digits) or without_add_on(digits, gtin)
    return Code(
        digits,
        gtin,
        others=tuple(others),
        is_variable=gtin is not None and gtin[0] == "9",
        is_several=gtin is None and are_two(digits),
        is_either=len(others) > 1,
    )


def _is_doubled(text: str) -> bool:
    """Tell whether a text is one code twice."""
    half, odd = divmod(len(text), 2)
    return not odd and half >= 6 and text[:half] == text[half:]
