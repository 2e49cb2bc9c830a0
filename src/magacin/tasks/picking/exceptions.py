"""Which codes of other articles a device must know, to find what is found here.

A code has several readings, and the first that is some article's decides. A device has the codes of the
articles in its tasks alone, and would take a later reading where an earlier one is an article's that it does
not have. What it must be told is said in web/apps/worker/ledger/snapshot.ts; this works it out, in two steps:

- `Exceptions.has` judges one code of another article;
- `candidates`, `lowers`, `prefixes` and `TELLING` say which codes are worth judging: by indexes, since there
  may be a million others.

More exceptions than necessary do no harm, as long as other articles have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from magacin.tasks.codes import CodeRules, gtin14, read_code
from magacin.tasks.codes.code import Code
from magacin.tasks.codes.gs1 import gs1_standard_check_digit
from magacin.tasks.codes.gtins import upc_a_of_upc_e

# A code that is neither a name nor digits alone may be read as what is within it: frames, brackets, links,
# messages, elements, add-ons, groups. One pattern for Python and for PostgreSQL, without regard to case.
TELLING = "|".join(
    (
        r"^[^0-9a-z ./_-]|[^0-9a-z ./_-]$",
        r"[%^\\][0-9a-z]{1,5}$|_x00[01][0-9a-f]_",
        "[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\uff01-\uff5e]",
        r"\([0-9]{2,4}\)",
        r"^(https?://|[a-z0-9-]+(\.[a-z0-9-]+)+/)",
        r"0[123][0-9]{14}",
        r"^[0-9]{8,13}\]e[12]",
        "^[0-9]+[ \u00a0\u2009\u202f\u2010-\u2015\u2212-][^a-z]*[0-9]$",
    )
)
# Digits that may have an add-on or a measure behind what they begin with.
LONG_DIGITS = "^[0-9]{10,20}$"
_TELLING = re.compile(TELLING, re.IGNORECASE)
_LONG_DIGITS = re.compile(LONG_DIGITS)
# A code may be sent with any symbology identifier; these are the kinds that are read differently.
_IDENTIFIERS = ("", "]C1", "]E3", "]X0")
# How long digits with a GTIN in them can be.
_LENGTHS = range(8, 21)


class Exceptions:
    """What of other articles' codes can come before codes of the articles that a device holds."""

    def __init__(self, skus: Iterable[str], barcodes: Iterable[str], rules: CodeRules) -> None:
        self._rules = rules
        self._barcodes = frozenset(barcodes)
        self._codes = frozenset(skus) | self._barcodes
        self._lower = frozenset(map(lower, self._codes))

    def has(self, code: str) -> bool:
        """Tell whether a SKU or barcode of another article is one of them."""
        if code in self.candidates or lower(code) in self.lowers:
            return True
        return any(map(self._leads_here, self._readings(code)))

    def may_have(self, code: str) -> bool:
        """Tell whether a code is worth judging: what the database looks for, as it looks for it."""
        return (
            code in self.candidates
            or lower(code) in self.lowers
            or bool(_LONG_DIGITS.match(code) and any(map(code.startswith, self.prefixes)))
            or bool(_TELLING.search(code))
        )

    def _leads_here(self, read: Code) -> bool:
        """Tell whether what was read as another article's code has a later reading that is held."""
        return read.gtin in self._barcodes or any(
            other in self._codes or lower(other) in self._lower for other in read.others
        )

    def _readings(self, code: str) -> Iterator[Code]:
        """Read a code as it may be sent; a GTIN in each of its forms."""
        for identifier in _IDENTIFIERS:
            yield read_code(identifier + code, self._rules)
        if gtin14(code) == code:
            yield from (read_code(form, self._rules) for form in _forms(code))

    @cached_property
    def candidates(self) -> frozenset[str]:
        """Codes that are exceptions, whoever else has them."""
        return frozenset(self._candidates())

    def _candidates(self) -> Iterator[str]:
        yield from self._codes
        for code in self._codes:
            # In a frame, what is held comes after what is read of it; a keyboard may have caps lock on.
            for written in {code, code.upper(), code.lower()}:
                for read in (read_code(one + written, self._rules) for one in _IDENTIFIERS):
                    yield from _after_the_literal(read)
            yield from self._before_item(code)
            if gtin14(code) == code:
                yield from _forms(code)
        for short in self._shortened:
            yield short
            yield from _after_the_literal(read_code(short, self._rules))

    def _before_item(self, item: str) -> Iterator[str]:
        """Return the EANs without a measure that come before an article number of digits."""
        for rule in self._rules.measures:
            places = rule.mask.count("I")
            if len(item) == places and item.isascii() and item.isdigit():
                payload = re.sub("[^0-9I]", "0", rule.mask[:-1]).replace("I" * places, item)
                yield f"{payload}{gs1_standard_check_digit(payload)}".zfill(14)

    @cached_property
    def _shortened(self) -> frozenset[str]:
        """What UPC-E, of 6 to 8 digits, can be short for a barcode that is held."""
        return frozenset(short for code in self._barcodes for short in _upc_e(code))

    @cached_property
    def lowers(self) -> frozenset[str]:
        """Codes that are exceptions in any case, in lower case; those of digits are `candidates`."""
        return frozenset(lower(code) for code in self.candidates if lower(code) != upper(code))

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """What long digits begin with that may be read as something held, with an add-on or a measure."""
        return frozenset(prefix for prefix in self._prefixes() if len(prefix) > 2)

    def _prefixes(self) -> Iterator[str]:
        for code in self._barcodes:
            if gtin14(code) == code:
                yield from _stripped(form for form in _forms(code) if len(form) in (8, 12, 13))
        yield from (short for short in self._shortened if len(short) == 8)
        for rule in self._rules.measures:
            places, start = rule.mask.count("I"), rule.mask.index("I")
            heads = {code[-places:] for code in self._codes if len(code) == places}
            heads |= {code[1 + start :][:places] for code in self._barcodes if len(code) == 14}
            for head in heads:
                yield from _filled(rule.mask[:start] + head)


def lower(text: str) -> str:
    """Return a text in lower case as PostgreSQL has it: one character for one."""
    return (
        text.lower()
        if text.isascii()
        else "".join("i" if c == "\u0130" else _one(c, c.lower()) for c in text)
    )


def upper(text: str) -> str:
    """Return a text in upper case as PostgreSQL has it: one character for one."""
    return text.upper() if text.isascii() else "".join(_one(c, c.upper()) for c in text)


def _one(before: str, after: str) -> str:
    return after if len(after) == 1 else before


def _after_the_literal(code: Code) -> Iterator[str]:
    yield from code.others if code.gtin is None else (code.gtin, *code.others)


def _forms(gtin: str) -> Iterator[str]:
    """Return a GTIN in all lengths that it can be sent in."""
    significant = gtin.lstrip("0")
    yield from (significant.zfill(length) for length in _LENGTHS if length >= len(significant))


def _filled(digits: str) -> Iterator[str]:
    yield from ("0" * zeros + digits for zeros in range(8))


def _stripped(forms: Iterable[str]) -> Iterator[str]:
    """Return digits, and digits with fewer zeros before them: in a longer form, more are before those."""
    for form in forms:
        yield from (form[zeros:] for zeros in range(5) if not form[:zeros].strip("0"))


def _upc_e(gtin: str) -> Iterator[str]:
    """Return what UPC-E, of 6 to 8 digits, is short for a GTIN in its 14-digit form: mostly nothing."""
    if not (len(gtin) == 14 and gtin.startswith("00")):
        return
    payload, check = gtin[2:13], gtin[13]
    shortened = (
        payload[:3] + payload[8:] + payload[3],
        payload[:4] + payload[9:] + "3",
        payload[:5] + payload[10] + "4",
        payload[:6] + payload[10],
    )
    for short in {*shortened}:
        for form in (short[1:], short, short[1:] + check, short + check):
            if gtin in upc_a_of_upc_e(form):
                yield form
