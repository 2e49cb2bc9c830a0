"""Reading: a file is taken apart in a thread, checked, and staged, chunk by chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.imports import JobStatus
from magacin.imports import service
from magacin.imports.jobs import ClaimedJob
from magacin.imports.parsers.lines import Line, LineReader
from magacin.imports.parsers.registry import open_table
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.staging import Staged, Staging

Progress = Callable[[int], Awaitable[None]]


class Chunk(NamedTuple):
    """Some rows of a file, checked."""

    row_count: int
    rows: list[StagedRow]
    rejected: list[RejectedRow]
    held_back: list[str]


class DiskFailed(Exception):
    """The file cannot be read from the disk, which says nothing about what is in it."""


class FileReader:
    """A file being read. All its methods block, and are called in one and the same thread."""

    def __init__(self, path: Path, job: ClaimedJob, chunk_rows: int, max_rows: int) -> None:
        self._path = path
        self._job = job
        self._chunk_rows = chunk_rows
        self._max_rows = max_rows
        self._resources = ExitStack()
        self._lines: LineReader | None = None
        self._results: Iterator[Line] = iter(())
        self._table: Table | None = None
        self.count = 0

    @property
    def notes(self) -> list[str]:
        """Return what a person should know of how the file was read, complete once all of it has been."""
        return self.table.notes + (self._lines.notes if self._lines else [])

    @property
    def table(self) -> Table:
        """Return the table, which is there once the first chunk has been read."""
        if self._table is None:
            raise RuntimeError("nothing has been read yet")
        return self._table

    def next_chunk(self) -> Chunk | None:
        """Return the next rows, None after the last; raise `UnreadableFile` or `DiskFailed`."""
        try:
            return self._next_chunk()
        except OSError as error:
            # By another name: whoever has a transaction open takes an OSError for the database's.
            raise DiskFailed(error.strerror or type(error).__name__) from error

    def _next_chunk(self) -> Chunk | None:
        if self._lines is None:
            options = self._job.reading
            self._table = self._resources.enter_context(open_table(self._path, self._job.filename, options))
            self._lines = LineReader(self._table, options)
            self._results = iter(self._lines)
        chunk = Chunk(0, [], [], [])
        count = 0
        for content, rejects, held_back in islice(self._results, self._chunk_rows):
            count += 1
            if content is not None:
                chunk.rows.append(content)
            chunk.rejected.extend(rejects)
            chunk.held_back.extend(held_back)
        self.count += count
        if self.count > self._max_rows:
            raise UnreadableFile(f"The file has more than {self._max_rows:,} rows. Split it.")
        return chunk._replace(row_count=count) if count else None

    def close(self) -> None:
        """Close the file."""
        self._resources.close()


async def read_into_staging(
    connection: AsyncConnection, job: ClaimedJob, reader: FileReader, progress: Progress
) -> Staging:
    """Copy the whole file into the transaction of `connection`; raise `UnreadableFile` or `LeaseLost`."""
    staging = await Staging.begin(connection, job.id)
    loop = asyncio.get_running_loop()
    # A thread of its own: closing the file then waits its turn behind a chunk that is still being read.
    with _Thread() as thread:
        pending = loop.run_in_executor(thread, reader.next_chunk)
        try:
            while chunk := await pending:
                # The next rows are taken apart here while PostgreSQL stores these.
                pending = loop.run_in_executor(thread, reader.next_chunk)
                await staging.add(chunk.rows, chunk.rejected, chunk.held_back)
                await progress(reader.count)
        finally:
            pending.cancel()
            closed = loop.run_in_executor(thread, reader.close)
        await closed
    if reader.count == 0:
        raise UnreadableFile("The file has a header and no rows.")
    return staging


async def store(connection: AsyncConnection, job: ClaimedJob, staging: Staging, reader: FileReader) -> Staged:
    """Put the rows together and move the job on to sending, in the transaction that has them.

    Raises `LeaseLost`.
    """
    staged = await staging.complete(reader.table.layout, partial=job.partial)
    await service.hold(
        connection,
        job,
        **staged.counts,
        rows_read=reader.count,
        notes=reader.notes + staged.notes,
        status=JobStatus.SENDING.value,
        attempts=0,
    )
    return staged


class _Thread(ThreadPoolExecutor):
    """One thread, that nobody waits for in the event loop: its last work is to close the file."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="import-reader")

    def __exit__(self, *_: object) -> None:
        self.shutdown(wait=False)
