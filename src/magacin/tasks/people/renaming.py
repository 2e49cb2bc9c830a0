"""Where the Task Service has names, in the order in which a pseudonym takes their place.

The ledger comes before the sums of reports: what is followed meanwhile is counted under either name, and the
sums of both are added up afterwards, while nobody follows. Nothing is counted twice, and nothing is lost.
"""

from __future__ import annotations

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.core.renaming import InColumns, InDocuments, Statements, Step
from magacin.tasks import models
from magacin.tasks.reports.following import FOLLOWING, note_changed

# Of today they are in the team still: what they did today stays with it.
_LEAVE = """
    UPDATE tasks.team_members
       SET until = greatest(since, (now() AT TIME ZONE CAST(:zone AS text))::date) + 1
     WHERE worker = :former AND until IS NULL
"""
# Where nobody scanned, a report takes the first of a task's workers by name: a task that is completed is
# looked at again.
_ASSIGNED = """
    WITH theirs AS (
        UPDATE tasks.pick_task_workers SET worker = :pseudonym
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM tasks.pick_task_workers WHERE worker = :former LIMIT :most))
        RETURNING task_id
    ), noted AS (
        INSERT INTO tasks.task_turns (task_id)
        SELECT id FROM tasks.pick_tasks JOIN theirs ON theirs.task_id = id WHERE status = 'completed'
    )
    SELECT count(*) FROM theirs
"""
_TWICE_ASSIGNED = """
    DELETE FROM tasks.pick_task_workers w
     WHERE worker = :former AND EXISTS (SELECT FROM tasks.pick_task_workers t
                                         WHERE t.task_id = w.task_id AND t.worker = :pseudonym)
"""
# The same operation stands there once for one person; it came again while the name was replaced.
_TWICE_REFUSED = """
    DELETE FROM tasks.refusals r
     WHERE worker = :former AND operation_id IS NOT NULL AND EXISTS (
           SELECT FROM tasks.refusals t
            WHERE t.operation_id = r.operation_id AND t.worker = :pseudonym AND t.reason = r.reason
              AND (t.kind, t.task_id, t.code) IS NOT DISTINCT FROM (r.kind, r.task_id, r.code))
"""
# What is not sent yet; afterwards a mail has no rows. The mail that is just being handed in is out.
_MAILED = """
    UPDATE tasks.report_mails
       SET content = jsonb_set(content, '{rows}', (
               SELECT jsonb_agg(CASE WHEN one->>'key' = :former
                                     THEN one || jsonb_build_object('key', CAST(:pseudonym AS text))
                                     ELSE one END ORDER BY n)
                 FROM jsonb_array_elements(content->'rows') WITH ORDINALITY AS element (one, n)))
     WHERE content->>'by' = 'worker'
       AND content->'rows' @> jsonb_build_array(jsonb_build_object('key', CAST(:former AS text)))
"""


def _summed(table: str, keys: tuple[str, ...], theirs: str) -> str:
    """Return what adds sums under the name to those under the pseudonym; `theirs` is where the former are."""
    measures = (*MEASURES, *TASK_MEASURES)
    listed = ", ".join((*keys, *measures, "active"))
    added = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in measures)
    return f"""
        WITH theirs AS (
            DELETE FROM tasks.{table} WHERE ctid = ANY (ARRAY({theirs} LIMIT :most)) RETURNING {listed}
        ), changed AS ({note_changed("theirs")}
        )
        INSERT INTO tasks.{table} AS kept (worker, {listed})
        SELECT CAST(:pseudonym AS text), {listed} FROM theirs
        ON CONFLICT ({", ".join((*keys, "worker"))}) DO UPDATE
           SET {added}, active = kept.active | excluded.active
    """  # noqa: S608  made of names that stand here


# A day that has quarters again was followed meanwhile: both are for the next round, which finds quarters by
# their day.
_WORKERS = _summed(
    "report_workers",
    ("day",),
    "SELECT ctid FROM tasks.report_workers w WHERE worker = :former AND NOT EXISTS ("
    "SELECT FROM tasks.report_quarters q WHERE q.day = w.day AND q.worker = w.worker)",
)
_QUARTERS = _summed(
    "report_quarters",
    ("day", "quarter"),
    "SELECT q.ctid FROM tasks.report_workers w JOIN tasks.report_quarters q USING (day, worker)"
    " WHERE w.worker = :former",
)


def steps_of(zone: str) -> list[Step]:
    """Return all of them, for a site of a time zone."""
    return [
        Statements("team_members_end", _LEAVE, zone=zone),
        InColumns(models.team_members, "worker"),
        InColumns(models.teams, "changed_by"),
        InColumns(models.shifts, "changed_by"),
        InColumns(models.pick_tasks, "changed_by"),
        Statements("pick_task_workers_twice", _TWICE_ASSIGNED),
        Statements("pick_task_workers", _ASSIGNED),
        InColumns(models.plan_changes, "supervisor"),
        InDocuments(models.plan_changes, "operation_id", "sent"),
        InDocuments(models.plan_changes, "operation_id", "answer"),
        InColumns(models.shortages, "worker", "handed_in_by"),
        InDocuments(models.shortage_answers, "operation_id", "task"),
        InColumns(models.undos, "worker", "undone_worker", "handed_in_by"),
        Statements("refusals_twice", _TWICE_REFUSED),
        InColumns(models.refusals, "worker", "handed_in_by"),
        InColumns(models.scans, "worker", "handed_in_by"),
        InColumns(models.report_tasks, "worker", first=FOLLOWING),
        # The days of the former are those of the latter, which are removed.
        Statements("report_quarters", _QUARTERS, first=FOLLOWING),
        Statements("report_workers", _WORKERS, first=FOLLOWING, most=200),
        Statements("report_mails", _MAILED),
        InDocuments(models.requisition_results, "id", "lines"),
        InColumns(models.webhooks, "created_by"),
        InDocuments(models.webhook_deliveries, "id", "data"),
    ]
