"""Queries on pick tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, func, literal_column, select, text, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, TEXT, TIMESTAMP, aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.core.db import insert_rows
from magacin.tasks.models import (
    article_locations,
    articles,
    earlier_lines,
    locations,
    pick_task_workers,
    pick_tasks,
    requisition_lines,
    requisitions,
    task_lines,
    task_requisitions,
)

_NOT_BEGUN = (TaskStatus.OPEN.value, TaskStatus.ASSIGNED.value)
_UNFINISHED = (TaskStatus.OPEN.value, TaskStatus.ASSIGNED.value, TaskStatus.IN_PROGRESS.value)
# As the condition of `ix_pick_tasks_pool` has it, which a parameter is not.
_IS_FREE = (pick_tasks.c.status == literal_column("'open'")) & ~pick_tasks.c.held
# The day is the database's, in its time zone, as the board's is.
_COUNTS = text("""
    SELECT date_trunc('day', now()) AS today, counted.*
      FROM (SELECT status, count(*) AS tasks FROM tasks.pick_tasks
             WHERE status IN ('open', 'assigned', 'in_progress', 'cancelled') GROUP BY status
             UNION ALL
            SELECT 'completed', count(*) FROM tasks.pick_tasks
             WHERE status = 'completed' AND completed_at >= date_trunc('day', now())) AS counted
""")
_COMPLETED_BEFORE = text(
    "SELECT count(*) FROM tasks.pick_tasks WHERE status = 'completed' AND completed_at < :day"
)
_IDS = bindparam("ids", type_=ARRAY(BIGINT))
_workers = (
    select(func.coalesce(func.array_agg(pick_task_workers.c.worker), text("'{}'::text[]")))
    .where(pick_task_workers.c.task_id == pick_tasks.c.id)
    .correlate(pick_tasks)
    .scalar_subquery()
    .label("workers")
)
_totals = (
    select(
        func.coalesce(func.sum(task_lines.c.required), 0).label("required"),
        func.coalesce(func.sum(task_lines.c.picked), 0).label("picked"),
        func.coalesce(func.sum(task_lines.c.short), 0).label("short"),
    )
    .where(task_lines.c.task_id == pick_tasks.c.id)
    .lateral("totals")
)
_requisition_id = task_requisitions.c.requisition_id
_served = (
    select(
        func.min(_requisition_id).label("requisition_id"),
        func.array_agg(
            aggregate_order_by(task_requisitions.c.requisition_id, task_requisitions.c.requisition_id)
        ).label("requisition_ids"),
        func.min(requisitions.c.due_at).label("due_at"),
    )
    .join(requisitions, requisitions.c.id == task_requisitions.c.requisition_id)
    .where(task_requisitions.c.task_id == pick_tasks.c.id)
    .lateral("served")
)
_summaries: Select[Any] = (
    select(
        pick_tasks.c.id.label("task_id"),
        _served.c.requisition_id,
        _served.c.requisition_ids,
        requisitions.c.number,
        requisitions.c.destination,
        pick_tasks.c.version,
        pick_tasks.c.status,
        _workers,
        pick_tasks.c.priority,
        func.coalesce(pick_tasks.c.due_at, _served.c.due_at).label("due_at"),
        pick_tasks.c.held,
        pick_tasks.c.door,
        pick_tasks.c.revision,
        pick_tasks.c.changed_by,
        pick_tasks.c.created_at,
        pick_tasks.c.started_at,
        pick_tasks.c.completed_at,
        _totals.c.required,
        _totals.c.picked,
        _totals.c.short,
    )
    .select_from(pick_tasks)
    .join(_served, true())  # lateral: its condition is inside
    .join(requisitions, requisitions.c.id == _served.c.requisition_id)
    .join(_totals, true())
)

# The order in which a round through the warehouse comes past them; what has no place comes last.
# The lines of several orders for one article stand together: at a place nobody goes back to it.
WALKING_ORDER = (
    locations.c.sequence.nulls_last(),
    locations.c.code,
    func.min(task_lines.c.id).over(
        partition_by=(task_lines.c.task_id, task_lines.c.location_id, task_lines.c.article_id)
    ),
    task_lines.c.id,
)
_lines = (
    select(
        task_lines.c.id.label("line_id"),
        task_lines.c.requisition_line_id,
        requisition_lines.c.requisition_id,
        articles.c.sku,
        articles.c.description,
        locations.c.code.label("location"),
        locations.c.zone,
        locations.c.aisle,
        task_lines.c.tote,
        task_lines.c.required,
        task_lines.c.picked,
        task_lines.c.short,
        (task_lines.c.required - task_lines.c.picked - task_lines.c.short).label("remaining"),
    )
    .join(requisition_lines, requisition_lines.c.id == task_lines.c.requisition_line_id)
    .join(articles, articles.c.id == task_lines.c.article_id)
    .outerjoin(locations, locations.c.id == task_lines.c.location_id)
    .order_by(*WALKING_ORDER)
)


class PickTaskRepository:
    """Pick tasks in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self,
        after: int,
        limit: int,
        status: TaskStatus | None,
        worker: str | None,
        *,
        or_free: bool = False,
        to_begin: bool = False,
        among: Sequence[int] | None = None,
    ) -> Sequence[RowMapping]:
        """Return tasks by id, those of one status or of one worker if asked, and with those that are free.

        With `to_begin`, without those that are held before somebody has begun; with `among`, none but these.
        """
        statement = _summaries.where(pick_tasks.c.id > after).order_by(pick_tasks.c.id).limit(limit)
        if among is not None:
            statement = statement.where(pick_tasks.c.id.in_(among))
        if status is not None:
            is_of_status = pick_tasks.c.status == status.value
            if among is None and worker is None and not to_begin:
                # A page of ids by their own index, and not all tasks read until there is a page.
                ids = select(pick_tasks.c.id).where(is_of_status, pick_tasks.c.id > after)
                ids = ids.order_by(pick_tasks.c.id).limit(limit)
                is_of_status = pick_tasks.c.id == func.any(func.array(ids.scalar_subquery()))
            statement = statement.where(is_of_status)
        if to_begin:
            statement = statement.where(~pick_tasks.c.held | pick_tasks.c.status.not_in(_NOT_BEGUN))
        if worker is not None:
            mine = select(pick_task_workers.c.task_id).where(pick_task_workers.c.worker == worker)
            free = select(pick_tasks.c.id).where(_IS_FREE)
            # Each by its own index, and a page of both: all that others ever picked is not looked at.
            free = free.where(pick_tasks.c.id > after).order_by(pick_tasks.c.id).limit(limit)
            statement = statement.where(pick_tasks.c.id.in_(union_all(mine, free) if or_free else mine))
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def get(self, task_id: int) -> RowMapping | None:
        """Return one task without its lines."""
        statement = _summaries.where(pick_tasks.c.id == task_id)
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def lines(self, task_id: int) -> Sequence[RowMapping]:
        """Return the lines of a task in walking order."""
        rows: Sequence[RowMapping] = (
            (await self._connection.execute(_lines.where(task_lines.c.task_id == task_id))).mappings().all()
        )
        return rows

    async def lines_of(self, task_ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return the lines of tasks in walking order, each with its task and its article."""
        statement = _lines.add_columns(task_lines.c.task_id, task_lines.c.article_id)
        statement = statement.where(task_lines.c.task_id == func.any(_IDS))
        rows: Sequence[RowMapping] = (
            (await self._connection.execute(statement, {"ids": list(task_ids)})).mappings().all()
        )
        return rows

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
            .where(
                pick_tasks.c.id.in_(
                    select(task_requisitions.c.task_id).where(
                        task_requisitions.c.requisition_id == func.any(_IDS)
                    )
                )
            )
            .order_by(pick_tasks.c.id)
            .with_for_update()
        )
        await self._connection.execute(statement, {"ids": list(requisition_ids)})

    async def begin_version(self, lines_open: Mapping[int, int], changed_by: str | None) -> dict[int, int]:
        """Keep the lines of locked tasks as they are; return task → new version.

        `lines_open` says how many lines each task has in its new version; `changed_by` is None where a file
        changes them.
        """
        ids = _IDS
        content = select(
            pick_tasks.c.id,
            pick_tasks.c.version,
            task_lines.c.article_id,
            task_lines.c.id,
            task_lines.c.required,
        ).join_from(pick_tasks, task_lines, task_lines.c.task_id == pick_tasks.c.id)
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
            .values(
                version=pick_tasks.c.version + 1,
                lines_open=new.c.lines_open,
                revision=pick_tasks.c.revision + 1,
                changed_by=changed_by,
            )
            .returning(pick_tasks.c.id, pick_tasks.c.version)
        )
        values = {"ids": list(lines_open), "counts": list(lines_open.values())}
        return {row.id: row.version for row in await self._connection.execute(risen, values)}

    async def workers_of(self, task_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return the workers of tasks whose locks are held."""
        statement = (
            select(pick_task_workers.c.task_id, func.array_agg(pick_task_workers.c.worker).label("workers"))
            .where(pick_task_workers.c.task_id == func.any(_IDS))
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

    async def unplanned(self, requisition_ids: Iterable[int]) -> dict[int, int]:
        """Return requisition id → number of lines of those that exist and have no task."""
        wanted = select(func.unnest(_IDS).label("id")).subquery("wanted")
        # Subqueries, as below. Every requisition has lines, and every line a requisition.
        task = (
            select(task_requisitions.c.task_id)
            .where(task_requisitions.c.requisition_id == wanted.c.id)
            .limit(1)
            .scalar_subquery()
        )
        lines = (
            select(func.count())
            .select_from(requisition_lines)
            .where(requisition_lines.c.requisition_id == wanted.c.id)
            .scalar_subquery()
        )
        statement = select(wanted.c.id, lines.label("lines")).where(task.is_(None))
        rows = await self._connection.execute(statement, {"ids": list(requisition_ids)})
        return {row.id: row.lines for row in rows if row.lines}

    async def create(
        self,
        served: Sequence[Collection[int]],
        lines_open: Sequence[int],
        due_at: datetime | None = None,
        door: str | None = None,
    ) -> list[int]:
        """Create a task for each collection of requisitions that have none, with all of their lines.

        `lines_open` says how many lines each has. Return the ids of the tasks in this order.
        """
        counts = (
            func.unnest(bindparam("counts", type_=ARRAY(INTEGER)))
            .table_valued("lines_open", with_ordinality="place", name="counts")
            .render_derived()
        )
        source = select(
            counts.c.lines_open,
            bindparam("due_at", type_=TIMESTAMP(timezone=True)),
            bindparam("door", type_=TEXT),
        ).order_by(counts.c.place)
        statement = insert(pick_tasks).from_select(["lines_open", "due_at", "door"], source)
        values = {"counts": list(lines_open), "due_at": due_at, "door": door}
        # Ids are drawn in the order of the rows.
        ids = sorted((await self._connection.scalars(statement.returning(pick_tasks.c.id), values)).all())
        links = [
            {"task_id": task_id, "requisition_id": requisition_id}
            for task_id, requisition_ids in zip(ids, served, strict=True)
            for requisition_id in requisition_ids
        ]
        await insert_rows(self._connection, task_requisitions, links)
        await self.plan_lines([link["requisition_id"] for link in links])
        return ids

    async def plan_lines(self, requisition_ids: Iterable[int]) -> None:
        """Give the lines of requisitions that have a task, but are in none, to that task.

        Each is to be picked at the first place of its article in walking order.
        """
        place = (
            select(article_locations.c.location_id)
            .join(locations, locations.c.id == article_locations.c.location_id)
            .where(article_locations.c.article_id == requisition_lines.c.article_id)
            .order_by(locations.c.sequence, locations.c.code)
            .limit(1)
            .scalar_subquery()
        )
        # Subqueries, since joins may read whole tables: see the queries of scans. Any one will do: for the
        # least PostgreSQL may go through the primary key from its beginning.
        task = (
            select(task_requisitions.c.task_id)
            .where(task_requisitions.c.requisition_id == requisition_lines.c.requisition_id)
            .limit(1)
            .scalar_subquery()
        )
        planned = (
            select(task_lines.c.id)
            .where(task_lines.c.requisition_line_id == requisition_lines.c.id)
            .limit(1)
            .scalar_subquery()
        )
        source = (
            select(
                requisition_lines.c.id,
                task,
                requisition_lines.c.id,
                requisition_lines.c.article_id,
                place,
                requisition_lines.c.required,
            )
            .where(requisition_lines.c.requisition_id == func.any(_IDS), planned.is_(None), task.is_not(None))
            # By a sum, since in the order of the ids alone PostgreSQL may go through the primary key: where
            # its statistics are of a day with a single requisition.
            .order_by(requisition_lines.c.id + 0)
        )
        names = ["id", "task_id", "requisition_line_id", "article_id", "location_id", "required"]
        await self._connection.execute(
            insert(task_lines).from_select(names, source), {"ids": list(requisition_ids)}
        )

    async def follow_totes(self, requisition_ids: Iterable[int]) -> None:
        """Let lines without a tote go into the one that the others of their requisition go into there."""
        other, of_other = task_lines.alias("other"), requisition_lines.alias("of_other")
        tote = (
            select(func.min(other.c.tote))
            .join(of_other, of_other.c.id == other.c.requisition_line_id)
            .where(
                of_other.c.requisition_id == requisition_lines.c.requisition_id,
                other.c.task_id == task_lines.c.task_id,
            )
            .scalar_subquery()
        )
        statement = (
            task_lines.update()
            .where(
                task_lines.c.requisition_line_id == requisition_lines.c.id,
                requisition_lines.c.requisition_id == func.any(_IDS),
                task_lines.c.tote.is_(None),
            )
            .values(tote=tote)
        )
        await self._connection.execute(statement, {"ids": list(requisition_ids)})

    async def set_totes(self, totes: Mapping[int, str]) -> None:
        """Say into what the lines of requisitions are picked."""
        for requisition_id, tote in sorted(totes.items()):
            lines = select(requisition_lines.c.id).where(requisition_lines.c.requisition_id == requisition_id)
            await self._connection.execute(
                task_lines.update().where(task_lines.c.requisition_line_id.in_(lines)).values(tote=tote)
            )

    async def forget_lines(self, requisition_line_ids: Sequence[int]) -> None:
        """Delete the task lines of requisition lines that are to be deleted."""
        of_them = task_lines.c.requisition_line_id == func.any(_IDS)
        await self._connection.execute(task_lines.delete().where(of_them), {"ids": requisition_line_ids})

    async def follow_lines(self, requisition_line_ids: Sequence[int]) -> None:
        """Let the only task line of each requisition line require what that does."""
        statement = (
            task_lines.update()
            .where(
                task_lines.c.requisition_line_id == requisition_lines.c.id,
                requisition_lines.c.id == func.any(_IDS),
            )
            .values(required=requisition_lines.c.required)
        )
        await self._connection.execute(statement, {"ids": requisition_line_ids})

    async def existing(self, requisition_ids: Iterable[int]) -> dict[int, int]:
        """Return requisition id → id of the first task of those that have one."""
        statement = (
            select(task_requisitions.c.requisition_id, func.min(task_requisitions.c.task_id).label("task_id"))
            .where(task_requisitions.c.requisition_id == func.any(_IDS))
            .group_by(task_requisitions.c.requisition_id)
        )
        rows = await self._connection.execute(statement, {"ids": list(requisition_ids)})
        return {row.requisition_id: row.task_id for row in rows}

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

    async def decide(self, task_id: int, changed_by: str, **values: Any) -> int:
        """Set columns of a task whose lock is held, because somebody decided so; return its new revision."""
        statement = (
            pick_tasks.update()
            .where(pick_tasks.c.id == task_id)
            .values(revision=pick_tasks.c.revision + 1, changed_by=changed_by, **values)
            .returning(pick_tasks.c.revision)
        )
        revision: int = (await self._connection.execute(statement)).scalar_one()
        return revision

    async def counts(self) -> tuple[datetime, dict[TaskStatus, int]]:
        """Return when today began, and the number of tasks by status: of those completed, today's."""
        counts = dict.fromkeys(TaskStatus, 0)
        rows = (await self._connection.execute(_COUNTS)).all()
        counts |= {TaskStatus(row.status): row.tasks for row in rows}
        return rows[0].today, counts

    async def completed_before(self, day: datetime) -> int:
        """Return how many tasks were completed before a day began."""
        return int(await self._connection.scalar(_COMPLETED_BEFORE, {"day": day}) or 0)

    async def oldest_open_age(self) -> float:
        """Return the age in seconds of the oldest open task that is not held; 0 where there is none."""
        age = func.extract("epoch", func.now() - func.min(pick_tasks.c.created_at))
        return float((await self._connection.scalar(select(age).where(_IS_FREE))) or 0)

    async def held(self) -> int:
        """Return the number of unfinished tasks that are held."""
        statement = (
            select(func.count())
            .select_from(pick_tasks)
            .where(pick_tasks.c.held, pick_tasks.c.status.in_(_UNFINISHED))
        )
        return int((await self._connection.scalar(statement)) or 0)

    async def overdue(self) -> int:
        """Return the number of unfinished tasks whose due time, or else their requisition's, is past."""
        statement = (
            select(func.count())
            .select_from(pick_tasks.join(_served, true()))
            .where(
                pick_tasks.c.status.in_(_UNFINISHED),
                func.coalesce(pick_tasks.c.due_at, _served.c.due_at) < func.now(),
            )
        )
        return int((await self._connection.scalar(statement)) or 0)
