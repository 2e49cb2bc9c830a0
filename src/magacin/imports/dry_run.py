"""A dry run: what an import of a file would come to, found out without any service and changing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magacin.contracts.imports import ReadingOptions
from magacin.imports.assembly import Assembled, assemble
from magacin.imports.parsers.lines import LineReader
from magacin.imports.parsers.registry import inspect
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import UnreadableFile

MAX_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a file was read as, and what it comes to. `encoding` is that of a text, as Python names it."""

    format: str
    encoding: str | None
    profile: str | None
    notes: list[str]
    content: Assembled

    def as_json(self) -> dict[str, Any]:
        """Return it with all rows, in the form that programs are promised."""
        return {
            **_head(self.format, self.encoding, self.profile, self.notes),
            "rows": [row._asdict() for row in self.content.rows],
            "rejects": [
                {name: getattr(reject, name) for name in ("row", "column", "reason", "requisition")}
                for reject in self.content.rejects
            ],
            "held_back": self.content.held_back,
        }


def failed(error: str, profile: str | None) -> dict[str, Any]:
    """Return the same form for a file that fails as a whole, and why it does."""
    return _head(None, None, profile, []) | {"rows": [], "rejects": [], "held_back": [], "error": error}


def _head(format: str | None, encoding: str | None, profile: str | None, notes: list[str]) -> dict[str, Any]:
    return {"format": format, "encoding": encoding, "profile": profile, "notes": notes}


def dry_run(
    path: Path, filename: str, options: ReadingOptions, *, partial: bool, profile: str | None = None
) -> DryRun:
    """Read a file as an import would; raise `UnreadableFile` where that would fail."""
    format = inspect(path, filename)
    rows: list[StagedRow] = []
    rejected: list[RejectedRow] = []
    held_back: set[str] = set()
    count = 0
    with format.open(path, options) as table:
        lines = LineReader(table, options)
        for count, (row, rejects, held) in enumerate(lines, start=1):
            if count > MAX_ROWS:
                raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Split it.")
            if row is not None:
                rows.append(row)
            rejected += rejects
            held_back.update(held)
        if count == 0:
            raise UnreadableFile("The file has a header and no rows.")
        content = assemble(rows, rejected, held_back, table.layout, partial=partial)
        notes = [*table.notes, *lines.notes, *content.notes]
        return DryRun(format.name, table.encoding, profile, notes, content)
