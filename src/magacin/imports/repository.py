"""Statements on jobs, on what is staged of them, and on their rejects.

Whoever changes a job that is being worked on shows the lease it holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, RowMapping, and_, case, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.held_orders import HeldState
from magacin.contracts.imports import JobStatus
from magacin.contracts.order_files import Subject
from magacin.core.outbox import tell
from magacin.imports.jobs import ClaimedJob, SentBatch
from magacin.imports.models import held_orders, jobs, outbox, rejects, staged_requisitions

_UNFINISHED = (JobStatus.QUEUED, JobStatus.READING, JobStatus.SENDING)
_held_waiting = (
    select(func.count())
    .where(held_orders.c.job_id == jobs.c.id, held_orders.c.state == HeldState.WAITING)
    .scalar_subquery()
    .label("held_waiting")
)
_FREE: Mapping[str, Any] = {"lease_owner": None, "lease_until": None}


class JobRepository:
    """Jobs in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, values: Mapping[str, Any]) -> int | None:
        """Insert a job; return its id, or None when its file is a job already."""
        statement = insert(jobs).values(values).on_conflict_do_nothing(index_elements=[jobs.c.spool_name])
        job_id: int | None = await self._connection.scalar(statement.returning(jobs.c.id))
        return job_id

    async def get(self, job_id: int) -> RowMapping | None:
        """Return a job."""
        return await self._one(select(jobs, _held_waiting).where(jobs.c.id == job_id))

    async def page(self, after: int, limit: int) -> Sequence[RowMapping]:
        """Return jobs, the newest first; `after` is the oldest one that the caller has, 0 for none."""
        statement = select(jobs, _held_waiting).order_by(jobs.c.id.desc()).limit(limit)
        return await self._all(statement.where(jobs.c.id < after) if after else statement)

    async def rejects(self, job_id: int, after: int, limit: int) -> Sequence[RowMapping]:
        """Return rejects of a job behind the position `after`, in the order of its rows."""
        return await self._all(
            select(rejects)
            .where(rejects.c.job_id == job_id, rejects.c.position > after)
            .order_by(rejects.c.position)
            .limit(limit)
        )

    async def claim(self, lease: uuid.UUID, seconds: float) -> RowMapping | None:
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
        reading = case((jobs.c.status == JobStatus.QUEUED, JobStatus.READING.value), else_=jobs.c.status)
        return await self._one(
            update(jobs)
            .where(jobs.c.id == oldest)
            .values(
                lease_owner=lease,
                lease_until=func.now() + timedelta(seconds=seconds),
                status=reading,
                started_at=func.coalesce(jobs.c.started_at, func.now()),
                attempts=jobs.c.attempts + 1,
            )
            .returning(jobs)
        )

    async def hold(self, job: ClaimedJob, values: Mapping[str, Any]) -> RowMapping | None:
        """Change a job and lock it until the commit; None when the lease is lost."""
        return await self._one(update(jobs).where(_held(job)).values(**values).returning(jobs))

    async def renew(self, job: ClaimedJob, seconds: float) -> RowMapping | None:
        """Put the end of the lease off; None when it is lost."""
        return await self.hold(job, {"lease_until": func.now() + timedelta(seconds=seconds)})

    async def give_back(self, job: ClaimedJob) -> RowMapping | None:
        """End the lease, without it counting as an attempt; None when it is lost."""
        return await self.hold(job, {**_FREE, "attempts": jobs.c.attempts - 1})

    async def postpone(self, job: ClaimedJob, seconds: float, waiting_for: str | None) -> RowMapping | None:
        """End the lease, and let nobody have the job for some time; None when it is lost."""
        retry_at = func.now() + timedelta(seconds=seconds)
        return await self.hold(job, {**_FREE, "waiting_for": waiting_for, "retry_at": retry_at})

    async def is_held(self, job: ClaimedJob) -> bool:
        """Tell whether the job is still ours; locks nothing."""
        return await self._connection.scalar(select(jobs.c.id).where(_held(job))) is not None

    async def note_sent(
        self, job: ClaimedJob, before: int, batch: SentBatch, notes: Sequence[str]
    ) -> RowMapping | None:
        """Count a batch, only from the position at which it began; keep these of its notes.

        None when the lease is lost, or the batch was counted already.
        """
        return await self._one(
            update(jobs)
            .where(_held(job), jobs.c.sent_position == before)
            .values(
                sent_position=batch.position,
                **{name: jobs.c[name] + count for name, count in batch.counts.items()},
                notes=jobs.c.notes.op("||")(cast(list(notes), JSONB)),
                notes_left_out=jobs.c.notes_left_out + len(batch.notes) - len(notes),
                attempts=0,
                waiting_for=None,
                retry_at=None,
            )
            .returning(jobs)
        )

    async def add_rejects(self, job_id: int, refused: Sequence[Mapping[str, Any]]) -> None:
        """Keep rejects of a job that come behind those which reading it has shown."""
        await self._connection.execute(insert(rejects), [{"job_id": job_id, **one} for one in refused])

    async def count_notes(self, job_id: int) -> int:
        """Return how many notes a job has."""
        statement = select(func.jsonb_array_length(jobs.c.notes)).where(jobs.c.id == job_id)
        return await self._connection.scalar(statement) or 0

    async def finish(self, job: ClaimedJob, status: JobStatus, error: str | None) -> RowMapping | None:
        """End a job and drop what was staged of it; None when the lease is lost."""
        done = await self.hold(
            job,
            {
                # Of a file that could not be read to its end nothing was kept.
                "rows_read": case((jobs.c.status == JobStatus.READING, 0), else_=jobs.c.rows_read),
                "status": status.value,
                "error": error,
                "finished_at": func.now(),
                "told": False,
                **_FREE,
                "retry_at": None,
                "waiting_for": None,
            },
        )
        if done is not None:
            staged = staged_requisitions.delete().where(staged_requisitions.c.job_id == job.id)
            await self._connection.execute(staged)
        return done

    async def tell(self, message: Mapping[str, Any]) -> None:
        """Put a message into the outbox."""
        await tell(self._connection, outbox, [message])

    async def queue_depth(self) -> int:
        """Return how many jobs are not finished."""
        statement = select(func.count()).select_from(jobs).where(jobs.c.status.in_(_UNFINISHED))
        return await self._connection.scalar(statement) or 0

    async def last_success(self) -> datetime | None:
        """Return when a job of orders last succeeded: articles say nothing of whether orders come."""
        subject = func.coalesce(jobs.c.reading["subject"].astext, Subject.ORDERS.value)
        statement = select(func.max(jobs.c.finished_at)).where(
            jobs.c.status == JobStatus.SUCCEEDED, subject == Subject.ORDERS.value
        )
        found: datetime | None = await self._connection.scalar(statement)
        return found

    async def untold(self, most: int) -> Sequence[RowMapping]:
        """Return finished jobs that the Task Service was not told of, the earliest first."""
        return await self._all(select(jobs).where(~jobs.c.told).order_by(jobs.c.id).limit(most))

    async def note_told(self, job_ids: Sequence[int]) -> None:
        """Note that it was told of these jobs."""
        await self._connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(told=True))

    async def known_spool_names(self, names: Sequence[str]) -> set[str]:
        """Return which of these files are jobs."""
        statement = select(jobs.c.spool_name).where(jobs.c.spool_name.in_(names))
        return set(await self._connection.scalars(statement))

    async def next_with_file(self) -> RowMapping | None:
        """Return a finished job whose file is still in the spool, locked."""
        return await self._one(
            select(jobs)
            .where(jobs.c.file_kept, jobs.c.status.not_in(_UNFINISHED))
            .order_by(jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )

    async def forget_file(self, job_id: int) -> None:
        """Note that a job's file has left the spool."""
        await self._connection.execute(update(jobs).where(jobs.c.id == job_id).values(file_kept=False))

    async def staged_requisitions(
        self, job_id: int, after: int, most: int, most_lines: int
    ) -> Sequence[RowMapping]:
        """Return staged requisitions behind the position `after`: up to `most_lines` lines, or one."""
        following = (
            select(staged_requisitions)
            .where(staged_requisitions.c.job_id == job_id, staged_requisitions.c.position > after)
            .order_by(staged_requisitions.c.position)
            .limit(most)
            .subquery()
        )
        running = func.sum(following.c.line_count).over(order_by=following.c.position).label("running")
        counted = select(following, running).subquery()
        return await self._all(
            select(counted)
            # One requisition goes out alone, however many lines it has.
            .where(or_(counted.c.running <= most_lines, counted.c.running == counted.c.line_count))
            .order_by(counted.c.position)
        )

    async def _one(self, statement: Executable) -> RowMapping | None:
        return (await self._connection.execute(statement)).mappings().one_or_none()

    async def _all(self, statement: Executable) -> Sequence[RowMapping]:
        return (await self._connection.execute(statement)).mappings().all()


def _held(job: ClaimedJob) -> ColumnElement[bool]:
    return and_(jobs.c.id == job.id, jobs.c.lease_owner == job.lease, jobs.c.status.in_(_UNFINISHED))
