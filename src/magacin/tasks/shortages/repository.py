"""Queries on shortages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.models import articles, shortage_answers, shortages, task_lines, undos


class ShortageRepository:
    """Shortages in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_task(self, task_id: int, limit: int) -> Sequence[RowMapping]:
        """Return the last shortages of a task, the newest first."""
        made_at = func.coalesce(shortages.c.picked_at, shortages.c.created_at).label("picked_at")
        kept = [column for column in shortages.c if column is not shortages.c.picked_at]
        of_task = (task_lines.c.id == shortages.c.line_id) & (task_lines.c.task_id == shortages.c.task_id)
        statement = (
            select(*kept, made_at, articles.c.sku, undos.c.operation_id.label("undone_by"))
            .outerjoin(task_lines, of_task)
            .outerjoin(articles, articles.c.id == task_lines.c.article_id)
            .outerjoin(undos, (undos.c.undoes == shortages.c.operation_id) & (undos.c.outcome == "undone"))
            .where(shortages.c.task_id == task_id)
            .order_by(shortages.c.created_at.desc(), shortages.c.operation_id)
            .limit(limit)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def answer(self, operation_id: UUID) -> str | None:
        """Return the task, as JSON, that a shortage was answered with; None where it was not yet."""
        statement = select(shortage_answers.c.task).where(shortage_answers.c.operation_id == operation_id)
        task: str | None = await self._connection.scalar(statement)
        return task

    async def keep_answer(self, operation_id: UUID, task: str) -> None:
        """Keep the task, as JSON, that a shortage is answered with, unless it has an answer."""
        statement = insert(shortage_answers).values(operation_id=operation_id, task=task)
        await self._connection.execute(statement.on_conflict_do_nothing())
