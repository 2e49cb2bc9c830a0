"""The Realtime Worker's metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from magacin.contracts.events import EventType
from magacin.contracts.presence import ClientKind, DisconnectReason
from magacin.core.metrics import zeroed

INVALID = "invalid"

MESSAGES_PROCESSED = zeroed(
    Counter(
        "realtime_messages_processed_total",
        "Messages taken off the stream for good, by type; `invalid` ones went to the dead letters.",
        ["type"],
    ),
    (*EventType, INVALID),
)
# 0.1 s is what an event may take to a screen, 0.3 and 1 s are where people start to notice and to complain.
DELIVERY_SECONDS = Histogram(
    "realtime_delivery_seconds",
    "Time from the commit of an event until it was handed to the gateways.",
    buckets=(
        0.005,
        0.01,
        0.02,
        0.03,
        0.05,
        0.075,
        0.1,
        0.15,
        0.2,
        0.3,
        0.5,
        0.75,
        1,
        2.5,
        5,
        10,
        30,
        60,
        300,
    ),
)
STREAM_LAG = Gauge(
    "realtime_stream_lag", "Events in the stream that are not delivered yet; NaN when Redis cannot be asked."
)
ACTIVE_CONNECTIONS = zeroed(
    Gauge(
        "websocket_active_connections",
        "Client sockets over all gateways; 0 from a worker on standby, NaN when Redis cannot be asked.",
        ["client"],
    ),
    ClientKind,
)
DISCONNECTIONS = zeroed(
    Counter(
        "websocket_disconnections_total",
        "Client sockets that went away, over all gateways; counted by the worker that delivers.",
        ["client", "reason"],
    ),
    ClientKind,
    DisconnectReason,
)
