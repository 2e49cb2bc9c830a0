"""The articles of requisitions that are taken: created, described, given their barcodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks.requisitions import RequisitionIn, RequisitionLineIn
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.codes import normalise_barcode, same_codes


async def add_articles(
    connection: AsyncConnection, batch: Sequence[RequisitionIn]
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Create what is missing of the articles of requisitions; return SKU → id, and number → notes."""
    articles = ArticleRepository(connection)
    lines = [line for requisition in batch for line in requisition.lines]
    ids = await articles.ensure(_descriptions(lines))
    return ids, await _add_barcodes(articles, batch, ids)


def _descriptions(lines: Sequence[RequisitionLineIn]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        # The first description wins; a later line without one must not take it away.
        found[line.sku] = found.get(line.sku) or line.description
    return found


async def _add_barcodes(
    articles: ArticleRepository, batch: Sequence[RequisitionIn], ids: dict[str, int]
) -> dict[str, list[str]]:
    wanted = [
        (r.number, line, normalise_barcode(line.barcode)) for r in batch for line in r.lines if line.barcode
    ]
    notes = await _sku_notes(articles, batch, ids)
    if not wanted:
        return notes
    forms = {code: same_codes(line.barcode or "") | same_codes(code) for _, line, code in wanted}
    skus = await articles.ids(form for found in forms.values() for form in found)
    pairs: dict[str, int] = {}
    for _, line, code in wanted:
        if {skus[form] for form in forms[code] if form in skus} <= {ids[line.sku]}:
            pairs.setdefault(code, ids[line.sku])
    owners = await articles.add_barcodes(pairs) if pairs else {}
    for number, line, code in wanted:
        if owners.get(code) != ids[line.sku]:
            notes[number].append(
                f"Barcode {line.barcode} of {line.sku} was not added: it means another article."
            )
    return notes


async def _sku_notes(
    articles: ArticleRepository, batch: Sequence[RequisitionIn], ids: dict[str, int]
) -> dict[str, list[str]]:
    """Say which SKUs are barcodes of other articles: an order is not refused for what it names."""
    notes: dict[str, list[str]] = defaultdict(list)
    forms = {sku: same_codes(sku) for sku in ids}
    owners = await articles.barcode_owners(form for found in forms.values() for form in found)
    taken = {sku for sku in ids if {owners[form] for form in forms[sku] if form in owners} - {ids[sku]}}
    if not taken:
        return notes
    for requisition in batch:
        for line in requisition.lines:
            if line.sku in taken:
                notes[requisition.number].append(
                    f"SKU {line.sku} is also a barcode of another article: a scan of it means this one."
                )
    return notes
