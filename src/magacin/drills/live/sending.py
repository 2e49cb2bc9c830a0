"""Sends a live drill and watches it go."""

from __future__ import annotations

from pathlib import Path

from magacin.contracts.live_drills import FAILED
from magacin.drills.live.alert import Subject
from magacin.ops.notifications import routing
from magacin.ops.notifications.through_alertmanager import Synthetic, Way, send
from magacin.ops.notifications.trial import Trial

_ROUTED = "routed to"


def drill(about: Subject, alert: Synthetic, way: Way, config: Path) -> Trial:
    """Send it the whole way. Fails as well where it went to others than the alert in earnest would."""
    trial = Trial(about.severity, "live drill", about.alert)
    wanted = _receivers(about, alert, config)
    send(trial, way, alert)
    routed = next((step.answer for step in trial.steps if step.what == _ROUTED), None)
    if trial.error is None and routed != wanted:
        trial.fail(
            f"it went to {routed}; in earnest {about.alert} would go to {wanted}.",
            "A route tells drills from alerts: look at the routes in monitoring/alertmanager.yml.",
        )
    return trial


def _receivers(about: Subject, alert: Synthetic, config: Path) -> str:
    earnest = routing.Alert(about.alert, about.severity, alert.labels["service"])
    return ", ".join(routing.receivers_of(config, earnest))


def delivery(trial: Trial) -> str:
    """Return in a line what became of it, for the history."""
    if trial.error is not None:
        return f"{FAILED}{trial.error}"
    seen = [
        f"{step.what} ({step.answer})"
        for step in trial.steps
        if "arrived" in step.what or "sent" in step.what
    ]
    return "; ".join(seen)
