"""What every format is read into: a header and a stream of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from magacin.contracts.imports import Column, RejectReason


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the message tells a person why and what to do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each meaning stands. `names` are the header's own words, as far as they can be kept and shown."""

    positions: dict[Column, int]
    names: dict[Column, str]
    width: int
    unused: list[str]

    def note(self) -> str:
        """Say what was recognised, and what was not needed."""
        used = ", ".join(f"{name} is the {column.value}" for column, name in self.names.items())
        unused = f" Not used: {', '.join(self.unused)}." if self.unused else ""
        return f"Columns: {used}.{unused}"


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that holds something, but nothing that can be taken for its text."""

    reason: RejectReason
    message: str
    value: str


Cell = str | BadCell


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file. `number` is what a spreadsheet shows beside it."""

    number: int
    cells: list[Cell]
    problem: str | None = None
    """Why the row cannot be taken apart; its cells are then what could be made out."""


@dataclass(slots=True)
class Table:
    """A file whose header has been understood. `rows` can be run through once."""

    layout: Layout
    rows: Iterator[Row]
    notes: list[str] = field(default_factory=list)
