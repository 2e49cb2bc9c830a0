"""What the heartbeat receiver measures."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from magacin.core.metrics import zeroed

BEATS = zeroed(
    Counter("heartbeat_beats_total", "Posts to the address of beats, by outcome.", ["outcome"]),
    ("counted", "ignored", "refused"),
)
LAST_BEAT = Gauge("heartbeat_last_beat_timestamp_seconds", "When a beat last came, Unix time; 0 for never.")
SILENT = Gauge("heartbeat_silent", "1 while no beat comes although one is due, else 0.")
NOTICES = Counter("heartbeat_notices_total", "Tries to tell people, by outcome.", ["channel", "outcome"])
WAITING = Gauge("heartbeat_notices_waiting", "Notices that could not be delivered yet.", ["channel"])


def initialise(channels: Iterable[str]) -> None:
    """Bring the series of the channels that are set up into being at zero."""
    zeroed(WAITING, channels)
    zeroed(NOTICES, channels, ("sent", "failed"))
