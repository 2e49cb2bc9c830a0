"""Queries for what a device picks from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.picking.exceptions import LONG_DIGITS, TELLING, Exceptions

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
_DUE = """
    coalesce(t.due_at, (SELECT min(r.due_at)
                          FROM tasks.task_requisitions q
                          JOIN tasks.requisitions r ON r.id = q.requisition_id
                         WHERE q.task_id = t.id))
"""
# From what is being picked and what was just completed, not from all that a worker ever had.
_MINE = text(f"""
    SELECT t.id, (SELECT count(*) FROM tasks.task_lines l WHERE l.task_id = t.id) AS lines
      FROM (SELECT * FROM tasks.pick_tasks
             WHERE status IN ('assigned', 'in_progress') AND NOT (held AND status = 'assigned')
             UNION ALL
            SELECT * FROM tasks.pick_tasks
             WHERE status = 'completed' AND completed_at >= :completed_since) AS t
     WHERE (SELECT true FROM tasks.pick_task_workers w WHERE w.task_id = t.id AND w.worker = :worker)
     ORDER BY t.status = 'completed', t.priority DESC, {_DUE}, t.id
     LIMIT :limit
""")  # noqa: S608  made of what stands above
# Of the first only, however many are released in a morning: when each is due has to be looked up.
_POOL = text(f"""
    SELECT t.id
      FROM (SELECT * FROM tasks.pick_tasks
             WHERE status = 'open' AND NOT held
             ORDER BY priority DESC, id LIMIT 2000) AS t
     ORDER BY t.priority DESC, {_DUE}, t.id
     LIMIT :limit
""")  # noqa: S608  made of what stands above


def _of_arrays(sql: str, **arrays: Any) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(type_)) for name, type_ in arrays.items()))


_ARTICLES = _of_arrays(
    """
    SELECT a.sku, a.description,
           coalesce((SELECT jsonb_agg(jsonb_build_object('code', b.code, 'pieces', b.pieces, 'level', b.level)
                                      ORDER BY b.code)
                       FROM tasks.barcodes b WHERE b.article_id = a.id), '[]') AS codes
      FROM tasks.articles a
     WHERE a.id = ANY(:ids)
     ORDER BY a.sku
    """,
    ids=BIGINT,
)
# A colon would begin a parameter.
_TELLING = TELLING.replace(":", "\\:")


def _others(kind: str, table: str, code: str, owner: str) -> str:
    """Return a query for codes of other articles that are worth judging, by indexes alone."""
    return f"""
    SELECT '{kind}' AS kind, {code} AS code FROM {table}
     WHERE {code} = ANY(:candidates) AND {owner} <> ALL(:ids)
     UNION
    SELECT '{kind}', {code} FROM {table}
     WHERE lower({code}) = ANY(:lowers) AND lower({code}) <> upper({code}) AND {owner} <> ALL(:ids)
     UNION
    SELECT '{kind}', {code} FROM {table} WHERE {code} ~* '{_TELLING}' AND {owner} <> ALL(:ids)
     UNION
    SELECT '{kind}', long.code
      FROM unnest(:prefixes) AS digits (prefix),
           LATERAL (SELECT {code} AS code FROM {table}
                     WHERE {code} ~ '{LONG_DIGITS}' AND {owner} <> ALL(:ids)
                       AND {code} ~>=~ digits.prefix AND {code} ~<~ (digits.prefix || ':')
                    OFFSET 0) AS long
    """  # noqa: S608  made of names and patterns of ours


_OTHERS = _of_arrays(
    _others("sku", "tasks.articles", "sku", "id")
    + " UNION "
    + _others("barcode", "tasks.barcodes", "code", "article_id")
    + " ORDER BY code",
    candidates=TEXT,
    lowers=TEXT,
    prefixes=TEXT,
    ids=BIGINT,
)


class PickingRepository:
    """What a device picks from, in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_snapshot(self) -> None:
        """Let all that follows be as it is now: a task's version is that of its lines."""
        await self._connection.execute(_SNAPSHOT)

    async def mine(self, worker: str, completed_since: datetime, limit: int) -> dict[int, int]:
        """Return task id → number of lines of a worker's tasks.

        Those of the highest priority first, then in the order of when they are due; behind them those that
        were completed since.
        """
        values = {"worker": worker, "completed_since": completed_since, "limit": limit}
        return {row["id"]: row["lines"] for row in await self._rows(_MINE, values)}

    async def pool(self, limit: int) -> list[int]:
        """Return the ids of tasks that nobody has, by priority and when they are due."""
        return [row["id"] for row in await self._rows(_POOL, {"limit": limit})]

    async def articles(self, article_ids: Iterable[int]) -> Sequence[RowMapping]:
        """Return (sku, description, codes) of articles, by their SKUs."""
        return await self._rows(_ARTICLES, {"ids": list(article_ids)})

    async def others(self, article_ids: Iterable[int], exceptions: Exceptions) -> Sequence[RowMapping]:
        """Return (kind, code) of other articles' SKUs and barcodes that may be exceptions."""
        values = {
            "ids": list(article_ids),
            "candidates": list(exceptions.candidates),
            "lowers": list(exceptions.lowers),
            "prefixes": list(exceptions.prefixes),
        }
        return await self._rows(_OTHERS, values)

    async def _rows(self, statement: TextClause, values: dict[str, Any]) -> Sequence[RowMapping]:
        return (await self._connection.execute(statement, values)).mappings().all()
