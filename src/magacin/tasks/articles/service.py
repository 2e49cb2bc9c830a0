"""Articles: found, described, given barcodes."""

from __future__ import annotations

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.order_files import MAX_QUANTITY
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.articles import Article, BarcodeIn, Pack, PackIn, PackLevel
from magacin.core import audit
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.codes import normalise_barcode, same_codes
from magacin.tasks.errors import (
    ArticleNotFound,
    BarcodeNotFound,
    BarcodeTaken,
    PackDiffers,
    PackImpossible,
)

_LEVELS = list(PackLevel)


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


async def put_article(connection: AsyncConnection, sku: str, description: str, identity: Identity) -> Article:
    """Create an article, or describe the one there is.

    Raise `BarcodeTaken` when a new one's SKU is a barcode of another: scans of that would find the new one.
    """
    repository = ArticleRepository(connection)
    present = await repository.get(sku)
    if present is None:
        owners = await repository.barcode_owners(same_codes(sku))
        if owners:
            other = await repository.sku_of(min(owners.values()))
            raise BarcodeTaken(f"{sku} is a barcode of article {other}.", details={"code": sku, "sku": other})
    await repository.put(sku, description)
    was, is_ = {"description": present["description"]} if present else None, {"description": description}
    if was != is_:
        await audit.record(connection, identity, audit.Entry(Action.ARTICLE_SAVED, "article", sku, was, is_))
    return await get_article(connection, sku)


async def add_barcode(
    connection: AsyncConnection, sku: str, barcode: BarcodeIn, identity: Identity
) -> Article:
    """Make a barcode mean the article. Doing so twice is no error; raise `BarcodeTaken` if it means another.

    A code that is another article's SKU is refused too: a scan of it would find that article first. So is
    another number of pieces than it has (`PackDiffers`), and a pack that cannot be.
    """
    code, repository = barcode.code, ArticleRepository(connection)
    article = await repository.ids({sku} | same_codes(code))
    if sku not in article:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    others = sorted(article.keys() - {sku})
    if others:
        raise BarcodeTaken(f"{code} is the SKU of another article.", details={"code": code, "sku": others[0]})
    wanted = await _pieces(repository, article[sku], code, barcode)
    _refuse_own_name(sku, code, wanted[0])
    now = await repository.add_pack(normalise_barcode(code), article[sku], *wanted)
    if now["article_id"] != article[sku]:
        other = await repository.sku_of(now["article_id"])
        raise BarcodeTaken(f"{code} already means article {other}.", details={"code": code, "sku": other})
    says_nothing = barcode.pieces is None and barcode.contains is None and barcode.level is None
    if not says_nothing and (now["pieces"], now["level"]) != wanted:
        raise PackDiffers(
            f"{code} stands for {now['pieces']} pieces ({now['level']}) already. Nothing was changed; "
            "PUT to the barcode changes what it stands for.",
            details={"code": code, "pieces": now["pieces"], "level": now["level"]},
        )
    if now["is_new"]:
        made = {"code": normalise_barcode(code), "pieces": now["pieces"], "level": now["level"]}
        added = audit.Entry(Action.BARCODE_ADDED, "article", sku, after=made)
        await audit.record(connection, identity, added)
    return await get_article(connection, sku)


async def set_pack(
    connection: AsyncConnection, sku: str, code: str, pack: PackIn, identity: Identity
) -> Article:
    """Give a barcode another number of pieces; raise `BarcodeNotFound`. Scans stay what they were."""
    repository = ArticleRepository(connection)
    article_id = (await repository.ids([sku])).get(sku)
    if article_id is None:
        raise ArticleNotFound(f"There is no article with the SKU {sku!r}.", details={"sku": sku})
    pieces, level = await _pieces(repository, article_id, code, pack)
    _refuse_own_name(sku, code, pieces)
    kept = normalise_barcode(code)
    before = await repository.barcode(kept)
    if before is None or not await repository.set_pack(kept, article_id, pieces, level):
        raise _no_barcode(sku, code)
    was, is_ = audit.differences(dict(before), {"pieces": pieces, "level": level})
    if is_:
        changed = audit.Entry(Action.BARCODE_CHANGED, "article", sku, {"code": kept, **was}, is_)
        await audit.record(connection, identity, changed)
    return await get_article(connection, sku)


async def _pieces(
    repository: ArticleRepository, article_id: int, code: str, pack: PackIn
) -> tuple[int, PackLevel]:
    """Return the pieces and the level of a pack; raise an error that says why it cannot be."""
    if pack.contains is None:
        pieces = pack.pieces or 1
        return pieces, pack.level or (PackLevel.EACH if pieces == 1 else PackLevel.CASE)
    level, inner = pack.level or PackLevel.CASE, pack.contains
    if normalise_barcode(inner.code) == normalise_barcode(code):
        raise PackImpossible(f"The pack {code} contains itself.", details={"code": code})
    row = await repository.barcode(normalise_barcode(inner.code))
    if row is None or row["article_id"] != article_id:
        raise PackImpossible(
            f"The pack {code} contains {inner.code}, which is no barcode of its article. Add that one first.",
            details={"code": code, "contains": inner.code},
        )
    # What is within is smaller in kind, so that no pack contains itself over others either.
    if _LEVELS.index(row["level"]) >= _LEVELS.index(level):
        raise PackImpossible(
            f"A pack of the level {level} cannot contain {inner.code}, of the level {row['level']}.",
            details={"code": code, "contains": inner.code, "level": level, "contains_level": row["level"]},
        )
    pieces = inner.count * row["pieces"]
    if pieces > MAX_QUANTITY:
        raise PackImpossible(
            f"The pack {code} would have {pieces} pieces; {MAX_QUANTITY} are the most.",
            details={"code": code, "pieces": pieces},
        )
    return pieces, level


def _refuse_own_name(sku: str, code: str, pieces: int) -> None:
    """Refuse a pack that has its article's SKU as its code: a scan of that is one piece of the article."""
    if pieces > 1 and sku in same_codes(code):
        raise PackImpossible(
            f"{code} is the SKU of the article itself, and a scan of it one piece. Take another code.",
            details={"code": code, "sku": sku, "pieces": pieces},
        )


async def remove_barcode(connection: AsyncConnection, sku: str, code: str, identity: Identity) -> None:
    """Take a barcode from an article; raise `BarcodeNotFound`."""
    # As it stands, too: what is a GTIN in groups was once kept as it was written.
    removed = await ArticleRepository(connection).remove_barcode(sku, {code, normalise_barcode(code)})
    if not removed:
        raise _no_barcode(sku, code)
    entries = [audit.Entry(Action.BARCODE_REMOVED, "article", sku, before=dict(row)) for row in removed]
    await audit.record(connection, identity, *entries)


def _no_barcode(sku: str, code: str) -> BarcodeNotFound:
    return BarcodeNotFound(f"Article {sku!r} has no barcode {code!r}.", details={"sku": sku, "code": code})


def _article(row: RowMapping) -> Article:
    packs = [Pack.model_validate(pack) for pack in row["packs"]]
    return Article(
        sku=row["sku"],
        description=row["description"],
        barcodes=sorted(row["barcodes"]),
        packs=sorted(packs, key=lambda pack: (pack.pieces, pack.code)),
    )
