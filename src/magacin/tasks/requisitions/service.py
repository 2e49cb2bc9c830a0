"""Requisitions: taken from an import or by hand, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.events import EventType
from magacin.contracts.identity import Identity
from magacin.contracts.payloads import Page
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
    RequisitionOutcome,
    RequisitionResult,
    RequisitionSummary,
)
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.outbox import message, tell
from magacin.tasks.bulk import BulkLane
from magacin.tasks.errors import DuplicateSku, RequisitionExists, RequisitionNotFound
from magacin.tasks.metrics import timed
from magacin.tasks.models import outbox
from magacin.tasks.pick_tasks.service import release_new
from magacin.tasks.requisitions.articles import add_articles
from magacin.tasks.requisitions.replacing import compare_with_present, meet, replace_content
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


async def create_requisition(
    connection: AsyncConnection, requisition: RequisitionIn, identity: Identity
) -> CreatedRequisition:
    """Create one requisition by hand; raise `RequisitionExists` when its number is taken."""
    wanted = ImportedRequisition.model_construct(**dict(requisition))
    _refuse_repetitions([wanted])
    repository = RequisitionRepository(connection)
    created = await repository.add_many([wanted], job_id=None)
    if not created:
        taken = (await repository.by_number([wanted.number]))[wanted.number]
        raise RequisitionExists(
            f"There is a requisition {wanted.number!r} already.",
            details={"number": wanted.number, "requisition_id": taken["id"]},
        )
    ids, notes = await add_articles(connection, [wanted])
    await _add_lines(connection, [wanted], created, ids)
    made = await get_requisition(connection, created[wanted.number])
    data = {"requisition_id": made.requisition_id, "number": made.number, "lines": made.line_count}
    subject = f"requisition:{made.requisition_id}"
    await tell(connection, outbox, [message(EventType.REQUISITION_CREATED, subject, data)])
    is_ = made.model_dump(mode="json", include={"number", "destination", "due_at", "line_count"})
    created_one = audit.Entry(Action.REQUISITION_CREATED, "requisition", made.requisition_id, after=is_)
    await audit.record(connection, identity, created_one)
    return CreatedRequisition(**dict(made), notes=notes.get(wanted.number, []))


async def take_batch(database: Database, lane: BulkLane, batch: RequisitionBatch) -> RequisitionBatchResult:
    """Create the requisitions of an import job; of those that were there before, replace what may be.

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
                    results += await _take(connection, piece, batch)
    return RequisitionBatchResult(results=results)


def _first(batch: Sequence[ImportedRequisition], lines: int) -> Sequence[ImportedRequisition]:
    """Return the first requisitions, of so many lines together, or one."""
    totals = accumulate(len(requisition.lines) for requisition in batch)
    return batch[: max(1, sum(total <= lines for total in totals))]


async def _take(
    connection: AsyncConnection, piece: Sequence[ImportedRequisition], batch: RequisitionBatch
) -> list[RequisitionResult]:
    """Take a piece of a batch.

    Locks are taken in one order, each kind of them sorted: numbers, requisitions, tasks, articles, barcodes.
    """
    created = await RequisitionRepository(connection).add_many(piece, batch.job_id)
    fresh = [requisition for requisition in piece if requisition.number in created]
    met = await meet(connection, [r for r in piece if r.number not in created], batch)
    replaced = [one for one in met.values() if one.to_be_replaced]
    taken = fresh + [one.wanted for one in replaced]
    ids, notes = await add_articles(connection, taken) if taken else ({}, {})
    if fresh:
        await _add_lines(connection, fresh, created, ids)
        await _tell(connection, [created[r.number] for r in fresh], batch.job_id)
        is_ = {"requisitions": len(fresh), "released": batch.release}
        taken_in = audit.Entry(Action.IMPORT_TAKEN, "import", batch.job_id, after=is_)
        await audit.record(connection, audit.SYSTEM, taken_in)
    if fresh and batch.release:
        await release_new(connection, {created[r.number]: len(r.lines) for r in fresh}, batch.job_id)
    if replaced:
        await replace_content(connection, batch, replaced, ids)
    return [
        _created(r.number, created[r.number], notes) if r.number in created else met[r.number].result(notes)
        for r in piece
    ]


async def compare(
    connection: AsyncConnection, comparison: RequisitionComparison
) -> RequisitionComparisonResult:
    """Say what would become of requisitions, as `take_batch` would answer for a job that is new."""
    _refuse_repetitions(comparison.requisitions)
    met = await compare_with_present(connection, comparison.requisitions, replace=comparison.replace)
    results = [met[r.number].compared if r.number in met else _new(r.number) for r in comparison.requisitions]
    return RequisitionComparisonResult(results=results)


def _new(number: str) -> ComparedRequisition:
    return ComparedRequisition(number=number, outcome=RequisitionOutcome.CREATED, requisition_id=None)


def _created(number: str, requisition_id: int, notes: Mapping[str, list[str]]) -> RequisitionResult:
    return RequisitionResult(
        number=number,
        outcome=RequisitionOutcome.CREATED,
        requisition_id=requisition_id,
        notes=notes.get(number, []),
    )


async def _add_lines(
    connection: AsyncConnection,
    fresh: Sequence[ImportedRequisition],
    created: Mapping[str, int],
    ids: Mapping[str, int],
) -> None:
    """Give requisitions that were created just now their lines."""
    rows = [NewLine.of(created[r.number], ids, line) for r in fresh for line in r.lines]
    await RequisitionRepository(connection).add_lines(rows)


async def _tell(connection: AsyncConnection, requisition_ids: Sequence[int], job_id: int) -> None:
    """Tell of all of them at once: one by one, a large file would keep every screen busy for minutes."""
    data = {"requisition_ids": requisition_ids, "job_id": job_id}
    subject = f"requisition:{requisition_ids[0]}"
    await tell(connection, outbox, [message(EventType.REQUISITIONS_IMPORTED, subject, data)])


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
