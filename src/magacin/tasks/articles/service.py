"""Articles: found, described, given barcodes."""

from __future__ import annotations

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.articles import Article
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.codes import normalise_barcode, same_codes
from magacin.tasks.errors import ArticleNotFound, BarcodeNotFound, BarcodeTaken


async def list_articles(connection: AsyncConnection, query: str, after: int, limit: int) -> Page[Article]:
    """Return a page of articles."""
    rows = await ArticleRepository(connection).page(query, after, limit)
    return Page.of([_article(row) for row in rows], limit, lambda: rows[-1]["id"])


async def get_article(connection: AsyncConnection, sku: str) -> Article:
    """Return one article; raise `ArticleNotFound`."""
    row = await ArticleRepository(connection).get(sku)
    if row is None:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    return _article(row)


async def put_article(connection: AsyncConnection, sku: str, description: str) -> Article:
    """Create an article, or describe the one there is.

    Raise `BarcodeTaken` when a new one's SKU is a barcode of another: scans of that would find the new one.
    """
    repository = ArticleRepository(connection)
    if sku not in await repository.ids([sku]):
        owners = await repository.barcode_owners(same_codes(sku))
        if owners:
            other = await repository.sku_of(min(owners.values()))
            raise BarcodeTaken(f"{sku} is a barcode of article {other}.", details={"code": sku, "sku": other})
    await repository.put(sku, description)
    return await get_article(connection, sku)


async def add_barcode(connection: AsyncConnection, sku: str, code: str) -> Article:
    """Make `code` mean the article. Doing so twice is no error; raise `BarcodeTaken` if it means another.

    A code that is another article's SKU is refused too: a scan of it would find that article first.
    """
    repository = ArticleRepository(connection)
    article = await repository.ids({sku} | same_codes(code))
    if sku not in article:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    others = sorted(article.keys() - {sku})
    if others:
        raise BarcodeTaken(f"{code} is the SKU of another article.", details={"code": code, "sku": others[0]})
    normalised = normalise_barcode(code)
    owner = (await repository.add_barcodes({normalised: article[sku]}))[normalised]
    if owner != article[sku]:
        other = await repository.sku_of(owner)
        raise BarcodeTaken(f"{code} already means article {other}.", details={"code": code, "sku": other})
    return await get_article(connection, sku)


async def remove_barcode(connection: AsyncConnection, sku: str, code: str) -> None:
    """Take a barcode from an article; raise `BarcodeNotFound`."""
    if not await ArticleRepository(connection).remove_barcode(sku, normalise_barcode(code)):
        raise BarcodeNotFound(f"Article {sku!r} has no barcode {code!r}.", details={"sku": sku, "code": code})


def _article(row: RowMapping) -> Article:
    return Article(sku=row["sku"], description=row["description"], barcodes=sorted(row["barcodes"]))
