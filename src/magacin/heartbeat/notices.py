"""What the notices say."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from magacin.heartbeat.state import Kind, Notice

# As Alertmanager's messages name theirs, for filters of a mail program and for the inbox.
ALERT = "HeartbeatStopped"


class Text(NamedTuple):
    """A notice in words."""

    subject: str
    body: str
    status: str


def text_of(notice: Notice, name: str) -> Text:
    """Return what to tell people."""
    if notice.kind is Kind.RETURNED:
        lasted = _span((notice.at - notice.since).total_seconds())
        return Text(
            f"[RESOLVED] {ALERT}: the monitoring of {name} is back",
            f"The heartbeat of {name}'s monitoring came again at {_time(notice.at)}, after {lasted} of "
            "silence.\n\nAlerts of that time may have reached nobody: look at what happened meanwhile.",
            "resolved",
        )
    still = " still" if notice.kind is Kind.STILL else ""
    last = f"The last one came at {_time(notice.last_beat)}." if notice.last_beat else "None has ever come."
    return Text(
        f"[CRITICAL] {ALERT}: the monitoring of {name} is{still} silent",
        f"No heartbeat comes from {name}'s monitoring. {last}\n\n"
        "Prometheus, Alertmanager, their machine or the network between is down. Until that is mended, "
        "no alert may reach anybody.\n\n"
        "What to do there: ./magacin status, ./magacin doctor, and the runbook docs/runbooks/Watchdog.md.",
        "firing",
    )


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "an unknown time"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
