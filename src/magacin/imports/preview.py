"""Previews: what an import of a file would come to. It is staged in a transaction that is undone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from magacin.contracts.imports import (
    MOST_PREVIEWED,
    Duplicate,
    ImportCounts,
    Preview,
    PreviewRecord,
    PreviewRow,
    ReadingOptions,
    Reject,
)
from magacin.contracts.order_files import Subject
from magacin.contracts.tasks.requisitions import ComparedRequisition, RequisitionOutcome
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.imports import duplicates, records, sending
from magacin.imports.file_reader import Chunk, DiskFailed, FileReader, Limits, ReaderBroke
from magacin.imports.parsers.records import Record
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.reading import read_into_staging
from magacin.imports.settings import ImportSettings
from magacin.imports.staging import Staging
from magacin.imports.upload import STORAGE, Received

log = structlog.get_logger(__name__)

_NO_JOB = 0
# Nothing is done in its name.
_PREVIEWER = "preview"


class _SampledReader(FileReader):
    """Remembers the first rows that it gives."""

    def __init__(self, path: Path, filename: str, options: ReadingOptions, limits: Limits) -> None:
        super().__init__(path, filename, options, limits)
        self.first: list[StagedRow] = []
        self.records: list[Record] = []

    def next_chunk(self) -> Chunk | None:
        """Return the next rows, as every reader does."""
        chunk = super().next_chunk()
        if chunk is None:
            return None
        if self.is_of_orders:
            self.first = self.first or chunk.rows()
        else:
            self.records = self.records or chunk.records()
        return chunk


class _Duplicates:
    """Counts what would become of requisitions, and keeps the first of those that are there already."""

    def __init__(self, *, replace: bool) -> None:
        self._replace = replace
        self._differing: list[ComparedRequisition] = []
        self._same: list[ComparedRequisition] = []
        self.counts: Counter[str] = Counter()

    def add(self, sent: list[Mapping[str, Any]], found: list[ComparedRequisition]) -> None:
        self.counts.update(sending.counted(sent, found))
        for one in found:
            if one.outcome is not RequisitionOutcome.CREATED:
                kept = self._differing if one.differences else self._same
                if len(kept) < MOST_PREVIEWED:
                    kept.append(one)

    def shown(self) -> list[Duplicate]:
        return [
            Duplicate(
                **one.model_dump(exclude={"differences"}),
                differences=one.differences[:MOST_PREVIEWED],
                message=duplicates.describe(one, replace=self._replace)
                or "was imported before, with the same content.",
            )
            for one in [*self._differing, *self._same][:MOST_PREVIEWED]
        ]


class Previewer:
    """Makes previews, one at a time: each takes as much of the machine as an import.

    `database` lets a statement take as long as one over all rows of a file may.
    """

    def __init__(self, database: Database, client: aiohttp.ClientSession, settings: ImportSettings) -> None:
        self._database = database
        self._client = client
        self._settings = settings
        self._turn = asyncio.Semaphore(1)

    async def preview(self, path: Path, received: Received, reading: ReadingOptions) -> Preview:
        """Return what would become of a file."""
        reader = _SampledReader(path, received.filename, reading, Limits.of(self._settings))
        error, columns = None, []
        async with self._turn:
            try:
                staged = self._staged if reading.subject is Subject.ORDERS else self._records
                found = await staged(reader, received)
            except UnreadableFile as unreadable:
                error, columns = str(unreadable), unreadable.names
            except ReaderBroke as broke:
                log.exception("preview_failed")
                error = f"The file could not be read ({broke.kind}). The log of the Import Service says more."
            except DiskFailed as failed:
                raise DependencyUnavailable(STORAGE, reason=f"cannot read the file ({failed})") from failed
        if error is not None:
            found = {
                "counts": ImportCounts(),
                "notes": reader.notes,
                "error": error,
                "columns": columns or reader.columns,
                "meanings": reader.meanings,
            }
        options = received.options
        return Preview(
            format=reader.format or None, encoding=reader.encoding, profile=options.profile, **found
        )

    async def _staged(self, reader: _SampledReader, received: Received) -> dict[str, Any]:
        partial = received.options.partial
        async with self._database.begin() as connection:
            await connection.exec_driver_sql("SELECT 1")  # from here on the driver is in the transaction, too
            staging = await read_into_staging(connection, _NO_JOB, reader, _no_progress)
            staged = await staging.settle(reader.layout, partial=partial)
            rejects, held_back = await staging.refused(MOST_PREVIEWED)
            refused = await staging.refused_of([row.row for row in reader.first])
            known = await self._duplicates(staging, received)
            await connection.rollback()
        counts = ImportCounts(**staged.counts, rows_read=reader.count)
        if known is not None:
            counts = counts.model_copy(update=dict(known.counts))
        else:
            rest = counts.rows_read - counts.rows_rejected - counts.rows_held_back
            counts = counts.model_copy(update={"rows_accepted": rest})
        return {
            "counts": counts,
            "columns": reader.columns,
            "meanings": reader.meanings,
            "notes": [*reader.notes, *staged.notes],
            "rows": [PreviewRow(**row._asdict()) for row in reader.first if row.row not in refused][
                :MOST_PREVIEWED
            ],
            "rejects": [Reject(file=received.filename, **reject._asdict()) for reject in rejects],
            "held_back": held_back,
            "duplicates": known.shown() if known is not None else None,
        }

    async def _records(self, reader: _SampledReader, received: Received) -> dict[str, Any]:
        """Return what a file of articles or locations comes to."""
        subject = received.options.subject
        async with self._database.begin() as connection:
            await connection.exec_driver_sql("SELECT 1")  # as above
            staging = await read_into_staging(connection, _NO_JOB, reader, _no_progress)
            staged = await staging.settle_records()
            rejects, _ = await staging.refused(MOST_PREVIEWED)
            taken, wrong = Counter[str](), list[RejectedRow]()
            try:
                async for batch in self._batches(staging, partial=True):
                    url = self._settings.task_service_url
                    found = await records.try_out(self._client, url, subject, batch, _PREVIEWER)
                    taken.update(records.counted(found))
                    wrong += records.rejected(found, batch)
            except (DependencyUnavailable, sending.BatchRefused) as error:
                if isinstance(error, DependencyUnavailable) and error.dependency != sending.TASK_SERVICE:
                    raise
                log.warning("preview_without_duplicates", reason=str(error))
                taken, wrong = Counter(), []
            await connection.rollback()
        counts = ImportCounts(rows_read=reader.count, rows_rejected=staged.counts["rows_rejected"])
        is_known = taken.total() + counts.rows_rejected == counts.rows_read
        rest = {"rows_accepted": counts.rows_read - counts.rows_rejected}
        more = {**taken, "rows_rejected": counts.rows_rejected + taken["rows_rejected"]} if is_known else rest
        bad = {reject.row for reject in wrong}
        told = sorted([*rejects, *wrong], key=lambda reject: reject.row)[:MOST_PREVIEWED]
        return {
            "counts": counts.model_copy(update=more),
            "columns": reader.columns,
            "meanings": reader.meanings,
            "notes": reader.notes,
            "records": [
                PreviewRecord.model_validate(record._asdict())
                for record in reader.records
                if record.row not in bad
            ][:MOST_PREVIEWED],
            "rejects": [Reject(file=received.filename, **reject._asdict()) for reject in told],
            "duplicates": [] if is_known else None,
        }

    async def _duplicates(self, staging: Staging, received: Received) -> _Duplicates | None:
        """Return what is there already; None when nobody can say it."""
        replace = received.options.replace
        found = _Duplicates(replace=replace)
        try:
            async for batch in self._batches(staging, partial=received.options.partial):
                url = self._settings.task_service_url
                found.add(batch, await sending.compare(self._client, url, batch, replace=replace))
        except (DependencyUnavailable, sending.BatchRefused) as error:
            if isinstance(error, DependencyUnavailable) and error.dependency != sending.TASK_SERVICE:
                raise
            log.warning("preview_without_duplicates", reason=str(error))
            return None
        return found

    async def _batches(self, staging: Staging, *, partial: bool) -> AsyncIterator[list[Mapping[str, Any]]]:
        batch: list[Mapping[str, Any]] = []
        lines = 0
        async for row in staging.requisitions(partial=partial):
            full = len(batch) == self._settings.import_batch_requisitions
            if batch and (full or lines + row["line_count"] > self._settings.import_batch_lines):
                yield batch
                batch, lines = [], 0
            batch.append(row)
            lines += row["line_count"]
        if batch:
            yield batch


async def _no_progress(_: int) -> None:
    pass
