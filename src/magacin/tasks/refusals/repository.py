"""Queries on refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BOOLEAN, INTEGER, TEXT, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.places import Place
from magacin.tasks.refusals.refused import Refused

# A request has no more operations; and however many requests somebody sends, no more of them are kept.
MAX_OF_A_REQUEST = 500
MAX_IN_A_MINUTE = 1_000

_TIME = TIMESTAMP(timezone=True)
_COLUMNS: dict[str, Any] = {
    "kind": TEXT, "operation_id": PG_UUID(as_uuid=True), "task_id": BIGINT, "code": TEXT, "reason": TEXT,
    "detail": TEXT, "picked_at": _TIME, "handed_in_by": TEXT,
}  # fmt: skip
_NAMES = ", ".join(_COLUMNS)

# The same operation sent again is refused again, and recorded once.
_ADD = text(
    f"""
    INSERT INTO tasks.refusals (worker, {_NAMES})
    SELECT :worker, {_NAMES}
      FROM unnest({", ".join(f":{name}" for name in _COLUMNS)})
               WITH ORDINALITY AS sent ({_NAMES}, place)
     ORDER BY place
     LIMIT greatest(0, :most - (SELECT count(*) FROM tasks.refusals
                                 WHERE worker = :worker AND refused_at > now() - interval '1 minute'))
        ON CONFLICT DO NOTHING
    """  # noqa: S608  made of the names of columns above
).bindparams(
    bindparam("worker", type_=TEXT),
    bindparam("most", type_=INTEGER),
    *(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()),
)


def _those_of(
    table: str, at: str, where: str = "true", *, key: str = "operation_id::text", **others: str
) -> str:
    """Return a query for the last refused of a table, which has an index of them by when they were."""
    told = {
        "kind": f"'{table[:-1]}'", "reason": "outcome", "code": "NULL", "detail": "NULL",
        "refused_as": "NULL", "article_id": "article_id", **others,
    }  # fmt: skip
    columns = ", ".join(f"{value} AS {name}" for name, value in told.items())
    return f"""
        (SELECT *
           FROM (SELECT {at} AS refused_at, {key} COLLATE "C" AS key, worker, operation_id, task_id,
                        picked_at, handed_in_by, {columns}
                   FROM tasks.{table}
                  WHERE {where} AND {at} >= :since AND {at} <= coalesce(:before, 'infinity')) AS those
          WHERE (refused_at < coalesce(:before, 'infinity') OR key > :key)
            AND (:worker IS NULL OR worker = :worker)
            AND (:code IS NULL OR code = :code)
            AND (:sku IS NULL OR article_id = (SELECT id FROM tasks.articles WHERE sku = :sku))
            AND (NOT :late OR refused_at - picked_at > interval '1 minute')
          ORDER BY refused_at DESC, key
          LIMIT :limit)
    """  # noqa: S608  made of names of columns


# The last of each table, of which the last of all are taken.
_REFUSED = [
    _those_of(
        "refusals",
        "refused_at",
        key="lpad(id::text, 20, '0')",
        kind="kind",
        reason="reason",
        code="code",
        detail="detail",
        article_id="NULL::bigint",
    ),
    _those_of(
        "scans",
        "scanned_at",
        "outcome NOT IN ('picked', 'line_complete', 'task_complete')",
        code="code",
        refused_as="refused_as",
    ),
    _those_of(
        "shortages",
        "created_at",
        "outcome <> 'reported'",
        article_id="(SELECT l.article_id FROM tasks.task_lines l WHERE l.id = line_id)",
    ),
    _those_of("undos", "undone_at", "outcome <> 'undone'"),
]
_PAGE = text(
    f"""
    SELECT refused.*, (SELECT a.sku FROM tasks.articles a WHERE a.id = refused.article_id) AS sku
      FROM ({" UNION ALL ".join(_REFUSED)}) AS refused
     ORDER BY refused_at DESC, key
     LIMIT :limit
    """  # noqa: S608  made of what stands above
).bindparams(
    bindparam("since", type_=_TIME),
    bindparam("before", type_=_TIME),
    *(bindparam(name, type_=TEXT) for name in ("key", "worker", "code", "sku")),
    bindparam("late", type_=BOOLEAN),
    bindparam("limit", type_=INTEGER),
)

_NO_SORT = text("SET LOCAL enable_sort = off")


class RefusalRepository:
    """Refusals in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, refused: Iterable[Refused]) -> None:
        """Record what was refused, up to `MAX_IN_A_MINUTE` of each worker."""
        by_worker: dict[str, list[Refused]] = defaultdict(list)
        for one in refused:
            by_worker[one.worker].append(one)
        for worker, those in by_worker.items():
            values: dict[str, Any] = {
                name: [getattr(one, name) for one in those[:MAX_OF_A_REQUEST]] for name in _COLUMNS
            }
            await self._connection.execute(_ADD, values | {"worker": worker, "most": MAX_IN_A_MINUTE})

    async def page(
        self,
        limit: int,
        before: Place | None,
        *,
        since: datetime,
        worker: str | None,
        sku: str | None,
        code: str | None,
        late: bool,
    ) -> Sequence[RowMapping]:
        """Return the last refusals of all tables, the newest first, each with its `key`."""
        at, key = before or (None, "")
        values = {
            "limit": limit, "since": since, "before": at, "key": key, "worker": worker, "sku": sku,
            "code": code, "late": late,
        }  # fmt: skip
        # Each table is read from its newest on until there is a page, and not all of it sorted before that.
        await self._connection.execute(_NO_SORT)
        return (await self._connection.execute(_PAGE, values)).mappings().all()

    async def removed_since(self, since: datetime) -> datetime | None:
        """Return before when those since a time were removed; None where all are kept."""
        statement = text("SELECT removed_before FROM tasks.scan_retention WHERE removed_before > :since")
        found: datetime | None = await self._connection.scalar(statement, {"since": since})
        return found
