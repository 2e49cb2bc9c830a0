"""Rows of a file on their way to requisitions, in PostgreSQL, so that our memory does not grow with the file.

They are copied, by requisition as far as they stand together (`parts`), into temporary tables of one
transaction; what does not stand together is put together from there, and all is moved to the durable tables
together with the job's change of status. A process that dies in between has staged nothing.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.imports import assembly, parts
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import Layout
from magacin.imports.parts import Part

# How long one statement may take: two million rows are sorted in one.
STATEMENT_SECONDS = 900.0
# What is taken from PostgreSQL, and given back, at a time.
_PARTS_AT_A_TIME, _ROWS_AT_A_TIME = 500, 5_000

# The place of a reject among all of its job: by its row, of which so much can be wrong at most.
POSITIONS_OF_A_ROW = 32

_CREATE = """
SET LOCAL work_mem = '64MB';
CREATE TEMPORARY TABLE new_parts (
    requisition text NOT NULL, row integer NOT NULL, row_count integer NOT NULL, line_count integer NOT NULL,
    settled boolean NOT NULL, destination text NOT NULL, lines text NOT NULL, rows text NOT NULL,
    destinations text
) ON COMMIT DROP;
ALTER TABLE new_parts ALTER COLUMN lines SET STORAGE EXTERNAL;
CREATE TEMPORARY TABLE new_held_orders (LIKE new_parts INCLUDING STORAGE) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_rejects (
    seq bigint GENERATED ALWAYS AS IDENTITY, row integer NOT NULL, "column" text NOT NULL,
    reason text NOT NULL, message text NOT NULL, value text NOT NULL, requisition text NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_held (requisition text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE unsettled (
    requisition text NOT NULL, held boolean NOT NULL, row_count bigint NOT NULL
) ON COMMIT DROP
"""

# Requisitions of several parts, those whose part says so, and those that are held back.
_FIND_UNSETTLED = """
WITH held AS (SELECT requisition FROM new_rejects UNION SELECT requisition FROM new_held)
INSERT INTO unsettled
SELECT part.requisition, held.requisition IS NOT NULL, sum(row_count)
FROM new_parts AS part LEFT JOIN held ON $1::boolean AND held.requisition = part.requisition
GROUP BY part.requisition, held.requisition
HAVING count(*) > 1 OR NOT bool_and(settled) OR held.requisition IS NOT NULL
"""

_UNSETTLED = f"""
SELECT held, unsettled.row_count, {", ".join(f"part.{name}" for name in Part._fields)}
FROM new_parts AS part JOIN unsettled USING (requisition)
ORDER BY part.requisition COLLATE "C", part.row
"""  # noqa: S608  names of columns above

_DROP_UNSETTLED = """
DELETE FROM new_parts USING unsettled WHERE unsettled.requisition = new_parts.requisition
"""

_STORE_REQUISITIONS = """
INSERT INTO imports.staged_requisitions
       (job_id, position, number, destination, row_count, line_count, lines)
SELECT $1, row, requisition, destination, row_count, line_count, lines FROM new_parts
"""

# A row beside a requisition that may be of it is counted as well: it may take one line more than it lacks.
_LOST = """
(SELECT requisition, count(*) AS rows
 FROM (SELECT DISTINCT requisition, row FROM new_rejects WHERE reason <> 'held_back'
       UNION ALL SELECT requisition, NULL FROM new_held) AS each
 GROUP BY requisition) AS lost
"""

_STORE_MISSING = f"""
UPDATE imports.staged_requisitions AS staged SET missing_rows = lost.rows FROM {_LOST}
WHERE staged.job_id = $1 AND staged.number = lost.requisition
"""  # noqa: S608  a statement above

# What a later file brings of an order goes before what an earlier one has.
_SUPERSEDE = """
UPDATE imports.held_orders SET state = 'superseded', decided_at = now(), lines = NULL
WHERE id IN (SELECT id FROM imports.held_orders
             WHERE state = 'waiting' AND job_id < $1
               AND number IN (SELECT requisition FROM new_held_orders)
             ORDER BY id FOR UPDATE)
"""

_STORE_HELD = f"""
INSERT INTO imports.held_orders
       (job_id, position, number, destination, reason, line_count, missing_rows, lines)
SELECT $1, row, requisition, destination, 'incomplete', line_count, coalesce(lost.rows, 0), lines
FROM new_held_orders LEFT JOIN {_LOST} USING (requisition) ORDER BY row
"""  # noqa: S608  a statement above

_REQUISITIONS = f"""
SELECT requisition AS number, destination, row_count, line_count, lines,
       CASE WHEN $1::boolean THEN coalesce(lost.rows, 0) ELSE 0 END AS missing_rows
FROM new_parts LEFT JOIN {_LOST} USING (requisition) ORDER BY row
"""  # noqa: S608  a statement above

_REJECTS = """
SELECT row, "column", reason, message, value, requisition FROM new_rejects ORDER BY row, seq LIMIT $1
"""

_HELD_BACK = """
SELECT requisition FROM new_rejects
WHERE requisition <> '' AND requisition NOT IN (SELECT requisition FROM new_parts)
GROUP BY requisition ORDER BY min(row) LIMIT $1
"""

_STORE_REJECTS = f"""
INSERT INTO imports.rejects (job_id, position, row, "column", reason, message, value, requisition)
SELECT $1, row::bigint * {POSITIONS_OF_A_ROW} + row_number() OVER (PARTITION BY row ORDER BY seq) - 1, row,
       "column", reason, message, value, requisition
FROM new_rejects
"""  # noqa: S608  a number

_COUNT = """
SELECT (SELECT count(DISTINCT row) FROM new_rejects WHERE reason <> 'held_back') AS rows_rejected,
       (SELECT count(*) FROM new_rejects WHERE reason = 'held_back') AS rows_held_back,
       (SELECT coalesce(sum(row_count - line_count), 0) FROM new_parts) AS rows_merged,
       (SELECT count(*) FROM new_parts) AS requisitions_total,
       (SELECT count(*) FROM (SELECT requisition FROM new_rejects WHERE requisition <> ''
                              EXCEPT SELECT requisition FROM new_parts) AS held) AS requisitions_held_back
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a file came to, before anything of it is sent."""

    counts: dict[str, int]
    notes: list[str]


class _Unsettled(NamedTuple):
    """A requisition with its parts; of one that has more rows than can make one, each part by itself."""

    held: bool
    row_count: int
    parts: list[Part]

    def goes_on_with(self, part: Part) -> bool:
        return self.row_count <= assembly.MAX_ROWS and self.parts[0].requisition == part.requisition


class _Settling:
    """Puts requisitions together from their parts, and keeps what there is to tell of them."""

    def __init__(self, layout: Layout, *, partial: bool) -> None:
        self._layout = layout
        self._partial = partial
        self._parts: list[Part] = []
        self._held: list[Part] = []
        self._rejects: list[RejectedRow] = []
        self._merged: list[tuple[int, str, str, int]] = []
        self._several: list[tuple[int, str]] = []
        self._several_count = 0

    @property
    def count(self) -> int:
        """Return how much is waiting to be taken, about."""
        return len(self._parts) + len(self._rejects)

    def take(self) -> tuple[list[Part], list[RejectedRow], list[Part]]:
        """Return what has been settled since the last time, and what was held back."""
        taken = self._parts, self._rejects, self._held
        self._parts, self._rejects, self._held = [], [], []
        return taken

    def settle(self, unsettled: _Unsettled) -> None:
        """Refuse, hold back and merge the rows of a requisition."""
        rows = [row for part in unsettled.parts for row in parts.rows_of(part)]
        good, rejects = assembly.refuse(rows, self._layout, unsettled.row_count)
        if unsettled.held or (rejects and not self._partial):
            rejects += assembly.hold_back(good, self._layout)
            if good:
                self._held.append(parts.merge(good))
            good = []
        self._rejects += rejects
        if good:
            self._parts.append(parts.merge(good))
            self._note(good)

    def _note(self, rows: Sequence[StagedRow]) -> None:
        """Keep the first few of what was merged, and of those with several destinations."""
        counts = Counter(row.sku for row in rows)
        if len(counts) < len(rows):
            first = {row.sku: row.row for row in reversed(rows)}
            found = [(first[sku], sku, rows[0].requisition, n) for sku, n in counts.items() if n > 1]
            self._merged = heapq.nsmallest(assembly.EXAMPLES, self._merged + found)
        named = [row for row in rows if row.destination]
        if len({row.destination for row in named}) > 1:
            self._several_count += 1
            one = (named[0].row, named[0].requisition)
            self._several = heapq.nsmallest(assembly.EXAMPLES, [*self._several, one])

    def notes(self, merged: int) -> list[str]:
        """Say what was put together, of which so many rows went into another's line."""
        examples = [example[1:] for example in self._merged]
        return assembly.notes(merged, examples, self._several_count, [number for _, number in self._several])


class Staging:
    """The staging of one job, inside one transaction that the caller commits.

    Its connection lets a statement take `STATEMENT_SECONDS`.
    """

    def __init__(self, driver: Any, job_id: int) -> None:
        self._driver = driver
        self._job_id = job_id

    @classmethod
    async def begin(cls, connection: AsyncConnection, job_id: int) -> Self:
        """Create the temporary tables. `connection` is in a transaction that has run a statement:
        only then the driver, which copies rows and knows nothing of SQLAlchemy's begin, is in it too."""
        raw = await connection.get_raw_connection()
        staging = cls(raw.driver_connection, job_id)
        await staging._driver.execute(_CREATE)
        return staging

    async def add(
        self, found: Sequence[Part], rejected: Sequence[RejectedRow], held_back: Sequence[str] = ()
    ) -> None:
        """Copy parts in, and the numbers of requisitions that are held back for a row beside them."""
        if found:
            await self._copy("new_parts", Part._fields, found)
        if rejected:
            await self._copy("new_rejects", RejectedRow._fields, rejected)
        if held_back:
            await self._copy("new_held", ["requisition"], [(number,) for number in held_back])

    async def complete(self, layout: Layout, *, partial: bool) -> Staged:
        """Put the parts together, and store the result."""
        staged = await self.settle(layout, partial=partial)
        for statement in (_STORE_REQUISITIONS, _STORE_REJECTS, _SUPERSEDE, _STORE_HELD):
            await self._driver.execute(statement, self._job_id)
        if partial:
            await self._driver.execute(_STORE_MISSING, self._job_id)
        return staged

    async def complete_records(self) -> Staged:
        """Store records, of which none has to do with another."""
        staged = await self.settle_records()
        for statement in (_STORE_REQUISITIONS, _STORE_REJECTS):
            await self._driver.execute(statement, self._job_id)
        return staged

    async def settle_records(self) -> Staged:
        """Count what records come to."""
        counts = dict(await self._driver.fetchrow(_COUNT))
        return Staged({name: counts[name] if name == "rows_rejected" else 0 for name in counts}, [])

    async def settle(self, layout: Layout, *, partial: bool) -> Staged:
        """Put the parts together, refuse what only shows then, and hold back."""
        await self._driver.execute("ANALYZE new_parts; ANALYZE new_rejects; ANALYZE new_held")
        await self._driver.execute(_FIND_UNSETTLED, not partial)
        settling = _Settling(layout, partial=partial)
        async for unsettled in self._unsettled():
            settling.settle(unsettled)
            if settling.count > _ROWS_AT_A_TIME:
                await self._take(settling)
        await self._take(settling)
        counts = dict(await self._driver.fetchrow(_COUNT))
        return Staged(counts, settling.notes(counts["rows_merged"]))

    async def _take(self, settling: _Settling) -> None:
        found, rejected, held = settling.take()
        await self.add(found, rejected)
        if held:
            await self._copy("new_held_orders", Part._fields, held)

    async def requisitions(self, *, partial: bool) -> AsyncIterator[Mapping[str, Any]]:
        """Yield what has been settled, as it would be stored."""
        async for record in self._driver.cursor(_REQUISITIONS, partial, prefetch=_PARTS_AT_A_TIME):
            yield record

    async def refused(self, most: int) -> tuple[list[RejectedRow], list[str]]:
        """Return the first rejects, and the first numbers of requisitions of which nothing is left."""
        rejects = await self._driver.fetch(_REJECTS, most)
        held_back = await self._driver.fetch(_HELD_BACK, most)
        return [RejectedRow(*reject) for reject in rejects], [number for (number,) in held_back]

    async def refused_of(self, rows: Sequence[int]) -> set[int]:
        """Return which of these rows were refused or held back."""
        found = await self._driver.fetch("SELECT row FROM new_rejects WHERE row = ANY($1::integer[])", rows)
        return {row for (row,) in found}

    async def _unsettled(self) -> AsyncIterator[_Unsettled]:
        """Yield requisitions whose parts have to be looked at, and take these out."""
        await self._driver.execute("ANALYZE unsettled")
        cursor = await self._driver.cursor(_UNSETTLED)
        # The cursor goes on seeing what was there when it was opened.
        await self._driver.execute(_DROP_UNSETTLED)
        last: _Unsettled | None = None
        while records := await cursor.fetch(_PARTS_AT_A_TIME):
            for held, row_count, *fields in records:
                part = Part(*fields)
                if last is not None and last.goes_on_with(part):
                    last.parts.append(part)
                    continue
                if last is not None:
                    yield last
                last = _Unsettled(held, row_count, [part])
        if last is not None:
            yield last

    async def _copy(self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
        await self._driver.copy_records_to_table(table, records=records, columns=columns)
