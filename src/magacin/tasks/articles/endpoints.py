"""HTTP: articles and barcodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from magacin.contracts.tasks import Article, ArticleIn, Barcode, BarcodeIn, Page, Sku
from magacin.core.requests import After, Limit, Transaction
from magacin.tasks.articles import service
from magacin.tasks.metrics import timed

router = APIRouter(tags=["articles"])

SkuPath = Annotated[Sku, Path(description="An article's SKU; a slash in it is sent as %2F.")]
BarcodePath = Annotated[Barcode, Path(description="A barcode, in any form that a scan of it could have.")]


@router.get("/api/articles")
async def list_articles(
    connection: Transaction,
    query: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = "",
    after: After = 0,
    limit: Limit = 100,
) -> Page[Article]:
    """Return articles whose SKU or description contains `query`."""
    with timed("articles"):
        return await service.list_articles(connection, query, after, limit)


@router.get("/api/articles/{sku:path}")
async def get_article(connection: Transaction, sku: SkuPath) -> Article:
    """Return one article."""
    with timed("articles"):
        return await service.get_article(connection, sku)


@router.put("/api/articles/{sku:path}")
async def put_article(connection: Transaction, sku: SkuPath, article: ArticleIn) -> Article:
    """Create an article, or describe the one there is."""
    with timed("articles"):
        return await service.put_article(connection, sku, article.description)


@router.post("/api/articles/{sku:path}/barcodes", status_code=201)
async def add_barcode(connection: Transaction, sku: SkuPath, barcode: BarcodeIn) -> Article:
    """Make a barcode mean the article."""
    with timed("articles"):
        return await service.add_barcode(connection, sku, barcode.code)


@router.delete("/api/articles/{sku:path}/barcodes/{code}", status_code=204)
async def remove_barcode(connection: Transaction, sku: SkuPath, code: BarcodePath) -> None:
    """Take a barcode from the article."""
    with timed("articles"):
        await service.remove_barcode(connection, sku, code)
