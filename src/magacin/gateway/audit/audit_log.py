"""Reading the audit log: a page of it, or all of it for a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from sqlalchemy import ColumnElement, select

from magacin.contracts.audit import AuditEntry, AuditFilter
from magacin.contracts.payloads import Page
from magacin.core.audit import entries
from magacin.core.db import Database

_ROWS_AT_ONCE = 500


class AuditLog:
    """What was changed outside scanning. Each call has a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: AuditFilter, after: int, limit: int) -> Page[AuditEntry]:
        """Return entries, the newest first, before the id `after`; from the newest on for 0."""
        statement = select(entries).where(*_meant(wanted)).order_by(entries.c.id.desc()).limit(limit)
        if after:
            statement = statement.where(entries.c.id < after)
        async with self._database.begin() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return Page.of(
            [AuditEntry.model_validate(dict(row)) for row in rows], limit, lambda: int(rows[-1]["id"])
        )

    async def rows(self, wanted: AuditFilter) -> AsyncIterator[list[list[Any]]]:
        """Yield all of them, the newest first and the names of the columns before them."""
        yield [[*AuditEntry.model_fields]]
        after: int | None = 0
        while after is not None:
            # Each page by itself: a file that is read slowly keeps no transaction open.
            page = await self.page(wanted, after, _ROWS_AT_ONCE)
            yield [_cells(entry) for entry in page.items]
            after = page.next_after


def _meant(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    columns = entries.c
    equal = {
        columns.actor: wanted.actor,
        columns.subject_kind: wanted.subject_kind,
        columns.subject_id: wanted.subject_id,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if wanted.action is not None:
        begins = columns.action.startswith(f"{wanted.action}.", autoescape=True)
        conditions.append((columns.action == wanted.action) | begins)
    if wanted.since is not None:
        conditions.append(columns.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.at < wanted.until)
    return conditions


def _cells(entry: AuditEntry) -> list[Any]:
    cells = entry.model_dump(mode="json")
    for side in ("before", "after"):
        if cells[side] is not None:
            cells[side] = orjson.dumps(cells[side]).decode()
    return [*cells.values()]
