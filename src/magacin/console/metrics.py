"""The console's metrics, besides those that every service has."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from magacin.core.metrics import LATENCY_BUCKETS


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


LOGINS = Counter("console_logins_total", "Logins, by what became of them.", ["outcome"])
UPSTREAM_REQUESTS = Counter(
    "console_upstream_requests_total",
    "Requests to Prometheus, Alertmanager and the inbox, by what became of them.",
    ["upstream", "outcome"],
)
UPSTREAM_DURATION = Histogram(
    "console_upstream_request_duration_seconds",
    "Time from the wish to ask until the answer was whole, waiting for a turn included.",
    ["upstream"],
    buckets=LATENCY_BUCKETS,
)
RANGE_QUERIES = Counter(
    "console_range_queries_total", "Range queries, by where their answer came from.", ["outcome"]
)
CACHED_SAMPLES = Gauge("console_cached_samples", "Samples kept of earlier answers.")

for _login in LoginOutcome:
    LOGINS.labels(_login)
for _upstream in UpstreamName:
    UPSTREAM_DURATION.labels(_upstream)
    for _outcome in UpstreamOutcome:
        UPSTREAM_REQUESTS.labels(_upstream, _outcome)
for _range in RangeOutcome:
    RANGE_QUERIES.labels(_range)
