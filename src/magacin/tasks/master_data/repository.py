"""Queries on articles and barcodes by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.master_data.planning import Barcode, Known
from magacin.tasks.models import articles, barcodes

_LOCK = 0x6D61_7374_6572
_texts = ARRAY(TEXT)


class MasterDataRepository:
    """Master data in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_turn(self) -> None:
        """Wait for other imports of master data: one sees what the other has done."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    async def known(self, skus: Iterable[str], codes: Iterable[str]) -> Known:
        """Return what is there of these."""
        named = select(articles.c.sku, articles.c.description).where(
            articles.c.sku == func.any(bindparam("skus", type_=_texts))
        )
        meant = (
            select(barcodes.c.code, articles.c.sku, barcodes.c.pieces, barcodes.c.level)
            .join(articles, articles.c.id == barcodes.c.article_id)
            .where(barcodes.c.code == func.any(bindparam("codes", type_=_texts)))
        )
        found = await self._connection.execute(named, {"skus": sorted(skus)})
        descriptions = {row.sku: row.description for row in found}
        rows = await self._connection.execute(meant, {"codes": sorted(codes)})
        return Known(descriptions, {row.code: Barcode(row.sku, row.pieces, row.level) for row in rows})

    async def add_barcodes(self, added: Mapping[str, Barcode], ids: Mapping[str, int]) -> int:
        """Add barcodes; return how many of them nobody else has added meanwhile."""
        rows = [
            {"code": code, "article_id": ids[one.sku], "pieces": one.pieces, "level": one.level}
            for code, one in sorted(added.items())
        ]
        statement = insert(barcodes).on_conflict_do_nothing(index_elements=["code"])
        made = await self._connection.execute(statement.returning(barcodes.c.code), rows)
        return len(made.all())

    async def set_packs(self, changed: Mapping[str, Barcode]) -> None:
        """Give barcodes that are there other pieces and levels."""
        statement = text(
            "UPDATE tasks.barcodes b SET pieces = n.pieces, level = n.level"
            " FROM unnest(:codes, :pieces, :levels) AS n (code, pieces, level) WHERE b.code = n.code"
        ).bindparams(
            bindparam("codes", type_=_texts),
            bindparam("pieces", type_=ARRAY(INTEGER)),
            bindparam("levels", type_=_texts),
        )
        codes = sorted(changed)
        columns = {
            "codes": codes,
            "pieces": [changed[code].pieces for code in codes],
            "levels": [str(changed[code].level) for code in codes],
        }
        await self._connection.execute(statement, columns)
