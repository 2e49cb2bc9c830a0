"""What the heartbeat receiver measures."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

BEATS = Counter("heartbeat_beats_total", "Posts to the address of beats, by outcome.", ["outcome"])
LAST_BEAT = Gauge("heartbeat_last_beat_timestamp_seconds", "When a beat last came, Unix time; 0 for never.")
SILENT = Gauge("heartbeat_silent", "1 while no beat comes although one is due, else 0.")
NOTICES = Counter("heartbeat_notices_total", "Tries to tell people, by outcome.", ["channel", "outcome"])
WAITING = Gauge("heartbeat_notices_waiting", "Notices that could not be delivered yet.", ["channel"])


def initialise(channels: list[str]) -> None:
    """Bring every label value into being at zero."""
    for outcome in ("counted", "ignored", "refused"):
        BEATS.labels(outcome)
    for channel in channels:
        WAITING.labels(channel).set(0)
        for outcome in ("sent", "failed"):
            NOTICES.labels(channel, outcome)
