"""The shortages of all tasks that count: which are meant, and where their days begin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.shortages import (
    MAX_OFTEN,
    ListedShortage,
    OftenShort,
    ShortageFilter,
    Shortages,
    ShortagesQuery,
)
from magacin.core.db import Database
from magacin.tasks.places import Place
from magacin.tasks.reports.repository import ReportRepository, Span
from magacin.tasks.reports.service import span_of
from magacin.tasks.shortages.repository import Meant, ShortageRepository

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for, with the days that they meant."""

    span: Span
    zone: str
    filter: ShortageFilter

    @property
    def meant(self) -> Meant:
        """Return it as queries have it."""
        one = self.filter
        return Meant(self.span.first, self.span.last, self.zone, one.sku, one.worker, one.reason)


async def want(connection: AsyncConnection, asked: ShortageFilter, zone: str) -> Wanted:
    """Return what is asked for, by the calendar of a time zone."""
    return Wanted(await span_of(connection, asked, zone), zone, asked)


async def list_all(connection: AsyncConnection, asked: ShortagesQuery, zone: str) -> Shortages:
    """Return a page of the shortages that are meant, and the articles that were short most often."""
    wanted = await want(connection, asked, zone)
    repository = ShortageRepository(connection)
    rows = await repository.page(wanted.meant, Place.read(asked.before), asked.limit)
    often = await ReportRepository(connection).often_short(wanted.span, MAX_OFTEN)
    return Shortages(
        first_day=wanted.span.first,
        last_day=wanted.span.last,
        time_zone=zone,
        often=[OftenShort.model_validate(dict(row)) for row in often],
        items=[_listed(row) for row in rows],
        next_before=str(_place(rows[-1])) if len(rows) == asked.limit else None,
    )


def file_name(wanted: Wanted, ending: str) -> str:
    """Return the name of the file of them."""
    return f"shortages-{wanted.span.first}-{wanted.span.last}.{ending}"


async def rows_of(database: Database, wanted: Wanted) -> AsyncIterator[list[list[Any]]]:
    """Yield all of them, the newest first and the names of the columns before them."""
    yield [[*ListedShortage.model_fields]]
    before: Place | None = None
    while True:
        # Each page by itself: a file that is read slowly keeps no transaction open.
        async with database.begin() as connection:
            rows = await ShortageRepository(connection).page(wanted.meant, before, _ROWS_AT_ONCE)
        yield [[*_listed(row).model_dump(mode="json").values()] for row in rows]
        if len(rows) < _ROWS_AT_ONCE:
            return
        before = _place(rows[-1])


def _listed(row: RowMapping) -> ListedShortage:
    return ListedShortage.model_validate(dict(row))


def _place(row: RowMapping) -> Place:
    return Place(row["made_at"], str(row["operation_id"]))
