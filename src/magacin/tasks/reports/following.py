"""The statements that keep the sums of reports up: each counts once, in the transaction that moves on.

A sum never asks in what order operations come: a scan is added to the day on which it was made, and an undo
takes it from there again.
"""

from __future__ import annotations

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.core.db import Statement

ACTIVE_MINUTES = 5
"""How long a bit of `report_workers.active` stands for."""

_IDLE = "repeat('0', 300)::bit(300)"

STATE = Statement("SELECT place, time_zone FROM tasks.report_state")
BEGIN_ANEW = (
    Statement(
        "TRUNCATE tasks.report_workers, tasks.report_articles, tasks.report_locations, tasks.report_tasks"
    ),
    # Whoever completes one meanwhile notes it, and one that is noted twice counts once.
    Statement(
        "INSERT INTO tasks.task_turns (task_id) SELECT id FROM tasks.pick_tasks WHERE status = 'completed'"
    ),
    Statement("DELETE FROM tasks.report_state"),
)
BEGIN = Statement("INSERT INTO tasks.report_state (place, time_zone) VALUES (0, :zone)", zone="text")

LEAD = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended('tasks.reports', 0))")
DRAWN = Statement("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tasks.operations_place_seq")
# Whoever writes operations has had this lock from before the first place was drawn until the commit is seen.
WRITERS = Statement(
    """
    SELECT virtualtransaction FROM pg_locks
     WHERE relation = 'tasks.operations'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)
LAG = Statement(
    """
    SELECT greatest(0, extract(epoch FROM now() - least(
               (SELECT coalesce(
                       (SELECT scanned_at FROM tasks.scans s WHERE s.operation_id = o.operation_id),
                       (SELECT created_at FROM tasks.shortages q WHERE q.operation_id = o.operation_id),
                       (SELECT undone_at FROM tasks.undos u WHERE u.operation_id = o.operation_id),
                       (SELECT created_at FROM tasks.plan_changes p WHERE p.operation_id = o.operation_id))
                  FROM tasks.operations o
                 WHERE o.place > coalesce((SELECT place FROM tasks.report_state), 0)
                 ORDER BY o.place LIMIT 1),
               (SELECT at FROM tasks.task_turns ORDER BY id LIMIT 1)
           )))::float8
    """
)

# What each operation adds, of which day, worker, article and location. Each is looked up by its key.
_FACTS = """
    SELECT one.*, (one.made_at AT TIME ZONE :zone)::date AS day,
           coalesce((SELECT sku FROM tasks.articles WHERE id = coalesce(
                         one.article_id,
                         (SELECT article_id FROM tasks.task_lines WHERE id = one.line_id),
                         (SELECT article_id FROM tasks.gone_lines WHERE id = one.line_id))), '') AS sku,
           coalesce((SELECT (SELECT code FROM tasks.locations WHERE id = l.location_id)
                       FROM tasks.task_lines l WHERE l.id = one.line_id),
                    (SELECT location FROM tasks.gone_lines WHERE id = one.line_id), '') AS location
      FROM taken CROSS JOIN LATERAL (
        SELECT s.worker, coalesce(s.picked_at, s.scanned_at) AS made_at, s.article_id, s.line_id,
               counts::integer AS scans, CASE WHEN counts THEN s.quantity ELSE 0 END AS pieces,
               (s.outcome IN ('line_complete', 'task_complete'))::integer AS lines,
               (NOT counts)::integer AS refused, 0 AS undone, 0 AS shortages, 0 AS short_pieces,
               true AS works
          FROM tasks.scans s CROSS JOIN LATERAL
               (SELECT s.outcome IN ('picked', 'line_complete', 'task_complete')) AS c (counts)
         WHERE s.operation_id = taken.operation_id
         UNION ALL
        SELECT q.worker, coalesce(q.picked_at, q.created_at), NULL, q.line_id, 0, 0,
               (counts AND coalesce(q.picked + q.short = q.required, false))::integer, 0, 0,
               counts::integer, CASE WHEN counts THEN q.quantity ELSE 0 END, true
          FROM tasks.shortages q CROSS JOIN LATERAL (SELECT q.outcome = 'reported') c (counts)
         WHERE q.operation_id = taken.operation_id
         UNION ALL
        -- What is taken back is so from its day, its worker and its place.
        SELECT s.worker, coalesce(s.picked_at, s.scanned_at), s.article_id, s.line_id, -1, -s.quantity,
               -(u.picked + u.short + s.quantity = u.required)::integer, 0, 1, 0, 0, false
          FROM tasks.undos u JOIN tasks.scans s ON s.operation_id = u.undoes
         WHERE u.operation_id = taken.operation_id AND u.outcome = 'undone' AND u.undone_kind = 'scan'
         UNION ALL
        SELECT q.worker, coalesce(q.picked_at, q.created_at), NULL, q.line_id, 0, 0,
               -(u.picked + u.short + q.quantity = u.required)::integer, 0, 0, -1, -q.quantity, false
          FROM tasks.undos u JOIN tasks.shortages q ON q.operation_id = u.undoes
         WHERE u.operation_id = taken.operation_id AND u.outcome = 'undone' AND u.undone_kind = 'shortage'
      ) AS one
"""


def _added(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in names)


def _by(table: str, subject: str) -> str:
    """Return what adds the facts to the sums of a subject, by day and by month."""
    return f"""
        INSERT INTO tasks.{table} AS kept (grain, starts, {subject}, {", ".join(MEASURES)})
        SELECT grain, starts, {subject}, {", ".join(f"sum({name})" for name in MEASURES)}
          FROM facts CROSS JOIN LATERAL
               (VALUES ('day', day), ('month', date_trunc('month', day)::date)) AS span (grain, starts)
         GROUP BY grain, starts, {subject}
        ON CONFLICT (grain, starts, {subject}) DO UPDATE SET {_added(MEASURES)}
    """  # noqa: S608  made of names that stand here


FOLLOW = Statement(
    f"""
    WITH taken AS MATERIALIZED (
        SELECT operation_id, place FROM tasks.operations
         WHERE place > :place AND place <= :horizon
         ORDER BY place LIMIT :most
    ), facts AS MATERIALIZED ({_FACTS}
    ), workers AS (
        INSERT INTO tasks.report_workers AS kept
               (day, worker, {", ".join((*MEASURES, *TASK_MEASURES))}, active)
        SELECT day, worker, {", ".join(f"sum({name})" for name in MEASURES)}, 0, 0, 0,
               bit_or(CASE WHEN works THEN set_bit({_IDLE},
                   floor(extract(epoch FROM made_at - day::timestamp AT TIME ZONE :zone)
                         / {60 * ACTIVE_MINUTES})::integer % 300, 1) ELSE {_IDLE} END)
          FROM facts GROUP BY day, worker
        ON CONFLICT (day, worker) DO UPDATE
           SET {_added(MEASURES)}, active = kept.active | excluded.active
    ), articles AS ({_by("report_articles", "sku")}
    ), locations AS ({_by("report_locations", "location")}
    ), moved AS (
        UPDATE tasks.report_state SET place = last FROM (SELECT max(place) AS last FROM taken) AS l
         WHERE last IS NOT NULL
    )
    SELECT count(*) FROM taken
    """,  # noqa: S608  made of what stands above
    place="bigint",
    horizon="bigint",
    most="bigint",
    zone="text",
)

# A task is finished when its last piece was picked or reported short, by whoever did that.
FOLLOW_TASKS = Statement(
    f"""
    WITH turned AS (
        DELETE FROM tasks.task_turns
         WHERE id IN (SELECT id FROM tasks.task_turns ORDER BY id LIMIT :most)
        RETURNING task_id
    ), changed AS MATERIALIZED (
        SELECT DISTINCT task_id FROM turned
    ), present AS MATERIALIZED (
        SELECT t.id AS task_id, (finished_at AT TIME ZONE :zone)::date AS day, finished.worker,
               due.at IS NOT NULL AS due, coalesce(finished_at <= due.at, false) AS on_time
          FROM changed
          JOIN tasks.pick_tasks t ON t.id = changed.task_id AND t.status = 'completed'
          LEFT JOIN LATERAL (
                SELECT s.worker, coalesce(s.picked_at, s.scanned_at) AS made_at, s.operation_id
                  FROM tasks.scans s
                 WHERE s.task_id = t.id AND s.outcome IN ('picked', 'line_complete', 'task_complete')
                   AND NOT EXISTS (SELECT FROM tasks.undos u
                                    WHERE u.undoes = s.operation_id AND u.outcome = 'undone')
                 UNION ALL
                SELECT q.worker, coalesce(q.picked_at, q.created_at), q.operation_id
                  FROM tasks.shortages q
                 WHERE q.task_id = t.id AND q.outcome = 'reported'
                   AND NOT EXISTS (SELECT FROM tasks.undos u
                                    WHERE u.undoes = q.operation_id AND u.outcome = 'undone')
                 ORDER BY made_at DESC, operation_id
                 LIMIT 1) AS last ON true
          CROSS JOIN LATERAL (
                SELECT coalesce(last.made_at, t.completed_at) AS finished_at,
                       coalesce(last.worker,
                                (SELECT min(w.worker) FROM tasks.pick_task_workers w WHERE w.task_id = t.id),
                                '') AS worker) AS finished
          CROSS JOIN LATERAL (
                SELECT coalesce(t.due_at,
                                (SELECT min(r.due_at) FROM tasks.task_requisitions l
                                   JOIN tasks.requisitions r ON r.id = l.requisition_id
                                  WHERE l.task_id = t.id)) AS at) AS due
    ), differences AS MATERIALIZED (
        SELECT day, worker, 1 AS counts, due, on_time FROM present
         UNION ALL
        SELECT day, worker, -1, due, on_time FROM tasks.report_tasks JOIN changed USING (task_id)
         WHERE day IS NOT NULL
    ), kept AS (
        INSERT INTO tasks.report_tasks (task_id, day, worker, due, on_time)
        SELECT task_id, day, worker, coalesce(due, false), coalesce(on_time, false)
          FROM changed LEFT JOIN present USING (task_id)
        ON CONFLICT (task_id) DO UPDATE
           SET day = excluded.day, worker = excluded.worker, due = excluded.due, on_time = excluded.on_time
    ), workers AS (
        INSERT INTO tasks.report_workers AS kept
               (day, worker, {", ".join((*TASK_MEASURES, *MEASURES))}, active)
        SELECT day, worker, sum(counts), sum(counts * due::integer), sum(counts * on_time::integer),
               {", ".join("0" for _ in MEASURES)}, {_IDLE}
          FROM differences GROUP BY day, worker
        ON CONFLICT (day, worker) DO UPDATE SET {_added(TASK_MEASURES)}
    )
    SELECT count(*) FROM turned
    """,  # noqa: S608  made of what stands above
    most="bigint",
    zone="text",
)
