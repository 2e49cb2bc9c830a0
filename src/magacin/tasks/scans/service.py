"""A batch of operations in one transaction, or each in its own where they cannot all be kept together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.identity import Identity
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanRecord, TaskScans
from magacin.core import audit
from magacin.core.db import Database, Row
from magacin.core.errors import AppError, DependencyUnavailable
from magacin.tasks.metrics import (
    SCAN_ARRIVAL_DELAY,
    SCAN_BATCH_SIZE,
    SCAN_UNDOS,
    SCANS,
    SHORTAGES,
    timed,
)
from magacin.tasks.refusals.repository import RefusalRepository
from magacin.tasks.scans.ledger import Answer, Ledger, Operation
from magacin.tasks.scans.repository import BatchRepository, ScanRepository, Sent
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.state import Article, Confirming, Done, LineState, TaskState
from magacin.tasks.scans.undo import Undo, read_done

_ARRIVED_AT = {"scan": "scanned_at", "shortage": "created_at", "undo": "undone_at"}

log = structlog.get_logger(__name__)


async def record(
    database: Database, batch: Sequence[Operation], undo_window: timedelta, confirming: Confirming
) -> list[Answer]:
    """Decide and commit `batch`; return the answers in its order. All are committed, or none."""
    with timed("scan_batch"):
        async with database.begin_direct() as direct:
            repository = BatchRepository(direct)
            ledger = await _open_ledger(repository, batch, undo_window, confirming)
            answers = [ledger.decide(operation) for operation in batch]
            if any(ledger.rows.values()):
                await repository.write(ledger)
            if handed_in := _handed_in(batch, ledger):
                await audit.record(direct.connection, *handed_in)
            if ledger.refused:
                await RefusalRepository(direct.connection).add(ledger.refused)
    # Counted after the commit: a batch that was rolled back did not happen.
    SCAN_BATCH_SIZE.observe(len(batch))
    _count(ledger)
    return answers


def _handed_in(batch: Sequence[Operation], ledger: Ledger) -> tuple[Identity, audit.Entry] | None:
    """Return who hands a batch in for somebody else, and what the audit log says of it.

    Nothing of a batch that was recorded before. Those of several people never come in one.
    """
    by, recorded = batch[0].handed_in_by, sum(map(len, ledger.rows.values()))
    if by is None or not recorded:
        return None
    what = {"operations": recorded, "task_ids": sorted(ledger.tasks)}
    return by, audit.Entry(Action.QUEUE_HANDED_IN, "user", batch[0].identity.username, after=what)


async def record_each(
    database: Database, batch: Sequence[Operation], undo_window: timedelta, confirming: Confirming
) -> list[Answer]:
    """Record `batch` as `record` does; where one breaks it, each alone, so that the others do not suffer.

    Raise `DependencyUnavailable` when PostgreSQL is out of reach: whoever sent them sends all of them again.
    """
    try:
        return await record(database, batch, undo_window, confirming)
    except DependencyUnavailable:
        raise
    except Exception as error:  # noqa: BLE001  whatever broke the batch
        log.warning("operations_split", operations=len(batch), error=type(error).__name__)
    answers: list[Answer] = []
    failed: set[UUID] = set()
    for one in batch:
        # What takes back what failed is sent again with it: alone it would find nothing to undo, for good.
        is_of_failed = isinstance(one, Undo) and one.request.undoes in failed
        answer = _failed() if is_of_failed else await _record_alone(database, one, undo_window, confirming)
        if isinstance(answer, AppError) and answer.status >= 500:
            failed.add(one.operation_id)
        answers.append(answer)
    return answers


def _failed() -> AppError:
    return AppError("This could not be recorded, by a fault of ours. Send it again.")


async def _record_alone(
    database: Database, operation: Operation, undo_window: timedelta, confirming: Confirming
) -> Answer:
    """Record one of a batch that broke.

    Where two came under one id at once, of different tasks, the other is recorded by now, and found.
    """
    try:
        return (await record(database, [operation], undo_window, confirming))[0]
    except DependencyUnavailable:
        raise
    except Exception:
        log.exception("operation_failed", operation_id=str(operation.operation_id))
        return _failed()


async def list_scans(connection: AsyncConnection, task_id: int, limit: int) -> TaskScans:
    """Return the last scans of a task, the newest first, and whether some may have been removed."""
    repository = ScanRepository(connection)
    rows = await repository.of_task(task_id, limit)
    made = ({**row, "picked_at": row["picked_at"] or row["scanned_at"]} for row in rows)
    return TaskScans(
        items=[ScanRecord.model_validate(one) for one in made],
        next_after=None,
        removed_before=await repository.removed_before(task_id),
    )


def _count(ledger: Ledger) -> None:
    for row in ledger.rows["scan"]:
        SCANS.labels(row["outcome"]).inc()
    for row in ledger.rows["shortage"]:
        if row["outcome"] == "reported":
            SHORTAGES.labels(row["reason"]).inc()
    for row in ledger.rows["undo"]:
        SCAN_UNDOS.labels(row["outcome"]).inc()
    for kind, arrived_at in _ARRIVED_AT.items():
        for row in ledger.rows[kind]:
            if row["picked_at"] is not None:
                SCAN_ARRIVAL_DELAY.observe((row[arrived_at] - row["picked_at"]).total_seconds())


async def _open_ledger(
    repository: BatchRepository, batch: Sequence[Operation], undo_window: timedelta, confirming: Confirming
) -> Ledger:
    """Lock the tasks of a batch, and read what its operations have to be decided on."""
    scans = [one for one in batch if isinstance(one, Scan)]
    shortages = [one for one in batch if isinstance(one, Shortage)]
    undos = [one for one in batch if isinstance(one, Undo)]
    done = await _done(repository, undos)
    tasks = {scan.request.task_id for scan in scans} | {one.task_id for one in shortages}
    tasks |= {one.task_id for one in done.values()}
    # The order matters: only under the tasks' locks is it settled which operations were recorded before.
    locked = await repository.lock_tasks(tasks)
    known = await repository.resolve([_sent(scan) for scan in scans]) if scans else []
    workers = {row["task_id"]: frozenset(row["workers"]) for row in known}
    if lacking := tasks - workers.keys():
        workers |= await repository.workers(lacking)
    states = {row["id"]: _task_state(row, workers.get(row["id"], frozenset())) for row in locked}
    ledger = Ledger(states, done=done, undo_window=undo_window, confirming=confirming)
    for row in known:
        _add(ledger, row)
    if shortages or undos:
        await _add_others(repository, ledger, batch, shortages, undos)
    return ledger


async def _done(repository: BatchRepository, undos: Sequence[Undo]) -> dict[UUID, Done]:
    if not undos:
        return {}
    rows = await repository.done(undo.request.undoes for undo in undos)
    return {row["operation_id"]: read_done(dict(row)) for row in rows}


def _sent(scan: Scan) -> Sent:
    request = scan.request
    return Sent(request.task_id, request.operation_id, request.version, request.line_id, *scan.code.readings)


def _task_state(row: Row, workers: frozenset[str]) -> TaskState:
    return TaskState(
        row["id"],
        TaskStatus(row["status"]),
        row["lines_open"],
        row["version"],
        workers,
        row["completed_at"],
    )


def _add(ledger: Ledger, row: Row) -> None:
    if row["article_id"] is not None:
        article = Article(row["article_id"], row["sku"], row["pieces"], row["literally"])
        ledger.articles[row["literal"], row["gtin"], row["others"]] = article
        if row["line_id"] is not None:
            ledger.add_line(_line(row, article))
    elif row["pieces"] == 0:
        ledger.doubted.add((row["literal"], row["gtin"], row["others"]))
    if row["required_before"] is not None:
        ledger.earlier[row["operation_id"]] = row["required_before"]
    if row["earlier"] is not None:
        _add_recorded(ledger, Scan.kind, row["earlier"], row["earlier"]["sku"])
    elif row["known_as"]:
        ledger.recorded[row["operation_id"]] = {"kind": row["known_as"]}


def _line(row: Row, article: Article) -> LineState:
    return LineState(
        row["line_id"],
        row["task_id"],
        article,
        row["required"],
        row["picked"],
        row["short"],
        row["sequence"],
        row["location"],
        row["tote"],
    )


def _add_recorded(ledger: Ledger, kind: str, row: dict[str, Any], sku: str | None) -> None:
    kept = {**row, "kind": kind, "sku": sku, "operation_id": UUID(row["operation_id"])}
    if kind == "undo":
        kept["undoes"] = UUID(row["undoes"])
    for name in ("scanned_at", "created_at", "picked_at"):
        if row.get(name) is not None:
            kept[name] = datetime.fromisoformat(row[name])
    ledger.recorded[kept["operation_id"]] = kept


async def _add_others(
    repository: BatchRepository,
    ledger: Ledger,
    batch: Sequence[Operation],
    shortages: Sequence[Shortage],
    undos: Sequence[Undo],
) -> None:
    for row in await repository.recorded(one.operation_id for one in batch):
        _add_recorded(ledger, row["kind"], row["row"], row["sku"])
    ledger.undone |= await repository.undone(undo.request.undoes for undo in undos)
    for row in await repository.lines(_lines_of(ledger, shortages, undos)):
        if row["task_id"] in ledger.tasks:
            ledger.add_line(_line(row, Article(row["article_id"], row["sku"])))


def _lines_of(ledger: Ledger, shortages: Sequence[Shortage], undos: Sequence[Undo]) -> Iterable[int]:
    yield from (shortage.request.line_id for shortage in shortages)
    # What was just being recorded when the ledger was opened: it was found under the locks, and not before.
    for undo in undos:
        if (line_id := ledger.recorded.get(undo.request.undoes, {}).get("line_id")) is not None:
            yield line_id
    yield from (done.line_id for done in ledger.done.values() if done.line_id is not None)
