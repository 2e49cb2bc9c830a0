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

from magacin.core.db import call_when_committed
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
# `found` is (article, pieces of its barcode, place of the reading). A code is read as a SKU first, then as a
# barcode as it stands, then as the GTIN in it, then as what else it can mean; last without regard to case,
# where one article only has it so. What comes after the one that finds something is not looked for.
_FOUND = """
    coalesce(
        (SELECT ARRAY[id, 1, 1] FROM tasks.articles WHERE sku = sent.literal),
        (SELECT ARRAY[article_id, pieces, 1] FROM tasks.barcodes WHERE code = sent.literal),
        (SELECT ARRAY[article_id, pieces, 2] FROM tasks.barcodes WHERE code = sent.gtin),
        (SELECT coalesce(
                    (SELECT ARRAY[id, 1, 3] FROM tasks.articles WHERE sku = other.code),
                    (SELECT ARRAY[article_id, pieces, 3] FROM tasks.barcodes b WHERE b.code = other.code)
                ) AS found
           FROM unnest(string_to_array(sent.others, E'\\x1f')) WITH ORDINALITY AS other (code, place)
          WHERE EXISTS (SELECT FROM tasks.articles WHERE sku = other.code)
             OR EXISTS (SELECT FROM tasks.barcodes b WHERE b.code = other.code)
          ORDER BY other.place
          LIMIT 1),
        (SELECT ARRAY[min(near.id), min(near.pieces), min(other.place)]
           FROM unnest(sent.literal || string_to_array(sent.others, E'\\x1f'))
                    WITH ORDINALITY AS other (code, place),
                LATERAL (
                    SELECT id, 1 AS pieces FROM tasks.articles
                     WHERE lower(sku) = lower(other.code) AND lower(sku) <> upper(sku)
                    UNION ALL
                    SELECT article_id, b.pieces FROM tasks.barcodes b
                     WHERE lower(b.code) = lower(other.code) AND lower(b.code) <> upper(b.code)
                ) AS near
         HAVING count(DISTINCT (near.id, near.pieces)) = 1)
    )
"""

_RESOLVE = _statement(
    f"""
    SELECT sent.literal, sent.gtin, sent.others, a.id AS article_id, a.sku,
           sent.found[2] AS pieces, sent.found[3] = 1 AS literally,
           l.id AS line_id, l.requisition_id, l.required, l.picked, l.short,
           ARRAY(SELECT w.worker FROM tasks.pick_task_workers w WHERE w.task_id = sent.task_id) AS workers,
           sent.task_id, sent.version, v.required AS required_before,
           to_jsonb(e) AS earlier, ea.sku AS earlier_sku
      FROM (SELECT sent.*, {_FOUND} AS found
              FROM unnest(:task_id, :operation_id, :version, :literal, :gtin, :others)
                       AS sent (task_id, operation_id, version, literal, gtin, others)
            -- Looked for once, however often it is named above.
            OFFSET 0) AS sent
      LEFT JOIN tasks.pick_tasks t ON t.id = sent.task_id
      LEFT JOIN tasks.articles a ON a.id = sent.found[1]
      LEFT JOIN tasks.requisition_lines l ON l.requisition_id = t.requisition_id AND l.article_id = a.id
      LEFT JOIN tasks.earlier_lines v
             ON v.task_id = sent.task_id AND v.version = sent.version AND v.article_id = a.id
      LEFT JOIN tasks.scans e ON e.operation_id = sent.operation_id
      LEFT JOIN tasks.articles ea ON ea.id = e.article_id
    """,  # noqa: S608  made of what stands above
    task_id=BIGINT,
    operation_id=_UUID,
    version=INTEGER,
    literal=TEXT,
    gtin=TEXT,
    others=TEXT,
)

_SCAN_COLUMNS = {
    "operation_id": _UUID, "task_id": BIGINT, "line_id": BIGINT, "article_id": BIGINT, "worker": TEXT,
    "code": TEXT, "sent_quantity": INTEGER, "quantity": INTEGER, "outcome": TEXT, "picked": INTEGER,
    "short": INTEGER, "required": INTEGER, "task_status": TEXT, "remaining_lines": INTEGER,
    "version": INTEGER, "task_version": INTEGER, "version_required": INTEGER, "scanned_at": _TIME,
    "sent_pieces": INTEGER,
}  # fmt: skip
# From one text a scan, most of which are NULL, instead of from an array each.
_LABEL_COLUMNS = {
    "lot": "text", "expiry": "date", "best_before": "date", "serial": "text",
    "weight": "numeric", "price": "numeric",
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
    INSERT INTO tasks.scans ({", ".join([*_SCAN_COLUMNS, *_LABEL_COLUMNS])})
    SELECT {", ".join(_SCAN_COLUMNS)},
           {", ".join(f"CAST(label::jsonb ->> '{name}' AS {kind})" for name, kind in _LABEL_COLUMNS.items())}
      FROM unnest({", ".join(f":{name}" for name in _SCAN_COLUMNS)}, :label)
               AS s ({", ".join(_SCAN_COLUMNS)}, label)
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
    label=TEXT,
    **_SCAN_COLUMNS,
)


class Sent(NamedTuple):
    """What of a scan decides what has to be known of it."""

    task_id: int
    operation_id: UUID
    version: int | None
    literal: str
    gtin: str | None
    others: str | None


class ScanRepository:
    """Scans in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_tasks(self, ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return the tasks, locked until the end of the transaction."""
        return await self._rows(_LOCK_TASKS, {"ids": sorted(set(ids))})

    async def resolve(self, sent: Sequence[Sent]) -> Sequence[RowMapping]:
        """Return what is known of each scan under the tasks' locks.

        The article that the code means and how it was found, its line, what an earlier version required of
        it, the task's workers, and the scan that was recorded under the id before; columns are None where
        there is none.
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
        values["label"] = [orjson.dumps(row["label"]).decode() if row["label"] else None for row in rows]
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
        call_when_committed(self._connection)

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
