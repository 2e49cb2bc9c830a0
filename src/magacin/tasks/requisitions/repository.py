"""Queries on requisitions and their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from sqlalchemy import RowMapping, Select, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, TEXT, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.requisitions import ImportedRequisition, RequisitionLineIn
from magacin.core.db import copy_rows, insert_rows
from magacin.tasks.models import (
    articles,
    pick_tasks,
    replacements,
    requisition_lines,
    requisitions,
    task_lines,
    task_requisitions,
)

_line_count = (
    select(func.count())
    .where(requisition_lines.c.requisition_id == requisitions.c.id)
    .correlate(requisitions)
    .scalar_subquery()
)
# Of a sum, since for the least of a column PostgreSQL may go through its index from the beginning.
_task_id = (
    select(func.min(task_requisitions.c.task_id + 0))
    .where(task_requisitions.c.requisition_id == requisitions.c.id)
    .correlate(requisitions)
    .scalar_subquery()
)
_summaries = select(
    requisitions.c.id.label("requisition_id"),
    requisitions.c.number,
    requisitions.c.destination,
    requisitions.c.due_at,
    requisitions.c.created_at,
    _task_id.label("task_id"),
    _line_count.label("line_count"),
    requisitions.c.missing_rows,
)

# What has become of a line, over all task lines that it is picked by.
_progress = (
    select(
        func.coalesce(func.sum(task_lines.c.picked), 0).label("picked"),
        func.coalesce(func.sum(task_lines.c.short), 0).label("short"),
        func.count().label("task_lines"),
    )
    .where(task_lines.c.requisition_line_id == requisition_lines.c.id)
    .lateral("progress")
)
lines_of_requisition: Select[Any] = (
    select(
        requisition_lines.c.id.label("line_id"),
        articles.c.sku,
        articles.c.description,
        requisition_lines.c.required,
        _progress.c.picked,
        _progress.c.short,
        (requisition_lines.c.required - _progress.c.picked - _progress.c.short).label("remaining"),
    )
    .join(articles, articles.c.id == requisition_lines.c.article_id)
    .join(_progress, true())  # lateral: its condition is inside
    .order_by(requisition_lines.c.id)
)


_LINE_COLUMNS = {
    "id": BIGINT,
    "required": INTEGER,
    "description": TEXT,
    "barcode": TEXT,
}


class ChangedLine(NamedTuple):
    """A line that gets another content."""

    id: int
    required: int
    description: str | None
    barcode: str | None


class NewLine(NamedTuple):
    """A line to be created."""

    requisition_id: int
    article_id: int
    required: int
    description: str
    barcode: str | None

    @classmethod
    def of(cls, requisition_id: int, article_ids: Mapping[str, int], line: RequisitionLineIn) -> Self:
        """Return a line as it was sent."""
        return cls(requisition_id, article_ids[line.sku], line.quantity, line.description, line.barcode)


class RequisitionRepository:
    """Requisitions in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, after: int, limit: int, released: bool | None) -> Sequence[RowMapping]:
        """Return requisitions by id; `released` asks for those with, or without, a pick task."""
        statement = _summaries.where(requisitions.c.id > after).order_by(requisitions.c.id).limit(limit)
        if released is not None:
            statement = statement.where(requisitions.c.released if released else ~requisitions.c.released)
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def get(self, requisition_id: int) -> RowMapping | None:
        """Return one requisition without its lines."""
        statement = _summaries.where(requisitions.c.id == requisition_id)
        row: RowMapping | None = (await self._connection.execute(statement)).mappings().first()
        return row

    async def lines(self, requisition_id: int) -> Sequence[RowMapping]:
        """Return the lines of a requisition."""
        statement = lines_of_requisition.where(requisition_lines.c.requisition_id == requisition_id)
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows

    async def add_many(self, batch: Sequence[ImportedRequisition], job_id: int | None) -> dict[str, int]:
        """Create those whose number is new; return number → id of the created ones.

        In the order of the numbers, so that two imports at once wait for each other instead of deadlocking.
        """
        ordered = sorted(batch, key=lambda requisition: requisition.number)
        columns = select(
            func.unnest(bindparam("numbers", type_=ARRAY(TEXT))),
            func.unnest(bindparam("destinations", type_=ARRAY(TEXT))),
            func.unnest(bindparam("dues", type_=ARRAY(TIMESTAMP(timezone=True)))),
            func.unnest(bindparam("missing", type_=ARRAY(INTEGER))),
            bindparam("job_id", type_=BIGINT),
        )
        statement = (
            insert(requisitions)
            .from_select(["number", "destination", "due_at", "missing_rows", "import_job_id"], columns)
            .on_conflict_do_nothing(index_elements=["number"])
            .returning(requisitions.c.number, requisitions.c.id)
        )
        values = {
            "numbers": [r.number for r in ordered],
            "destinations": [r.destination for r in ordered],
            "dues": [r.due_at for r in ordered],
            "missing": [r.missing_rows for r in ordered],
            "job_id": job_id,
        }
        return {row.number: row.id for row in await self._connection.execute(statement, values)}

    async def by_number(self, numbers: Iterable[str]) -> dict[str, RowMapping]:
        """Return those of `numbers` that exist, with their task and the job that brought their content."""
        latest = (
            select(func.max(replacements.c.job_id))
            .where(replacements.c.requisition_id == requisitions.c.id)
            .scalar_subquery()
        )
        mine, theirs = task_requisitions.alias("mine"), task_requisitions.alias("theirs")
        shared = (
            select(mine.c.task_id)
            .join(
                theirs,
                or_(
                    (theirs.c.task_id == mine.c.task_id) & (theirs.c.requisition_id != mine.c.requisition_id),
                    (theirs.c.requisition_id == mine.c.requisition_id) & (theirs.c.task_id != mine.c.task_id),
                ),
            )
            .where(mine.c.requisition_id == requisitions.c.id)
            .exists()
        )
        statement = (
            select(
                requisitions,
                func.coalesce(latest, requisitions.c.import_job_id).label("content_job_id"),
                pick_tasks.c.id.label("task_id"),
                pick_tasks.c.status.label("task_status"),
                shared.label("shared"),
            )
            .outerjoin_from(requisitions, pick_tasks, pick_tasks.c.id == _task_id)
            .where(requisitions.c.number == func.any(bindparam("numbers", type_=ARRAY(TEXT))))
        )
        rows = await self._connection.execute(statement, {"numbers": list(numbers)})
        return {row["number"]: row for row in rows.mappings()}

    async def content(self, requisition_ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return the lines of requisitions, as they were sent and whether anything came of them."""
        statement = (
            select(
                requisition_lines.c.requisition_id,
                articles.c.sku,
                requisition_lines.c.id.label("line_id"),
                requisition_lines.c.required,
                (_progress.c.picked + _progress.c.short == 0).label("untouched"),
                (_progress.c.task_lines > 1).label("split"),
                requisition_lines.c.description,
                requisition_lines.c.barcode,
            )
            .join(articles, articles.c.id == requisition_lines.c.article_id)
            .join(_progress, true())
            .where(requisition_lines.c.requisition_id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .order_by(requisition_lines.c.id)
        )
        return (await self._connection.execute(statement, {"ids": list(requisition_ids)})).mappings().all()

    async def add_lines(self, lines: Sequence[NewLine]) -> None:
        """Create lines of requisitions that this transaction has created or looked at."""
        await copy_rows(self._connection, requisition_lines, NewLine._fields, lines)

    async def lock(self, requisition_ids: Iterable[int]) -> None:
        """Lock requisitions until the end of the transaction: whoever replaces or releases them does."""
        statement = (
            select(requisitions.c.id)
            .where(requisitions.c.id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .order_by(requisitions.c.id)
            .with_for_update(key_share=True)
        )
        await self._connection.execute(statement, {"ids": list(requisition_ids)})

    async def replacements(self, requisition_ids: Iterable[int], job_id: int) -> dict[int, Any]:
        """Return requisition id → differences of those to which a job gave another content."""
        statement = select(replacements.c.requisition_id, replacements.c.differences).where(
            replacements.c.job_id == job_id,
            replacements.c.requisition_id == func.any(bindparam("ids", type_=ARRAY(BIGINT))),
        )
        rows = await self._connection.execute(statement, {"ids": list(requisition_ids)})
        return {row.requisition_id: row.differences for row in rows}

    async def note_replacements(self, job_id: int, differences: Mapping[int, Any]) -> None:
        """Keep what a job changed in requisitions."""
        rows = [
            {"requisition_id": id_, "job_id": job_id, "differences": found}
            for id_, found in differences.items()
        ]
        await insert_rows(self._connection, replacements, rows)

    async def remove_lines(self, line_ids: Sequence[int]) -> None:
        """Delete lines of which nothing was picked."""
        statement = requisition_lines.delete().where(
            requisition_lines.c.id == func.any(bindparam("ids", type_=ARRAY(BIGINT)))
        )
        await self._connection.execute(statement, {"ids": list(line_ids)})

    async def change_lines(self, lines: Sequence[ChangedLine]) -> None:
        """Give lines of which nothing was picked another content."""
        kinds = {name: _LINE_COLUMNS[name] for name in ChangedLine._fields}
        changed = select(*(column.label(name) for name, column in zip(kinds, _unnested(kinds), strict=True)))
        new = changed.subquery("changed")
        statement = (
            requisition_lines.update()
            .where(requisition_lines.c.id == new.c.id)
            .values({name: new.c[name] for name in kinds if name != "id"})
        )
        await self._connection.execute(statement, _columns(kinds, lines))

    async def update(self, requisition_id: int, **values: Any) -> None:
        """Set columns of a requisition whose lock is held."""
        statement = requisitions.update().where(requisitions.c.id == requisition_id)
        await self._connection.execute(statement.values(**values))


def _unnested(kinds: Mapping[str, Any]) -> list[Any]:
    return [func.unnest(bindparam(f"new_{name}", type_=ARRAY(kind))) for name, kind in kinds.items()]


def _columns(kinds: Mapping[str, Any], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {f"new_{name}": list(column) for name, column in zip(kinds, zip(*rows, strict=True), strict=True)}
