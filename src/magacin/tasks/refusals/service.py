"""The list of what was refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.refusals import Refusal, RefusalFilter, RefusalQuery, Refusals
from magacin.core.db import Database
from magacin.core.exports import Rows
from magacin.tasks.places import Place
from magacin.tasks.refusals.repository import RefusalRepository

_LISTED = timedelta(days=7)
_ROWS_AT_ONCE = 500


async def list_refusals(connection: AsyncConnection, wanted: RefusalQuery) -> Refusals:
    """Return refusals, the newest first, and where the next ones begin."""
    repository, filters = RefusalRepository(connection), _filters(wanted)
    rows = await repository.page(wanted.limit, Place.read(wanted.before), **filters)
    items = [Refusal.model_validate(dict(row)) for row in rows]
    return Refusals(
        items=items,
        next_before=str(_place(rows[-1])) if len(rows) == wanted.limit else None,
        removed_before=await repository.removed_since(filters["since"]),
    )


async def rows_of(database: Database, wanted: RefusalFilter) -> Rows:
    """Yield all refusals, the newest first and the names of the columns before them."""
    yield [[*Refusal.model_fields]]
    before, filters = None, _filters(wanted)
    while True:
        # Each page by itself: a file that is read slowly keeps no transaction open.
        async with database.begin() as connection:
            rows = await RefusalRepository(connection).page(_ROWS_AT_ONCE, before, **filters)
        yield [[*Refusal.model_validate(dict(row)).model_dump(mode="json").values()] for row in rows]
        if len(rows) < _ROWS_AT_ONCE:
            return
        before = _place(rows[-1])


def _filters(wanted: RefusalFilter) -> dict[str, Any]:
    return {
        "since": wanted.since or datetime.now(UTC) - _LISTED,
        "worker": wanted.worker,
        "sku": wanted.sku,
        "code": wanted.code,
        "late": wanted.late,
    }


def _place(row: RowMapping) -> Place:
    return Place(row["refused_at"], row["key"])
