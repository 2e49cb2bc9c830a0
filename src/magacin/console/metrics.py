"""The console's metrics, besides those that every service has."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from magacin.core.metrics import LATENCY_BUCKETS, zeroed


class LoginOutcome(StrEnum):
    """What became of a login; the values of the label `outcome`."""

    SUCCESS = "success"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  an outcome, not a password
    RATE_LIMITED = "rate_limited"


class UpstreamName(StrEnum):
    """What the console asks; the values of the label `upstream`."""

    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    INBOX = "inbox"


class UpstreamOutcome(StrEnum):
    """What became of a request to one of them; the values of the label `outcome`."""

    SUCCESS = "success"
    REFUSED = "refused"  # 4xx: a query that is wrong, for example
    FAILED = "failed"  # 5xx
    UNAVAILABLE = "unavailable"  # no connection, or it broke
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"


class RangeOutcome(StrEnum):
    """Where the answer to a range query came from; the values of the label `outcome`."""

    SHARED = "shared"  # somebody else had just asked the very same
    HIT = "hit"  # every step was known
    EXTENDED = "extended"  # only the newest steps were asked for
    MISS = "miss"  # asked whole, and kept
    UNCACHED = "uncached"  # asked whole, and nothing to keep


LOGINS = zeroed(Counter("console_logins_total", "Logins, by what became of them.", ["outcome"]), LoginOutcome)
UPSTREAM_REQUESTS = zeroed(
    Counter(
        "console_upstream_requests_total",
        "Requests to Prometheus, Alertmanager and the inbox, by what became of them.",
        ["upstream", "outcome"],
    ),
    UpstreamName,
    UpstreamOutcome,
)
UPSTREAM_DURATION = zeroed(
    Histogram(
        "console_upstream_request_duration_seconds",
        "Time from the wish to ask until the answer was whole, waiting for a turn included.",
        ["upstream"],
        buckets=LATENCY_BUCKETS,
    ),
    UpstreamName,
)
RANGE_QUERIES = zeroed(
    Counter("console_range_queries_total", "Range queries, by where their answer came from.", ["outcome"]),
    RangeOutcome,
)
CACHED_SAMPLES = Gauge("console_cached_samples", "Samples kept of earlier answers.")
