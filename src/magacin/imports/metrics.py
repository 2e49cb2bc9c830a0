"""What the Import Service measures; docs/metrics.md explains each.

A job counts when the transaction that finishes it has been committed, in the process that committed it.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from magacin.contracts.imports import JobStatus
from magacin.core.metrics import zeroed
from magacin.imports.parsers.registry import FORMATS

_FORMATS = tuple(one.name for one in FORMATS)
ROW_OUTCOMES = ("accepted", "duplicate", "rejected", "held_back")

IMPORT_JOBS = zeroed(
    Counter("import_jobs_total", "Import jobs that finished.", ["format", "outcome"]),
    _FORMATS,
    (JobStatus.SUCCEEDED, JobStatus.FAILED),
)
IMPORT_ROWS = zeroed(
    Counter("import_rows_total", "Rows of finished imports, by what became of them.", ["outcome"]),
    ROW_OUTCOMES,
)
IMPORT_DURATION = zeroed(
    Histogram(
        "import_duration_seconds",
        "Time from the file's arrival to its last requisition being committed, waiting included.",
        ["format"],
        buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 8, 15, 30, 60, 120, 300, 600, 1800),
    ),
    _FORMATS,
)
IMPORT_QUEUE_DEPTH = Gauge(
    "import_queue_depth", "Import jobs that wait or are worked on.", multiprocess_mode="mostrecent"
)
IMPORT_LAST_SUCCESS = Gauge(
    "import_last_success_timestamp_seconds",
    "When an import last succeeded, in Unix time, from the database; 0 before the first.",
    multiprocess_mode="mostrecent",
)
