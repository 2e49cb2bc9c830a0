"""The queries of a batch of operations: three of them for scans, however many there are.

Shortages and undos, of which there are few, have some of their own. A statement costs the service about as
much as deciding five scans, and a batch is short when little is going on; so what can be asked or written
together is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.core.db import Direct, Row, Statement, call_when_committed, insert_rows
from magacin.tasks.models import IS_UNDONE, articles, scans, shortages, undos
from magacin.tasks.scans.ledger import NOT_KEPT, Ledger

# Locked in the order of their ids, so that two batches that share tasks wait instead of deadlocking.
# Whoever changes a line or the status of a task holds this lock: it is the only one.
_LOCK_TASKS = Statement(
    """
    SELECT id, status, lines_open, version, completed_at
      FROM tasks.pick_tasks
     WHERE id = ANY(:ids)
     ORDER BY id
       FOR UPDATE
    """,
    ids="bigint[]",
)

# Not part of the statement above: one that waited for a lock would still see what was there before.
# `found` is (article, pieces of its barcode, place of the reading). A code is read as a SKU first, then as a
# barcode as it stands, then as the GTIN in it, then as what else it can mean; last without regard to case,
# where one article only has it so. What comes after the one that finds something is not looked for. A scan
# has a row for each line of its task that asks for the article.
#
# A code may be several: where as many of its rivals are known as it says, nothing is found, and of no pieces.
#
# What is looked up for each scan is looked up by a subquery. A join may read all of a table that was small
# when the statement was planned, and the plan is kept while the table grows.
_FOUND = """
    CASE WHEN sent.others LIKE E'%\\x1e%'
              AND (SELECT count((SELECT b.article_id FROM tasks.barcodes b WHERE b.code = rival.code))
                     FROM unnest((string_to_array(split_part(sent.others, E'\\x1e', 2), E'\\x1f'))[2:])
                            AS rival (code))
                  >= split_part(split_part(sent.others, E'\\x1e', 2), E'\\x1f', 1)::integer
         THEN ARRAY[0, 0, 0]
    ELSE coalesce(
        (SELECT ARRAY[id, 1, 1] FROM tasks.articles WHERE sku = sent.literal),
        (SELECT ARRAY[article_id, pieces, 1] FROM tasks.barcodes WHERE code = sent.literal),
        (SELECT ARRAY[article_id, pieces, 2] FROM tasks.barcodes WHERE code = sent.gtin),
        (SELECT found
           FROM (SELECT coalesce(
                            (SELECT ARRAY[id, 1, 3] FROM tasks.articles WHERE sku = other.code),
                            (SELECT ARRAY[article_id, pieces, 3] FROM tasks.barcodes b
                              WHERE b.code = other.code)
                        ) AS found, other.place
                   FROM unnest(string_to_array(split_part(sent.others, E'\\x1e', 1), E'\\x1f'))
                            WITH ORDINALITY AS other (code, place)
                 OFFSET 0) AS tried
          WHERE found IS NOT NULL
          ORDER BY place
          LIMIT 1),
        (SELECT ARRAY[min(near.id), min(near.pieces), min(other.place)]
           FROM unnest(sent.literal || string_to_array(split_part(sent.others, E'\\x1e', 1), E'\\x1f'))
                    WITH ORDINALITY AS other (code, place),
                LATERAL (
                    SELECT id, 1 AS pieces FROM tasks.articles
                     WHERE lower(sku) = lower(other.code) AND lower(sku) <> upper(sku)
                    UNION ALL
                    SELECT article_id, b.pieces FROM tasks.barcodes b
                     WHERE lower(b.code) = lower(other.code) AND lower(b.code) <> upper(b.code)
                ) AS near
         HAVING count(DISTINCT (near.id, near.pieces)) = 1)
    ) END
"""

# Looked for only of ids that were used before.
_KEPT_OTHERWISE = " OR ".join(
    f"EXISTS (SELECT FROM tasks.{table} WHERE operation_id = o.operation_id)"
    for table in ("shortages", "undos", "plan_changes")
)

_RESOLVE = Statement(
    f"""
    SELECT sent.literal, sent.gtin, sent.others, a.id AS article_id, a.sku,
           sent.found[2] AS pieces, sent.found[3] = 1 AS literally,
           l.id AS line_id, sent.operation_id, l.required, l.picked, l.short, l.sequence, l.location, l.tote,
           ARRAY(SELECT w.worker FROM tasks.pick_task_workers w WHERE w.task_id = sent.task_id) AS workers,
           sent.task_id, sent.version, sent.line_id AS named_line_id,
           CASE WHEN sent.version IS NOT NULL THEN
               (SELECT sum(v.required)::integer FROM tasks.earlier_lines v
                 WHERE v.task_id = sent.task_id AND v.version = sent.version AND v.article_id = a.id
                   AND v.line_id = coalesce(sent.line_id, v.line_id))
           END AS required_before,
           (SELECT to_jsonb(e) || jsonb_build_object(
                       'sku', (SELECT sku FROM tasks.articles WHERE id = e.article_id))
              FROM tasks.scans e WHERE e.operation_id = sent.operation_id) AS earlier,
           -- Of another kind, where it is none of the scans, or one that is not kept any more.
           (SELECT CASE WHEN {_KEPT_OTHERWISE} THEN 'operation' ELSE '{NOT_KEPT}' END
              FROM tasks.operations o WHERE o.operation_id = sent.operation_id) AS known_as
      FROM (SELECT sent.*, {_FOUND} AS found
              FROM unnest(:task_id, :operation_id, :version, :line_id, :literal, :gtin, :others)
                       AS sent (task_id, operation_id, version, line_id, literal, gtin, others)
            -- Looked for once, however often it is named above.
            OFFSET 0) AS sent
      LEFT JOIN tasks.articles a ON a.id = sent.found[1]
      LEFT JOIN LATERAL (
               SELECT l.*, o.sequence, o.code AS location
                 FROM tasks.task_lines l LEFT JOIN tasks.locations o ON o.id = l.location_id
                WHERE l.task_id = sent.task_id AND l.article_id = sent.found[1]
               OFFSET 0) AS l ON true
    """,  # noqa: S608  made of what stands above
    task_id="bigint[]",
    operation_id="uuid[]",
    version="integer[]",
    line_id="bigint[]",
    literal="text[]",
    gtin="text[]",
    others="text[]",
)

_SCAN_COLUMNS = {
    "operation_id": "uuid[]", "task_id": "bigint[]", "line_id": "bigint[]", "named_line_id": "bigint[]",
    "article_id": "bigint[]", "worker": "text[]", "code": "text[]", "sent_quantity": "integer[]",
    "quantity": "integer[]", "outcome": "text[]", "picked": "integer[]", "short": "integer[]",
    "required": "integer[]", "task_status": "text[]", "remaining_lines": "integer[]", "version": "integer[]",
    "task_version": "integer[]", "version_required": "integer[]", "scanned_at": "timestamptz[]",
    "sent_pieces": "integer[]",
}  # fmt: skip
# From one text a scan, most of which are NULL, instead of from an array each: what a label says, a device
# that was out of reach, and what was scanned besides.
_RARE_COLUMNS = {
    "lot": "text", "expiry": "date", "best_before": "date", "serial": "text",
    "weight": "numeric", "price": "numeric",
    "refused_as": "text", "picked_at": "timestamptz", "handed_in_by": "text",
    "tote": "text", "location": "text", "asked": "text",
}  # fmt: skip
_RARELY_SAID = ("refused_as", "picked_at", "handed_in_by", "tote", "location", "asked")

# Recorded once and never changed, so what an undo names can be read before the lock of its task.
_DONE = Statement(
    """
    SELECT s.operation_id, 'scan' AS kind, s.task_id, s.line_id, s.article_id, a.sku, s.quantity, s.worker,
           s.outcome, s.picked_at, s.scanned_at, NULL AS created_at
      FROM tasks.scans s LEFT JOIN tasks.articles a ON a.id = s.article_id
     WHERE s.operation_id = ANY(:ids)
     UNION ALL
    SELECT s.operation_id, 'shortage', s.task_id, s.line_id, l.article_id, a.sku, s.quantity, s.worker,
           s.outcome, s.picked_at, NULL, s.created_at
      FROM tasks.shortages s
      LEFT JOIN tasks.task_lines l ON l.id = s.line_id
      LEFT JOIN tasks.articles a ON a.id = l.article_id
     WHERE s.operation_id = ANY(:ids)
    """,
    ids="uuid[]",
)
_UNDONE = Statement(
    "SELECT undoes FROM tasks.undos WHERE undoes = ANY(:ids) AND outcome = 'undone'", ids="uuid[]"
)
_LINES = Statement(
    """
    SELECT l.id AS line_id, l.task_id, l.article_id, a.sku, l.required, l.picked, l.short,
           o.sequence, o.code AS location, l.tote
      FROM tasks.task_lines l
      JOIN tasks.articles a ON a.id = l.article_id
      LEFT JOIN tasks.locations o ON o.id = l.location_id
     WHERE l.id = ANY(:ids)
    """,
    ids="bigint[]",
)
_WORKERS = Statement(
    "SELECT task_id, worker FROM tasks.pick_task_workers WHERE task_id = ANY(:ids)", ids="bigint[]"
)
# What was recorded under the ids of shortages and undos before, as whatever it was.
_RECORDED = Statement(
    f"""
    SELECT 'scan' AS kind, to_jsonb(s) AS row, a.sku
      FROM tasks.scans s LEFT JOIN tasks.articles a ON a.id = s.article_id WHERE operation_id = ANY(:ids)
     UNION ALL
    SELECT 'shortage', to_jsonb(s), NULL FROM tasks.shortages s WHERE operation_id = ANY(:ids)
     UNION ALL
    SELECT 'undo', to_jsonb(u), a.sku
      FROM tasks.undos u LEFT JOIN tasks.articles a ON a.id = u.article_id WHERE operation_id = ANY(:ids)
     UNION ALL
    SELECT 'change of plan', jsonb_build_object('operation_id', operation_id), NULL
      FROM tasks.plan_changes WHERE operation_id = ANY(:ids)
     UNION ALL
    SELECT '{NOT_KEPT}', jsonb_build_object('operation_id', operation_id), NULL
      FROM tasks.operations o
     WHERE operation_id = ANY(:ids)
       AND NOT (EXISTS (SELECT FROM tasks.scans WHERE operation_id = o.operation_id) OR {_KEPT_OTHERWISE})
    """,  # noqa: S608  made of what stands above
    ids="uuid[]",
)

_WRITE = Statement(
    f"""
    WITH lines AS (
        UPDATE tasks.task_lines l SET picked = changed.picked, short = changed.short
          FROM unnest(:line_ids, :line_picked, :line_short) AS changed (id, picked, short)
         WHERE l.id = changed.id
    ), tasks AS (
        UPDATE tasks.pick_tasks t
           SET status = changed.status,
               lines_open = changed.lines_open,
               started_at = coalesce(t.started_at, now()),
               completed_at = CASE changed.status WHEN 'completed' THEN now()
                                                  WHEN 'cancelled' THEN t.completed_at END
          FROM unnest(:changed_task_ids, :task_statuses, :lines_open) AS changed (id, status, lines_open)
         WHERE t.id = changed.id
    ), told AS (
        INSERT INTO tasks.outbox (type, subject, rooms, data, occurred_at)
        SELECT type, subject, rooms::jsonb, data::jsonb, occurred_at
          FROM unnest(:types, :subjects, :rooms, :data, :occurred_at)
                   WITH ORDINALITY AS m (type, subject, rooms, data, occurred_at, place)
         ORDER BY place
    ), used AS (
        INSERT INTO tasks.operations (operation_id)
        SELECT * FROM unnest(:operation_id) UNION ALL SELECT * FROM unnest(:other_operation_ids)
    )
    INSERT INTO tasks.scans ({", ".join([*_SCAN_COLUMNS, *_RARE_COLUMNS])})
    SELECT {", ".join(_SCAN_COLUMNS)},
           {", ".join(f"CAST(rare::jsonb ->> '{name}' AS {kind})" for name, kind in _RARE_COLUMNS.items())}
      FROM unnest({", ".join(f":{name}" for name in _SCAN_COLUMNS)}, :rare)
               AS s ({", ".join(_SCAN_COLUMNS)}, rare)
    """,  # noqa: S608  made of the names of columns above
    line_ids="bigint[]",
    line_picked="integer[]",
    line_short="integer[]",
    changed_task_ids="bigint[]",
    task_statuses="text[]",
    lines_open="integer[]",
    types="text[]",
    subjects="text[]",
    rooms="text[]",
    data="text[]",
    occurred_at="timestamptz[]",
    rare="text[]",
    other_operation_ids="uuid[]",
    **_SCAN_COLUMNS,
)


def _rare(row: Mapping[str, Any]) -> str | None:
    said = {name: row[name] for name in _RARELY_SAID if row[name] is not None} | (row["label"] or {})
    return orjson.dumps(said).decode() if said else None


class Sent(NamedTuple):
    """What of a scan decides what has to be known of it."""

    task_id: int
    operation_id: UUID
    version: int | None
    line_id: int | None
    literal: str
    gtin: str | None
    others: str | None


class BatchRepository:
    """What a batch of operations asks and writes, in the transaction of `direct`."""

    def __init__(self, direct: Direct) -> None:
        self._direct = direct
        self._connection = direct.connection

    async def lock_tasks(self, ids: Iterable[int]) -> Sequence[Row]:
        """Return the tasks, locked until the end of the transaction."""
        return await self._rows(_LOCK_TASKS, {"ids": sorted(set(ids))})

    async def resolve(self, sent: Sequence[Sent]) -> Sequence[Row]:
        """Return what is known of each scan under the tasks' locks.

        The article that the code means and how it was found, its lines in the task, what an earlier version
        required of it, the task's workers, and the scan that was recorded under the id before; columns are
        None where there is none, and a scan has a row for each line.
        """
        columns = (list(column) for column in zip(*sent, strict=True))
        return await self._rows(_RESOLVE, dict(zip(Sent._fields, columns, strict=True)))

    async def done(self, operation_ids: Iterable[UUID]) -> Sequence[Row]:
        """Return the scans and shortages that were recorded under these ids."""
        return await self._rows(_DONE, {"ids": list(operation_ids)})

    async def undone(self, operation_ids: Iterable[UUID]) -> set[UUID]:
        """Return those of the ids of which the operation was taken back."""
        return {row["undoes"] for row in await self._rows(_UNDONE, {"ids": list(operation_ids)})}

    async def recorded(self, operation_ids: Iterable[UUID]) -> Sequence[Row]:
        """Return what was recorded under these ids: kind, row as JSON, SKU."""
        return await self._rows(_RECORDED, {"ids": list(operation_ids)})

    async def lines(self, line_ids: Iterable[int]) -> Sequence[Row]:
        """Return task lines by their ids."""
        return await self._rows(_LINES, {"ids": sorted(set(line_ids))})

    async def workers(self, task_ids: Iterable[int]) -> dict[int, frozenset[str]]:
        """Return the workers of tasks whose locks are held."""
        found: dict[int, set[str]] = defaultdict(set)
        for row in await self._rows(_WORKERS, {"ids": sorted(set(task_ids))}):
            found[row["task_id"]].add(row["worker"])
        return {task_id: frozenset(workers) for task_id, workers in found.items()}

    async def write(self, ledger: Ledger) -> None:
        """Record what the ledger has decided, and what is to be told of it."""
        rows, lines = ledger.rows, ledger.changed_lines.values()
        tasks = [task for task in ledger.changed_tasks.values() if task.is_other]
        values: dict[str, Any] = {name: [row[name] for row in rows["scan"]] for name in _SCAN_COLUMNS}
        values["rare"] = [_rare(row) for row in rows["scan"]]
        values |= {
            "other_operation_ids": [row["operation_id"] for row in (*rows["shortage"], *rows["undo"])],
            "line_ids": [line.line_id for line in lines],
            "line_picked": [line.picked for line in lines],
            "line_short": [line.short for line in lines],
            "changed_task_ids": [task.task_id for task in tasks],
            "task_statuses": [task.status.value for task in tasks],
            "lines_open": [task.lines_open for task in tasks],
            "types": [str(message["type"]) for message in ledger.messages],
            "subjects": [message["subject"] for message in ledger.messages],
            "rooms": [orjson.dumps(message["rooms"]).decode() for message in ledger.messages],
            "data": [orjson.dumps(message["data"]).decode() for message in ledger.messages],
            "occurred_at": [message["occurred_at"] for message in ledger.messages],
        }
        await self._rows(_WRITE, values)
        await self._insert(shortages, rows["shortage"])
        await self._insert(undos, rows["undo"])
        call_when_committed(self._connection)

    async def _insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert what of rows the table has a column for."""
        if rows:
            names = [name for name in rows[0] if name in table.c]
            await insert_rows(self._connection, table, [{name: row[name] for name in names} for row in rows])

    async def _rows(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        return await self._direct.fetch(statement, values)


_REMOVED_OF_TASK = text(
    """
    SELECT r.removed_before FROM tasks.scan_retention r, tasks.pick_tasks t
     WHERE t.id = :task_id AND t.status IN ('completed', 'cancelled') AND t.completed_at < r.removed_before
    """
)


class ScanRepository:
    """Scans in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_task(self, task_id: int, limit: int) -> Sequence[RowMapping]:
        """Return the last scans of a task, the newest first."""
        statement = (
            select(scans, articles.c.sku, undos.c.operation_id.label("undone_by"))
            .outerjoin(articles, articles.c.id == scans.c.article_id)
            .outerjoin(undos, (undos.c.undoes == scans.c.operation_id) & IS_UNDONE)
            .where(scans.c.task_id == task_id)
            .order_by(scans.c.scanned_at.desc(), scans.c.operation_id)
            .limit(limit)
        )
        return (await self._connection.execute(statement)).mappings().all()

    async def removed_before(self, task_id: int) -> datetime | None:
        """Return before when scans were removed that the task may have had; None where it has all."""
        found: datetime | None = await self._connection.scalar(_REMOVED_OF_TASK, {"task_id": task_id})
        return found
