"""Queries on pick tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, func, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.tasks.models import (
    earlier_lines,
    pick_task_workers,
    pick_tasks,
    requisition_lines,
    requisitions,
)

_UNFINISHED = (TaskStatus.OPEN.value, TaskStatus.ASSIGNED.value, TaskStatus.IN_PROGRESS.value)
_workers = (
    select(func.coalesce(func.array_agg(pick_task_workers.c.worker), text("'{}'::text[]")))
    .where(pick_task_workers.c.task_id == pick_tasks.c.id)
    .correlate(pick_tasks)
    .scalar_subquery()
    .label("workers")
)
_totals = (
    select(
        func.sum(requisition_lines.c.required).label("required"),
        func.sum(requisition_lines.c.picked).label("picked"),
        func.sum(requisition_lines.c.short).label("short"),
    )
    .where(requisition_lines.c.requisition_id == pick_tasks.c.requisition_id)
    .lateral("totals")
)
_summaries: Select[Any] = (
    select(
        pick_tasks.c.id.label("task_id"),
        pick_tasks.c.requisition_id,
        requisitions.c.number,
        requisitions.c.destination,
        pick_tasks.c.version,
        pick_tasks.c.status,
        _workers,
        func.coalesce(pick_tasks.c.due_at, requisitions.c.due_at).label("due_at"),
        pick_tasks.c.created_at,
        pick_tasks.c.started_at,
        pick_tasks.c.completed_at,
        _totals.c.required,
        _totals.c.picked,
        _totals.c.short,
    )
    .join(requisitions, requisitions.c.id == pick_tasks.c.requisition_id)
    .join(_totals, true())  # lateral: its condition is inside
)


class PickTaskRepository:
    """Pick tasks in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self, after: int, limit: int, status: TaskStatus | None, worker: str | None
    ) -> Sequence[RowMapping]:
        """Return tasks by id, those of one status or of one worker if asked."""
        statement = _summaries.where(pick_tasks.c.id > after).order_by(pick_tasks.c.id).limit(limit)
        if status is not None:
            statement = statement.where(pick_tasks.c.status == status.value)
        if worker is not None:
            mine = select(pick_task_workers.c.task_id).where(pick_task_workers.c.worker == worker)
            statement = statement.where(pick_tasks.c.id.in_(mine))
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def get(self, task_id: int) -> RowMapping | None:
        """Return one task without its lines."""
        statement = _summaries.where(pick_tasks.c.id == task_id)
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def summaries(self, task_ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return tasks without their lines, by id."""
        statement = _summaries.where(pick_tasks.c.id.in_(list(task_ids))).order_by(pick_tasks.c.id)
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def lock(self, task_id: int) -> RowMapping | None:
        """Return one task, locked until the end of the transaction."""
        statement = select(pick_tasks).where(pick_tasks.c.id == task_id).with_for_update()
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def lock_of(self, requisition_ids: Iterable[int]) -> None:
        """Lock the tasks of requisitions whose locks are held, in the order in which scans lock tasks."""
        statement = (
            select(pick_tasks.c.id)
            .where(pick_tasks.c.requisition_id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .order_by(pick_tasks.c.id)
            .with_for_update()
        )
        await self._connection.execute(statement, {"ids": list(requisition_ids)})

    async def begin_version(self, lines_open: Mapping[int, int]) -> dict[int, int]:
        """Keep the lines of locked tasks as they are, of which nothing is picked; return task → new version.

        `lines_open` says how many lines each task has in its new version.
        """
        ids = bindparam("ids", type_=ARRAY(BIGINT))
        content = select(
            pick_tasks.c.id,
            pick_tasks.c.version,
            requisition_lines.c.article_id,
            requisition_lines.c.id,
            requisition_lines.c.required,
        ).join(requisition_lines, requisition_lines.c.requisition_id == pick_tasks.c.requisition_id)
        kept = insert(earlier_lines).from_select(
            ["task_id", "version", "article_id", "line_id", "required"],
            content.where(pick_tasks.c.id == func.any(ids)),
        )
        await self._connection.execute(kept, {"ids": list(lines_open)})
        counts = bindparam("counts", type_=ARRAY(INTEGER))
        new = select(func.unnest(ids).label("id"), func.unnest(counts).label("lines_open")).subquery("new")
        risen = (
            pick_tasks.update()
            .where(pick_tasks.c.id == new.c.id)
            .values(version=pick_tasks.c.version + 1, lines_open=new.c.lines_open)
            .returning(pick_tasks.c.id, pick_tasks.c.version)
        )
        values = {"ids": list(lines_open), "counts": list(lines_open.values())}
        return {row.id: row.version for row in await self._connection.execute(risen, values)}

    async def workers_of(self, task_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return the workers of tasks whose locks are held."""
        statement = (
            select(pick_task_workers.c.task_id, func.array_agg(pick_task_workers.c.worker).label("workers"))
            .where(pick_task_workers.c.task_id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .group_by(pick_task_workers.c.task_id)
        )
        rows = await self._connection.execute(statement, {"ids": list(task_ids)})
        return {row.task_id: row.workers for row in rows}

    async def workers(self, task_id: int) -> list[str]:
        """Return the workers of a task whose lock is held.

        A statement of its own: one that waited for the lock would still see the workers from before.
        """
        statement = select(pick_task_workers.c.worker).where(pick_task_workers.c.task_id == task_id)
        return list((await self._connection.scalars(statement)).all())

    async def create(self, requisition_ids: Iterable[int], due_at: datetime | None) -> Sequence[RowMapping]:
        """Create tasks for those of the requisitions that exist and have none; return id and requisition."""
        open_lines = (
            select(func.count())
            .where(requisition_lines.c.requisition_id == requisitions.c.id)
            .scalar_subquery()
        )
        source = (
            select(requisitions.c.id, open_lines, bindparam("due_at", type_=TIMESTAMP(timezone=True)))
            .where(requisitions.c.id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .order_by(requisitions.c.id)
        )
        statement = (
            insert(pick_tasks)
            .from_select(["requisition_id", "lines_open", "due_at"], source)
            .on_conflict_do_nothing(index_elements=["requisition_id"])
            .returning(pick_tasks.c.id, pick_tasks.c.requisition_id)
        )
        values = {"ids": sorted(set(requisition_ids)), "due_at": due_at}
        return (await self._connection.execute(statement, values)).mappings().all()

    async def create_for_new(self, lines: Mapping[int, int]) -> Sequence[int]:
        """Create tasks for requisitions of this transaction, of so many lines each; return their ids."""
        columns = select(
            func.unnest(bindparam("ids", type_=ARRAY(BIGINT))),
            func.unnest(bindparam("lines", type_=ARRAY(INTEGER))),
        )
        statement = insert(pick_tasks).from_select(["requisition_id", "lines_open"], columns)
        values = {"ids": list(lines), "lines": list(lines.values())}
        rows = await self._connection.scalars(statement.returning(pick_tasks.c.id), values)
        return rows.all()

    async def existing(self, requisition_ids: Iterable[int]) -> dict[int, int]:
        """Return requisition id → task id of those that have a task."""
        statement = select(pick_tasks.c.requisition_id, pick_tasks.c.id).where(
            pick_tasks.c.requisition_id == func.any(bindparam("ids", type_=ARRAY(BIGINT)))
        )
        rows = await self._connection.execute(statement, {"ids": list(requisition_ids)})
        return {row.requisition_id: row.id for row in rows}

    async def set_workers(self, task_id: int, workers: Iterable[str]) -> None:
        """Make exactly `workers` the workers of a task."""
        await self._connection.execute(
            pick_task_workers.delete().where(pick_task_workers.c.task_id == task_id)
        )
        rows = [{"task_id": task_id, "worker": worker} for worker in sorted(set(workers))]
        if rows:
            await self._connection.execute(insert(pick_task_workers), rows)

    async def update(self, task_id: int, **values: Any) -> None:
        """Set columns of a task whose lock is held."""
        await self._connection.execute(pick_tasks.update().where(pick_tasks.c.id == task_id).values(**values))

    async def counts(self) -> tuple[dict[str, int], float]:
        """Return the number of tasks by status, and the age in seconds of the oldest open one."""
        statement = select(pick_tasks.c.status, func.count().label("tasks")).group_by(pick_tasks.c.status)
        counts = {row.status: row.tasks for row in await self._connection.execute(statement)}
        oldest = select(func.extract("epoch", func.now() - func.min(pick_tasks.c.created_at))).where(
            pick_tasks.c.status == TaskStatus.OPEN.value
        )
        return counts, float((await self._connection.scalar(oldest)) or 0)

    async def overdue(self) -> int:
        """Return the number of unfinished tasks whose due time, or else their requisition's, is past."""
        statement = (
            select(func.count())
            .select_from(pick_tasks.join(requisitions, requisitions.c.id == pick_tasks.c.requisition_id))
            .where(
                pick_tasks.c.status.in_(_UNFINISHED),
                func.coalesce(pick_tasks.c.due_at, requisitions.c.due_at) < func.now(),
            )
        )
        return int((await self._connection.scalar(statement)) or 0)
