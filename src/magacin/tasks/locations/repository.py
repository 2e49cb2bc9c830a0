"""Queries on locations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.locations import Location
from magacin.tasks.models import article_locations, articles, locations, task_lines

# So many users of a location are named, at most.
_NAMED = 20


class LocationRepository:
    """Locations in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, query: str, after: int, limit: int) -> Sequence[RowMapping]:
        """Return locations whose code, zone or aisle contains `query`, by id."""
        statement = select(locations).where(locations.c.id > after).order_by(locations.c.id).limit(limit)
        if query:
            named = (locations.c.code, locations.c.zone, locations.c.aisle)
            statement = statement.where(or_(*(name.icontains(query, autoescape=True) for name in named)))
        return (await self._connection.execute(statement)).mappings().all()

    async def find(self, code: str) -> RowMapping | None:
        """Return a location, which nobody changes until the end of the transaction."""
        statement = select(locations).where(locations.c.code == code).with_for_update()
        return (await self._connection.execute(statement)).mappings().one_or_none()

    async def put(self, code: str, **values: Any) -> None:
        """Create or describe a location."""
        statement = insert(locations).values(code=code, **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))

    async def known(self, codes: Iterable[str]) -> dict[str, Location]:
        """Return those of the codes that exist."""
        statement = select(locations).where(
            locations.c.code == func.any(bindparam("codes", type_=ARRAY(TEXT)))
        )
        rows = await self._connection.execute(statement, {"codes": sorted(set(codes))})
        return {row["code"]: Location.model_validate(dict(row)) for row in rows.mappings()}

    async def put_many(self, wanted: Iterable[Location]) -> None:
        """Create or describe locations."""
        statement = insert(locations)
        values = {name: statement.excluded[name] for name in ("zone", "aisle", "sequence")}
        rows = [one.model_dump() for one in sorted(wanted, key=lambda one: one.code)]
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["code"], set_=values), rows
        )

    async def lock(self, codes: Iterable[str]) -> dict[str, int]:
        """Return code → id of those that exist, which nobody removes until the end of the transaction."""
        statement = (
            select(locations.c.code, locations.c.id)
            .where(locations.c.code == func.any(bindparam("codes", type_=ARRAY(TEXT))))
            .order_by(locations.c.id)
            .with_for_update()
        )
        rows = await self._connection.execute(statement, {"codes": sorted(set(codes))})
        return {row.code: row.id for row in rows}

    async def users(self, location_id: int) -> tuple[list[str], list[int]]:
        """Return SKUs of articles that lie at a location, and tasks that have lines there; some of them."""
        here = (
            select(articles.c.sku)
            .join(article_locations, article_locations.c.article_id == articles.c.id)
            .where(article_locations.c.location_id == location_id)
            .order_by(articles.c.sku)
            .limit(_NAMED)
        )
        planned = (
            select(task_lines.c.task_id)
            .where(task_lines.c.location_id == location_id)
            .distinct()
            .order_by(task_lines.c.task_id)
            .limit(_NAMED)
        )
        skus = list((await self._connection.scalars(here)).all())
        return skus, list((await self._connection.scalars(planned)).all())

    async def remove(self, location_id: int) -> RowMapping:
        """Remove a location that is there and that nobody uses; return what it was."""
        statement = locations.delete().where(locations.c.id == location_id).returning(locations)
        return (await self._connection.execute(statement)).mappings().one()

    async def of_article(self, article_id: int) -> Sequence[RowMapping]:
        """Return the places of an article in walking order."""
        statement = (
            select(locations)
            .join(article_locations, article_locations.c.location_id == locations.c.id)
            .where(article_locations.c.article_id == article_id)
            .order_by(locations.c.sequence, locations.c.code)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def set_of_article(self, article_id: int, location_ids: Sequence[int]) -> None:
        """Make exactly these the places of an article."""
        # Its row is held, so that two who do this at once do it one after the other.
        await self._connection.execute(
            select(articles.c.id).where(articles.c.id == article_id).with_for_update(key_share=True)
        )
        mine = article_locations.c.article_id == article_id
        await self._connection.execute(article_locations.delete().where(mine))
        if location_ids:
            rows = [{"article_id": article_id, "location_id": id_} for id_ in location_ids]
            await self._connection.execute(insert(article_locations), rows)
