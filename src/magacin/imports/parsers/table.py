"""What every format is read into: a header and a stream of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from magacin.contracts.order_files import REQUIRED, Column, RejectReason, Subject
from magacin.contracts.written_codes import without_marks


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the message tells a person why and what to do.

    `names` are those of its columns, where they could be made out.
    """

    def __init__(self, message: str, names: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.names = list(names)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each meaning stands. `names` are the header's own words, as far as they can be kept and shown.

    `order_level` are the places of what is said once of an order and not of each line, `line_level` of what
    is said of each, and `measured` of numbers with decimals, as far as names tell. `above` is how many rows
    that are not blank stand above the header.
    """

    positions: dict[Column, int]
    names: dict[Column, str]
    width: int
    unused: list[str]
    order_level: list[int]
    line_level: list[int]
    measured: list[int]
    above: int = 0
    all_names: list[str] = field(default_factory=list)
    """Of every column that has one, as a mapping may name it."""
    subject: Subject = Subject.ORDERS

    @property
    def required(self) -> list[int]:
        """Return the places of what no row can be without."""
        return [self.positions[column] for column in REQUIRED[self.subject]]

    def note(self) -> str:
        """Say what was recognised, and what was not needed."""
        used = ", ".join(f"{name} is the {column.value}" for column, name in self.names.items())
        unused = f" Not used: {', '.join(self.unused)}." if self.unused else ""
        above = f" Passed over: {self.above} above the header." if self.above else ""
        return f"Columns: {used}.{unused}{above}"


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that holds something, but nothing that can be taken for its text."""

    reason: RejectReason
    message: str
    value: str


Cell = str | BadCell


class Row(NamedTuple):
    """A row as it stands in the file. `number` is what a spreadsheet shows beside it."""

    number: int
    cells: list[Cell]
    problem: str | None = None
    """Why the row cannot be taken apart; its cells are then what could be made out."""


@dataclass(slots=True)
class Table:
    """A file whose header has been understood; `header` has it as `plain` does.

    `rows` gives the rows below the header that are not blank, from the first at each call: what only the
    whole file can show is looked for when it is needed.
    """

    layout: Layout
    header: list[str]
    rows: Callable[[], Iterator[Row]]
    notes: list[str] = field(default_factory=list)
    encoding: str | None = None
    """Of a text, as Python names it."""


def plain(cells: Sequence[Cell]) -> list[str]:
    """Return cells as those of a header are compared: without case and marks, and none that is empty last."""
    names = [without_marks(cell).strip().casefold() if isinstance(cell, str) else "\x00" for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names
