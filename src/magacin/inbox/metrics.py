"""What the inbox measures."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from magacin.contracts.inbox import MessageKind
from magacin.core.metrics import zeroed

RECEIVED = zeroed(
    Counter("inbox_received_total", "Messages that came, by how they came.", ["kind"]), MessageKind
)
DROPPED = Counter("inbox_dropped_total", "Messages that made room for newer ones.")
KEPT = Gauge("inbox_messages", "Messages that are kept now.")
