"""Jobs: created, shown, worked on under a lease, finished. Each call is part of its caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, fields

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.events import EventType, import_room, user_room
from magacin.contracts.imports import ImportCounts, ImportJob, JobStatus, ReadingOptions, Reject
from magacin.contracts.order_files import Subject
from magacin.contracts.payloads import Page
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.outbox import message
from magacin.imports.errors import JobNotFound
from magacin.imports.held.repository import HeldRepository
from magacin.imports.jobs import ClaimedJob, LeaseLost, NewJob, SentBatch
from magacin.imports.repository import JobRepository

MAX_NOTES = 50
_COUNTS = tuple(ImportCounts.model_fields)
_PUBLISHED = {"job_id", "filename", "format", "status", "counts", "error", "waiting_for"}
_REJECTS_AT_A_TIME = 1_000
_AUDITED = ("filename", "format", "source", "partial", "release", "replace", "profile")


async def create(connection: AsyncConnection, new: NewJob, by: audit.Actor) -> int | None:
    """Make a job of a file; return its id, or None when it is one already."""
    reading = new.reading.model_dump(mode="json", exclude_none=True)
    values = {**asdict(new), "mapping": reading.pop("mapping"), "reading": reading}
    job_id = await JobRepository(connection).create(values)
    if job_id is not None:
        is_ = {name: values[name] for name in _AUDITED} | {"subject": new.reading.subject.value}
        await audit.record(connection, by, audit.Entry(Action.IMPORT_STARTED, "import", job_id, after=is_))
    return job_id


async def get(connection: AsyncConnection, job_id: int) -> ImportJob:
    """Return a job; raise `JobNotFound`."""
    return _job(await _row(connection, job_id))


async def page(connection: AsyncConnection, after: int, limit: int) -> Page[ImportJob]:
    """Return jobs, the newest first; `after` is the oldest one that the caller has, 0 for none."""
    rows = await JobRepository(connection).page(after, limit)
    return Page.of([_job(row) for row in rows], limit, lambda: rows[-1]["id"])


async def reject_page(connection: AsyncConnection, job_id: int, after: int, limit: int) -> Page[Reject]:
    """Return rejects of a job in the order of its rows; raise `JobNotFound`."""
    rows, items = await _rejects(connection, job_id, after, limit)
    return Page.of(items, limit, lambda: rows[-1]["position"])


async def all_rejects(database: Database, job_id: int) -> AsyncIterator[Sequence[Reject]]:
    """Yield all rejects of a job by the thousand, each in a transaction of its own."""
    position = 0
    while True:
        async with database.begin() as connection:
            rows, items = await _rejects(connection, job_id, position, _REJECTS_AT_A_TIME)
        if not rows:
            return
        position = rows[-1]["position"]
        yield items


async def claim(connection: AsyncConnection, lease: uuid.UUID, seconds: float) -> ClaimedJob | None:
    """Take the oldest job that nobody works on: a new one, or one whose process has gone silent."""
    row = await JobRepository(connection).claim(lease, seconds)
    return _claimed(row, lease) if row else None


async def hold(connection: AsyncConnection, job: ClaimedJob, **values: object) -> ImportJob:
    """Change a job that is being worked on, and lock it until the commit; raise `LeaseLost`."""
    return _kept(job, await JobRepository(connection).hold(job, values))


async def require_lease(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Raise `LeaseLost` unless the job is still ours; locks nothing."""
    if not await JobRepository(connection).is_held(job):
        raise LeaseLost(job.id)


async def renew(connection: AsyncConnection, job: ClaimedJob, seconds: float) -> None:
    """Say that the job is still being worked on; raise `LeaseLost`."""
    _kept(job, await JobRepository(connection).renew(job, seconds))


async def give_back(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Leave a job to whoever comes next, at once and without it counting as an attempt."""
    _kept(job, await JobRepository(connection).give_back(job))


async def postpone(
    connection: AsyncConnection, job: ClaimedJob, seconds: float, waiting_for: str | None = None
) -> None:
    """Leave a job alone for some time, for example because a dependency does not answer."""
    _kept(job, await JobRepository(connection).postpone(job, seconds, waiting_for))


async def note_sent(connection: AsyncConnection, job: ClaimedJob, before: int, batch: SentBatch) -> ImportJob:
    """Count a batch, once: only from the position at which it began; raise `LeaseLost`."""
    repository = JobRepository(connection)
    room = MAX_NOTES - await repository.count_notes(job.id) if batch.notes else 0
    now = _kept(job, await repository.note_sent(job, before, batch, batch.notes[: max(0, room)]))
    if batch.rejects:
        await repository.add_rejects(job.id, batch.rejects)
    held = HeldRepository(connection)
    await held.supersede(job.id, batch.numbers)
    await held.add(job.id, batch.held)
    return now


async def finish(
    connection: AsyncConnection, job: ClaimedJob, status: JobStatus, error: str | None = None
) -> ImportJob:
    """End a job, drop what was staged of it, and tell everybody; raise `LeaseLost`."""
    done = _kept(job, await JobRepository(connection).finish(job, status, error))
    await publish(connection, EventType.IMPORT_FINISHED, done)
    return done


async def publish(connection: AsyncConnection, type_: EventType, job: ImportJob) -> None:
    """Put an event of a job into the outbox. The caller has changed the job, and so holds its row."""
    data = job.model_dump(mode="json", include=_PUBLISHED)
    rooms = [import_room(job.job_id), user_room(job.submitted_by)]
    await JobRepository(connection).tell(message(type_, f"import:{job.job_id}", data, rooms))


async def untold(connection: AsyncConnection, most: int) -> list[ImportJob]:
    """Return finished jobs that the Task Service was not told of, the earliest first."""
    return [_job(row) for row in await JobRepository(connection).untold(most)]


async def next_with_file(connection: AsyncConnection) -> tuple[str, ImportJob] | None:
    """Return a finished job whose file is still in the spool, locked, with its place there."""
    row = await JobRepository(connection).next_with_file()
    return (row["spool_name"], _job(row)) if row else None


async def _row(connection: AsyncConnection, job_id: int) -> RowMapping:
    row = await JobRepository(connection).get(job_id)
    if row is None:
        raise JobNotFound(job_id)
    return row


async def _rejects(
    connection: AsyncConnection, job_id: int, after: int, limit: int
) -> tuple[Sequence[RowMapping], list[Reject]]:
    filename = (await _row(connection, job_id))["filename"]
    rows = await JobRepository(connection).rejects(job_id, after, limit)
    return rows, [Reject.model_validate({**row, "file": filename}) for row in rows]


def _kept(job: ClaimedJob, row: RowMapping | None) -> ImportJob:
    if row is None:
        raise LeaseLost(job.id)
    return _job(row)


def _job(row: RowMapping) -> ImportJob:
    notes = list(row["notes"])
    if row["notes_left_out"]:
        notes.append(f"And {row['notes_left_out']} more notes of this kind.")
    counts = ImportCounts(**{name: row[name] for name in _COUNTS})
    subject = row["reading"].get("subject", Subject.ORDERS)
    told = {**row, "job_id": row["id"], "subject": subject, "counts": counts, "notes": notes}
    return ImportJob.model_validate(told)


def _claimed(row: RowMapping, lease: uuid.UUID) -> ClaimedJob:
    values = {field.name: row[field.name] for field in fields(ClaimedJob) if field.name != "lease"}
    reading = ReadingOptions(mapping=row["mapping"], **row["reading"])
    return ClaimedJob(**{**values, "status": JobStatus(row["status"]), "reading": reading, "lease": lease})
