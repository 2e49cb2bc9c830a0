"""Reading: a file is taken apart and checked in a process of its own, and staged here, chunk by chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.imports import JobStatus
from magacin.contracts.order_files import Subject
from magacin.imports import service
from magacin.imports.file_reader import FileReader
from magacin.imports.jobs import ClaimedJob
from magacin.imports.staging import Staged, Staging

Progress = Callable[[int], Awaitable[None]]


async def read_into_staging(
    connection: AsyncConnection, job_id: int, reader: FileReader, progress: Progress
) -> Staging:
    """Copy the whole file into the transaction of `connection`; raise `UnreadableFile` or `LeaseLost`."""
    staging = await Staging.begin(connection, job_id)
    loop = asyncio.get_running_loop()
    # A thread of its own: closing the file then waits its turn behind a chunk that is still awaited.
    with _Thread() as thread:
        pending = loop.run_in_executor(thread, reader.next_chunk)
        try:
            while chunk := await pending:
                pending = loop.run_in_executor(thread, reader.next_chunk)
                await staging.add(chunk.parts, chunk.rejected, chunk.held_back)
                await progress(reader.count)
        except BaseException:
            reader.stop()
            raise
        finally:
            pending.cancel()
            closed = loop.run_in_executor(thread, reader.close)
        await closed
    reader.require_rows()
    return staging


async def store(connection: AsyncConnection, job: ClaimedJob, staging: Staging, reader: FileReader) -> Staged:
    """Put the rows together and move the job on to sending, in the transaction that has them.

    Raises `LeaseLost`.
    """
    if job.reading.subject is Subject.ORDERS:
        staged = await staging.complete(reader.layout, partial=job.partial)
    else:
        staged = await staging.complete_records()
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
