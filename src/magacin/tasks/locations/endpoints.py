"""HTTP: locations, and the places of articles."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.articles import SkuPath
from magacin.contracts.tasks.locations import (
    GET_ARTICLE_LOCATIONS,
    LIST_LOCATIONS,
    PUT_ARTICLE_LOCATIONS,
    PUT_LOCATION,
    REMOVE_LOCATION,
    ArticleLocations,
    ArticleLocationsIn,
    Location,
    LocationIn,
    LocationPath,
    LocationQuery,
)
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.locations import service
from magacin.tasks.metrics import timed

router = Router()


@router.handles(LIST_LOCATIONS)
async def list_locations(
    connection: Transaction, wanted: Annotated[LocationQuery, Query()]
) -> Page[Location]:
    """Return locations whose code, zone or aisle contains `query`."""
    with timed("locations"):
        return await service.list_locations(connection, wanted.query, wanted.after, wanted.limit)


@router.handles(PUT_LOCATION)
async def put_location(
    connection: Transaction, identity: CurrentIdentity, code: LocationPath, location: LocationIn
) -> Location:
    """Create a location, or describe the one there is."""
    with timed("locations"):
        return await service.put_location(connection, Location(code=code, **location.model_dump()), identity)


@router.handles(REMOVE_LOCATION)
async def remove_location(connection: Transaction, identity: CurrentIdentity, code: LocationPath) -> None:
    """Remove a location at which no article lies and of which no task has lines."""
    with timed("locations"):
        await service.remove_location(connection, code, identity)


@router.handles(GET_ARTICLE_LOCATIONS)
async def get_article_locations(connection: Transaction, sku: SkuPath) -> ArticleLocations:
    """Return where an article lies."""
    with timed("locations"):
        return await service.article_locations(connection, sku)


@router.handles(PUT_ARTICLE_LOCATIONS)
async def put_article_locations(
    connection: Transaction, identity: CurrentIdentity, sku: SkuPath, body: ArticleLocationsIn
) -> ArticleLocations:
    """Say where an article lies. Lines of tasks that are there already stay where they are to be picked."""
    with timed("locations"):
        return await service.put_article_locations(connection, sku, body.locations, identity)
