"""Rows of a file on their way to requisitions, in PostgreSQL, so that our memory does not grow with the file.

They are copied into temporary tables of one transaction, put together there, and moved to the durable
tables together with the job's change of status. A process that dies in between has staged nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.imports import Column
from magacin.contracts.payloads import MAX_QUANTITY
from magacin.imports import assembly
from magacin.imports.parsers.rows import RejectedRow, StagedRow
from magacin.imports.parsers.table import Layout

# How long one statement may take: two million rows are sorted in one.
STATEMENT_SECONDS = 900.0

_CREATE = """
SET LOCAL work_mem = '64MB';
CREATE TEMPORARY TABLE new_rows (
    row integer NOT NULL, requisition text NOT NULL, sku text NOT NULL, quantity integer NOT NULL,
    description text NOT NULL, barcode text, destination text NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_rejects (
    seq bigint GENERATED ALWAYS AS IDENTITY, row integer NOT NULL, "column" text NOT NULL,
    reason text NOT NULL, message text NOT NULL, value text NOT NULL, requisition text NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_held (requisition text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_lines (
    requisition text NOT NULL, sku text NOT NULL, row integer NOT NULL, rows integer NOT NULL,
    quantity bigint NOT NULL, description text NOT NULL, barcode text, barcodes integer NOT NULL
) ON COMMIT DROP
"""

# Leading zeros do not make another barcode: a GTIN has them or not, as the program that wrote it pleases.
_MERGE = """
INSERT INTO new_lines
SELECT requisition, sku, min(row), count(*), sum(quantity),
       coalesce((array_agg(description ORDER BY row) FILTER (WHERE description <> ''))[1], ''),
       (array_agg(barcode ORDER BY row) FILTER (WHERE barcode IS NOT NULL))[1],
       count(DISTINCT ltrim(barcode, '0'))
FROM new_rows GROUP BY requisition, sku
"""

_REFUSE_TOO_MUCH = """
WITH refused AS (
    DELETE FROM new_rows USING new_lines AS line
    WHERE line.requisition = new_rows.requisition AND line.sku = new_rows.sku AND line.quantity > $1
    RETURNING new_rows.*, line.quantity AS total
)
INSERT INTO new_rejects (row, "column", reason, message, value, requisition)
SELECT row, $2, 'too_large', format($3, sku, total), quantity::text, requisition
FROM refused
"""

_REFUSE_CONFLICTS = """
WITH refused AS (
    DELETE FROM new_rows USING new_lines AS line
    WHERE line.requisition = new_rows.requisition AND line.sku = new_rows.sku AND line.barcodes > 1
      AND ltrim(new_rows.barcode, '0') <> ltrim(line.barcode, '0')
    RETURNING new_rows.*, line.barcode AS first
)
INSERT INTO new_rejects (row, "column", reason, message, value, requisition)
SELECT row, $1, 'conflict', format($2, sku, first), barcode, requisition
FROM refused
"""

_REFUSE_TOO_MANY_LINES = """
WITH too_long AS (
    SELECT requisition, count(*) AS lines FROM new_lines GROUP BY requisition HAVING count(*) > $1
), refused AS (
    DELETE FROM new_rows USING too_long
    WHERE too_long.requisition = new_rows.requisition RETURNING new_rows.*, too_long.lines
)
INSERT INTO new_rejects (row, "column", reason, message, value, requisition)
SELECT row, $2, 'too_large', format($3, lines, $1::int), requisition, requisition
FROM refused
"""

_HOLD_BACK = """
WITH held AS (
    DELETE FROM new_rows WHERE requisition IN (
        SELECT requisition FROM new_rejects UNION SELECT requisition FROM new_held
    ) RETURNING *
)
INSERT INTO new_rejects (row, "column", reason, message, value, requisition)
SELECT row, $1, 'held_back', $2, sku, requisition
FROM held
"""

_DROP_LINES = """
DELETE FROM new_lines WHERE requisition IN (
    SELECT requisition FROM new_rejects UNION SELECT requisition FROM new_held
)
"""

_STORE_REQUISITIONS = """
INSERT INTO imports.staged_requisitions (job_id, position, number, destination, row_count, line_count)
SELECT $1, row_number() OVER (ORDER BY first_row), requisition, destination, rows, lines
FROM (SELECT requisition, min(row) AS first_row, sum(rows) AS rows, count(*) AS lines
      FROM new_lines GROUP BY requisition) AS grouped
JOIN (SELECT requisition,
             coalesce((array_agg(destination ORDER BY row) FILTER (WHERE destination <> ''))[1], '')
                 AS destination
      FROM new_rows GROUP BY requisition) AS destinations USING (requisition)
"""

_STORE_LINES = """
INSERT INTO imports.staged_lines (job_id, position, row, sku, quantity, description, barcode)
SELECT $1, found.position, line.row, line.sku, line.quantity, line.description, line.barcode
FROM new_lines AS line
JOIN imports.staged_requisitions AS found ON found.job_id = $1 AND found.number = line.requisition
"""

_STORE_REJECTS = """
INSERT INTO imports.rejects (job_id, position, row, "column", reason, message, value, requisition)
SELECT $1, row_number() OVER (ORDER BY row, seq), row, "column", reason, message, value, requisition
FROM new_rejects
"""

_COUNT = """
SELECT (SELECT coalesce(sum(rows - 1), 0)::bigint FROM new_lines) AS rows_merged,
       (SELECT count(DISTINCT row) FROM new_rejects WHERE reason <> 'held_back') AS rows_rejected,
       (SELECT count(*) FROM new_rejects WHERE reason = 'held_back') AS rows_held_back,
       (SELECT count(*) FROM imports.staged_requisitions WHERE job_id = $1) AS requisitions_total,
       (SELECT count(*) FROM (SELECT requisition FROM new_rejects WHERE requisition <> ''
                              EXCEPT SELECT requisition FROM new_lines) AS held) AS requisitions_held_back
"""

_MERGED_EXAMPLES = """
SELECT requisition, sku, rows FROM new_lines WHERE rows > 1 ORDER BY row LIMIT 3
"""

_SEVERAL_DESTINATIONS = """
SELECT requisition FROM new_rows WHERE destination <> '' GROUP BY requisition
HAVING count(DISTINCT destination) > 1 ORDER BY min(row)
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a file came to, before anything of it is sent."""

    counts: dict[str, int]
    notes: list[str]


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
        self, rows: Sequence[StagedRow], rejected: Sequence[RejectedRow], held_back: Sequence[str] = ()
    ) -> None:
        """Copy rows in, and the numbers of requisitions that are held back for a row beside them."""
        if rows:
            await self._copy("new_rows", StagedRow._fields, rows)
        if rejected:
            await self._copy("new_rejects", RejectedRow._fields, rejected)
        if held_back:
            await self._copy("new_held", ["requisition"], [(number,) for number in held_back])

    async def complete(self, layout: Layout, *, partial: bool) -> Staged:
        """Put the rows together, refuse what only shows then, hold back, and store the result."""
        await self._driver.execute("ANALYZE new_rows; ANALYZE new_rejects; ANALYZE new_held")
        await self._run(_MERGE)
        if await self._refuse(layout):
            await self._run("TRUNCATE new_lines")
            await self._run(_MERGE)
        if not partial:
            await self._run(_HOLD_BACK, layout.names[Column.REQUISITION], assembly.HELD_BACK)
            await self._run(_DROP_LINES)
        await self._driver.execute("ANALYZE new_lines")
        for statement in (_STORE_REQUISITIONS, _STORE_LINES, _STORE_REJECTS):
            await self._run(statement, self._job_id)
        counts = dict(await self._driver.fetchrow(_COUNT, self._job_id))
        return Staged(counts, await self._notes(counts))

    async def _refuse(self, layout: Layout) -> bool:
        """Refuse what is wrong with rows taken together; return whether there was any."""
        names = layout.names
        refused = await self._run(_REFUSE_TOO_MUCH, MAX_QUANTITY, names[Column.QUANTITY], assembly.TOO_MUCH)
        if Column.BARCODE in names:
            refused += await self._run(_REFUSE_CONFLICTS, names[Column.BARCODE], assembly.CONFLICT)
        refused += await self._run(
            _REFUSE_TOO_MANY_LINES,
            assembly.MAX_LINES,
            names[Column.REQUISITION],
            assembly.TOO_MANY_LINES,
        )
        return refused > 0

    async def _notes(self, counts: dict[str, int]) -> list[str]:
        merged = await self._driver.fetch(_MERGED_EXAMPLES) if counts["rows_merged"] else []
        several = await self._driver.fetch(_SEVERAL_DESTINATIONS)
        return assembly.notes(
            counts["rows_merged"],
            [(row["sku"], row["requisition"], row["rows"]) for row in merged],
            len(several),
            [row["requisition"] for row in several],
        )

    async def _copy(self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
        await self._driver.copy_records_to_table(table, records=records, columns=columns)

    async def _run(self, statement: str, *arguments: object) -> int:
        """Run a statement and return how many rows it touched."""
        status: str = await self._driver.execute(statement, *arguments)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0
