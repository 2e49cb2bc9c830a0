"""Requisitions: taken from an import or by hand, all or nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.events import EventType
from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.requisitions import (
    ComparedRequisition,
    CreatedRequisition,
    ImportedRequisition,
    Requisition,
    RequisitionBatch,
    RequisitionBatchResult,
    RequisitionComparison,
    RequisitionComparisonResult,
    RequisitionIn,
    RequisitionLine,
    RequisitionLineIn,
    RequisitionOutcome,
    RequisitionResult,
    RequisitionSummary,
)
from magacin.core.db import Database, insert_rows
from magacin.core.outbox import message
from magacin.tasks.articles.repository import ArticleRepository
from magacin.tasks.bulk import BulkLane
from magacin.tasks.codes import normalise_barcode, same_codes
from magacin.tasks.errors import DuplicateSku, RequisitionExists, RequisitionNotFound
from magacin.tasks.metrics import timed
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.service import release_new
from magacin.tasks.requisitions.comparing import Present, PresentLine, judge
from magacin.tasks.requisitions.repository import NewLine, RequisitionRepository


async def list_requisitions(
    connection: AsyncConnection, after: int, limit: int, released: bool | None
) -> Page[RequisitionSummary]:
    """Return a page of requisitions."""
    rows = await RequisitionRepository(connection).page(after, limit, released)
    items = [RequisitionSummary.model_validate(dict(row)) for row in rows]
    return Page.of(items, limit, lambda: items[-1].requisition_id)


async def get_requisition(connection: AsyncConnection, requisition_id: int) -> Requisition:
    """Return one requisition with its lines; raise `RequisitionNotFound`."""
    repository = RequisitionRepository(connection)
    row = await repository.get(requisition_id)
    if row is None:
        raise RequisitionNotFound(
            f"There is no requisition {requisition_id}.", details={"requisition_id": requisition_id}
        )
    lines = [RequisitionLine.model_validate(dict(line)) for line in await repository.lines(requisition_id)]
    return Requisition(**row, lines=lines)


async def create_requisition(connection: AsyncConnection, requisition: RequisitionIn) -> CreatedRequisition:
    """Create one requisition by hand; raise `RequisitionExists` when its number is taken."""
    wanted = ImportedRequisition.model_construct(**dict(requisition))
    _refuse_repetitions([wanted])
    [result] = await _take(connection, [wanted], job_id=None)
    if result.outcome is RequisitionOutcome.DUPLICATE:
        raise RequisitionExists(
            f"There is a requisition {requisition.number!r} already.",
            details={"number": requisition.number, "requisition_id": result.requisition_id},
        )
    created = await get_requisition(connection, result.requisition_id)
    data = {"requisition_id": created.requisition_id, "number": created.number, "lines": created.line_count}
    subject = f"requisition:{created.requisition_id}"
    await insert_rows(connection, outbox, [message(EventType.REQUISITION_CREATED, subject, data)])
    return CreatedRequisition(**dict(created), notes=result.notes)


async def take_batch(database: Database, lane: BulkLane, batch: RequisitionBatch) -> RequisitionBatchResult:
    """Create the requisitions of an import job; those that were there before are duplicates.

    The same job sending the same requisition again gets the answer it got: that is what makes a job
    that was killed between sending and noting it count nothing twice, and lets a batch be committed in parts.
    """
    _refuse_repetitions(batch.requisitions)
    results: list[RequisitionResult] = []
    while len(results) < len(batch.requisitions):
        async with lane.turn() as lines:
            piece = _first(batch.requisitions[len(results) :], lines)
            with timed("requisition_batch"):
                async with database.begin() as connection:
                    results += await _take(connection, piece, batch.job_id, release_tasks=batch.release)
    return RequisitionBatchResult(results=results)


def _first(batch: Sequence[ImportedRequisition], lines: int) -> Sequence[ImportedRequisition]:
    """Return the first requisitions, of so many lines together, or one."""
    totals = accumulate(len(requisition.lines) for requisition in batch)
    return batch[: max(1, sum(total <= lines for total in totals))]


async def compare(
    connection: AsyncConnection, comparison: RequisitionComparison
) -> RequisitionComparisonResult:
    """Say what would become of requisitions, as `take_batch` would answer for a job that is new."""
    _refuse_repetitions(comparison.requisitions)
    present = await _present(connection, [r.number for r in comparison.requisitions])
    results = [
        _compared(r, present.get(r.number), replace=comparison.replace) for r in comparison.requisitions
    ]
    return RequisitionComparisonResult(results=results)


def _compared(wanted: ImportedRequisition, present: Present | None, *, replace: bool) -> ComparedRequisition:
    if present is None:
        return ComparedRequisition(
            number=wanted.number, outcome=RequisitionOutcome.CREATED, requisition_id=None
        )
    verdict = judge(present, wanted, replace=replace)
    return ComparedRequisition(
        number=wanted.number,
        outcome=verdict.outcome,
        requisition_id=present.requisition_id,
        differences=verdict.differences,
        hindrance=verdict.hindrance,
    )


async def _present(connection: AsyncConnection, numbers: Iterable[str]) -> dict[str, Present]:
    """Return those of the numbers that exist, with their content."""
    repository = RequisitionRepository(connection)
    found = await repository.by_number(numbers)
    lines: dict[int, dict[str, PresentLine]] = defaultdict(dict)
    for row in await repository.content(row["id"] for row in found.values()):
        values = {field.name: row[field.name] for field in fields(PresentLine)}
        lines[row["requisition_id"]][row["sku"]] = PresentLine(**values)
    return {
        number: Present(
            requisition_id=row["id"],
            destination=row["destination"],
            due_at=row["due_at"],
            missing_rows=row["missing_rows"],
            task_id=row["task_id"],
            task_status=TaskStatus(row["task_status"]) if row["task_status"] else None,
            lines=lines[row["id"]],
        )
        for number, row in found.items()
    }


async def _take(
    connection: AsyncConnection,
    batch: Sequence[ImportedRequisition],
    job_id: int | None,
    *,
    release_tasks: bool = False,
) -> list[RequisitionResult]:
    repository = RequisitionRepository(connection)
    created = await repository.add_many(batch, job_id)
    fresh = [requisition for requisition in batch if requisition.number in created]
    notes = await _add_content(connection, fresh, created) if fresh else {}
    known = {requisition.number for requisition in batch} - created.keys()
    existing = await repository.by_number(known) if known else {}
    if fresh and job_id is not None:
        await _tell(connection, [created[r.number] for r in fresh], job_id)
    if fresh and release_tasks:
        await release_new(connection, {created[r.number]: len(r.lines) for r in fresh}, job_id)
    return [_result(r.number, created, existing, job_id, notes) for r in batch]


async def _tell(connection: AsyncConnection, requisition_ids: Sequence[int], job_id: int) -> None:
    """Tell of all of them at once: one by one, a large file would keep every screen busy for minutes."""
    data = {"requisition_ids": requisition_ids, "job_id": job_id}
    subject = f"requisition:{requisition_ids[0]}"
    await insert_rows(connection, outbox, [message(EventType.REQUISITIONS_IMPORTED, subject, data)])


def _refuse_repetitions(batch: Sequence[RequisitionIn]) -> None:
    for requisition in batch:
        counts = Counter(line.sku for line in requisition.lines)
        if len(counts) < len(requisition.lines):
            repeated = sorted(sku for sku, count in counts.items() if count > 1)[:10]
            raise DuplicateSku(
                f"Requisition {requisition.number!r} names a SKU twice: {', '.join(repeated)}. Merge them.",
                details={"number": requisition.number, "skus": repeated},
            )
    numbers = [requisition.number for requisition in batch]
    if len(set(numbers)) < len(numbers):
        raise RequisitionExists("The same requisition number stands twice in one batch.")


async def _add_content(
    connection: AsyncConnection, batch: Sequence[RequisitionIn], created: dict[str, int]
) -> dict[str, list[str]]:
    articles = ArticleRepository(connection)
    lines = [line for requisition in batch for line in requisition.lines]
    ids = await articles.ensure(_descriptions(lines))
    rows = [
        NewLine(created[r.number], ids[line.sku], line.quantity, line.description, line.barcode)
        for r in batch
        for line in r.lines
    ]
    await RequisitionRepository(connection).add_lines(rows)
    return await _add_barcodes(articles, batch, ids)


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


def _result(
    number: str,
    created: dict[str, int],
    existing: dict[str, Any],
    job_id: int | None,
    notes: dict[str, list[str]],
) -> RequisitionResult:
    if number in created:
        return RequisitionResult(
            number=number,
            outcome=RequisitionOutcome.CREATED,
            requisition_id=created[number],
            notes=notes.get(number, []),
        )
    row = existing[number]
    same_job = job_id is not None and row["import_job_id"] == job_id
    outcome = RequisitionOutcome.CREATED if same_job else RequisitionOutcome.DUPLICATE
    return RequisitionResult(number=number, outcome=outcome, requisition_id=row["id"])
