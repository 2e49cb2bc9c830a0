"""Articles and locations by the thousand: all rows count, or none; those of an import each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.master_data import (
    MOST_REJECTS,
    ArticleRow,
    ImportedArticles,
    ImportedLocations,
    RowReject,
    RowsOutcome,
    RowsTaken,
)
from magacin.core import audit
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.codes import same_codes
from magacin.tasks.errors import RowsRefused
from magacin.tasks.locations.repository import LocationRepository
from magacin.tasks.master_data import places
from magacin.tasks.master_data.planning import CheckedRow, Plan, checked, plan
from magacin.tasks.master_data.repository import MasterDataRepository


async def import_articles(
    connection: AsyncConnection, rows: Sequence[ArticleRow], by: Identity, *, preview: bool
) -> RowsOutcome:
    """Create and describe what rows name; raise `RowsRefused`, and change nothing, where one is rejected."""
    rejects: list[RowReject] = []
    made = await _planned(connection, checked(rows, rejects), rejects)
    outcome = _outcome(rows, made)
    if preview:
        return outcome
    if rejects:
        raise RowsRefused(
            f"{outcome.rows_rejected} of {len(rows)} rows are wrong, such as row {rejects[0].row}: "
            f"{rejects[0].message} Nothing was imported. Mend them, and send all of them again.",
            details=outcome.model_dump(mode="json"),
        )
    await _carry_out(connection, made)
    await audit.record(connection, by, *_entries(made))
    return outcome


async def take_articles(connection: AsyncConnection, sent: ImportedArticles) -> RowsTaken:
    """Create and describe what the rows of an import name, without those that are rejected."""
    rows = [row for chunk in sent.chunks for row in chunk]
    rejects: list[RowReject] = []
    made = await _planned(connection, checked(rows, rejects, str), rejects)
    if not sent.preview:
        await _carry_out(connection, made)
        await audit.record(connection, audit.Program(sent.by), *_entries(made))
    return _taken(len(rows), made.unchanged, rejects)


async def take_locations(connection: AsyncConnection, sent: ImportedLocations) -> RowsTaken:
    """Create and describe the locations of an import, without those of rows that are rejected."""
    rows = [row for chunk in sent.chunks for row in chunk]
    await MasterDataRepository(connection).take_turn()
    rejects: list[RowReject] = []
    fine = places.checked(rows, rejects)
    repository = LocationRepository(connection)
    known = await repository.known(row.code for row in fine)
    made = places.plan(fine, known, rejects)
    if not sent.preview and made.saved:
        await repository.put_many(made.saved.values())
        await audit.record(connection, audit.Program(sent.by), *places.entries(made, known))
    return _taken(len(rows), made.unchanged, rejects)


def _taken(rows: int, unchanged: int, rejects: list[RowReject]) -> RowsTaken:
    changed = rows - unchanged - len(rejects)
    return RowsTaken(rows_changed=changed, rows_unchanged=unchanged, rejects=rejects)


async def _planned(connection: AsyncConnection, fine: Sequence[CheckedRow], rejects: list[RowReject]) -> Plan:
    """Return what rows come to against what is there, which no other import changes meanwhile."""
    repository = MasterDataRepository(connection)
    await repository.take_turn()
    skus, codes = {row.sku for row in fine}, {row.code for row in fine if row.code}
    known = await repository.known(skus.union(*map(same_codes, codes)), codes.union(*map(same_codes, skus)))
    return plan(fine, known, rejects)


async def _carry_out(connection: AsyncConnection, made: Plan) -> None:
    articles, repository = ArticleRepository(connection), MasterDataRepository(connection)
    if made.created:
        await articles.add_many(made.created)
    if made.described:
        await articles.correct_descriptions([(sku, *both) for sku, both in made.described.items()])
    if made.added:
        ids = await articles.ids({one.sku for one in made.added.values()})
        if await repository.add_barcodes(made.added, ids) < len(made.added):
            raise RowsRefused("Somebody else has added one of the barcodes meanwhile. Send all again.")
    if made.changed:
        await repository.set_packs({code: after for code, (_, after) in made.changed.items()})


def _entries(made: Plan) -> Iterator[audit.Entry]:
    for sku, description in made.created.items():
        yield audit.Entry(Action.ARTICLE_SAVED, "article", sku, None, {"description": description})
    for sku, (before, after) in made.described.items():
        yield audit.Entry(
            Action.ARTICLE_SAVED, "article", sku, {"description": before}, {"description": after}
        )
    for code, one in made.added.items():
        told = {"code": code, "pieces": one.pieces, "level": str(one.level)}
        yield audit.Entry(Action.BARCODE_ADDED, "article", one.sku, None, told)
    for code, (was, now) in made.changed.items():
        before_, after_ = ({"pieces": one.pieces, "level": str(one.level)} for one in (was, now))
        yield audit.Entry(Action.BARCODE_CHANGED, "article", now.sku, {"code": code, **before_}, after_)


def _outcome(rows: Sequence[ArticleRow], made: Plan) -> RowsOutcome:
    return RowsOutcome(
        rows=len(rows),
        rows_rejected=len(made.rejects),
        articles_created=len(made.created),
        articles_described=len(made.described),
        barcodes_added=len(made.added),
        barcodes_changed=len(made.changed),
        rejects=sorted(made.rejects, key=lambda one: one.row)[:MOST_REJECTS],
    )
