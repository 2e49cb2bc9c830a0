"""Queries on shortages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.models import requisition_lines, shortages


class ShortageRepository:
    """Shortages in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def earlier(self, operation_id: UUID) -> RowMapping | None:
        """Return the shortage that was recorded under this id."""
        statement = select(shortages).where(shortages.c.operation_id == operation_id)
        return (await self._connection.execute(statement)).mappings().first()

    async def line(self, requisition_id: int, line_id: int) -> RowMapping | None:
        """Return a line of a requisition whose task's lock is held."""
        statement = select(requisition_lines).where(
            requisition_lines.c.id == line_id, requisition_lines.c.requisition_id == requisition_id
        )
        return (await self._connection.execute(statement)).mappings().first()

    async def add(self, row: dict[str, Any]) -> bool:
        """Record a shortage and take it off its line; return False when its id was taken meanwhile."""
        statement = insert(shortages).values(row).on_conflict_do_nothing(index_elements=["operation_id"])
        added = await self._connection.execute(statement.returning(shortages.c.operation_id))
        if added.first() is None:
            return False
        await self._connection.execute(
            requisition_lines.update()
            .where(requisition_lines.c.id == row["line_id"])
            .values(short=requisition_lines.c.short + row["quantity"])
        )
        return True
