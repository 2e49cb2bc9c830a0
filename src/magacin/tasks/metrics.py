"""What the Task Service measures; docs/metrics.md explains each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from magacin.contracts.tasks.operations import UndoOutcome
from magacin.contracts.tasks.pick_tasks import TaskStatus
from magacin.contracts.tasks.scans import ScanOutcome
from magacin.contracts.tasks.shortages import ShortageReason
from magacin.core.metrics import zeroed

SCANS = zeroed(
    Counter("scans_total", "Scans by what became of them; a repeated operation_id counts once.", ["outcome"]),
    ScanOutcome,
)
SCAN_UNDOS = zeroed(
    Counter("scan_undos_total", "Undos of scans and shortages by what became of them.", ["outcome"]),
    UndoOutcome,
)
BATCH_RESULTS = ("answered", "failed")
BATCH_OPERATIONS = zeroed(
    Counter(
        "scan_batch_operations_total",
        "Operations that came in batches: answered, if by a refusal, or failed by a fault of ours.",
        ["result"],
    ),
    BATCH_RESULTS,
)
SCAN_BATCH_SIZE = Histogram(
    "scan_batch_size", "Scans committed together.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
SCAN_ARRIVAL_DELAY = Histogram(
    "scan_arrival_delay_seconds",
    "From when a scan, shortage or undo was made, as its device said, until it arrived.",
    buckets=(0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800),
)
DB_QUERY_DURATION = zeroed(
    Histogram(
        "db_query_duration_seconds",
        "Time in PostgreSQL by operation, a batch's commit included.",
        ["operation"],
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    ),
    (
        "articles",
        "board",
        "locations",
        "pick_tasks",
        "picking",
        "planning",
        "refusals",
        "reports",
        "requisition_batch",
        "requisitions",
        "scan_batch",
        "shortages",
        "teams",
    ),
)
DB_POOL_STATES = ("in_use", "idle")
DB_POOL_CONNECTIONS = zeroed(
    Gauge(
        "db_pool_connections", "Connections to PostgreSQL by state.", ["state"], multiprocess_mode="livesum"
    ),
    DB_POOL_STATES,
)
PICK_TASKS = zeroed(
    Gauge("pick_tasks", "Pick tasks by status.", ["status"], multiprocess_mode="mostrecent"), TaskStatus
)
OLDEST_OPEN_AGE = Gauge(
    "pick_task_oldest_open_age_seconds",
    "Age of the oldest task that nobody has claimed and that is not held; 0 when there is none.",
    multiprocess_mode="mostrecent",
)
HELD = Gauge(
    "pick_tasks_held",
    "Pick tasks that are held, and neither completed nor cancelled.",
    multiprocess_mode="mostrecent",
)
OVERDUE = Gauge(
    "pick_tasks_overdue",
    "Pick tasks past their due time that are neither completed nor cancelled.",
    multiprocess_mode="mostrecent",
)
REPORTS_LAG = Gauge(
    "reports_lag_seconds",
    "How long ago the first operation was recorded that reports do not have yet; 0 when they have all.",
    multiprocess_mode="mostrecent",
)
SCANS_REMOVED = Counter("scans_removed_total", "Scans that were removed because they are too old.")
OLDEST_SCAN = Gauge(
    "scan_oldest_timestamp_seconds",
    "When the oldest scan that is kept arrived; 0 when there is none.",
    multiprocess_mode="mostrecent",
)


class MailResult(StrEnum):
    """What became of an attempt to mail a report; the values of the label `result`."""

    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"  # besides, with the last that failed


REPORT_MAILS = zeroed(
    Counter("report_mails_total", "Attempts to mail a report, and reports that were given up.", ["result"]),
    MailResult,
)
REPORT_MAIL_LAST_SUCCESS = Gauge(
    "report_mail_last_success_timestamp_seconds",
    "When a report was mailed last, Unix time; 0 for never.",
    multiprocess_mode="mostrecent",
)
# Fixed, because what a process has said once under a label stays; those that are not needed are no numbers.
STRETCHES = tuple(str(number) for number in range(28))
SHIFT_STARTS = Gauge(
    "shift_hours_start_seconds",
    "When a stretch of working time begins, in seconds after Monday 00:00 by UTC; no number where none is.",
    ["stretch"],
    multiprocess_mode="mostrecent",
)
SHIFT_ENDS = Gauge(
    "shift_hours_end_seconds",
    "When it ends, in seconds after the same Monday 00:00 by UTC.",
    ["stretch"],
    multiprocess_mode="mostrecent",
)


class WebhookResult(StrEnum):
    """What became of an attempt to deliver to a webhook; the values of the label `result`."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # an answer that is no success
    UNREACHABLE = "unreachable"  # no answer, or not in time
    GONE = "gone"  # 410


WEBHOOK_DELIVERIES = zeroed(
    Counter("webhook_deliveries_total", "Attempts to deliver to webhooks.", ["result"]), WebhookResult
)
WEBHOOK_OLDEST_WAITING = Gauge(
    "webhook_oldest_waiting_seconds",
    "For how long the oldest delivery waits whose webhook is enabled; 0 when none does.",
    multiprocess_mode="mostrecent",
)
SHORTAGES = zeroed(Counter("shortages_total", "Shortages reported, by reason.", ["reason"]), ShortageReason)


@contextmanager
def timed(operation: str) -> Iterator[None]:
    """Observe how long the block takes, also when it fails."""
    started = time.perf_counter()
    try:
        yield
    finally:
        DB_QUERY_DURATION.labels(operation).observe(time.perf_counter() - started)
