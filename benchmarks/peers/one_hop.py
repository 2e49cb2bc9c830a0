"""A bare Starlette application on asyncpg: it makes the writes of a scan by one statement, and nothing else.

It asks nobody who they are, looks nothing up, has no metrics, no log and no event. Its tables are pgbench's.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# As many as the Task Service would have at fifty clients; more wait for each other in PostgreSQL.
_CONNECTIONS = 20
_SCAN = """
WITH task AS (
    SELECT id FROM yardstick.pick_tasks WHERE id = $1 FOR UPDATE
), line AS (
    UPDATE yardstick.lines SET picked = picked + 1 WHERE id = (SELECT id FROM task) RETURNING id, picked
), started AS (
    UPDATE yardstick.pick_tasks SET status = 'in_progress', lines_open = 1 WHERE id = (SELECT id FROM line)
), scan AS (
    INSERT INTO yardstick.scans (operation_id, task_id, line_id, article_id, worker, code, sent_quantity,
                                 quantity, outcome, picked, required, task_status, remaining_lines,
                                 scanned_at)
    SELECT $2, $1, id, $1, 'worker', $3, 1, 1, 'picked', picked, 1000000, 'in_progress', 1, now() FROM line
    ON CONFLICT DO NOTHING
), event AS (
    INSERT INTO yardstick.outbox (type, subject, rooms, data)
    SELECT 'scan.recorded', 'task:' || $1::text, jsonb_build_array('task:' || $1::text),
           jsonb_build_object('task_id', $1, 'line_id', id, 'code', $3::text, 'picked', picked) FROM line
)
SELECT picked FROM line
"""


async def _scan(request: Request) -> Response:
    scan = orjson.loads(await request.body())
    operation_id = uuid.UUID(scan["operation_id"])
    async with request.app.state.pool.acquire() as connection:
        picked = await connection.fetchval(_SCAN, scan["task_id"], operation_id, scan["code"])
    answer = {"outcome": "picked", "picked": picked, "operation_id": scan["operation_id"]}
    return Response(orjson.dumps(answer), media_type="application/json")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), user=os.environ["PGUSER"],
        password=os.environ["PGPASSWORD"], database=os.environ["PGDATABASE"],
        min_size=_CONNECTIONS, max_size=_CONNECTIONS,
    ) as pool:  # fmt: skip
        app.state.pool = pool
        yield


def application() -> Starlette:
    """Return the ASGI application; PostgreSQL is where libpq's variables say."""
    return Starlette(routes=[Route("/api/scan", _scan, methods=["POST"])], lifespan=_lifespan)
