"""Notices that requisitions are closed: no task of theirs is to be picked any more.

Each closing is kept once, with what was ordered, picked and short, and told to the webhooks that want it, in
one transaction. What is taken back may open a requisition again; closed with another content it is closing 2.
"""

from __future__ import annotations

from sqlalchemy import text

from magacin.contracts.tasks.webhooks import WebhookEvent
from magacin.core.db import Database
from magacin.tasks.requisitions.repository import RequisitionRepository

_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.closing', 0))")
_TAKE = text("""
    DELETE FROM tasks.requisition_turns
     WHERE id = (SELECT id FROM tasks.requisition_turns ORDER BY id LIMIT 1)
    RETURNING task_id
""")
_SERVED = text("SELECT requisition_id FROM tasks.task_requisitions WHERE task_id = :task_id ORDER BY 1")

# One statement, so that all of it is as it was at one moment. Times are texts of one form: what is compared
# with the closing before must not differ by the time zone of a connection.
_CLOSE = text("""
    WITH served AS (
        SELECT t.id, t.status, t.completed_at
          FROM tasks.task_requisitions r JOIN tasks.pick_tasks t ON t.id = r.task_id
         WHERE r.requisition_id = :requisition_id
    ), counted AS (
        SELECT s.operation_id, s.line_id, s.worker, coalesce(s.picked_at, s.scanned_at) AS at, NULL AS reason
          FROM served JOIN tasks.scans s ON s.task_id = served.id
         WHERE s.outcome IN ('picked', 'line_complete', 'task_complete')
         UNION ALL
        SELECT s.operation_id, s.line_id, s.worker, coalesce(s.picked_at, s.created_at), s.reason
          FROM served JOIN tasks.shortages s ON s.task_id = served.id
         WHERE s.outcome = 'reported'
    ), done AS (
        SELECT l.requisition_line_id AS line_id,
               jsonb_agg(DISTINCT c.worker) AS workers,
               coalesce(jsonb_agg(DISTINCT c.reason) FILTER (WHERE c.reason IS NOT NULL), '[]') AS reasons,
               to_char(max(c.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
          FROM counted c JOIN tasks.task_lines l ON l.id = c.line_id
         WHERE NOT EXISTS (SELECT FROM tasks.undos u
                            WHERE u.undoes = c.operation_id AND u.outcome = 'undone')
         GROUP BY l.requisition_line_id
    ), before AS (
        SELECT closing, lines FROM tasks.requisition_results WHERE requisition_id = :requisition_id
         ORDER BY closing DESC LIMIT 1
    ), not_kept AS (
        -- Lines that were picked by scans that were removed since: who picked is in the closing before.
        SELECT (line ->> 'line_id')::bigint AS line_id, line -> 'workers' AS workers,
               line ->> 'finished_at' AS at
          FROM before CROSS JOIN LATERAL jsonb_array_elements(before.lines) AS l (line)
         WHERE EXISTS (
               SELECT FROM tasks.scan_retention r, served JOIN tasks.task_lines t ON t.task_id = served.id
                WHERE t.requisition_line_id = (line ->> 'line_id')::bigint AND t.picked > 0
                  AND served.completed_at < r.removed_before
                  AND NOT EXISTS (SELECT FROM counted c WHERE c.line_id = t.id AND c.reason IS NULL))
    ), content AS (
        SELECT jsonb_agg(jsonb_build_object(
                   'line_id', l.id, 'sku', a.sku, 'description', a.description, 'ordered', l.required,
                   'picked', p.picked, 'short', p.short, 'remaining', l.required - p.picked - p.short,
                   'reasons', coalesce(d.reasons, '[]'),
                   'workers', (SELECT coalesce(jsonb_agg(DISTINCT worker), '[]')
                                 FROM jsonb_array_elements(coalesce(d.workers, '[]')
                                                           || coalesce(k.workers, '[]')) AS w (worker)),
                   'finished_at', greatest(d.at, k.at)) ORDER BY l.id) AS lines
          FROM tasks.requisition_lines l
          JOIN tasks.articles a ON a.id = l.article_id
         CROSS JOIN LATERAL (SELECT coalesce(sum(picked), 0) AS picked, coalesce(sum(short), 0) AS short
                               FROM tasks.task_lines WHERE requisition_line_id = l.id) p
          LEFT JOIN done d ON d.line_id = l.id
          LEFT JOIN not_kept k ON k.line_id = l.id
         WHERE l.requisition_id = :requisition_id
    )
    INSERT INTO tasks.requisition_results (requisition_id, closing, closed_at, lines, to_file)
    SELECT :requisition_id, coalesce(before.closing, 0) + 1, (SELECT max(completed_at) FROM served),
           content.lines, :to_file
      FROM content LEFT JOIN before ON true
     WHERE content.lines IS NOT NULL AND content.lines IS DISTINCT FROM before.lines
       AND EXISTS (SELECT FROM served)
       AND NOT EXISTS (SELECT FROM served WHERE status NOT IN ('completed', 'cancelled'))
    RETURNING id
""")
_TELL = text("""
    INSERT INTO tasks.webhook_deliveries (webhook_id, event_id, type, occurred_at, data)
    SELECT w.id, one.event_id, CAST(:type AS text), o.closed_at, jsonb_build_object(
               'requisition_id', r.id, 'number', r.number, 'destination', r.destination,
               'closing', o.closing, 'lines', o.lines)
      FROM tasks.requisition_results o
      JOIN tasks.requisitions r ON r.id = o.requisition_id
     CROSS JOIN (SELECT gen_random_uuid() AS event_id) one
     CROSS JOIN tasks.webhooks w
     WHERE o.id = :result_id AND w.enabled AND CAST(:type AS text) = ANY (w.events)
""")


class Closing:
    """Looks at the requisitions of tasks that were completed or cancelled; `step` is for a `BackgroundLoop`.

    With several processes one looks at a time. It holds the lock of a requisition, so that nobody gives it
    another content meanwhile.
    """

    def __init__(self, database: Database, *, to_file: bool) -> None:
        self._database = database
        self._to_file = to_file

    async def step(self) -> bool:
        """Look at those of one task; return whether there may be more."""
        async with self._database.begin() as connection:
            if not await connection.scalar(_LEAD) or (task_id := await connection.scalar(_TAKE)) is None:
                return False
            served = list(await connection.scalars(_SERVED, {"task_id": task_id}))
            await RequisitionRepository(connection).lock(served)
            for requisition_id in served:
                values = {"requisition_id": requisition_id, "to_file": self._to_file}
                if result_id := await connection.scalar(_CLOSE, values):
                    told = {"result_id": result_id, "type": WebhookEvent.REQUISITION_CLOSED.value}
                    await connection.execute(_TELL, told)
        return True
