"""The rules by which rows are put together to requisitions.

`assemble` applies them to a whole file in memory, for looks that change nothing and need no database;
`staging` to one requisition after the other. A test compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from magacin.contracts.imports import ImportCounts
from magacin.contracts.order_files import MAX_QUANTITY, Column, RejectReason
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import Layout

MAX_LINES = 10_000
# All rows of one requisition are in memory at a time.
MAX_ROWS = 50_000
TOO_MUCH = "All rows for %s in this requisition add up to %s."
CONFLICT = "An earlier row gives %s the barcode %s."
TOO_MANY_ROWS = "The requisition has %s rows; at most %s make one."
TOO_MANY_LINES = "The requisition has %s lines; at most %s make one."
HELD_BACK = "This row is fine; another was refused that is, or may be, of its requisition."
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Assembled:
    """What a file comes to: rows that make requisitions, rejects in the order of rows, and what to know.

    `held_back` are the numbers of the requisitions of which nothing is imported.
    """

    rows: list[StagedRow]
    rejects: list[RejectedRow]
    held_back: list[str]
    counts: ImportCounts
    notes: list[str]

    @classmethod
    def empty(cls) -> Self:
        """Return what a file comes to of which nothing can be read."""
        return cls([], [], [], ImportCounts(), [])


@dataclass(slots=True)
class _Line:
    quantity: int = 0
    barcode: str | None = None
    barcodes: set[str] = field(default_factory=set)

    def add(self, row: StagedRow) -> None:
        self.quantity += row.quantity
        if row.barcode is not None:
            self.barcode = self.barcode or row.barcode
            self.barcodes.add(_significant(row.barcode))

    def contradicts(self, row: StagedRow) -> bool:
        return (
            self.barcode is not None
            and row.barcode is not None
            and _significant(row.barcode) != _significant(self.barcode)
        )


def assemble(
    rows: Iterable[StagedRow],
    rejected: Sequence[RejectedRow],
    held_back: Collection[str],
    layout: Layout,
    *,
    partial: bool,
) -> Assembled:
    """Refuse what only shows when rows are taken together, and hold back what must not be imported alone.

    `held_back` are numbers of requisitions that a row beside them holds back.
    """
    of_each: dict[str, list[StagedRow]] = {}
    for row in rows:
        of_each.setdefault(row.requisition, []).append(row)
    good: list[StagedRow] = []
    rejects = [*rejected]
    for found in of_each.values():
        fine, late = refuse(found, layout, len(found))
        good += fine
        rejects += late
    good.sort()
    if not partial:
        held = {*held_back, *(reject.requisition for reject in rejects)}
        rejects += hold_back((row for row in good if row.requisition in held), layout)
        good = [row for row in good if row.requisition not in held]
    rejects.sort(key=lambda reject: reject.row)
    kept = {row.requisition for row in good}
    nothing_of = list(
        dict.fromkeys(r.requisition for r in rejects if r.requisition and r.requisition not in kept)
    )
    counts = _counts(good, rejects, len(kept), len(nothing_of))
    return Assembled(good, rejects, nothing_of, counts, _notes(good))


def hold_back(rows: Iterable[StagedRow], layout: Layout) -> list[RejectedRow]:
    """Return the rejects of rows that are fine, and wait for one that is not."""
    name = layout.names[Column.REQUISITION]
    return [_reject(row, name, RejectReason.HELD_BACK, HELD_BACK, row.sku) for row in rows]


def refuse(
    rows: Sequence[StagedRow], layout: Layout, row_count: int
) -> tuple[list[StagedRow], list[RejectedRow]]:
    """Return those rows of one requisition that are fine, and what is wrong with the others.

    Only of a requisition of more than `MAX_ROWS` rows they may be a part of them.
    """
    if row_count > MAX_ROWS:
        return [], [_too_many(row, TOO_MANY_ROWS % (row_count, MAX_ROWS), layout) for row in rows]
    lines: dict[str, _Line] = {}
    for row in rows:
        lines.setdefault(row.sku, _Line()).add(row)
    good, rejects = [], []
    for row in rows:
        reject = _whats_wrong(row, lines[row.sku], len(lines), layout)
        if reject is None:
            good.append(row)
        else:
            rejects.append(reject)
    return good, rejects


def _whats_wrong(row: StagedRow, line: _Line, line_count: int, layout: Layout) -> RejectedRow | None:
    if line.quantity > MAX_QUANTITY:
        message = TOO_MUCH % (row.sku, line.quantity)
        return _reject(row, layout.names[Column.QUANTITY], RejectReason.TOO_LARGE, message, str(row.quantity))
    if line.contradicts(row):
        message = CONFLICT % (row.sku, line.barcode)
        return _reject(row, layout.names[Column.BARCODE], RejectReason.CONFLICT, message, row.barcode or "")
    if line_count > MAX_LINES:
        return _too_many(row, TOO_MANY_LINES % (line_count, MAX_LINES), layout)
    return None


def _too_many(row: StagedRow, message: str, layout: Layout) -> RejectedRow:
    name = layout.names[Column.REQUISITION]
    return _reject(row, name, RejectReason.TOO_LARGE, message, row.requisition)


def _reject(row: StagedRow, column: str, reason: RejectReason, message: str, value: str) -> RejectedRow:
    return RejectedRow(row.row, column, reason.value, message, value, row.requisition)


def _counts(
    good: Sequence[StagedRow], rejects: Sequence[RejectedRow], requisitions: int, held_back: int
) -> ImportCounts:
    rejected = len({reject.row for reject in rejects if reject.reason != RejectReason.HELD_BACK})
    rows_held_back = sum(reject.reason == RejectReason.HELD_BACK for reject in rejects)
    return ImportCounts(
        rows_read=len(good) + rejected + rows_held_back,
        rows_accepted=len(good),
        rows_rejected=rejected,
        rows_held_back=rows_held_back,
        rows_merged=len(good) - len({(row.requisition, row.sku) for row in good}),
        requisitions_total=requisitions,
        requisitions_held_back=held_back,
    )


def _notes(good: Sequence[StagedRow]) -> list[str]:
    rows = Counter((row.requisition, row.sku) for row in good)
    merged = [(sku, number, count) for (number, sku), count in rows.items() if count > 1]
    destinations: dict[str, set[str]] = {}
    for row in good:
        if row.destination:
            destinations.setdefault(row.requisition, set()).add(row.destination)
    several = [number for number, found in destinations.items() if len(found) > 1]
    return notes(len(good) - len(rows), merged, len(several), several)


def notes(
    merged: int, examples: Sequence[tuple[str, str, int]], several: int, numbers: Sequence[str]
) -> list[str]:
    """Say what was put together: how many rows went into another's line, with SKU, requisition and count of
    rows of some lines, and of how many requisitions the rows name several destinations, with some numbers."""
    found = []
    if merged:
        shown = ", ".join(f"{sku} in {number} ({count} rows)" for sku, number, count in examples[:EXAMPLES])
        found.append(
            f"{_counted(merged, 'row names', 'rows name')} an article that an earlier row of the same "
            f"requisition names, and went into its line: {shown}"
            f"{', …' if len(examples) >= EXAMPLES else '.'}"
        )
    if several:
        found.append(
            f"{_counted(several, 'requisition names', 'requisitions name')} several destinations; "
            f"the first was kept: {', '.join(numbers[:EXAMPLES])}."
        )
    return found


def _significant(barcode: str) -> str:
    """Return a barcode without leading zeros: a GTIN has them or not, as programs please."""
    return barcode.lstrip("0")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
