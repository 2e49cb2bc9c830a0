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
    REFRESHED = "refreshed"
    REFRESH_REFUSED = "refresh_refused"
    REFRESH_REUSED = "refresh_reused"  # a token that had been used before: perhaps stolen


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
    Counter("auth_attempts_total", "Logins and refreshes, by what became of them.", ["outcome"]), AuthOutcome
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
