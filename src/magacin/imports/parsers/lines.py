"""From the rows of a table to lines of orders: which rows are lines at all, and whose.

Exports write an order's number on its first line alone, repeat their header, and end with totals. What is
passed over or filled in is said in the notes. Where it is not certain whose a line is, the orders on both
sides of it are held back: half an order is worse than a late one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import takewhile
from typing import TypeVar

from magacin.contracts.order_files import MAX_NUMBER_LENGTH, MAX_SKU_LENGTH, Column
from magacin.imports.parsers.columns import ColumnsNotFound, recognise
from magacin.imports.parsers.numbers import DecimalSign, evidence, number_in
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.rows import (
    MAX_BARCODE_LENGTH,
    RejectedRow,
    RowChecker,
    StagedRow,
    plain_code,
    plain_quantity,
    plain_text,
    says_total,
)
from magacin.imports.parsers.table import Cell, Layout, Row, Table, UnreadableFile, plain
from magacin.imports.parsers.units import same_unit

_Value = TypeVar("_Value")
# Of each kind; beyond that it begins anew.
_MOST_KNOWN = 20_000


class _Sums:
    """Adds up quantities, so that a row of totals is known by its own."""

    def __init__(self) -> None:
        self._order = ""
        # Of the order, of what came behind the last row of totals, and of everything: sum and count.
        self._order_sum = self._group_sum = self._sum = 0
        self._order_count = self._group_count = self._count = 0

    def add(self, lines: Sequence[StagedRow]) -> None:
        """Take lines in, which follow those that were taken in before."""
        if not lines:
            return
        order, count, quantity = lines[-1].requisition, len(lines), sum(line.quantity for line in lines)
        last = [line.quantity for line in takewhile(lambda line: line.requisition == order, reversed(lines))]
        if order != self._order or len(last) < count:
            self._order, self._order_sum, self._order_count = order, 0, 0
        self._order_sum += sum(last)
        self._order_count += len(last)
        self._group_sum += quantity
        self._group_count += count
        self._sum += quantity
        self._count += count

    def have(self, quantity: int, least: int) -> bool:
        """Tell whether that is the sum of at least so many lines above: of an order, a group or all."""
        sums = (
            (self._order_sum, self._order_count),
            (self._group_sum, self._group_count),
            (self._sum, self._count),
        )
        found = any(total == quantity and count >= least for total, count in sums)
        if found:
            self._group_sum = self._group_count = 0
        return found


class _Cells(dict[Cell, _Value]):
    """Cells of some columns, and what they came to. One that is new is read by `plain`, which returns None
    for what has to be looked at with more care: that is not known until somebody says what it came to."""

    def __init__(self, plain: Callable[[str], _Value | None]) -> None:
        super().__init__()
        self._plain = plain

    def __missing__(self, cell: Cell) -> _Value:
        value = self._plain(cell) if isinstance(cell, str) else None
        if value is None:
            raise KeyError(cell)
        self.keep(cell, value)
        return value

    def keep(self, cell: Cell, value: _Value) -> None:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[cell] = value


class _Known:
    """What cells came to in earlier rows: most cells of a file come again and again.

    A row of nothing but cells that are known, or are plain, is a line, and is fine.
    """

    def __init__(self, layout: Layout, header: list[str]) -> None:
        self._header = header[layout.positions[Column.REQUISITION]]
        self._numbers = _Cells(self._plain_number)
        self._skus = _Cells(partial(plain_code, longest=MAX_SKU_LENGTH))
        self._quantities = _Cells(plain_quantity)
        self._texts = _Cells(plain_text)
        self._barcodes = _Cells(lambda cell: plain_code(cell, MAX_BARCODE_LENGTH) if cell else cell)
        # Without the column: the text that is in no row.
        self._description = layout.positions.get(Column.DESCRIPTION)
        self._barcode = layout.positions.get(Column.BARCODE)
        self._destination = layout.positions.get(Column.DESTINATION)
        self._number, self._sku, self._quantity = layout.required

    def line(self, row: Row) -> StagedRow | None:
        """Return what a row comes to if all its cells are known."""
        row_number, cells, problem = row
        if problem is not None:
            return None
        try:
            return StagedRow(
                row_number,
                self._numbers[cells[self._number]],
                self._skus[cells[self._sku]],
                self._quantities[cells[self._quantity]],
                "" if self._description is None else self._texts[cells[self._description]],
                None if self._barcode is None else self._barcodes[cells[self._barcode]] or None,
                "" if self._destination is None else self._texts[cells[self._destination]],
            )
        except KeyError:
            return None

    def _plain_number(self, cell: str) -> str | None:
        number = plain_code(cell, MAX_NUMBER_LENGTH)
        return number if number is not None and number.casefold() != self._header else None

    def learn(self, row: Row, found: StagedRow) -> None:
        """Keep the cells of a row that is fine, unless they say more than that, or may be no line's."""
        cells, number, sku = row.cells, found.requisition, found.sku
        if cells[self._number] == number and number.casefold() != self._header:
            self._numbers.keep(number, number)
        if cells[self._sku] == sku and (sku[-1:].isdigit() or sku[:1].isdigit()):
            self._skus.keep(sku, sku)
        self._quantities.keep(cells[self._quantity], found.quantity)
        for place, text in ((self._description, found.description), (self._destination, found.destination)):
            if place is not None:
                self._texts.keep(cells[place], text)
        if self._barcode is not None and found.barcode and cells[self._barcode] == found.barcode:
            self._barcodes.keep(found.barcode, found.barcode)


_CODES = (Column.REQUISITION, Column.SKU, Column.BARCODE)
# A column counts as one of numbers when hardly anything else is in it.
_MOST = 0.8
_SHOWN_UNITS = 5
# What lists that were made to be printed draw between their rows.
_RULE = " -=_+"


@dataclass(slots=True)
class Lines:
    """What became of some rows, one after the other.

    `contents` are of those that are fine, `rejects` what is wrong with others, and `held_back` other orders
    that must not be imported because of these.
    """

    row_count: int = 0
    contents: list[StagedRow] = field(default_factory=list)
    rejects: list[RejectedRow] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)


class LineReader:
    """Reads the lines of one table. `notes` is complete once all have been read."""

    def __init__(self, table: Table, options: Reading) -> None:
        self._table = table
        self._options = options
        self._position = table.layout.positions[Column.REQUISITION]
        self._sku = table.layout.positions[Column.SKU]
        self._quantity = table.layout.positions[Column.QUANTITY]
        self._checker = RowChecker(table.layout, lambda: self._decimal_sign, options.unit)
        self._known = _Known(table.layout, table.header)
        # A unit is counted, and so is looked at in each row.
        self._knows = Column.UNIT not in table.layout.positions
        self._sums = _Sums()
        self._lines: list[StagedRow] = []
        self._summed = 0
        self._passed: Counter[str] = Counter()
        self._filled = 0

    def chunks(self, size: int) -> Iterator[Lines]:
        """Yield what becomes of the rows that are lines, so many rows at a time."""
        order: str | None = None  # whose the next row is if it does not say so itself
        before, last, unsure = "", 0, False
        known = self._known.line if self._knows else _nothing_known
        chunk = self._new_chunk()
        lines = self._lines
        for row in self._table.rows():
            found: StagedRow | list[RejectedRow] | None = known(row)
            if found is None:
                number = self._checker.number_of(row)
                if (what := self._is_no_line(row, number)) is not None:
                    self._passed[what] += 1
                    order, last = None, row.number
                    continue
                adjacent = row.number == last + 1
                if order is not None and not number and adjacent and self._may_be_filled(row):
                    row = self._filled_down(row, order)
                    number = order
                found = self._check(row)
            last = row.number
            if isinstance(found, StagedRow):
                # A line that is fine: that of a good file is through here.
                lines.append(found)
                order = before = found.requisition
                if unsure:
                    chunk.held_back.append(order)
                    unsure = False
            else:
                self._require_no_header(row)
                if not self._checker.is_named(found) or self._is_cut(row):
                    number = ""
                # Whose it is nobody knows: of the order on either side, if not of another.
                if neighbour := number if unsure else before if not number else "":
                    chunk.held_back.append(neighbour)
                chunk.rejects += found
                unsure, before, order = not number, number or before, None
            chunk.row_count += 1
            if chunk.row_count == size:
                yield chunk
                chunk = self._new_chunk()
                lines = self._lines
        if chunk.row_count:
            yield chunk

    def _new_chunk(self) -> Lines:
        """Begin a chunk. What is in the one before is added up: it is not kept."""
        self._add_up()
        chunk = Lines()
        self._lines, self._summed = chunk.contents, 0
        return chunk

    def _add_up(self) -> None:
        """Take in the lines since the last time. One by one they would take a tenth of all time."""
        self._sums.add(self._lines[self._summed :])
        self._summed = len(self._lines)

    def _check(self, row: Row) -> StagedRow | list[RejectedRow]:
        found = self._checker.check(row)
        if self._knows and isinstance(found, StagedRow):
            self._known.learn(row, found)
        return found

    @property
    def notes(self) -> list[str]:
        """Say what was read otherwise than it stands there."""
        notes = [f"Passed over: {_rows(count)} {what}." for what, count in self._passed.items()]
        if self._filled:
            notes.append(f"Put to the order of the row above: {_rows(self._filled)} without a number.")
        notes += [
            f"Read without what programs put around it: {_counted(count, 'code')} written as {what}."
            for what, count in self._checker.tidied.items()
        ]
        return notes + self._notes_on_units()

    def _notes_on_units(self) -> list[str]:
        wanted, units = self._options.unit, [unit for unit in self._checker.units if unit]
        if wanted is not None and Column.UNIT not in self._table.layout.positions:
            return [f"No column names a unit of measure: all quantities were taken to be in {wanted}."]
        if wanted is None and any(not same_unit(units[0], unit) for unit in units[1:]):
            shown = ", ".join(units[:_SHOWN_UNITS])
            return [
                f"The lines are in several units of measure ({shown}), and all quantities were taken as they "
                f"stand. With --unit {units[0]} lines in others are refused."
            ]
        return []

    def _is_no_line(self, row: Row, number: str) -> str | None:
        if not number.strip(_RULE) and _is_rule(row):
            return "drawn as a rule"
        if row.problem is not None:
            return None
        # Most rows are told apart by two cells: the others are looked at in those that pass them.
        if number.casefold() == self._table.header[self._position]:
            return "with the header again" if plain(row.cells) == self._table.header else None
        sku = row.cells[self._sku]
        if not isinstance(sku, str) or sku[-1:].isdigit() or sku[:1].isdigit():
            return None
        if not self._checker.is_line(row):
            return "that name no article and no quantity"
        if says_total(sku) if sku.strip() else self._says_total(row) or self._is_bare(row):
            quantity = self._checker.quantity_of(row)
            self._add_up()
            if quantity and self._sums.have(quantity, least=2 if self._is_bare(row) else 1):
                return "with the sum of those above"
        return None

    def _says_total(self, row: Row) -> bool:
        return any(isinstance(cell, str) and says_total(cell) for cell in row.cells)

    def _is_bare(self, row: Row) -> bool:
        """Tell whether there is nothing in a row but numbers, and those in no column of codes."""
        texts = [cell for cell in row.cells if not isinstance(cell, str) or cell.strip()]
        return not _filled(row, self._position) and all(
            isinstance(text, str) and number_in(text) is not None for text in texts
        )

    def _is_cut(self, row: Row) -> bool:
        """Tell whether a row may be the rest of one that was broken in two: it begins with anything then."""
        return row.problem is not None and len(row.cells) < self._table.layout.width

    def _require_no_header(self, row: Row) -> None:
        """Raise `UnreadableFile` where another table begins: its columns need not be those of this one."""
        quantity = row.cells[self._quantity] if self._quantity < len(row.cells) else ""
        if not isinstance(quantity, str) or not quantity.strip()[:1].isalpha():
            return
        try:
            recognise([cell if isinstance(cell, str) else "" for cell in row.cells])
        except ColumnsNotFound:
            return
        raise UnreadableFile(
            f"Row {row.number} is the header of another table, with other columns than the first. "
            "Nothing was imported. Put the tables into files of their own."
        )

    def _may_be_filled(self, row: Row) -> bool:
        return row.problem is None and not _filled(row, self._position) and self._fills_down

    def _filled_down(self, row: Row, order: str) -> Row:
        self._filled += 1
        return Row(row.number, [order if i == self._position else cell for i, cell in enumerate(row.cells)])

    @cached_property
    def _fills_down(self) -> bool:
        """Tell whether rows without a number go with the row above: none says anything of an order.

        A column of which its name does not tell whether it is about orders may have something in it on such
        rows only if each row has, and if another shows that what is said of an order is said once.
        """
        named, nameless = Counter[int](), Counter[int]()
        with_number = without = 0
        for row in self._table.rows():
            if row.problem is not None or not self._checker.is_line(row) or not _filled(row, self._sku):
                continue
            is_named = _filled(row, self._position)
            with_number, without = with_number + is_named, without + (not is_named)
            (named if is_named else nameless).update(i for i in range(len(row.cells)) if _filled(row, i))
        layout = self._table.layout
        of_lines = {*layout.line_level, self._position}
        if any(nameless[i] for i in layout.order_level):
            return False
        said_once = any(not nameless[i] and named[i] == with_number for i in set(named) - of_lines)
        return all(
            said_once and nameless[i] == without and named[i] == with_number for i in set(nameless) - of_lines
        )

    @cached_property
    def _decimal_sign(self) -> DecimalSign | None:
        """Return the sign that is given, or that the file's numbers show without contradicting each other."""
        if self._options.decimal is not None:
            return self._options.decimal
        codes = {self._table.layout.positions.get(column) for column in _CODES}
        layout = self._table.layout
        measured = {layout.positions[Column.QUANTITY], *layout.measured}
        cells, numbers = Counter[int](), Counter[int]()
        shown = defaultdict[int, set[DecimalSign]](set)
        for row in self._table.rows():
            for position, cell in enumerate(row.cells):
                if position not in codes and isinstance(cell, str) and (text := cell.strip()):
                    cells[position] += 1
                    if (number := number_in(text)) is not None:
                        numbers[position] += 1
                        if not number.isdigit():
                            shown[position] |= evidence([number], measured=position in measured)
        signs = {
            sign
            for position, found in shown.items()
            if numbers[position] >= _MOST * cells[position]
            for sign in found
        }
        return signs.pop() if len(signs) == 1 else None


def _nothing_known(_: Row) -> None:
    """Know no row without looking at it."""


def _is_rule(row: Row) -> bool:
    return all(isinstance(cell, str) and not cell.strip(_RULE) for cell in row.cells)


def _filled(row: Row, position: int) -> bool:
    cell = row.cells[position] if position < len(row.cells) else ""
    return not isinstance(cell, str) or bool(cell.strip())


def _rows(count: int) -> str:
    return _counted(count, "row")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
