"""The statements that keep the sums of reports up: each counts once, in the transaction that moves on.

A sum never asks in what order operations come: a scan is added to the day on which it was made, and an undo
takes it from there again.

Where scans were removed (`scan_retention`), the sums of their days stay when all others are made anew.
"""

from __future__ import annotations

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.core.db import Statement

ACTIVE_MINUTES = 5
"""How long a bit of `report_workers.active` stands for, and of `report_quarters.active`, which has three."""
QUARTER_MINUTES = 15
"""How long a row of `report_quarters` stands for."""

_IDLE = "repeat('0', 300)::bit(300)"
_IDLE_QUARTER = "B'000'"

STATE = Statement("SELECT place, time_zone FROM tasks.report_state")
EMPTY = Statement(
    "TRUNCATE tasks.report_workers, tasks.report_quarters, tasks.report_articles, tasks.report_locations,"
    " tasks.report_tasks, tasks.report_shifts, tasks.report_changed_days"
)
HAS_REMOVED = Statement("SELECT EXISTS (SELECT FROM tasks.scan_retention)")
AT_ONCE = 20_000
"""How many rows each of `EMPTY_FROM` takes away at most: of a large site no statement has time for more."""


def _empty_from(table: str, where: str) -> Statement:
    return Statement(
        f"""
        WITH gone AS (
            DELETE FROM tasks.{table} WHERE ctid = ANY (ARRAY(
                SELECT kept.ctid FROM tasks.{table} kept, tasks.scan_retention r
                 WHERE {where} LIMIT {AT_ONCE}))
            RETURNING 1
        )
        SELECT count(*) FROM gone
        """  # noqa: S608  made of what stands here
    )


EMPTY_FROM = (
    _empty_from("report_workers", "kept.day >= r.first_day"),
    _empty_from("report_quarters", "kept.day >= r.first_day"),
    _empty_from("report_shifts", "kept.day >= r.first_day"),
    _empty_from("report_changed_days", "kept.day >= r.first_day"),
    _empty_from("report_articles", "kept.grain IN ('day', 'month') AND kept.starts >= r.first_day"),
    _empty_from("report_locations", "kept.grain IN ('day', 'month') AND kept.starts >= r.first_day"),
    _empty_from("report_tasks", "kept.day IS NULL OR kept.day >= r.first_day"),
)
# Whoever completes one meanwhile notes it, and one that is noted twice counts once. What is still counted as
# of days that stay is not noted: nothing may be left of which to tell when it was finished.
NOTE_TASKS = Statement(
    """
    INSERT INTO tasks.task_turns (task_id)
    SELECT id FROM tasks.pick_tasks t
     WHERE status = 'completed' AND NOT EXISTS (SELECT FROM tasks.report_tasks WHERE task_id = t.id)
    """
)
FORGET = Statement("DELETE FROM tasks.report_state")
BEGIN = Statement("INSERT INTO tasks.report_state (place, time_zone) VALUES (0, :zone)", zone="text")

FOLLOWING = "SELECT pg_advisory_xact_lock(hashtextextended('tasks.reports', 0))"
"""The follower of the ledger has it for a step; whoever has it sees all that was followed."""
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
                       (SELECT created_at FROM tasks.plan_changes p WHERE p.operation_id = o.operation_id),
                       -- It is not kept any more.
                       (SELECT removed_before FROM tasks.scan_retention))
                  FROM tasks.operations o
                 WHERE o.place > coalesce((SELECT place FROM tasks.report_state), 0)
                 ORDER BY o.place LIMIT 1),
               (SELECT at FROM tasks.task_turns ORDER BY id LIMIT 1)
           )))::float8
    """
)


def note_changed(source: str) -> str:
    """Return what notes that days, of which a source has rows, are not what was added up of them any more."""
    return f"""
        INSERT INTO tasks.report_changed_days (day)
        SELECT DISTINCT day FROM {source} WHERE day IS NOT NULL ON CONFLICT DO NOTHING
    """  # noqa: S608  a name that stands here


def _since_midnight(moment: str, minutes: int) -> str:
    """Return what counts the pieces of some minutes that went by since midnight; a day may have 25 hours."""
    midnight = f"({moment} AT TIME ZONE :zone)::date::timestamp AT TIME ZONE :zone"
    return f"floor(extract(epoch FROM {moment} - {midnight}) / {60 * minutes})::integer"


def _day(moment: str) -> str:
    """Return the day of a moment; `r` is what is known of days that stay.

    What was before the first other day when they became so is before it in every time zone: some hours would
    otherwise be of both, or of neither.
    """
    day = f"({moment} AT TIME ZONE :zone)::date"
    return f"""CASE WHEN r.first_day IS NULL THEN {day}
                WHEN {moment} < r.removed_before THEN least({day}, r.first_day - 1)
                ELSE greatest({day}, r.first_day) END"""


# What each operation adds, of which day, worker, article and location. Each is looked up by its key.
# What the sums of days that stay have is not added to them again.
_FACTS = f"""
    SELECT one.*,
           {_day("one.made_at")} AS day,
           {_since_midnight("one.made_at", ACTIVE_MINUTES)} % 300 AS slot,
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
      LEFT JOIN tasks.scan_retention r ON true
     WHERE r.place IS NULL OR taken.place > r.place OR one.made_at >= r.removed_before
"""  # noqa: S608  made of what stands above


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
               bit_or(CASE WHEN works THEN set_bit({_IDLE}, slot, 1) ELSE {_IDLE} END)
          FROM facts GROUP BY day, worker
        ON CONFLICT (day, worker) DO UPDATE
           SET {_added(MEASURES)}, active = kept.active | excluded.active
    ), quarters AS (
        INSERT INTO tasks.report_quarters AS kept
               (day, quarter, worker, {", ".join((*MEASURES, *TASK_MEASURES))}, active)
        SELECT day, slot / 3, worker, {", ".join(f"sum({name})" for name in MEASURES)}, 0, 0, 0,
               bit_or(CASE WHEN works THEN set_bit({_IDLE_QUARTER}, slot % 3, 1) ELSE {_IDLE_QUARTER} END)
          FROM facts GROUP BY day, slot / 3, worker
        ON CONFLICT (day, worker, quarter) DO UPDATE
           SET {_added(MEASURES)}, active = kept.active | excluded.active
    ), changed AS ({note_changed("facts")}
    ), articles AS ({_by("report_articles", "sku")}
    ), locations AS ({_by("report_locations", "location")}
    ), moved AS (
        UPDATE tasks.report_state SET place = last FROM (SELECT max(place) AS last FROM taken) AS l
         WHERE last IS NOT NULL
    ), kept AS (
        UPDATE tasks.scan_retention SET place = last FROM (SELECT max(place) AS last FROM taken) AS l
         WHERE last > place
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
         -- When and by whom these were finished is kept here alone.
         WHERE NOT EXISTS (
               SELECT FROM tasks.scan_retention r
                 JOIN tasks.report_tasks k ON k.task_id = turned.task_id AND k.day < r.first_day
                 JOIN tasks.pick_tasks t ON t.id = turned.task_id
                WHERE t.status = 'completed' AND t.completed_at < r.removed_before)
    ), present AS MATERIALIZED (
        SELECT t.id AS task_id, {_day("finished_at")} AS day, finished.worker,
               {_since_midnight("finished_at", QUARTER_MINUTES)} AS quarter,
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
          LEFT JOIN tasks.scan_retention r ON true
    ), differences AS MATERIALIZED (
        SELECT day, quarter, worker, 1 AS counts, due, on_time FROM present
         UNION ALL
        SELECT day, quarter, worker, -1, due, on_time FROM tasks.report_tasks JOIN changed USING (task_id)
         WHERE day IS NOT NULL
    ), kept AS (
        INSERT INTO tasks.report_tasks (task_id, day, quarter, worker, due, on_time)
        SELECT task_id, day, quarter, worker, coalesce(due, false), coalesce(on_time, false)
          FROM changed LEFT JOIN present USING (task_id)
        ON CONFLICT (task_id) DO UPDATE
           SET day = excluded.day, quarter = excluded.quarter, worker = excluded.worker,
               due = excluded.due, on_time = excluded.on_time
    ), workers AS (
        INSERT INTO tasks.report_workers AS kept
               (day, worker, {", ".join((*TASK_MEASURES, *MEASURES))}, active)
        SELECT day, worker, sum(counts), sum(counts * due::integer), sum(counts * on_time::integer),
               {", ".join("0" for _ in MEASURES)}, {_IDLE}
          FROM differences GROUP BY day, worker
        ON CONFLICT (day, worker) DO UPDATE SET {_added(TASK_MEASURES)}
    ), quarters AS (
        INSERT INTO tasks.report_quarters AS kept
               (day, quarter, worker, {", ".join((*TASK_MEASURES, *MEASURES))}, active)
        SELECT day, quarter, worker, sum(counts), sum(counts * due::integer), sum(counts * on_time::integer),
               {", ".join("0" for _ in MEASURES)}, {_IDLE_QUARTER}
          FROM differences GROUP BY day, quarter, worker
        ON CONFLICT (day, worker, quarter) DO UPDATE SET {_added(TASK_MEASURES)}
    ), days AS ({note_changed("differences")}
    )
    SELECT count(*) FROM turned
    """,  # noqa: S608  made of what stands above
    most="bigint",
    zone="text",
)
