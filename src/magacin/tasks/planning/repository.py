"""Queries on the plan: lines of tasks that are locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.db import insert_rows
from magacin.tasks.models import (
    operations,
    pick_tasks,
    plan_changes,
    requisition_lines,
    task_lines,
    task_requisitions,
)
from magacin.tasks.planning.moves import PlannedLine


class PlanRepository:
    """The plan in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, task_ids: Iterable[int]) -> dict[int, RowMapping]:
        """Return tasks, locked in the order in which scans lock them."""
        statement = (
            select(pick_tasks)
            .where(pick_tasks.c.id.in_(set(task_ids)))
            .order_by(pick_tasks.c.id)
            .with_for_update()
        )
        rows = (await self._connection.execute(statement)).mappings()
        return {row["id"]: row for row in rows}

    async def earlier(self, operation_id: UUID) -> RowMapping | None:
        """Return the change that was recorded under this id."""
        statement = select(plan_changes).where(plan_changes.c.operation_id == operation_id)
        return (await self._connection.execute(statement)).mappings().first()

    async def take_id(self, operation_id: UUID) -> bool:
        """Record that an operation has this id; return False when another one of whatever kind has it."""
        statement = insert(operations).values(operation_id=operation_id).on_conflict_do_nothing()
        taken = await self._connection.execute(statement.returning(operations.c.operation_id))
        return taken.first() is not None

    async def add(self, **values: Any) -> None:
        """Record a change under an id that was taken, with the answer that it gets for ever."""
        await insert_rows(self._connection, plan_changes, [values])

    async def create_task(self, like: RowMapping) -> int:
        """Create a task without lines, as urgent as another one, to the same door, and held as that is."""
        values = {name: like[name] for name in ("due_at", "priority", "held", "door")}
        statement = insert(pick_tasks).values(lines_open=0, **values).returning(pick_tasks.c.id)
        task_id: int = (await self._connection.execute(statement)).scalar_one()
        return task_id

    async def lines(self, task_ids: Iterable[int]) -> dict[int, PlannedLine]:
        """Return the lines of tasks, by id."""
        statement = (
            select(
                task_lines.c.id.label("line_id"),
                task_lines.c.task_id,
                task_lines.c.requisition_line_id,
                task_lines.c.article_id,
                task_lines.c.location_id,
                task_lines.c.tote,
                task_lines.c.required,
                task_lines.c.picked,
                task_lines.c.short,
            )
            .where(task_lines.c.task_id.in_(set(task_ids)))
            .order_by(task_lines.c.id)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return {row["line_id"]: PlannedLine(**row) for row in rows}

    async def change(self, lines: Sequence[PlannedLine]) -> None:
        """Write what lines require and how much of them is short; delete those that require nothing."""
        new = select(
            *(
                func.unnest(bindparam(name, type_=ARRAY(kind))).label(name)
                for name, kind in (("ids", BIGINT), ("requireds", INTEGER), ("shorts", INTEGER))
            )
        ).subquery("new")
        kept = [line for line in lines if line.required]
        statement = (
            task_lines.update()
            .where(task_lines.c.id == new.c.ids)
            .values(required=new.c.requireds, short=new.c.shorts)
        )
        columns = {
            "ids": [line.line_id for line in kept],
            "requireds": [line.required for line in kept],
            "shorts": [line.short for line in kept],
        }
        await self._connection.execute(statement, columns)
        gone = [line.line_id for line in lines if not line.required]
        await self._connection.execute(task_lines.delete().where(task_lines.c.id.in_(gone)))

    async def create_lines(self, lines: Sequence[PlannedLine]) -> None:
        """Create task lines, after others require so much less."""
        rows = [
            {
                "task_id": line.task_id,
                "requisition_line_id": line.requisition_line_id,
                "article_id": line.article_id,
                "location_id": line.location_id,
                "tote": line.tote,
                "required": line.required,
            }
            for line in lines
        ]
        await insert_rows(self._connection, task_lines, rows)

    async def follow_lines(self, task_ids: Iterable[int]) -> None:
        """Let tasks serve the requisitions of their lines. One without lines keeps those that it had."""
        for task_id in sorted(set(task_ids)):
            served = (
                select(task_lines.c.task_id, requisition_lines.c.requisition_id)
                .join(requisition_lines, requisition_lines.c.id == task_lines.c.requisition_line_id)
                .where(task_lines.c.task_id == task_id)
                .distinct()
            )
            ids = select(served.subquery().c.requisition_id)
            link = task_requisitions.c
            await self._connection.execute(
                task_requisitions.delete().where(
                    link.task_id == task_id, served.exists(), link.requisition_id.not_in(ids)
                )
            )
            await self._connection.execute(
                insert(task_requisitions)
                .from_select(["task_id", "requisition_id"], served)
                .on_conflict_do_nothing()
            )
