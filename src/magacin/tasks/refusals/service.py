"""The list of what was refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.refusals import Refusal, RefusalQuery, Refusals
from magacin.tasks.refusals.repository import Place, RefusalRepository

_LISTED = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


async def list_refusals(connection: AsyncConnection, wanted: RefusalQuery) -> Refusals:
    """Return refusals, the newest first, and where the next ones begin."""
    rows = await RefusalRepository(connection).page(
        wanted.limit,
        _place(wanted.before),
        since=wanted.since or datetime.now(UTC) - _LISTED,
        worker=wanted.worker,
        sku=wanted.sku,
        code=wanted.code,
        late=wanted.late,
    )
    items = [Refusal.model_validate(dict(row)) for row in rows]
    return Refusals(items=items, next_before=_written(rows[-1]) if len(rows) == wanted.limit else None)


def _place(written: str | None) -> Place | None:
    if written is None:
        return None
    microseconds, _, key = written.partition(".")
    return Place(_EPOCH + int(microseconds) * _MICROSECOND, key)


def _written(row: RowMapping) -> str:
    return f"{(row['refused_at'] - _EPOCH) // _MICROSECOND}.{row['key']}"
