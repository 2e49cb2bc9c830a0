"""HTTP: articles and locations by the thousand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from magacin.contracts.tasks.master_data import (
    ARTICLES_AS_CSV,
    ARTICLES_AS_XLSX,
    IMPORT_ARTICLES,
    LOCATIONS_AS_CSV,
    LOCATIONS_AS_XLSX,
    TAKE_ARTICLES,
    TAKE_LOCATIONS,
    ArticleRows,
    ImportedArticles,
    ImportedLocations,
    RowsMode,
    RowsOutcome,
    RowsTaken,
)
from magacin.core.exports import as_csv, as_xlsx
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.dependencies import CurrentIdentity, State
from magacin.tasks.master_data import service
from magacin.tasks.master_data.files import article_rows, location_rows
from magacin.tasks.metrics import timed

router = Router(aside=True)


@router.handles(ARTICLES_AS_CSV)
async def articles_as_csv(state: State) -> StreamingResponse:
    """Return a row for each barcode of each article as CSV; one without any where an article has none."""
    return as_csv(article_rows(state.database), "articles.csv")


@router.handles(ARTICLES_AS_XLSX)
async def articles_as_xlsx(state: State) -> Response:
    """Return the same as a workbook."""
    return await as_xlsx(article_rows(state.database), "articles", "articles.xlsx")


@router.handles(LOCATIONS_AS_CSV)
async def locations_as_csv(state: State) -> StreamingResponse:
    """Return all locations as CSV."""
    return as_csv(location_rows(state.database), "locations.csv")


@router.handles(LOCATIONS_AS_XLSX)
async def locations_as_xlsx(state: State) -> Response:
    """Return all locations as a workbook."""
    return await as_xlsx(location_rows(state.database), "locations", "locations.xlsx")


@router.handles(IMPORT_ARTICLES)
async def import_articles(
    connection: Transaction,
    identity: CurrentIdentity,
    body: ArticleRows,
    mode: Annotated[RowsMode, Query()],
) -> RowsOutcome:
    """Import all rows, or none: where one is wrong it is `rows_refused`, and says which and why."""
    with timed("articles"):
        return await service.import_articles(connection, body.rows, identity, preview=mode.preview)


@router.handles(TAKE_ARTICLES)
async def take_articles(connection: Transaction, body: ImportedArticles) -> RowsTaken:
    """Take rows of an import. Safe to send again: what they say is there already then."""
    with timed("articles"):
        return await service.take_articles(connection, body)


@router.handles(TAKE_LOCATIONS)
async def take_locations(connection: Transaction, body: ImportedLocations) -> RowsTaken:
    """Take rows of an import. Safe to send again: what they say is there already then."""
    with timed("locations"):
        return await service.take_locations(connection, body)
