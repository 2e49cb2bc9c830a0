"""All articles and all locations as rows of a file, in their order; each page in a transaction of its own."""

from __future__ import annotations

from typing import Any

from magacin.contracts.tasks.articles import Article
from magacin.contracts.tasks.locations import Location
from magacin.contracts.tasks.master_data import ARTICLE_COLUMNS, LOCATION_COLUMNS
from magacin.contracts.written_codes import as_cell
from magacin.core.db import Database
from magacin.core.exports import Rows
from magacin.tasks.articles.service import list_articles
from magacin.tasks.locations.service import list_locations

_AT_ONCE = 500


async def article_rows(database: Database) -> Rows:
    """Yield a row for each barcode of each article, the names of the columns first."""
    yield [ARTICLE_COLUMNS]
    after: int | None = 0
    while after is not None:
        # A file that is read slowly keeps no transaction open.
        async with database.begin() as connection:
            page = await list_articles(connection, "", after, _AT_ONCE)
        yield [row for article in page.items for row in rows_of(article)]
        after = page.next_after


def rows_of(article: Article) -> list[list[Any]]:
    """Return the rows of one article: cells that no spreadsheet runs, and that are read back as they were."""
    packs = {pack.code: pack for pack in article.packs}
    named = [as_cell(article.sku), article.description]
    rows: list[list[Any]] = []
    for code in article.barcodes:
        pack = packs.get(code)
        rows.append([*named, as_cell(code), pack.pieces if pack else 1, pack.level.value if pack else "each"])
    return rows or [[*named, None, None, None]]


async def location_rows(database: Database) -> Rows:
    """Yield all locations, the names of the columns first."""
    yield [LOCATION_COLUMNS]
    after: int | None = 0
    while after is not None:
        async with database.begin() as connection:
            page = await list_locations(connection, "", after, _AT_ONCE)
        yield [row_of(location) for location in page.items]
        after = page.next_after


def row_of(location: Location) -> list[Any]:
    """Return the row of one location, in the same way."""
    return [as_cell(location.code), location.zone, location.aisle, location.sequence]
