"""While a critical alert fires, a warning of its service must be kept back, and one of another must not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from magacin.contracts.inbox import MessageKind
from magacin.drills.following import patience
from magacin.drills.observer import GONE, Observer, View, messages
from magacin.drills.results import Stage, timed
from magacin.drills.timing import Timing

# Not an alert of the rules: a message by this name is a drill's, and says so.
PROBE = "DrillProbe"
STAGE = "warnings kept back"


async def probe(observer: Observer, timing: Timing, drill: str, alert: str, service: str) -> Stage:
    """Hand two warnings to Alertmanager, and see which of them gets through."""
    # On a busy machine the critical alert may be away for a moment, just when the warnings have their turn.
    about = f"{drill}/{alert}"
    stage = await _try(observer, timing, about, service)
    return await _try(observer, timing, f"{about}/again", service) if stage.verdict == "failed" else stage


async def _try(observer: Observer, timing: Timing, drill: str, service: str) -> Stage:
    started = datetime.now(UTC)
    # Two probes at a time must not be taken for one by Alertmanager.
    other = f"{drill}/{service}"
    floor = timing.route(_labels(other, drill)).group_wait
    try:
        await observer.post_alerts([_alert(service, drill, over=False), _alert(other, drill, over=False)])
        seen = await _observe_both(observer, service, other, started, patience(timing, floor))
        await observer.post_alerts([_alert(service, drill, over=True), _alert(other, drill, over=True)])
    except GONE as error:
        seen = f"Alertmanager does not take alerts ({type(error).__name__})"
    now = datetime.now(UTC)
    if seen:
        return Stage(STAGE, "failed", now, (now - started).total_seconds(), floor, seen)
    said = f"a warning of {service} was kept back, one of another service was sent"
    return timed(STAGE, now, started, floor, said)


async def _observe_both(observer: Observer, service: str, other: str, started: datetime, limit: float) -> str:
    """Return what is wrong, nothing when all is right."""

    def told(view: View, whose: str) -> bool:
        found = messages(view, MessageKind.EMAIL, alert=PROBE, service=whose, status="firing", after=started)
        return bool(found)

    if await observer.until(lambda view: told(view, other), time.monotonic() + limit) is None:
        return "a warning of another service was not sent either"
    # Both came at the same time and wait equally long, so by now this one would have been sent as well.
    if told(observer.view, service):
        return f"a warning of {service} was sent, although its critical alert fires"

    def is_held(view: View) -> bool:
        held = [a for a in view.sent if a.name == PROBE and a.labels.get("service") == service]
        return any(alert.inhibited_by for alert in held)

    if await observer.until(is_held, time.monotonic() + 5) is None:
        return f"Alertmanager does not keep a warning of {service} back"
    return ""


def _labels(service: str, drill: str) -> dict[str, str]:
    return {"alertname": PROBE, "severity": "warning", "service": service, "drill": drill}


def _alert(service: str, drill: str, *, over: bool) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "labels": _labels(service, drill),
        "annotations": {
            "summary": "A drill tries which warnings are kept back.",
            "description": f"The drill {drill} posted this. Nothing is wrong, and there is nothing to do.",
        },
        # One that began earlier would not be waited with.
        "startsAt": now.isoformat(),
        # Should nobody end it, it ends by itself.
        "endsAt": (now if over else now + timedelta(minutes=5)).isoformat(),
    }
