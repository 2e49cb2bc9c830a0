"""A dry run: what an import of a file would come to, found out without any service and changing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magacin.contracts.imports import MOST_PREVIEWED, Preview, PreviewRow, ReadingOptions, Reject
from magacin.imports.assembly import Assembled, assemble
from magacin.imports.file_reader import DiskFailed, FileReader, Limits, ReaderBroke
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import UnreadableFile


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a file was read as, and what it comes to: `content`, or nothing of it and the `error`.

    `encoding` is that of a text, as Python names it.
    """

    format: str | None
    encoding: str | None
    profile: str | None
    notes: list[str]
    content: Assembled
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it with all rows, in the form that programs are promised."""
        found = {
            "format": self.format,
            "encoding": self.encoding,
            "profile": self.profile,
            "notes": self.notes,
            "rows": [row._asdict() for row in self.content.rows],
            "rejects": [
                {name: getattr(reject, name) for name in ("row", "column", "reason", "requisition")}
                for reject in self.content.rejects
            ],
            "held_back": self.content.held_back,
        }
        return found if self.error is None else found | {"error": self.error}

    def as_preview(self, filename: str, remark: str) -> Preview:
        """Return its beginning, with a remark on what cannot be known here."""
        content = self.content
        return Preview(
            format=self.format,
            encoding=self.encoding,
            profile=self.profile,
            error=self.error,
            counts=content.counts,
            notes=[*self.notes, remark],
            rows=[PreviewRow(**row._asdict()) for row in content.rows[:MOST_PREVIEWED]],
            rejects=[
                Reject(file=filename, **reject._asdict()) for reject in content.rejects[:MOST_PREVIEWED]
            ],
            held_back=content.held_back[:MOST_PREVIEWED],
        )


def dry_run(
    path: Path, filename: str, options: ReadingOptions, *, partial: bool, profile: str | None = None
) -> DryRun:
    """Read a file as an import would."""
    reader = FileReader(path, filename, options, Limits())
    error = None
    try:
        content = _read(reader, partial=partial)
    except (UnreadableFile, DiskFailed) as failed:
        error = str(failed)
    except ReaderBroke as broke:
        error = f"The file could not be read: {broke}"
    finally:
        reader.close()
    if error is not None:
        content = Assembled.empty()
    return DryRun(
        reader.format or None, reader.encoding, profile, [*reader.notes, *content.notes], content, error
    )


def _read(reader: FileReader, *, partial: bool) -> Assembled:
    if not reader.is_of_orders:
        raise UnreadableFile(
            "The profile is for files of articles or locations, which this command does not read. Import the "
            "file at the desk, which shows first what would happen."
        )
    rows: list[StagedRow] = []
    rejected: list[RejectedRow] = []
    held_back: set[str] = set()
    while chunk := reader.next_chunk():
        rows += chunk.rows()
        rejected += (RejectedRow(*reject) for reject in chunk.rejected)
        held_back.update(chunk.held_back)
    reader.require_rows()
    return assemble(rows, rejected, held_back, reader.layout, partial=partial)
