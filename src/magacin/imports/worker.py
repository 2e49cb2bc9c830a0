"""The loop that works on jobs: claims one, reads it, sends it, finishes it, and survives being killed.

What makes a job happen once: reading stages everything in the transaction that moves the job on; sending
is idempotent at the Task Service and noted only from the position at which the batch began; and every
change to a job shows a lease that nobody else holds.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType
from magacin.contracts.imports import ImportJob, JobStatus
from magacin.contracts.order_files import Subject
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.imports import reading, records, sending, service
from magacin.imports.file_reader import DiskFailed, FileReader, Limits, ReaderBroke
from magacin.imports.held.service import compare_incomplete
from magacin.imports.jobs import ClaimedJob, LeaseLost, SentBatch
from magacin.imports.metrics import IMPORT_DURATION, IMPORT_JOBS, IMPORT_ROWS, ROW_OUTCOMES
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import Spool

log = structlog.get_logger(__name__)

_PROGRESS_SECONDS = 0.5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
# A file is read in a process of its own, and takes this one down only with the whole machine. To be restarted
# in the middle of a file is no fault of the file; so often in a row it may be.
_MOST_ATTEMPTS = 8
# From then on others may go before a job that takes long.
_OVERTAKE_SECONDS = 5.0
# What nobody has foreseen may pass, as a full disk does; if not, the jobs behind it must not wait for long.
_MOST_FAILURES = 3
_BEAT_SECONDS = 5.0
_MOST_MISSED_RENEWALS = 3


class Worker:
    """Works on one job at a time. `step` is for a `BackgroundLoop`, whose `beat` is given.

    Statements over all rows of a file go to `bulk`, which lets them take their time; others to `database`.
    One that stands `behind` another takes jobs only while that has been at one for long: files are imported
    in the order in which they came, unless one would have to wait.
    """

    def __init__(
        self,
        database: Database,
        bulk: Database,
        client: aiohttp.ClientSession,
        spool: Spool,
        settings: ImportSettings,
        *,
        finished: Callable[[], None],
        beat: Callable[[], None],
        behind: Worker | None = None,
    ) -> None:
        self._database = database
        self._bulk = bulk
        self._client = client
        self._spool = spool
        self._settings = settings
        self._finished = finished
        self._beat = beat
        self._behind = behind
        self._busy_since: float | None = None
        self._progressed_at = 0.0
        self._failures: dict[int, int] = {}

    async def step(self) -> bool:
        """Work on the oldest free job to its end; return whether there was one."""
        if self._behind is not None and not self._behind.takes_long:
            return False
        async with self._database.begin() as connection:
            job = await service.claim(connection, uuid.uuid4(), self._settings.import_lease_seconds)
        if job is None:
            return False
        self._busy_since = time.monotonic()
        try:
            with structlog.contextvars.bound_contextvars(job_id=job.id):
                await self._run(job)
        finally:
            self._busy_since = None
        return True

    @property
    def takes_long(self) -> bool:
        """Tell whether it has been working on one job for long."""
        return self._busy_since is not None and time.monotonic() - self._busy_since > _OVERTAKE_SECONDS

    async def _run(self, job: ClaimedJob) -> None:
        log.info("import_claimed", status=job.status.value, attempt=job.attempts)
        try:
            await self._while_leased(job, self._work(job))
            # Outside: the end takes the lease away, which must not look as if somebody else had it.
            await self._finish(job, JobStatus.SUCCEEDED)
        except (UnreadableFile, sending.BatchRefused) as error:
            await self._finish(job, JobStatus.FAILED, str(error))
        except LeaseLost:
            log.warning("import_lease_lost")
        except DependencyUnavailable as error:
            if error.dependency != sending.TASK_SERVICE:
                raise
            await self._postpone(job, error)
        except asyncio.CancelledError:
            await self._give_back(job)
            raise
        except Exception as error:  # noqa: BLE001  a job's boundary: logged, tried again, told to whoever waits
            await self._try_again(job, error)

    async def _while_leased(self, job: ClaimedJob, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` while the lease is kept; whichever ends first ends the other."""
        tasks = [asyncio.create_task(work), asyncio.create_task(self._keep_lease(job))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # When both have ended, what became of the work is what counts.
        (tasks[0] if tasks[0] in done else tasks[1]).result()

    async def _keep_lease(self, job: ClaimedJob) -> None:
        seconds, missed = self._settings.import_lease_seconds, 0
        while True:
            await asyncio.sleep(seconds / 4)
            try:
                async with self._database.begin() as connection:
                    await service.renew(connection, job, seconds)
                missed = 0
            except DependencyUnavailable:
                # The work itself has the job's row while it commits, which with many rows may take long.
                missed += 1
                if missed == _MOST_MISSED_RENEWALS:
                    raise

    async def _work(self, job: ClaimedJob) -> None:
        if job.attempts > _MOST_ATTEMPTS and job.status is JobStatus.READING:
            raise UnreadableFile(
                f"Reading the file was begun {_MOST_ATTEMPTS} times and ended with the service stopping each "
                "time. It may be damaged, or too large for this machine's memory."
            )
        if job.status is JobStatus.READING:
            await self._read(job)
        await self._send(job)
        settings = self._settings
        await compare_incomplete(
            self._database,
            self._client,
            settings.task_service_url,
            job.id,
            orders=settings.import_batch_requisitions,
            lines=settings.import_batch_lines,
        )

    async def _read(self, job: ClaimedJob) -> None:
        try:
            path = await asyncio.to_thread(self._spool.path, job.spool_name)
        except FileNotFoundError as error:
            raise UnreadableFile("The file is gone from the spool. Import it again.") from error
        reader = FileReader(path, job.filename, job.reading, Limits.of(self._settings))

        async def progress(rows_read: int) -> None:
            self._beat()
            if self._is_time_for_progress():
                async with self._database.begin() as other:
                    await self._publish_progress(other, job, rows_read=rows_read)

        async with self._bulk.begin() as connection:
            # Begins the transaction, and shows early that the job is ours.
            await service.require_lease(connection, job)
            staging = await reading.read_into_staging(connection, job.id, reader, progress)
            async with self._taking_long():
                staged = await reading.store(connection, job, staging, reader)
        log.info("import_read", rows=reader.count, requisitions=staged.counts["requisitions_total"])

    @asynccontextmanager
    async def _taking_long(self) -> AsyncIterator[None]:
        """Say again and again that the step gets on, while PostgreSQL works on one statement after the other.

        Each has a time limit of its own, after which the step fails by itself.
        """

        async def go_on() -> None:
            while True:
                self._beat()
                await asyncio.sleep(_BEAT_SECONDS)

        task = asyncio.create_task(go_on())
        try:
            yield
        finally:
            task.cancel()
            self._beat()

    async def _publish_progress(self, connection: AsyncConnection, job: ClaimedJob, **values: object) -> None:
        now = await service.hold(connection, job, **values)
        await service.publish(connection, EventType.IMPORT_PROGRESS, now)

    async def _send(self, job: ClaimedJob) -> None:
        """Send what is staged: while the Task Service stores one batch, it gets the next to look at."""
        position = job.sent_position
        following = asyncio.create_task(self._next_batch(job, position))
        under_way = asyncio.create_task(_nothing())
        try:
            while batch := await following:
                following = asyncio.create_task(self._next_batch(job, batch.position))
                before = under_way
                under_way = asyncio.create_task(self._send_batch(job, position, batch, before))
                position = batch.position
                await before
            await under_way
        finally:
            following.cancel()
            under_way.cancel()
            await asyncio.gather(following, under_way, return_exceptions=True)

    async def _send_batch(
        self, job: ClaimedJob, position: int, batch: sending.Batch, before: asyncio.Task[None]
    ) -> None:
        """Send a batch, and note it once the one before it has been."""
        url, subject = self._settings.task_service_url, job.reading.subject
        if subject is Subject.ORDERS:
            result = await sending.send(self._client, url, batch)
            sent = sending.outcome(batch, result, replace=job.replace)
        else:
            sent = await records.send(self._client, url, subject, batch)
        await before
        await self._note(job, position, sent)
        self._beat()

    async def _next_batch(self, job: ClaimedJob, after: int) -> sending.Batch | None:
        settings = self._settings
        async with self._database.begin() as connection:
            return await sending.next_batch(
                connection,
                job,
                after,
                requisitions=settings.import_batch_requisitions,
                lines=settings.import_batch_lines,
                body_of=None if job.reading.subject is Subject.ORDERS else records.body_of,
            )

    async def _note(self, job: ClaimedJob, before: int, sent: SentBatch) -> None:
        async with self._database.begin() as connection:
            now = await service.note_sent(connection, job, before, sent)
            if self._is_time_for_progress():
                await service.publish(connection, EventType.IMPORT_PROGRESS, now)

    def _is_time_for_progress(self) -> bool:
        now = time.monotonic()
        if now - self._progressed_at < _PROGRESS_SECONDS:
            return False
        self._progressed_at = now
        return True

    async def _finish(self, job: ClaimedJob, status: JobStatus, error: str | None = None) -> None:
        async with self._taking_long(), self._bulk.begin() as connection:
            done = await service.finish(connection, job, status, error)
        self._failures.pop(job.id, None)
        _count(done)
        self._finished()
        log.info("import_finished", status=status.value, error=error, **done.counts.model_dump())

    async def _postpone(self, job: ClaimedJob, error: DependencyUnavailable) -> None:
        # The number of attempts starts again with each batch that gets through.
        pause = min(_FIRST_PAUSE * 2 ** min(job.attempts, 10), _LONGEST_PAUSE)
        log.warning("import_postponed", reason=error.message, retry_in_seconds=pause)
        async with self._database.begin() as connection:
            await service.postpone(connection, job, pause, error.dependency)

    async def _try_again(self, job: ClaimedJob, error: Exception) -> None:
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        log.exception("import_attempt_failed", failures=failures, exc_info=error)
        if failures == _MOST_FAILURES:
            # What the disk says is for everybody; what a fault of ours says may show its insides.
            said = f" ({error})" if isinstance(error, DiskFailed) else ""
            kind = error.kind if isinstance(error, ReaderBroke) else type(error).__name__
            await self._finish(
                job,
                JobStatus.FAILED,
                f"The file could not be imported: {failures} attempts ended with {kind}"
                f"{said}. The log of the Import Service says more.",
            )
            return
        async with self._database.begin() as connection:
            await service.postpone(connection, job, _FIRST_PAUSE * 2**failures)

    async def _give_back(self, job: ClaimedJob) -> None:
        """Let the next process begin at once instead of when the lease runs out."""
        try:
            async with self._database.begin() as connection:
                await service.give_back(connection, job)
        except (LeaseLost, DependencyUnavailable):
            log.info("import_left_to_its_lease")


async def _nothing() -> None:
    """Be what comes before the first."""


def _count(job: ImportJob) -> None:
    IMPORT_JOBS.labels(job.format, job.status.value).inc()
    for outcome in ROW_OUTCOMES:
        IMPORT_ROWS.labels(outcome).inc(getattr(job.counts, f"rows_{outcome}"))
    if job.finished_at is not None:
        seconds = (job.finished_at - job.created_at).total_seconds()
        IMPORT_DURATION.labels(job.format).observe(max(0.0, seconds))
