"""The API Gateway's metrics, besides those that every service has."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from magacin.contracts.live_drills import DrillSeverity
from magacin.core.metrics import LATENCY_BUCKETS, zeroed


class AuthOutcome(StrEnum):
    """What became of an attempt to log in or to refresh; the values of the label `outcome`."""

    SUCCESS = "success"
    BAD_CREDENTIALS = "bad_credentials"
    INACTIVE = "inactive"
    RATE_LIMITED = "rate_limited"
    PIN_LOCKED = "pin_locked"
    DEVICE_REFUSED = "device_refused"
    REFRESHED = "refreshed"
    REFRESH_REFUSED = "refresh_refused"
    REFRESH_REUSED = "refresh_reused"  # a token that had been used before: perhaps stolen


class AuthMethod(StrEnum):
    """By what somebody tried to log in, or to stay logged in; the values of the label `method`."""

    PASSWORD = "password"  # noqa: S105  the name of a method, not a password
    PIN = "pin"
    BADGE = "badge"
    REFRESH = "refresh"


# What becomes of a login, and what of a refresh: the other combinations do not exist.
_OF_REFRESHES = (AuthOutcome.REFRESHED, AuthOutcome.REFRESH_REFUSED, AuthOutcome.REFRESH_REUSED)
_OF_LOGINS = [outcome for outcome in AuthOutcome if outcome not in _OF_REFRESHES]
_LOGINS = [method for method in AuthMethod if method is not AuthMethod.REFRESH]


class UpstreamOutcome(StrEnum):
    """What became of a forwarded request; the values of the label `outcome`."""

    SUCCESS = "success"
    REFUSED = "refused"  # 4xx
    FAILED = "failed"  # 5xx
    UNAVAILABLE = "unavailable"  # no connection
    BROKEN = "broken"  # the connection was lost before the answer was whole
    TIMEOUT = "timeout"
    CLIENT_GONE = "client_gone"  # nobody waits for the answer any more


class Upstream(StrEnum):
    """The services behind the gateway; the values of the label `upstream`."""

    TASKS = "task-service"
    IMPORTS = "import-service"


AUTH_ATTEMPTS = zeroed(
    Counter(
        "auth_attempts_total",
        "Logins and refreshes, by how they were tried and what became of them.",
        ["method", "outcome"],
    ),
    _LOGINS,
    _OF_LOGINS,
)
zeroed(AUTH_ATTEMPTS, [AuthMethod.REFRESH], _OF_REFRESHES)
DEVICE_OPERATIONS_WAITING = Gauge(
    "device_operations_waiting",
    "Operations that the enrolled devices said they still hold.",
    multiprocess_mode="mostrecent",
)
DEVICE_OLDEST_OPERATION = Gauge(
    "device_oldest_operation_seconds",
    "Age of the oldest operation that an enrolled device said it still holds; 0 when none does.",
    multiprocess_mode="mostrecent",
)
WALL_SCREENS = Gauge(
    "wall_screens", "Screens on walls that were brought in and not ended.", multiprocess_mode="mostrecent"
)
WALL_SILENCE = Gauge(
    "wall_screen_longest_silence_seconds",
    "For how long that one of these was not heard of that is silent longest; 0 when there is none.",
    multiprocess_mode="mostrecent",
)
UPSTREAM_REQUESTS = zeroed(
    Counter(
        "upstream_requests_total",
        "Requests forwarded to a service, by what became of them.",
        ["upstream", "outcome"],
    ),
    Upstream,
    UpstreamOutcome,
)
UPSTREAM_DURATION = zeroed(
    Histogram(
        "upstream_request_duration_seconds",
        "Time from sending a request to a service until its answer was whole.",
        ["upstream"],
        buckets=LATENCY_BUCKETS,
    ),
    Upstream,
)
SOCKETIO_CONNECTIONS = Gauge(
    "socketio_connections", "Socket.IO clients that are connected and known.", multiprocess_mode="livesum"
)
LIVE_DRILL_UNANSWERED = zeroed(
    Gauge(
        "live_drill_unanswered_timestamp_seconds",
        "When the earliest live drill left that nobody has answered, nor a later one; 0 when none waits.",
        ["drill_severity"],
        multiprocess_mode="mostrecent",
    ),
    DrillSeverity,
)
AUDIT_REMOVED = Counter(
    "audit_entries_removed_total", "Entries of the audit log that were removed because they are too old."
)
AUDIT_OLDEST = Gauge(
    "audit_oldest_entry_timestamp_seconds",
    "When the oldest entry of the audit log was written; 0 when there is none.",
    multiprocess_mode="mostrecent",
)
SAVED_UNTIL = Gauge(
    "last_backup_timestamp_seconds",
    "Of when the last good backup is, or the stack was set up before the first; 0 where none is asked for.",
    multiprocess_mode="mostrecent",
)
CERTIFICATE_EXPIRY = Gauge(
    "gateway_certificate_expiry_timestamp_seconds",
    "When the certificate ends that phones are shown; 0 without HTTPS.",
    multiprocess_mode="mostrecent",
)
