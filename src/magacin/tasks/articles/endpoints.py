"""HTTP: articles and barcodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.articles import (
    ADD_BARCODE,
    GET_ARTICLE,
    LIST_ARTICLES,
    PUT_ARTICLE,
    REMOVE_BARCODE,
    SET_PACK,
    Article,
    ArticleIn,
    ArticleQuery,
    BarcodeIn,
    BarcodePath,
    NewSkuPath,
    PackIn,
    SkuPath,
)
from magacin.core.requests import Transaction
from magacin.core.router import Router
from magacin.tasks.articles import service
from magacin.tasks.dependencies import CurrentIdentity
from magacin.tasks.metrics import timed

router = Router()


@router.handles(LIST_ARTICLES)
async def list_articles(connection: Transaction, wanted: Annotated[ArticleQuery, Query()]) -> Page[Article]:
    """Return articles whose SKU or description contains `query`."""
    with timed("articles"):
        return await service.list_articles(connection, wanted.query, wanted.after, wanted.limit)


@router.handles(GET_ARTICLE)
async def get_article(connection: Transaction, sku: SkuPath) -> Article:
    """Return one article."""
    with timed("articles"):
        return await service.get_article(connection, sku)


# Before the article's own, whose SKU may have slashes.
@router.handles(SET_PACK)
async def set_pack(
    connection: Transaction, identity: CurrentIdentity, sku: SkuPath, code: BarcodePath, pack: PackIn
) -> Article:
    """Say how many pieces a barcode of the article stands for from now on."""
    with timed("articles"):
        return await service.set_pack(connection, sku, code, pack, identity)


@router.handles(PUT_ARTICLE)
async def put_article(
    connection: Transaction, identity: CurrentIdentity, sku: NewSkuPath, article: ArticleIn
) -> Article:
    """Create an article, or describe the one there is."""
    with timed("articles"):
        return await service.put_article(connection, sku, article.description, identity)


@router.handles(ADD_BARCODE)
async def add_barcode(
    connection: Transaction, identity: CurrentIdentity, sku: SkuPath, barcode: BarcodeIn
) -> Article:
    """Make a barcode mean the article."""
    with timed("articles"):
        return await service.add_barcode(connection, sku, barcode, identity)


@router.handles(REMOVE_BARCODE)
async def remove_barcode(
    connection: Transaction, identity: CurrentIdentity, sku: SkuPath, code: BarcodePath
) -> None:
    """Take a barcode from the article."""
    with timed("articles"):
        await service.remove_barcode(connection, sku, code, identity)
