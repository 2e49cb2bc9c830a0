"""All statements on jobs. Whoever changes one that is being worked on shows the lease it holds."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType, import_room, user_room
from magacin.contracts.imports import Column, ImportCounts, ImportJob, JobStatus, Reject
from magacin.contracts.tasks import Page
from magacin.core.db import Database
from magacin.core.outbox import message
from magacin.imports.errors import JobNotFound
from magacin.imports.models import jobs, outbox, rejects, staged_lines, staged_requisitions

MAX_NOTES = 50
_UNFINISHED = (JobStatus.QUEUED, JobStatus.READING, JobStatus.SENDING)
_COUNTS = tuple(ImportCounts.model_fields)
_REJECTS_AT_A_TIME = 1_000


class LeaseLost(Exception):
    """Another process has taken the job over; what this one was about to write must not be written."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A file in the spool that is to be imported."""

    spool_name: str
    filename: str
    format: str
    source: str
    submitted_by: str
    partial: bool
    release: bool
    mapping: Mapping[Column, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process works on, and the lease that proves it."""

    id: int
    lease: uuid.UUID
    spool_name: str
    filename: str
    format: str
    submitted_by: str
    status: JobStatus
    partial: bool
    release: bool
    mapping: dict[Column, str]
    sent_position: int
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What the Task Service answered for the requisitions up to `position`."""

    position: int
    rows: int
    created: int
    duplicate: int
    notes: Sequence[str]


async def create(connection: AsyncConnection, new: NewJob) -> int | None:
    """Insert a job; return its id, or None when its file is a job already."""
    values = {
        "spool_name": new.spool_name,
        "filename": new.filename,
        "format": new.format,
        "source": new.source,
        "submitted_by": new.submitted_by,
        "partial": new.partial,
        "release": new.release,
        "mapping": {column.value: name for column, name in new.mapping.items()},
    }
    statement = insert(jobs).values(values).on_conflict_do_nothing(index_elements=[jobs.c.spool_name])
    job_id: int | None = await connection.scalar(statement.returning(jobs.c.id))
    return job_id


async def get(connection: AsyncConnection, job_id: int) -> ImportJob:
    """Return a job; raise `JobNotFound`."""
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    if row is None:
        raise JobNotFound(job_id)
    return _job(row)


async def page(connection: AsyncConnection, after: int, limit: int) -> Page[ImportJob]:
    """Return jobs, the newest first; `after` is the oldest one that the caller has, 0 for none."""
    statement = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    if after:
        statement = statement.where(jobs.c.id < after)
    items = [_job(row) for row in await connection.execute(statement)]
    return Page(items=items, next_after=items[-1].job_id if len(items) == limit else None)


async def reject_page(connection: AsyncConnection, job_id: int, after: int, limit: int) -> Page[Reject]:
    """Return rejects of a job in the order of its rows; raise `JobNotFound`."""
    filename = await _filename(connection, job_id)
    rows = await _rejects(connection, job_id, after, limit)
    items = [_reject(filename, row) for row in rows]
    return Page(items=items, next_after=rows[-1].position if len(items) == limit else None)


async def all_rejects(database: Database, job_id: int) -> AsyncIterator[Sequence[Reject]]:
    """Yield all rejects of a job by the thousand, each in a transaction of its own."""
    position = 0
    while True:
        async with database.begin() as connection:
            filename = await _filename(connection, job_id)
            rows = await _rejects(connection, job_id, position, _REJECTS_AT_A_TIME)
        if not rows:
            return
        position = rows[-1].position
        yield [_reject(filename, row) for row in rows]


async def claim(connection: AsyncConnection, lease: uuid.UUID, seconds: float) -> ClaimedJob | None:
    """Take the oldest job that nobody works on: a new one, or one whose process has gone silent."""
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < func.now())
    due = or_(jobs.c.retry_at.is_(None), jobs.c.retry_at <= func.now())
    oldest = (
        select(jobs.c.id)
        .where(jobs.c.status.in_(_UNFINISHED), free, due)
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(jobs)
        .where(jobs.c.id == oldest)
        .values(
            lease_owner=lease,
            lease_until=func.now() + timedelta(seconds=seconds),
            status=case((jobs.c.status == JobStatus.QUEUED, JobStatus.READING.value), else_=jobs.c.status),
            started_at=func.coalesce(jobs.c.started_at, func.now()),
            attempts=jobs.c.attempts + 1,
        )
        .returning(jobs)
    )
    row = (await connection.execute(statement)).one_or_none()
    return _claimed(row, lease) if row else None


async def hold(connection: AsyncConnection, job: ClaimedJob, **values: object) -> ImportJob:
    """Change a job that is being worked on, and lock it until the commit; raise `LeaseLost`."""
    statement = update(jobs).where(_held(job)).values(values).returning(jobs)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLost(f"job {job.id} is another process's now")
    return _job(row)


async def require_lease(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Raise `LeaseLost` unless the job is still ours; locks nothing."""
    if not await connection.scalar(select(jobs.c.id).where(_held(job))):
        raise LeaseLost(f"job {job.id} is another process's now")


async def renew(connection: AsyncConnection, job: ClaimedJob, seconds: float) -> None:
    """Say that the job is still being worked on; raise `LeaseLost`."""
    await hold(connection, job, lease_until=func.now() + timedelta(seconds=seconds))


async def give_back(connection: AsyncConnection, job: ClaimedJob) -> None:
    """Leave a job to whoever comes next, at once and without it counting as an attempt."""
    await hold(connection, job, lease_owner=None, lease_until=None, attempts=jobs.c.attempts - 1)


async def postpone(
    connection: AsyncConnection, job: ClaimedJob, seconds: float, waiting_for: str | None = None
) -> None:
    """Leave a job alone for some time, for example because a dependency does not answer."""
    await hold(
        connection,
        job,
        lease_owner=None,
        lease_until=None,
        waiting_for=waiting_for,
        retry_at=func.now() + timedelta(seconds=seconds),
    )


async def note_sent(connection: AsyncConnection, job: ClaimedJob, before: int, batch: SentBatch) -> ImportJob:
    """Count a batch, once: only from the position at which it began; raise `LeaseLost`."""
    kept, left_out = await _room_for_notes(connection, job.id, batch.notes)
    statement = (
        update(jobs)
        .where(_held(job), jobs.c.sent_position == before)
        .values(
            sent_position=batch.position,
            rows_accepted=jobs.c.rows_accepted + batch.rows,
            requisitions_created=jobs.c.requisitions_created + batch.created,
            requisitions_duplicate=jobs.c.requisitions_duplicate + batch.duplicate,
            notes=jobs.c.notes.op("||")(cast(kept, JSONB)),
            notes_left_out=jobs.c.notes_left_out + left_out,
            attempts=0,
            waiting_for=None,
            retry_at=None,
        )
        .returning(jobs)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLost(f"job {job.id} is another process's now")
    return _job(row)


async def finish(
    connection: AsyncConnection, job: ClaimedJob, status: JobStatus, error: str | None = None
) -> ImportJob:
    """End a job, drop what was staged of it, and tell everybody; raise `LeaseLost`."""
    done = await hold(
        connection,
        job,
        # Of a file that could not be read to its end nothing was kept.
        rows_read=case((jobs.c.status == JobStatus.READING, 0), else_=jobs.c.rows_read),
        status=status.value,
        error=error,
        finished_at=func.now(),
        lease_owner=None,
        lease_until=None,
        retry_at=None,
        waiting_for=None,
    )
    for table in (staged_lines, staged_requisitions):
        await connection.execute(table.delete().where(table.c.job_id == job.id))
    await publish(connection, EventType.IMPORT_FINISHED, done)
    return done


async def publish(connection: AsyncConnection, type_: EventType, job: ImportJob) -> None:
    """Put an event of a job into the outbox. The caller has changed the job, and so holds its row."""
    data = job.model_dump(mode="json", include=_PUBLISHED)
    rooms = [import_room(job.job_id), user_room(job.submitted_by)]
    await connection.execute(outbox.insert(), [message(type_, f"import:{job.job_id}", data, rooms)])


_PUBLISHED = {"job_id", "filename", "format", "status", "counts", "error", "waiting_for"}


async def queue_depth(connection: AsyncConnection) -> int:
    """Return how many jobs are not finished."""
    statement = select(func.count()).select_from(jobs).where(jobs.c.status.in_(_UNFINISHED))
    return await connection.scalar(statement) or 0


async def last_success(connection: AsyncConnection) -> datetime | None:
    """Return when a job last succeeded."""
    statement = select(func.max(jobs.c.finished_at)).where(jobs.c.status == JobStatus.SUCCEEDED)
    found: datetime | None = await connection.scalar(statement)
    return found


async def known_spool_names(connection: AsyncConnection, names: Sequence[str]) -> set[str]:
    """Return which of these files are jobs."""
    return set(await connection.scalars(select(jobs.c.spool_name).where(jobs.c.spool_name.in_(names))))


async def next_with_file(connection: AsyncConnection) -> tuple[str, ImportJob] | None:
    """Return a finished job whose file is still in the spool, locked, with its place there."""
    statement = (
        select(jobs)
        .where(jobs.c.file_kept, jobs.c.status.not_in(_UNFINISHED))
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(statement)).one_or_none()
    return (row.spool_name, _job(row)) if row else None


async def forget_file(connection: AsyncConnection, job_id: int) -> None:
    """Note that a job's file has left the spool."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(file_kept=False))


def _held(job: ClaimedJob) -> ColumnElement[bool]:
    return and_(jobs.c.id == job.id, jobs.c.lease_owner == job.lease, jobs.c.status.in_(_UNFINISHED))


async def _room_for_notes(
    connection: AsyncConnection, job_id: int, notes: Sequence[str]
) -> tuple[list[str], int]:
    if not notes:
        return [], 0
    count = func.jsonb_array_length(jobs.c.notes)
    have = await connection.scalar(select(count).where(jobs.c.id == job_id)) or 0
    kept = list(notes[: max(0, MAX_NOTES - have)])
    return kept, len(notes) - len(kept)


async def _filename(connection: AsyncConnection, job_id: int) -> str:
    filename: str | None = await connection.scalar(select(jobs.c.filename).where(jobs.c.id == job_id))
    if filename is None:
        raise JobNotFound(job_id)
    return filename


async def _rejects(
    connection: AsyncConnection, job_id: int, after: int, limit: int
) -> Sequence[Row[tuple[Any, ...]]]:
    statement = (
        select(rejects)
        .where(rejects.c.job_id == job_id, rejects.c.position > after)
        .order_by(rejects.c.position)
        .limit(limit)
    )
    return (await connection.execute(statement)).all()


def _reject(filename: str, row: Row[tuple[Any, ...]]) -> Reject:
    return Reject(
        file=filename,
        row=row.row,
        column=row.column,
        reason=row.reason,
        message=row.message,
        value=row.value,
        requisition=row.requisition,
    )


def _job(row: Row[tuple[Any, ...]]) -> ImportJob:
    content = row._mapping
    notes = list(content["notes"])
    if content["notes_left_out"]:
        notes.append(f"And {content['notes_left_out']} more notes of this kind.")
    return ImportJob(
        job_id=content["id"],
        filename=content["filename"],
        format=content["format"],
        status=content["status"],
        source=content["source"],
        submitted_by=content["submitted_by"],
        partial=content["partial"],
        release=content["release"],
        counts=ImportCounts(**{name: content[name] for name in _COUNTS}),
        notes=notes,
        error=content["error"],
        waiting_for=content["waiting_for"],
        created_at=content["created_at"],
        started_at=content["started_at"],
        finished_at=content["finished_at"],
    )


def _claimed(row: Row[tuple[Any, ...]], lease: uuid.UUID) -> ClaimedJob:
    return ClaimedJob(
        id=row.id,
        lease=lease,
        spool_name=row.spool_name,
        filename=row.filename,
        format=row.format,
        submitted_by=row.submitted_by,
        status=JobStatus(row.status),
        partial=row.partial,
        release=row.release,
        mapping={Column(name): value for name, value in row.mapping.items()},
        sent_position=row.sent_position,
        attempts=row.attempts,
        created_at=row.created_at,
    )
