"""The checks of a row: what may become a requisition line, and what is refused for which reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from magacin.contracts.badges import IS_A_BADGE, has_badge, without_badge
from magacin.contracts.order_files import (
    MAX_NUMBER_LENGTH,
    MAX_QUANTITY,
    MAX_SKU_LENGTH,
    MAX_TEXT_LENGTH,
    Column,
    RejectReason,
)
from magacin.contracts.written_codes import (
    JOINERS,
    NoCode,
    ShortenedNumber,
    is_plain,
    tidy_code,
    undressed,
    without_marks,
)
from magacin.imports.parsers.columns import normalise
from magacin.imports.parsers.kinds import TOTALS
from magacin.imports.parsers.numbers import Ambiguous, DecimalSign, whole
from magacin.imports.parsers.table import BadCell, Cell, Layout, Row
from magacin.imports.parsers.text import FOREIGN_BYTE, printable
from magacin.imports.parsers.units import same_unit

MAX_BARCODE_LENGTH = 48
_TOTALS = frozenset(map(normalise, TOTALS))

_SHORT = len(str(MAX_QUANTITY))
CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd\ud800-\udfff]")
_REPLACED = "\ufffd"
# A text may be broken into lines for a cell's width; only the blanks of that are smoothed out.
_LINE_BREAKS = re.compile(r"[\t\r\n]+")
_NUMERIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?(e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)


class StagedRow(NamedTuple):
    """A row that is fine by itself."""

    row: int
    requisition: str
    sku: str
    quantity: int
    description: str
    barcode: str | None
    destination: str


class RejectedRow(NamedTuple):
    """One thing that is wrong with a row."""

    row: int
    column: str
    reason: str
    message: str
    value: str
    requisition: str


class Refused(Exception):
    """A cell cannot be kept: why, for programs and for people."""

    def __init__(self, reason: RejectReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class RowChecker:
    """Checks the rows of one file.

    `decimal_sign` says which sign the file's numbers have, None where nothing shows it; it is asked when a
    number can mean two. `unit` is the unit of measure that lines are to be in, None where any will do.
    `tidied` counts the codes that were read otherwise than they are written, `units` the lines in each unit.
    """

    def __init__(
        self,
        layout: Layout,
        decimal_sign: Callable[[], DecimalSign | None] = lambda: None,
        unit: str | None = None,
    ) -> None:
        self._positions = layout.positions
        self._names = layout.names
        self._decimal_sign = decimal_sign
        self._unit = unit
        self.tidied: Counter[str] = Counter()
        self.units: Counter[str] = Counter()

    def number_of(self, row: Row) -> str:
        """Return the requisition that a row names; "" where it names none, or none that is whole."""
        position = self._positions[Column.REQUISITION]
        if row.problem is not None and not _is_certain(row, position):
            return ""
        cell = row.cells[position] if position < len(row.cells) else ""
        if isinstance(cell, str) and is_plain(cell):
            return cell
        try:
            return tidy_code(cell)[0] if isinstance(cell, str) else cell.value
        except (NoCode, ShortenedNumber):
            return ""

    def is_line(self, row: Row) -> bool:
        """Tell whether a row says what is ordered: one that names no article and no quantity is none."""
        cells = [row.cells[self._positions[column]] for column in (Column.SKU, Column.QUANTITY)]
        return any(not isinstance(cell, str) or any(map(str.isalnum, cell)) for cell in cells)

    def quantity_of(self, row: Row) -> int | None:
        """Return the quantity of a row, None where it has none."""
        try:
            return parse_quantity(undressed(self._cell(row, Column.QUANTITY))[0], self._decimal_sign)
        except Refused:
            return None

    def is_named(self, rejects: Sequence[RejectedRow]) -> bool:
        """Tell whether the requisition of a refused row is certain: nothing is wrong with that itself."""
        name = self._names[Column.REQUISITION]
        return all(reject.requisition and reject.column != name for reject in rejects)

    def check(self, row: Row) -> StagedRow | list[RejectedRow]:
        """Return the row's content, or everything that is wrong with it."""
        if row.problem is not None:
            return [bad_row(row, row.problem, self._requisition_of(row))]
        rejects: list[RejectedRow] = []
        requisition = self._number(row, rejects)
        sku = self._sku(row, rejects)
        quantity = self._quantity(row, rejects)
        description = self._text(row, Column.DESCRIPTION, rejects)
        barcode = self._barcode(row, rejects)
        destination = self._text(row, Column.DESTINATION, rejects)
        if Column.UNIT in self._positions:
            self._check_unit(row, rejects)
        if rejects:
            return rejects
        return StagedRow(row.number, requisition, sku, quantity, description, barcode or None, destination)

    def _number(self, row: Row, rejects: list[RejectedRow]) -> str:
        number = self._code(row, Column.REQUISITION, MAX_NUMBER_LENGTH, rejects)
        if not (number[-1:].isdigit() or number[:1].isdigit()) and says_total(number):
            self._reject(row, Column.REQUISITION, Refused(RejectReason.BAD_ROW, _NO_SUM), rejects)
        return number

    def _sku(self, row: Row, rejects: list[RejectedRow]) -> str:
        sku = self._code(row, Column.SKU, MAX_SKU_LENGTH, rejects)
        if not (sku[-1:].isdigit() or sku[:1].isdigit()) and normalise(sku) in _TOTALS:
            self._reject(row, Column.SKU, Refused(RejectReason.BAD_ROW, _NO_SUM), rejects)
        return sku

    def _barcode(self, row: Row, rejects: list[RejectedRow]) -> str:
        if Column.BARCODE not in self._positions:
            return ""
        return self._code(row, Column.BARCODE, MAX_BARCODE_LENGTH, rejects, required=False)

    def _code(
        self, row: Row, column: Column, longest: int, rejects: list[RejectedRow], *, required: bool = True
    ) -> str:
        cell = row.cells[self._positions[column]]
        if isinstance(cell, str) and (plain := plain_code(cell, longest)):
            return plain
        try:
            code, what = tidy_code(self._cell(row, column), barcode=column is Column.BARCODE)
            code = clean_code(column, code, longest, required=required)
        except ShortenedNumber:
            self._reject(row, column, Refused(RejectReason.NOT_A_NUMBER, DIGITS_LOST), rejects)
            return ""
        except NoCode:
            if required:
                self._reject(row, column, Refused(RejectReason.MISSING, _no_code(column)), rejects)
            return ""
        except Refused as refused:
            self._reject(row, column, refused, rejects)
            return ""
        if what is not None:
            self.tidied[what] += 1
        return code

    def _text(self, row: Row, column: Column, rejects: list[RejectedRow]) -> str:
        if column not in self._positions:
            return ""
        try:
            return clean_text(column, self._cell(row, column))
        except Refused as refused:
            self._reject(row, column, refused, rejects)
            return ""

    def _quantity(self, row: Row, rejects: list[RejectedRow]) -> int:
        try:
            text = self._cell(row, Column.QUANTITY)
            return plain_quantity(text) or parse_quantity(undressed(text)[0], self._decimal_sign)
        except Refused as refused:
            self._reject(row, Column.QUANTITY, refused, rejects)
            return 0

    def _check_unit(self, row: Row, rejects: list[RejectedRow]) -> None:
        unit = self._text(row, Column.UNIT, rejects)
        self.units[unit] += 1
        if unit and self._unit is not None and not same_unit(unit, self._unit):
            message = (
                f"The quantity is in {unit}, and the file is read in {self._unit}: say how many that is."
            )
            self._reject(row, Column.UNIT, Refused(RejectReason.WRONG_UNIT, message), rejects)

    def _cell(self, row: Row, column: Column) -> str:
        cell: Cell = row.cells[self._positions[column]]
        if isinstance(cell, BadCell):
            raise Refused(cell.reason, cell.message)
        return cell

    def _reject(self, row: Row, column: Column, refused: Refused, rejects: list[RejectedRow]) -> None:
        rejects.append(
            RejectedRow(
                row.number,
                self._names[column],
                refused.reason.value,
                refused.message,
                self._shown(row, column),
                self._requisition_of(row),
            )
        )

    def _requisition_of(self, row: Row) -> str:
        """Return the requisition that a refused row holds back: also of a row that is cut off behind it.

        It is the number as the order's other rows have it. One that is none is shown as it stands.
        """
        if row.problem is not None and not _is_certain(row, self._positions[Column.REQUISITION]):
            return ""
        return printable(self.number_of(row)) or self._shown(row, Column.REQUISITION)

    def _shown(self, row: Row, column: Column) -> str:
        return shown(row, self._positions[column])


def shown(row: Row, position: int) -> str:
    """Return what stands at a place of a row, in a form that can be kept and shown."""
    if position >= len(row.cells):
        return ""
    cell = row.cells[position]
    return without_badge(printable(cell if isinstance(cell, str) else cell.value).strip())


def bad_row(row: Row, problem: str, of: str) -> RejectedRow:
    """Refuse a row that cannot be taken apart, of what is known to be its subject."""
    cells = (cell if isinstance(cell, str) else cell.value for cell in row.cells[:20])
    value = printable(" | ".join(map(without_badge, cells)))
    return RejectedRow(row.number, "", RejectReason.BAD_ROW.value, problem, value, of)


@lru_cache(maxsize=1 << 10)
def says_total(text: str) -> bool:
    """Tell whether a text stands beside a sum: `Ukupno`, `Total:`, `H1 Total`, `Ukupno za nalog H1`."""
    words = text.split()
    return any(normalise(part) in _TOTALS for part in (text, *words[:1], *words[-1:]))


def _is_certain(row: Row, position: int) -> bool:
    """Tell whether a cell of a row that cannot be taken apart is the one that stands at that place.

    A wrong quote spoils what comes behind it; with too many or too few fields nobody knows where it began.
    """
    quotes = [isinstance(cell, str) and '"' in cell for cell in row.cells]
    return not any(quotes[: position + 1]) and (position == 0 or any(quotes))


def plain_code(text: str, longest: int) -> str | None:
    """Return a number or code that nothing is to be asked of, as most are; None for any other.

    It begins or ends with a digit, and so is no word for a sum.
    """
    return text if len(text) <= longest and is_plain(text) and not has_badge(text) else None


def plain_quantity(text: str) -> int | None:
    """Return a quantity of a few digits, as most are; None for any other."""
    return int(text) or None if len(text) < _SHORT and text.isascii() and text.isdigit() else None


def plain_text(text: str) -> str | None:
    """Return a text in which nothing is to be smoothed out; None for any other."""
    text = text.strip()
    return text if len(text) <= MAX_TEXT_LENGTH and text.isprintable() and _REPLACED not in text else None


def clean_code(column: Column, text: str, longest: int, *, required: bool) -> str:
    """Return a number or code as it may be kept."""
    if not text and required:
        raise Refused(RejectReason.MISSING, f"There is no {column.value}.")
    if text.startswith("="):
        raise Refused(
            RejectReason.BAD_ROW, f"The {column.value} is a formula: put what comes of it into the cell."
        )
    if len(text) > longest:
        raise too_long(column, text, longest)
    match = CONTROL.search(text)
    if match:
        raise bad_character(column, match[0])
    if has_badge(text):
        raise Refused(RejectReason.BAD_ROW, f"The {column.value} {IS_A_BADGE}")
    return text


def clean_text(column: Column, text: str) -> str:
    """Return a text as one line."""
    if (plain := plain_text(text)) is not None:
        return plain
    text = text.strip()
    if not text.isprintable() or _REPLACED in text:
        text = without_marks(_LINE_BREAKS.sub(" ", text), keep=JOINERS)
        if match := CONTROL.search(text):
            raise bad_character(column, match[0])
    if len(text) > MAX_TEXT_LENGTH:
        raise too_long(column, text, MAX_TEXT_LENGTH)
    return text


def parse_quantity(text: str, decimal_sign: Callable[[], DecimalSign | None]) -> int:
    """Return a quantity: a whole number, 1 or more. `6.0` is 6, as some programs write it."""
    number = whole(text, None)
    if isinstance(number, Ambiguous):
        sign = decimal_sign()
        if sign is None:
            raise Refused(
                RejectReason.NOT_A_NUMBER,
                f"{text[:40]} is {number.comma} where a comma stands before the decimals, and {number.point} "
                "where a point does; nothing in the file tells which. Say it with --decimal , or --decimal .",
            )
        number = whole(text, sign)
    if not isinstance(number, int):
        raise Refused(*_why_no_number(text))
    if number < 1:
        raise Refused(RejectReason.NOT_POSITIVE, f"The quantity is {text[:40]}; it has to be 1 or more.")
    if number > MAX_QUANTITY:
        raise Refused(RejectReason.TOO_LARGE, f"The quantity is over {MAX_QUANTITY:,}.")
    return number


def _why_no_number(text: str) -> tuple[RejectReason, str]:
    if not text:
        return RejectReason.MISSING, "There is no quantity."
    shown = printable(text)[:40]
    if _NUMERIC.fullmatch(text):
        return RejectReason.NOT_A_NUMBER, f"{shown} is not a whole number in plain digits, such as 6."
    return RejectReason.NOT_A_NUMBER, f"{shown} is not a number."


def _no_code(column: Column) -> str:
    return f"There is no {column.value}: what stands there is what a program or a person writes for nothing."


def too_long(column: Column, text: str, longest: int) -> Refused:
    """Return why a text is not taken that is longer than what is kept."""
    return Refused(
        RejectReason.TOO_LONG,
        f"The {column.value} has {len(text):,} characters; at most {longest} are kept.",
    )


def bad_character(column: Column, character: str) -> Refused:
    """Return why a text with such a character is not taken."""
    what = f"a control character (U+{ord(character):04X})"
    if FOREIGN_BYTE.match(character):
        what = "a byte that is no character in the file's encoding"
    return Refused(RejectReason.BAD_CHARACTER, f"The {column.value} contains {what}.")


_NO_SUM = (
    "This looks like a row of totals, and its quantity is not the sum of the rows above. "
    "Take it out of the file."
)
DIGITS_LOST = (
    "Excel has shortened the number: its last digits are lost. Format the column as text, enter it again."
)
