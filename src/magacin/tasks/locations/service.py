"""Locations: described, removed, given to articles."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.locations import ArticleLocations, Location
from magacin.core import audit
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.errors import ArticleNotFound, LocationInUse, LocationNotFound
from magacin.tasks.locations.repository import LocationRepository


async def list_locations(connection: AsyncConnection, query: str, after: int, limit: int) -> Page[Location]:
    """Return a page of locations."""
    rows = await LocationRepository(connection).page(query, after, limit)
    return Page.of([Location.model_validate(dict(row)) for row in rows], limit, lambda: rows[-1]["id"])


async def put_location(connection: AsyncConnection, location: Location, identity: Identity) -> Location:
    """Create a location, or describe the one there is."""
    repository = LocationRepository(connection)
    present = await repository.find(location.code)
    await repository.put(**location.model_dump())
    was, is_ = audit.differences(dict(present or {}), location.model_dump(exclude={"code"}))
    if is_:
        saved = audit.Entry(Action.LOCATION_SAVED, "location", location.code, was if present else None, is_)
        await audit.record(connection, identity, saved)
    return location


async def remove_location(connection: AsyncConnection, code: str, identity: Identity) -> None:
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
    gone = Location.model_validate(dict(await repository.remove(found[code])))
    was = gone.model_dump(exclude={"code"})
    removed = audit.Entry(Action.LOCATION_REMOVED, "location", code, before=was)
    await audit.record(connection, identity, removed)


async def article_locations(connection: AsyncConnection, sku: str) -> ArticleLocations:
    """Return where an article lies, in walking order; raise `ArticleNotFound`."""
    article_id = await _article(connection, sku)
    rows = await LocationRepository(connection).of_article(article_id)
    return ArticleLocations(sku=sku, locations=[Location.model_validate(dict(row)) for row in rows])


async def put_article_locations(
    connection: AsyncConnection, sku: str, codes: Sequence[str], identity: Identity
) -> ArticleLocations:
    """Make exactly these the places of an article; raise `LocationNotFound` when one is none."""
    article_id = await _article(connection, sku)
    repository = LocationRepository(connection)
    found = await repository.lock(codes)
    if unknown := sorted(set(codes) - found.keys()):
        raise LocationNotFound(
            f"There is no location {unknown[0]!r}. Nothing was changed.", details={"codes": unknown}
        )
    before = await article_locations(connection, sku)
    await repository.set_of_article(article_id, list(found.values()))
    after = await article_locations(connection, sku)
    was, is_ = ({"locations": [one.code for one in places.locations]} for places in (before, after))
    if was != is_:
        await audit.record(connection, identity, audit.Entry(Action.ARTICLE_PLACED, "article", sku, was, is_))
    return after


async def _article(connection: AsyncConnection, sku: str) -> int:
    ids = await ArticleRepository(connection).ids([sku])
    if sku not in ids:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    return ids[sku]
