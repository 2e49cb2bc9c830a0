"""Queries on articles and barcodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.models import articles, barcodes

_codes = func.coalesce(
    func.array_agg(barcodes.c.code).filter(barcodes.c.code.is_not(None)), text("'{}'::text[]")
).label("barcodes")
_pack = func.jsonb_build_object(
    "code", barcodes.c.code, "pieces", barcodes.c.pieces, "level", barcodes.c.level
)
_packs = func.coalesce(
    func.jsonb_agg(_pack).filter((barcodes.c.pieces > 1) | (barcodes.c.level != "each")), text("'[]'::jsonb")
).label("packs")
_with_barcodes = (
    select(articles.c.id, articles.c.sku, articles.c.description, _codes, _packs)
    .outerjoin(barcodes, barcodes.c.article_id == articles.c.id)
    .group_by(articles.c.id)
)
_texts = ARRAY(TEXT)


class ArticleRepository:
    """Articles in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, query: str, after: int, limit: int) -> Sequence[RowMapping]:
        """Return articles whose SKU or description contains `query`, by id."""
        statement = _with_barcodes.where(articles.c.id > after).order_by(articles.c.id).limit(limit)
        if query:
            statement = statement.where(
                articles.c.sku.icontains(query, autoescape=True)
                | articles.c.description.icontains(query, autoescape=True)
            )
        return (await self._connection.execute(statement)).mappings().all()

    async def get(self, sku: str) -> RowMapping | None:
        """Return one article."""
        return (
            (await self._connection.execute(_with_barcodes.where(articles.c.sku == sku))).mappings().first()
        )

    async def put(self, sku: str, description: str) -> None:
        """Create or describe an article."""
        statement = insert(articles).values(sku=sku, description=description)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["sku"], set_={"description": description})
        )

    async def add_many(self, descriptions: dict[str, str]) -> None:
        """Create those of the articles that are missing, and describe those that have no description.

        In the order of the SKUs, so that two imports at once wait for each other instead of deadlocking.
        """
        rows = [{"sku": sku, "description": descriptions[sku]} for sku in sorted(descriptions)]
        statement = insert(articles).from_select(
            ["sku", "description"],
            select(
                func.unnest(bindparam("skus", type_=_texts)),
                func.unnest(bindparam("descriptions", type_=_texts)),
            ),
        )
        statement = statement.on_conflict_do_update(
            index_elements=["sku"],
            set_={"description": statement.excluded.description},
            where=(articles.c.description == "") & (statement.excluded.description != ""),
        )
        columns = {"skus": [r["sku"] for r in rows], "descriptions": [r["description"] for r in rows]}
        await self._connection.execute(statement, columns)

    async def ensure(self, descriptions: dict[str, str]) -> dict[str, int]:
        """Return the ids of articles, of which those that are missing are created and described.

        Most of a batch are there. They are only read: an upsert would lock and write each of them.
        """
        statement = select(articles.c.sku, articles.c.id, articles.c.description != "").where(
            articles.c.sku == func.any(bindparam("skus", type_=_texts))
        )
        rows = (await self._connection.execute(statement, {"skus": list(descriptions)})).all()
        ids: dict[str, int] = {}
        lacking = {**descriptions}
        for sku, article_id, is_described in rows:
            ids[sku] = article_id
            if is_described or not descriptions[sku]:
                del lacking[sku]
        if not lacking:
            return ids
        await self.add_many(lacking)
        return ids | await self.ids(lacking)

    async def correct_descriptions(self, corrections: Sequence[tuple[str, str, str]]) -> None:
        """Describe articles anew, from (SKU, before, after): where nobody has described them otherwise."""
        skus, before, after = (list(column) for column in zip(*sorted(corrections), strict=True))
        locked = articles.c.sku == func.any(bindparam("skus", type_=_texts))
        await self._connection.execute(
            select(articles.c.id).where(locked).order_by(articles.c.sku).with_for_update(key_share=True),
            {"skus": skus},
        )
        columns = {"skus": skus, "befores": before, "afters": after}
        new = select(*(func.unnest(bindparam(name, type_=_texts)).label(name) for name in columns)).subquery()
        statement = (
            articles.update()
            .where(articles.c.sku == new.c.skus, articles.c.description == new.c.befores)
            .values(description=new.c.afters)
        )
        await self._connection.execute(statement, columns)

    async def ids(self, skus: Iterable[str]) -> dict[str, int]:
        """Return the ids of those of `skus` that exist."""
        statement = select(articles.c.sku, articles.c.id).where(
            articles.c.sku == func.any(bindparam("skus", type_=_texts))
        )
        rows = await self._connection.execute(statement, {"skus": sorted(set(skus))})
        return {row.sku: row.id for row in rows}

    async def add_barcodes(self, pairs: dict[str, int]) -> dict[str, int]:
        """Add barcodes (normalised code → article id); return the article that each now means."""
        codes = sorted(pairs)
        columns = select(
            func.unnest(bindparam("codes", type_=_texts)), func.unnest(bindparam("ids", type_=ARRAY(BIGINT)))
        )
        statement = insert(barcodes).from_select(["code", "article_id"], columns)
        await self._connection.execute(
            statement.on_conflict_do_nothing(index_elements=["code"]),
            {"codes": codes, "ids": [pairs[code] for code in codes]},
        )
        return await self.barcode_owners(pairs)

    async def add_pack(self, code: str, article_id: int, pieces: int, level: str) -> RowMapping:
        """Add a barcode of so many pieces where it is new; return what it is now, and whether it `is_new`."""
        statement = insert(barcodes).values(code=code, article_id=article_id, pieces=pieces, level=level)
        # PostgreSQL has a row's `xmax` at 0 until somebody updates it, be it by nothing.
        is_new = (literal_column("xmax::text") == "0").label("is_new")
        columns = (barcodes.c.article_id, barcodes.c.pieces, barcodes.c.level, is_new)
        # An update of nothing, so that it returns the row which is there, too.
        statement = statement.on_conflict_do_update(index_elements=["code"], set_={"code": barcodes.c.code})
        return (await self._connection.execute(statement.returning(*columns))).mappings().one()

    async def barcode(self, code: str) -> RowMapping | None:
        """Return (article_id, pieces, level) of a barcode in the form in which it is kept."""
        statement = select(barcodes.c.article_id, barcodes.c.pieces, barcodes.c.level).where(
            barcodes.c.code == code
        )
        return (await self._connection.execute(statement)).mappings().first()

    async def set_pack(self, code: str, article_id: int, pieces: int, level: str) -> bool:
        """Give a barcode of an article another number of pieces; tell whether it is there."""
        statement = (
            barcodes.update()
            .where(barcodes.c.code == code, barcodes.c.article_id == article_id)
            .values(pieces=pieces, level=level)
        )
        result: Any = await self._connection.execute(statement)
        return bool(result.rowcount)

    async def barcode_owners(self, codes: Iterable[str]) -> dict[str, int]:
        """Return the article id of each of `codes` that is known."""
        statement = select(barcodes.c.code, barcodes.c.article_id).where(
            barcodes.c.code == func.any(bindparam("codes", type_=_texts))
        )
        rows = await self._connection.execute(statement, {"codes": sorted(set(codes))})
        return {row.code: row.article_id for row in rows}

    async def remove_barcode(self, sku: str, forms: Iterable[str]) -> Sequence[RowMapping]:
        """Remove a barcode, in any of these forms, from an article; return what was there of it."""
        article = select(articles.c.id).where(articles.c.sku == sku).scalar_subquery()
        statement = barcodes.delete().where(barcodes.c.code.in_([*forms]), barcodes.c.article_id == article)
        columns = (barcodes.c.code, barcodes.c.pieces, barcodes.c.level)
        return (await self._connection.execute(statement.returning(*columns))).mappings().all()

    async def sku_of(self, article_id: int) -> str:
        """Return the SKU of an article that exists."""
        statement = select(articles.c.sku).where(articles.c.id == article_id)
        sku: str = (await self._connection.execute(statement)).scalar_one()
        return sku
