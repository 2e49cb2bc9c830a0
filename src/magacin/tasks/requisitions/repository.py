"""Queries on requisitions and their lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, TEXT, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.requisitions import ImportedRequisition
from magacin.tasks.models import articles, pick_tasks, requisition_lines, requisitions

_line_count = (
    select(func.count())
    .where(requisition_lines.c.requisition_id == requisitions.c.id)
    .correlate(requisitions)
    .scalar_subquery()
)
_summaries = select(
    requisitions.c.id.label("requisition_id"),
    requisitions.c.number,
    requisitions.c.destination,
    requisitions.c.due_at,
    requisitions.c.created_at,
    pick_tasks.c.id.label("task_id"),
    _line_count.label("line_count"),
    requisitions.c.missing_rows,
).outerjoin(pick_tasks, pick_tasks.c.requisition_id == requisitions.c.id)

lines_of_requisition: Select[Any] = (
    select(
        requisition_lines.c.id.label("line_id"),
        articles.c.sku,
        articles.c.description,
        requisition_lines.c.required,
        requisition_lines.c.picked,
        requisition_lines.c.short,
        (requisition_lines.c.required - requisition_lines.c.picked - requisition_lines.c.short).label(
            "remaining"
        ),
    )
    .join(articles, articles.c.id == requisition_lines.c.article_id)
    .order_by(requisition_lines.c.id)
)


class NewLine(NamedTuple):
    """A line to be created."""

    requisition_id: int
    article_id: int
    required: int
    description: str
    barcode: str | None


class RequisitionRepository:
    """Requisitions in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, after: int, limit: int, released: bool | None) -> Sequence[RowMapping]:
        """Return requisitions by id; `released` asks for those with, or without, a pick task."""
        statement = _summaries.where(requisitions.c.id > after).order_by(requisitions.c.id).limit(limit)
        if released is not None:
            statement = statement.where(
                pick_tasks.c.id.is_not(None) if released else pick_tasks.c.id.is_(None)
            )
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
        """Return those of `numbers` that exist, with the id and status of their task."""
        statement = (
            select(requisitions, pick_tasks.c.id.label("task_id"), pick_tasks.c.status.label("task_status"))
            .outerjoin(pick_tasks, pick_tasks.c.requisition_id == requisitions.c.id)
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
                (requisition_lines.c.picked + requisition_lines.c.short == 0).label("untouched"),
                requisition_lines.c.description,
                requisition_lines.c.barcode,
            )
            .join(articles, articles.c.id == requisition_lines.c.article_id)
            .where(requisition_lines.c.requisition_id == func.any(bindparam("ids", type_=ARRAY(BIGINT))))
            .order_by(requisition_lines.c.id)
        )
        return (await self._connection.execute(statement, {"ids": list(requisition_ids)})).mappings().all()

    async def add_lines(self, lines: Sequence[NewLine]) -> None:
        """Create lines."""
        columns = {
            "requisition_id": BIGINT,
            "article_id": BIGINT,
            "required": INTEGER,
            "description": TEXT,
            "barcode": TEXT,
        }
        unnested = [func.unnest(bindparam(name, type_=ARRAY(kind))) for name, kind in columns.items()]
        statement = insert(requisition_lines).from_select(list(columns), select(*unnested))
        values = {name: list(column) for name, column in zip(columns, zip(*lines, strict=True), strict=True)}
        await self._connection.execute(statement, values)
