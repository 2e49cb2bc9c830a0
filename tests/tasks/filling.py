"""Task tables of a warehouse that has been at work for a year: so many scans, task lines and articles."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class Sizes(NamedTuple):
    """How much there is. A task has four lines, each of another article at a place of its own."""

    scans: int
    lines: int
    articles: int


# Filled in this order; what is large has one row for each number.
_FILL = (
    """
    INSERT INTO tasks.articles (sku, description)
    SELECT CASE WHEN n % 10 = 0 THEN 'abc-' || n ELSE n::text END, '' FROM generate_series(1, :articles) n
    """,
    """
    INSERT INTO tasks.barcodes (code, article_id, pieces)
    SELECT CASE WHEN n % 10 = 0 THEN 'BAR-' || n ELSE lpad(n::text, 14, '0') END, n, 1 + n % 12
      FROM generate_series(1, :articles) n
    """,
    """
    INSERT INTO tasks.locations (code, zone, aisle, sequence)
    SELECT 'L' || n, '', '', n FROM generate_series(1, :articles) n
    """,
    """
    INSERT INTO tasks.requisitions (number, destination, released)
    SELECT n, '', true FROM generate_series(1, :tasks) n
    """,
    """
    INSERT INTO tasks.pick_tasks (status, lines_open)
    SELECT 'in_progress', 4 FROM generate_series(1, :tasks) n
    """,
    "INSERT INTO tasks.task_requisitions SELECT n, n FROM generate_series(1, :tasks) n",
    """
    INSERT INTO tasks.pick_task_workers (task_id, worker)
    SELECT n, 'worker' || n % 100 FROM generate_series(1, :tasks) n
    """,
    """
    INSERT INTO tasks.requisition_lines (requisition_id, article_id, required)
    SELECT 1 + (n - 1) / 4, 1 + (n * 7) % :articles, 10 FROM generate_series(1, :lines) n
    """,
    """
    INSERT INTO tasks.task_lines (id, task_id, requisition_line_id, article_id, location_id, required)
    SELECT id, requisition_id, id, article_id, 1 + id % :articles, required FROM tasks.requisition_lines
    """,
    """
    INSERT INTO tasks.earlier_lines (task_id, version, article_id, line_id, required)
    SELECT task_id, 1, article_id, id, required FROM tasks.task_lines WHERE task_id % 10 = 0
    """,
    """
    INSERT INTO tasks.scans (operation_id, task_id, line_id, article_id, worker, code, sent_quantity,
                             quantity, outcome, picked, short, required, task_status, remaining_lines,
                             scanned_at)
    SELECT md5(n::text)::uuid, 1 + n % (:tasks), 1 + n % :lines, 1 + (n * 7) % :articles,
           'worker' || n % 100, n, 1, 1, 'picked', 1, 0, 10, 'in_progress', 10,
           now() - n * (interval '365 days' / :scans)
      FROM generate_series(1, :scans) n
    """,
    """
    INSERT INTO tasks.shortages (operation_id, task_id, line_id, article_id, quantity, reason, worker,
                                 created_at)
    SELECT md5('s' || n)::uuid, 1 + n % (:tasks), 1 + n % :lines, 1 + n % 1000, 1, 'damaged',
           'worker' || n % 100, now() - n * interval '2 seconds'
      FROM generate_series(1, :fourth) n
    """,
    """
    INSERT INTO tasks.undos (operation_id, undoes, worker, outcome, undone_kind, task_id, undone_at)
    SELECT md5('u' || n)::uuid, md5(n::text)::uuid, 'worker1', 'undone', 'scan', 1 + n % (:tasks),
           now() - n * (interval '365 days' / :fourth)
      FROM generate_series(1, :fourth) n
    """,
    """
    INSERT INTO tasks.operations (operation_id)
    SELECT operation_id FROM tasks.scans
     UNION ALL SELECT operation_id FROM tasks.shortages
     UNION ALL SELECT operation_id FROM tasks.undos
     ORDER BY operation_id
    """,
    """
    INSERT INTO tasks.refusals (refused_at, worker, reason, operation_id)
    SELECT now() - n * (interval '365 days' / :fourth), 'worker' || n % 100, 'task_not_found',
           md5('r' || n)::uuid
      FROM generate_series(1, :fourth) n
    """,
)
TABLES = (
    "articles", "barcodes", "locations", "requisitions", "pick_tasks", "task_requisitions",
    "pick_task_workers", "requisition_lines", "task_lines", "earlier_lines", "scans", "shortages", "undos",
    "operations", "refusals",
)  # fmt: skip


# A year's tasks are done, but for the last ones; what was short or refused is as it was.
_CLOSE = (
    """
    UPDATE tasks.task_lines SET picked = required, short = 0
     WHERE task_id <= :last - :open
    """,
    """
    UPDATE tasks.pick_tasks
       SET status = 'completed', lines_open = 0, started_at = created_at,
           completed_at = now() - (interval '365 days' / :last) * (:last - id)
     WHERE id <= :last - :open
    """,
    """
    INSERT INTO tasks.requisitions (number, destination) SELECT 'new' || n, '' FROM generate_series(1, 300) n
    """,
    "VACUUM ANALYZE tasks.pick_tasks, tasks.task_lines, tasks.requisitions",
)

# What is looked up by, besides primary keys: made at once when all rows are there, it is there much sooner.
_SECONDARY = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS taken,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(c.oid)) AS given
      FROM pg_constraint c
     WHERE contype = 'u' AND conrelid::regclass::text = ANY(:tables)
       AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)
     UNION ALL
    SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
      FROM pg_index i
     WHERE i.indrelid::regclass::text = ANY(:tables)
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


async def fill(url: SecretStr, sizes: Sizes) -> None:
    """Fill empty tables by way of a superuser's connection."""
    numbers = sizes._asdict() | {"tasks": sizes.lines // 4, "fourth": sizes.scans // 4}
    engine = create_async_engine(url.get_secret_value(), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        # What a trigger checks of so many lines takes longer than all else, and is not what is asked here.
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.execute(text("SET maintenance_work_mem = '512MB'"))
        tables = [f"tasks.{table}" for table in TABLES]
        secondary = (await connection.execute(text(_SECONDARY), {"tables": tables})).all()
        for index in secondary:
            await connection.execute(text(index.taken))
        for statement in _FILL:
            filled = re.sub(
                r":(scans|lines|articles|tasks|fourth)", lambda name: str(numbers[name[1]]), statement
            )
            await connection.execute(text(filled))
        for index in secondary:
            # Whose they are is not changed by making them anew: an index is its table's owner's.
            await connection.execute(text(index.given.replace(":", r"\:")))
        for table in TABLES:
            await connection.execute(text(f"VACUUM ANALYZE tasks.{table}"))
    await engine.dispose()


async def close_tasks(url: SecretStr, *, left_open: int) -> None:
    """Complete all tasks but the last ones, and have some orders without a task."""
    engine = create_async_engine(url.get_secret_value(), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        last = await connection.scalar(text("SELECT max(id) FROM tasks.pick_tasks"))
        for statement in _CLOSE:
            await connection.execute(
                text(statement.replace(":open", str(left_open)).replace(":last", str(last)))
            )
    await engine.dispose()
