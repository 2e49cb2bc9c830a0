"""A batch of scans in one transaction, and a single one after the other when that fails."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.tasks import Page, ScanRecord, TaskStatus
from magacin.core.db import Database
from magacin.tasks.metrics import SCAN_BATCH_SIZE, SCANS, timed
from magacin.tasks.scans.ledger import (
    Answer,
    Article,
    Ledger,
    LineState,
    Scan,
    TaskState,
    find_article,
)
from magacin.tasks.scans.repository import ScanRepository


async def record_scans(database: Database, batch: Sequence[Scan]) -> list[Answer]:
    """Decide and commit `batch`; return the answers in its order. All are committed, or none."""
    with timed("scan_batch"):
        async with database.begin() as connection:
            repository = ScanRepository(connection)
            ledger = await _open_ledger(repository, batch)
            answers = [ledger.decide(scan) for scan in batch]
            await _write(repository, ledger)
    # Counted after the commit: a batch that was rolled back did not happen.
    SCAN_BATCH_SIZE.observe(len(batch))
    for row in ledger.scans:
        SCANS.labels(row["outcome"]).inc()
    return answers


async def list_scans(connection: AsyncConnection, task_id: int, limit: int) -> Page[ScanRecord]:
    """Return the last scans of a task, the newest first."""
    rows = await ScanRepository(connection).of_task(task_id, limit)
    return Page(items=[ScanRecord.model_validate(dict(row)) for row in rows], next_after=None)


async def _open_ledger(repository: ScanRepository, batch: Sequence[Scan]) -> Ledger:
    # The order matters: only under the tasks' locks is it settled which operations were recorded before.
    locked = await repository.lock_tasks(scan.request.task_id for scan in batch)
    workers = await repository.workers(row["id"] for row in locked)
    tasks = {row["id"]: _task_state(row, workers.get(row["id"], frozenset())) for row in locked}
    earlier = await repository.earlier({scan.request.operation_id for scan in batch})
    articles = await _find_articles(repository, batch)
    lines = await _find_lines(repository, batch, tasks, articles)
    return Ledger(tasks, articles, lines, {row["operation_id"]: dict(row) for row in earlier})


def _task_state(row: RowMapping, workers: frozenset[str]) -> TaskState:
    return TaskState(row["id"], row["requisition_id"], TaskStatus(row["status"]), row["lines_open"], workers)


async def _find_articles(repository: ScanRepository, batch: Sequence[Scan]) -> dict[str, Article]:
    literals = {scan.code.literal for scan in batch}
    gtins = {scan.code.gtin for scan in batch if scan.code.gtin}
    rows = await repository.find_articles(literals, literals | gtins)
    # Barcodes first, SKUs over them: a code that is both means the SKU.
    ordered = sorted(rows, key=lambda row: bool(row["kind"] == "sku"))
    return {row["code"]: Article(row["article_id"], row["sku"]) for row in ordered}


async def _find_lines(
    repository: ScanRepository,
    batch: Sequence[Scan],
    tasks: dict[int, TaskState],
    articles: dict[str, Article],
) -> dict[tuple[int, int], LineState]:
    pairs = {
        (task.requisition_id, article.article_id)
        for scan in batch
        if (task := tasks.get(scan.request.task_id)) and (article := find_article(scan.code, articles))
    }
    if not pairs:
        return {}
    return {
        (row["requisition_id"], row["article_id"]): LineState(
            row["id"], row["required"], row["picked"], row["short"]
        )
        for row in await repository.find_lines(pairs)
    }


async def _write(repository: ScanRepository, ledger: Ledger) -> None:
    if not ledger.scans:
        return
    if ledger.changed_lines:
        await repository.update_lines(ledger.changed_lines)
        await repository.update_tasks(ledger.changed_tasks)
    await repository.add(ledger.scans, ledger.messages)
