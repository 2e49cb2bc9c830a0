"""A batch of scans in one transaction, and a single one after the other when that fails."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.payloads import Page
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanRecord
from magacin.core.db import Database
from magacin.tasks.metrics import SCAN_BATCH_SIZE, SCANS, timed
from magacin.tasks.scans.ledger import (
    Answer,
    Article,
    Ledger,
    LineState,
    Scan,
    TaskState,
)
from magacin.tasks.scans.repository import ScanRepository, Sent


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
    sent = [
        Sent(s.request.task_id, s.request.operation_id, s.request.version, *s.code.readings) for s in batch
    ]
    known = await repository.resolve(sent)
    workers = {row["task_id"]: frozenset(row["workers"]) for row in known}
    ledger = Ledger({row["id"]: _task_state(row, workers[row["id"]]) for row in locked})
    for row in known:
        _add(ledger, row)
    return ledger


def _task_state(row: RowMapping, workers: frozenset[str]) -> TaskState:
    return TaskState(
        row["id"],
        row["requisition_id"],
        TaskStatus(row["status"]),
        row["lines_open"],
        row["version"],
        workers,
    )


def _add(ledger: Ledger, row: RowMapping) -> None:
    if row["article_id"] is not None:
        readings = (row["literal"], row["gtin"], row["others"])
        ledger.articles[readings] = Article(row["article_id"], row["sku"], row["pieces"], row["literally"])
    if row["line_id"] is not None:
        # One state for all scans of a line: each is decided on what the one before it left.
        key = (row["requisition_id"], row["article_id"])
        ledger.lines[key] = LineState(row["line_id"], row["required"], row["picked"], row["short"])
    if row["required_before"] is not None:
        ledger.earlier[row["task_id"], row["version"], row["article_id"]] = row["required_before"]
    if row["earlier"] is not None:
        earlier = row["earlier"] | {"sku": row["earlier_sku"]}
        ledger.recorded[UUID(earlier["operation_id"])] = earlier


async def _write(repository: ScanRepository, ledger: Ledger) -> None:
    if ledger.scans:
        await repository.write(ledger.scans, ledger.messages, ledger.changed_lines, ledger.changed_tasks)
