"""Locations: described, removed, given to articles."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.locations import ArticleLocations, Location
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.errors import ArticleNotFound, LocationInUse, LocationNotFound
from magacin.tasks.locations.repository import LocationRepository


async def list_locations(connection: AsyncConnection, after: int, limit: int) -> Page[Location]:
    """Return a page of locations."""
    rows = await LocationRepository(connection).page(after, limit)
    return Page.of([Location.model_validate(dict(row)) for row in rows], limit, lambda: rows[-1]["id"])


async def put_location(connection: AsyncConnection, location: Location) -> Location:
    """Create a location, or describe the one there is."""
    await LocationRepository(connection).put(**location.model_dump())
    return location


async def remove_location(connection: AsyncConnection, code: str) -> None:
    """Remove a location; raise `LocationInUse` while articles or lines of tasks are there."""
    repository = LocationRepository(connection)
    found = await repository.lock([code])
    if code not in found:
        raise LocationNotFound(f"There is no location {code!r}.", details={"codes": [code]})
    articles, tasks = await repository.users(found[code])
    if articles or tasks:
        raise LocationInUse(
            f"Location {code} is in use: {len(articles)} articles lie there (such as "
            f"{articles[0] if articles else 'none'}), {len(tasks)} tasks have lines there. Move them first.",
            details={"code": code, "skus": articles, "task_ids": tasks},
        )
    await repository.remove(found[code])


async def article_locations(connection: AsyncConnection, sku: str) -> ArticleLocations:
    """Return where an article lies, in walking order; raise `ArticleNotFound`."""
    article_id = await _article(connection, sku)
    rows = await LocationRepository(connection).of_article(article_id)
    return ArticleLocations(sku=sku, locations=[Location.model_validate(dict(row)) for row in rows])


async def put_article_locations(
    connection: AsyncConnection, sku: str, codes: Sequence[str]
) -> ArticleLocations:
    """Make exactly these the places of an article; raise `LocationNotFound` when one is none."""
    article_id = await _article(connection, sku)
    repository = LocationRepository(connection)
    found = await repository.lock(codes)
    if unknown := sorted(set(codes) - found.keys()):
        raise LocationNotFound(
            f"There is no location {unknown[0]!r}. Nothing was changed.", details={"codes": unknown}
        )
    await repository.set_of_article(article_id, list(found.values()))
    return await article_locations(connection, sku)


async def _article(connection: AsyncConnection, sku: str) -> int:
    ids = await ArticleRepository(connection).ids([sku])
    if sku not in ids:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    return ids[sku]
