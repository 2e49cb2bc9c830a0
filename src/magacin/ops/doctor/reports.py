"""Are the sums that reports are read from what a recount comes to?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date

from magacin.contracts.tasks.reports import MEASURES, TASK_MEASURES
from magacin.ops.doctor.findings import Finding, warning
from magacin.ops.doctor.patient import Patient
from magacin.stack.parts import LOOPBACK
from magacin.stack.secrets import DATABASE

_DAYS = 3
# All scans of these days are read, which takes its time where there are many.
_SECONDS = 60.0

# One statement, and so one moment: of the last days, of what the sums have followed by then.
_DIFFERENT = f"""
WITH state AS (
    SELECT place, time_zone, first, first::timestamp AT TIME ZONE time_zone AS since
      FROM tasks.report_state
           CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE time_zone)::date - {_DAYS - 1} AS first) AS f
), undone AS (
    SELECT u.undoes, u.picked + u.short AS done, u.required
      FROM tasks.undos u JOIN tasks.operations o USING (operation_id), state
     WHERE u.outcome = 'undone' AND o.place <= state.place AND u.undone_at >= state.since
), one AS (
    SELECT (coalesce(s.picked_at, s.scanned_at) AT TIME ZONE time_zone)::date AS day, s.worker,
           (counts AND undoes IS NULL)::integer AS scans,
           CASE WHEN counts AND undoes IS NULL THEN quantity ELSE 0 END AS pieces,
           (s.outcome IN ('line_complete', 'task_complete'))::integer
               - coalesce((u.done + quantity = u.required)::integer, 0) AS lines,
           (NOT counts)::integer AS refused, (undoes IS NOT NULL)::integer AS undone,
           0 AS shortages, 0 AS short_pieces
      FROM state JOIN tasks.scans s ON s.scanned_at >= state.since
           CROSS JOIN LATERAL (
               SELECT s.outcome IN ('picked', 'line_complete', 'task_complete')) AS c (counts)
           JOIN tasks.operations o ON o.operation_id = s.operation_id AND o.place <= state.place
           LEFT JOIN undone u ON u.undoes = s.operation_id
     UNION ALL
    SELECT (coalesce(q.picked_at, q.created_at) AT TIME ZONE time_zone)::date, q.worker, 0, 0,
           coalesce((counts AND q.picked + q.short = q.required)::integer, 0)
               - coalesce((u.done + quantity = u.required)::integer, 0),
           0, 0, (counts AND undoes IS NULL)::integer,
           CASE WHEN counts AND undoes IS NULL THEN quantity ELSE 0 END
      FROM state JOIN tasks.shortages q ON q.created_at >= state.since
           CROSS JOIN LATERAL (SELECT q.outcome = 'reported') AS c (counts)
           JOIN tasks.operations o ON o.operation_id = q.operation_id AND o.place <= state.place
           LEFT JOIN undone u ON u.undoes = q.operation_id
), counted AS (
    SELECT day, worker, {", ".join(f"sum({name}) AS {name}" for name in MEASURES)}
      FROM one, state WHERE day >= first GROUP BY day, worker
)
SELECT min(day), count(*)
  FROM counted FULL JOIN (SELECT w.* FROM tasks.report_workers w, state WHERE day >= first) AS kept
       USING (day, worker)
 WHERE {" OR ".join(f"coalesce(counted.{name}, 0) <> coalesce(kept.{name}, 0)" for name in MEASURES)}
"""  # noqa: S608  made of names that stand above
_ALL = (*MEASURES, *TASK_MEASURES)


def _unlike(one: str, other: str, keys: str, where: str = "true") -> str:
    """Return what counts the keys of the last days for which two tables come to different sums."""
    sums = {
        table: f"""
        SELECT {keys}, {", ".join(f"sum({name}) AS {name}" for name in _ALL)}
          FROM tasks.{table} WHERE day >= (SELECT day FROM first) GROUP BY {keys}"""  # noqa: S608  the same
        for table in (one, other)
    }
    return f"""
    WITH first AS (
        SELECT (now() AT TIME ZONE time_zone)::date - {_DAYS - 1} AS day FROM tasks.report_state
    )
    SELECT count(*)
      FROM ({sums[one]}) AS one FULL JOIN ({sums[other]}) AS other USING ({keys})
     WHERE {where}
       AND ({" OR ".join(f"coalesce(one.{name}, 0) <> coalesce(other.{name}, 0)" for name in _ALL)})
    """  # noqa: S608  the same


# Both are kept in the transaction that follows an operation.
_UNLIKE_QUARTERS = _unlike("report_quarters", "report_workers", "day, worker")
# Days that are over are added up by shift, and say so until something of them changes.
_UNLIKE_SHIFTS = _unlike(
    "report_quarters", "report_shifts", "day", "day NOT IN (SELECT day FROM tasks.report_changed_days)"
)
_MISSING_TASKS = f"""
SELECT count(*) FROM tasks.report_state, tasks.pick_tasks t
 WHERE t.status = 'completed' AND t.completed_at >= now() - interval '{_DAYS} days'
   AND NOT EXISTS (SELECT FROM tasks.report_tasks r WHERE r.task_id = t.id AND r.day IS NOT NULL)
   AND NOT EXISTS (SELECT FROM tasks.task_turns n WHERE n.task_id = t.id)
"""  # noqa: S608  a number


def sums(patient: Patient) -> Iterator[Finding]:
    """The sums of the last days are what a recount of the scans and shortages comes to."""
    ((day, different),) = patient.database(lambda connection: connection.fetch(_DIFFERENT), seconds=_SECONDS)
    missing, unlike = patient.value(_MISSING_TASKS), patient.value(_UNLIKE_QUARTERS)
    days = patient.value(_UNLIKE_SHIFTS)
    if not different and not missing and not unlike and not days:
        return
    said = []
    if different:
        said.append(f"differ from a recount for {different} workers' days, the first one {day}")
    if unlike:
        said.append(f"by shift come to something else than those by worker for {unlike} workers' days")
    if days:
        said.append(f"are added up by shift to something else than their quarters on {days} days")
    if missing:
        said.append(f"lack {missing} completed tasks")
    yield warning(
        "reports",
        "sums",
        f"The sums of reports {' and '.join(said)}.",
        "Reports say something else than what was scanned.",
        _recount(patient, patient.value("SELECT first_day FROM tasks.scan_retention")),
    )


def _recount(patient: Patient, first_day: date | None) -> str:
    """Return the command that has all sums made anew, from the first day of which all scans are kept."""
    password = shlex.quote(str(patient.data.secrets / "postgres-superuser-password"))
    port = patient.site.port("postgres")
    psql = ["psql", "-h", LOOPBACK, "-p", str(port), "-U", "postgres", "-d", DATABASE]
    anew = shlex.join([*psql, "-c", "DELETE FROM tasks.report_state"])
    stays = f"; sums of days before {first_day} stay, because their scans were removed" if first_day else ""
    return f"PGPASSWORD=$(cat {password}) {anew}   # and report what you found{stays}"
