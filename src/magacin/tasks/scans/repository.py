"""The queries of a batch of scans: three of them, however many scans there are.

A statement costs the service about as much as deciding five scans, and a batch is short when little is going
on; so what can be asked or written together is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, TextClause, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER, TEXT, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.models import articles, scans

_UUID, _TIME = PG_UUID(as_uuid=True), TIMESTAMP(timezone=True)


def _statement(sql: str, **arrays: Any) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(type_)) for name, type_ in arrays.items()))


# Locked in the order of their ids, so that two batches that share tasks wait instead of deadlocking.
# Whoever changes a line or the status of a task holds this lock: it is the only one.
_LOCK_TASKS = _statement(
    """
    SELECT id, requisition_id, status, lines_open, version
      FROM tasks.pick_tasks
     WHERE id = ANY(:ids)
     ORDER BY id
       FOR UPDATE
    """,
    ids=BIGINT,
)

# Not part of the statement above: one that waited for a lock would still see what was there before.
# A code is read as a SKU first, then as a barcode as it stands, then as the GTIN in it.
_RESOLVE = _statement(
    """
    SELECT sent.literal, a.id AS article_id, a.sku,
           l.id AS line_id, l.requisition_id, l.required, l.picked, l.short,
           ARRAY(SELECT w.worker FROM tasks.pick_task_workers w WHERE w.task_id = sent.task_id) AS workers,
           sent.task_id, sent.version, v.required AS required_before,
           to_jsonb(e) AS earlier, ea.sku AS earlier_sku
      FROM unnest(:task_id, :operation_id, :literal, :gtin, :version)
               AS sent (task_id, operation_id, literal, gtin, version)
      LEFT JOIN tasks.pick_tasks t ON t.id = sent.task_id
      LEFT JOIN tasks.articles a ON a.id = coalesce(
               (SELECT id FROM tasks.articles WHERE sku = sent.literal),
               (SELECT article_id FROM tasks.barcodes WHERE code = sent.literal),
               (SELECT article_id FROM tasks.barcodes WHERE code = sent.gtin))
      LEFT JOIN tasks.requisition_lines l ON l.requisition_id = t.requisition_id AND l.article_id = a.id
      LEFT JOIN tasks.earlier_lines v
             ON v.task_id = sent.task_id AND v.version = sent.version AND v.article_id = a.id
      LEFT JOIN tasks.scans e ON e.operation_id = sent.operation_id
      LEFT JOIN tasks.articles ea ON ea.id = e.article_id
    """,
    task_id=BIGINT,
    operation_id=_UUID,
    literal=TEXT,
    gtin=TEXT,
    version=INTEGER,
)

_SCAN_COLUMNS = {
    "operation_id": _UUID, "task_id": BIGINT, "line_id": BIGINT, "article_id": BIGINT, "worker": TEXT,
    "code": TEXT, "sent_quantity": INTEGER, "quantity": INTEGER, "outcome": TEXT, "picked": INTEGER,
    "short": INTEGER, "required": INTEGER, "task_status": TEXT, "remaining_lines": INTEGER,
    "version": INTEGER, "task_version": INTEGER, "version_required": INTEGER, "scanned_at": _TIME,
}  # fmt: skip

_WRITE = _statement(
    f"""
    WITH lines AS (
        UPDATE tasks.requisition_lines l SET picked = changed.picked
          FROM unnest(:line_ids, :line_picked) AS changed (id, picked)
         WHERE l.id = changed.id
    ), tasks AS (
        UPDATE tasks.pick_tasks t
           SET status = changed.status,
               lines_open = changed.lines_open,
               started_at = coalesce(t.started_at, now()),
               completed_at = CASE WHEN changed.status = 'completed' THEN now() ELSE t.completed_at END
          FROM unnest(:changed_task_ids, :task_statuses, :lines_open) AS changed (id, status, lines_open)
         WHERE t.id = changed.id
    ), told AS (
        INSERT INTO tasks.outbox (type, subject, rooms, data, occurred_at)
        SELECT type, subject, rooms::jsonb, data::jsonb, occurred_at
          FROM unnest(:types, :subjects, :rooms, :data, :occurred_at)
                   WITH ORDINALITY AS m (type, subject, rooms, data, occurred_at, place)
         ORDER BY place
    )
    INSERT INTO tasks.scans ({", ".join(_SCAN_COLUMNS)})
    SELECT * FROM unnest({", ".join(f":{name}" for name in _SCAN_COLUMNS)})
    """,  # noqa: S608  made of the names of columns above
    line_ids=BIGINT,
    line_picked=INTEGER,
    changed_task_ids=BIGINT,
    task_statuses=TEXT,
    lines_open=INTEGER,
    types=TEXT,
    subjects=TEXT,
    rooms=TEXT,
    data=TEXT,
    occurred_at=_TIME,
    **_SCAN_COLUMNS,
)


class Sent(NamedTuple):
    """What of a scan decides what has to be known of it."""

    task_id: int
    operation_id: UUID
    literal: str
    gtin: str | None
    version: int | None


class ScanRepository:
    """Scans in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_tasks(self, ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return the tasks, locked until the end of the transaction."""
        return await self._rows(_LOCK_TASKS, {"ids": sorted(set(ids))})

    async def resolve(self, sent: Sequence[Sent]) -> Sequence[RowMapping]:
        """Return what is known of each scan under the tasks' locks.

        The article that the code means, its line, what an earlier version required of it, the task's workers,
        and the scan that was recorded under the id before; columns are None where there is none.
        """
        columns = (list(column) for column in zip(*sent, strict=True))
        return await self._rows(_RESOLVE, dict(zip(Sent._fields, columns, strict=True)))

    async def write(
        self,
        rows: Sequence[Mapping[str, Any]],
        messages: Sequence[Mapping[str, Any]],
        lines: Mapping[int, int],
        tasks: Mapping[int, tuple[str, int]],
    ) -> None:
        """Record scans and what is to be told of them; set the total picked of lines, and tasks'
        (status, open lines).
        """
        values: dict[str, Any] = {name: [row[name] for row in rows] for name in _SCAN_COLUMNS}
        values |= {"line_ids": list(lines), "line_picked": list(lines.values())}
        values |= {
            "changed_task_ids": list(tasks),
            "task_statuses": [status for status, _ in tasks.values()],
            "lines_open": [count for _, count in tasks.values()],
            "types": [str(message["type"]) for message in messages],
            "subjects": [message["subject"] for message in messages],
            "rooms": [orjson.dumps(message["rooms"]).decode() for message in messages],
            "data": [orjson.dumps(message["data"]).decode() for message in messages],
            "occurred_at": [message["occurred_at"] for message in messages],
        }
        await self._connection.execute(_WRITE, values)

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
