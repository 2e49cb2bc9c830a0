"""The queries of a batch of scans: a fixed number of them, however many scans there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.db import insert_rows
from magacin.tasks.models import articles, outbox, scans

# Locked in the order of their ids, so that two batches that share tasks wait instead of deadlocking.
# Whoever changes a line or the status of a task holds this lock: it is the only one.
_LOCK_TASKS = text("""
    SELECT id, requisition_id, status, lines_open
      FROM tasks.pick_tasks
     WHERE id = ANY(:ids)
     ORDER BY id
       FOR UPDATE
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)))

# Not part of the statement above: one that waited for a lock would still see the workers from before.
_WORKERS = text("""
    SELECT task_id, array_agg(worker) AS workers FROM tasks.pick_task_workers
     WHERE task_id = ANY(:ids) GROUP BY task_id
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)))

_FIND_ARTICLES = text("""
    SELECT sku AS code, id AS article_id, sku, 'sku' AS kind
      FROM tasks.articles WHERE sku = ANY(:literals)
     UNION ALL
    SELECT b.code, b.article_id, a.sku, 'barcode'
      FROM tasks.barcodes b JOIN tasks.articles a ON a.id = b.article_id WHERE b.code = ANY(:barcodes)
""").bindparams(bindparam("literals", type_=ARRAY(TEXT)), bindparam("barcodes", type_=ARRAY(TEXT)))

_FIND_LINES = text("""
    SELECT l.id, l.requisition_id, l.article_id, l.required, l.picked, l.short
      FROM unnest(:requisitions, :articles) AS wanted (requisition_id, article_id)
      JOIN tasks.requisition_lines l USING (requisition_id, article_id)
""").bindparams(bindparam("requisitions", type_=ARRAY(BIGINT)), bindparam("articles", type_=ARRAY(BIGINT)))

_UPDATE_LINES = text("""
    UPDATE tasks.requisition_lines l SET picked = changed.picked
      FROM unnest(:ids, :picked) AS changed (id, picked)
     WHERE l.id = changed.id
""").bindparams(bindparam("ids", type_=ARRAY(BIGINT)), bindparam("picked", type_=ARRAY(BIGINT)))

_UPDATE_TASKS = text("""
    UPDATE tasks.pick_tasks t
       SET status = changed.status,
           lines_open = changed.lines_open,
           started_at = coalesce(t.started_at, now()),
           completed_at = CASE WHEN changed.status = 'completed' THEN now() ELSE t.completed_at END
      FROM unnest(:ids, :statuses, :lines_open) AS changed (id, status, lines_open)
     WHERE t.id = changed.id
""").bindparams(
    bindparam("ids", type_=ARRAY(BIGINT)),
    bindparam("statuses", type_=ARRAY(TEXT)),
    bindparam("lines_open", type_=ARRAY(BIGINT)),
)

_EARLIER = (
    select(scans, articles.c.sku)
    .outerjoin(articles, articles.c.id == scans.c.article_id)
    .where(scans.c.operation_id == bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True))).any_())
)


class ScanRepository:
    """Scans in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_tasks(self, ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return the tasks, locked until the end of the transaction."""
        return await self._rows(_LOCK_TASKS, {"ids": sorted(set(ids))})

    async def workers(self, task_ids: Iterable[int]) -> dict[int, frozenset[str]]:
        """Return the workers of each task whose lock is held."""
        rows = await self._rows(_WORKERS, {"ids": list(task_ids)})
        return {row["task_id"]: frozenset(row["workers"]) for row in rows}

    async def earlier(self, operation_ids: Iterable[UUID]) -> Sequence[RowMapping]:
        """Return the scans that were recorded under these ids."""
        return await self._rows(_EARLIER, {"ids": list(operation_ids)})

    async def find_articles(self, literals: Iterable[str], barcodes: Iterable[str]) -> Sequence[RowMapping]:
        """Return the articles that the codes mean, as SKU (`kind` sku) or as barcode."""
        return await self._rows(_FIND_ARTICLES, {"literals": list(literals), "barcodes": list(barcodes)})

    async def find_lines(self, pairs: Iterable[tuple[int, int]]) -> Sequence[RowMapping]:
        """Return the lines of (requisition id, article id), as they are under the tasks' locks."""
        requisitions, wanted = zip(*pairs, strict=True)
        return await self._rows(_FIND_LINES, {"requisitions": list(requisitions), "articles": list(wanted)})

    async def update_lines(self, picked: Mapping[int, int]) -> None:
        """Set the total picked of lines."""
        await self._connection.execute(_UPDATE_LINES, {"ids": list(picked), "picked": list(picked.values())})

    async def update_tasks(self, changes: Mapping[int, tuple[str, int]]) -> None:
        """Set status and open lines of tasks."""
        statuses, lines_open = zip(*changes.values(), strict=True)
        values = {"ids": list(changes), "statuses": list(statuses), "lines_open": list(lines_open)}
        await self._connection.execute(_UPDATE_TASKS, values)

    async def add(self, rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> None:
        """Record scans, and what is to be told of them."""
        await insert_rows(self._connection, scans, rows)
        await insert_rows(self._connection, outbox, messages)

    async def of_task(self, task_id: int, limit: int) -> Sequence[RowMapping]:
        """Return the last scans of a task, the newest first."""
        statement = (
            select(scans, articles.c.sku)
            .outerjoin(articles, articles.c.id == scans.c.article_id)
            .where(scans.c.task_id == task_id)
            .order_by(scans.c.scanned_at.desc(), scans.c.operation_id)
            .limit(limit)
        )
        return await self._rows(statement, {})

    async def _rows(self, statement: Any, values: dict[str, Any]) -> Sequence[RowMapping]:
        return (await self._connection.execute(statement, values)).mappings().all()
