"""Queries on shortages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    RowMapping,
    Select,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.shortages import ShortageReason
from magacin.tasks.models import (
    IS_UNDONE,
    articles,
    locations,
    pick_tasks,
    requisition_lines,
    requisitions,
    shortage_answers,
    shortages,
    task_lines,
    undos,
)
from magacin.tasks.places import Place


@dataclass(frozen=True)
class Meant:
    """Which shortages of all tasks: made on these days, of an article, a worker, for a reason, if said."""

    first: date
    last: date
    zone: str
    sku: str | None
    worker: str | None
    reason: ShortageReason | None


_made_at = func.coalesce(shortages.c.picked_at, shortages.c.created_at)


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
            .outerjoin(undos, (undos.c.undoes == shortages.c.operation_id) & IS_UNDONE)
            .where(shortages.c.task_id == task_id)
            .order_by(shortages.c.created_at.desc(), shortages.c.operation_id)
            .limit(limit)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def page(self, meant: Meant, before: Place | None, limit: int) -> Sequence[RowMapping]:
        """Return those that count of what is meant, the newest first."""
        statement = _listed(meant, before, limit)
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def answer(self, operation_id: UUID) -> str | None:
        """Return the task, as JSON, that a shortage was answered with; None where it was not yet."""
        statement = select(shortage_answers.c.task).where(shortage_answers.c.operation_id == operation_id)
        task: str | None = await self._connection.scalar(statement)
        return task

    async def keep_answer(self, operation_id: UUID, task: str) -> None:
        """Keep the task, as JSON, that a shortage is answered with, unless it has an answer."""
        statement = insert(shortage_answers).values(operation_id=operation_id, task=task)
        await self._connection.execute(statement.on_conflict_do_nothing())


def _listed(meant: Meant, before: Place | None, limit: int) -> Select[Any]:
    """Return the query for a page: first which ones by an index, then what is to be told of these few."""
    those = _those(meant, before, limit).subquery("those")
    line = (
        select(
            task_lines.c.short,
            locations.c.code.label("location"),
            requisitions.c.number,
        )
        .join(requisition_lines, requisition_lines.c.id == task_lines.c.requisition_line_id)
        .join(requisitions, requisitions.c.id == requisition_lines.c.requisition_id)
        .outerjoin(locations, locations.c.id == task_lines.c.location_id)
        .where(task_lines.c.id == those.c.line_id, task_lines.c.task_id == those.c.task_id)
        # So that it is asked for each of them, and no table read whole to be joined.
        .limit(1)
        .lateral("line")
    )

    def of_article(column: ColumnElement[str]) -> ColumnElement[str]:
        return select(column).where(articles.c.id == those.c.article_id).scalar_subquery()

    status = select(pick_tasks.c.status).where(pick_tasks.c.id == those.c.task_id).scalar_subquery()
    return (
        select(
            *(column for column in those.c if column is not those.c.article_id),
            of_article(articles.c.sku).label("sku"),
            of_article(articles.c.description).label("description"),
            status.label("task_status"),
            line.c.location,
            line.c.number,
            func.coalesce(line.c.short, 0).label("still_short"),
        )
        .select_from(those.outerjoin(line, true()))
        .order_by(those.c.made_at.desc(), those.c.operation_id.desc())
    )


def _those(meant: Meant, before: Place | None, limit: int) -> Select[Any]:
    undone = select(true()).where(undos.c.undoes == shortages.c.operation_id, IS_UNDONE).scalar_subquery()
    statement = (
        select(
            *(shortages.c[name] for name in _TOLD),
            shortages.c.article_id,
            _made_at.label("made_at"),
        )
        .where(
            # As the conditions of the indexes have it, which a parameter is not.
            shortages.c.outcome == literal_column("'reported'"),
            _made_at >= _start(meant.first, meant.zone),
            _made_at < _start(meant.last + timedelta(days=1), meant.zone),
            undone.is_(None),
        )
        .order_by(_made_at.desc(), shortages.c.operation_id.desc())
        .limit(limit)
    )
    if meant.sku is not None:
        article = select(articles.c.id).where(articles.c.sku == meant.sku).scalar_subquery()
        statement = statement.where(shortages.c.article_id == article)
    if meant.worker is not None:
        statement = statement.where(shortages.c.worker == meant.worker)
    if meant.reason is not None:
        statement = statement.where(shortages.c.reason == meant.reason.value)
    if before is not None:
        place = tuple_(literal(before.at), literal(UUID(before.key)))
        statement = statement.where(tuple_(_made_at, shortages.c.operation_id) < place)
    return statement


_TOLD = ("operation_id", "task_id", "line_id", "quantity", "reason", "note", "worker")


def _start(day: date, zone: str) -> ColumnElement[Any]:
    """Return the moment at which a day begins in a time zone."""
    return func.timezone(zone, cast(cast(literal(day), Date), DateTime))
