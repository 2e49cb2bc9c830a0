"""A dry run: what an import of a file would come to, found out without any service and changing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magacin.contracts.imports import (
    MOST_PREVIEWED,
    ImportCounts,
    Preview,
    PreviewRecord,
    PreviewRow,
    ReadingOptions,
    Reject,
)
from magacin.imports.assembly import Assembled, assemble
from magacin.imports.file_reader import DiskFailed, FileReader, Limits, ReaderBroke
from magacin.imports.parsers.records import Record
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import UnreadableFile


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a file was read as, and what it comes to: `content`, or nothing of it and the `error`.

    `encoding` is that of a text, as Python names it. Of a file of articles or locations `records` are
    the rows that are fine by themselves.
    """

    format: str | None
    encoding: str | None
    profile: str | None
    notes: list[str]
    content: Assembled
    error: str | None = None
    records: Sequence[Record] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it with all rows, in the form that programs are promised."""
        found = {
            "format": self.format,
            "encoding": self.encoding,
            "profile": self.profile,
            "notes": self.notes,
            "rows": [row._asdict() for row in self.content.rows]
            + [{"row": record.row, **record.cells} for record in self.records],
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
            records=[
                PreviewRecord.model_validate(record._asdict()) for record in self.records[:MOST_PREVIEWED]
            ],
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
    error, records = None, list[Record]()
    try:
        if reader.is_of_orders:
            content = _read(reader, partial=partial)
        else:
            content, records = _read_records(reader)
    except (UnreadableFile, DiskFailed) as failed:
        error = str(failed)
    except ReaderBroke as broke:
        error = f"The file could not be read: {broke}"
    finally:
        reader.close()
    if error is not None:
        content = Assembled.empty()
    notes = [*reader.notes, *content.notes]
    return DryRun(reader.format or None, reader.encoding, profile, notes, content, error, records)


def _read(reader: FileReader, *, partial: bool) -> Assembled:
    rows: list[StagedRow] = []
    rejected: list[RejectedRow] = []
    held_back: set[str] = set()
    while chunk := reader.next_chunk():
        rows += chunk.rows()
        rejected += (RejectedRow(*reject) for reject in chunk.rejected)
        held_back.update(chunk.held_back)
    reader.require_rows()
    return assemble(rows, rejected, held_back, reader.layout, partial=partial)


def _read_records(reader: FileReader) -> tuple[Assembled, list[Record]]:
    records: list[Record] = []
    rejected: list[RejectedRow] = []
    while chunk := reader.next_chunk():
        records += chunk.records()
        rejected += (RejectedRow(*reject) for reject in chunk.rejected)
    reader.require_rows()
    bad = len({reject.row for reject in rejected})
    counts = ImportCounts(rows_read=reader.count, rows_accepted=reader.count - bad, rows_rejected=bad)
    return Assembled([], rejected, [], counts, []), records
