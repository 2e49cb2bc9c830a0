"""What a live drill sends."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from magacin.ops.notifications.through_alertmanager import Synthetic
from magacin.stack import render
from magacin.stack.errors import StackError

# The name where no alert of the rules is asked for.
GENERAL = "LiveDrill"
# The label by which routes, inhibition and templates know a drill.
LABEL, LIVE = "drill", "live"
SEVERITIES = ("critical", "warning")
# Alertmanager gathers what belongs together for 10 s or 30 s; mail servers and busy machines take their time.
_ARRIVES_WITHIN = {"critical": 60.0, "warning": 90.0}
_LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class Subject:
    """What the drill is about: an alert of the rules, or none in particular."""

    alert: str
    severity: str
    summary: str
    runbook_url: str


def subject(rules: Path, alert: str | None, severity: str | None, prometheus: str) -> Subject:
    """Return the subject; raise StackError for an alert that there is none of, or that tells nobody."""
    if alert is None:
        return Subject(GENERAL, severity or "critical", "", "")
    found = _alerts(rules)
    if alert not in found:
        raise StackError(f"there is no alert called {alert!r}.", f"There are: {', '.join(sorted(found))}.")
    rule = found[alert]
    own = rule["labels"]["severity"]
    if own not in SEVERITIES:
        raise StackError(f"{alert} tells no person anything, so there is nothing to answer.")
    if severity not in (None, own):
        raise StackError(f"{alert} is {own}, not {severity}.", "Leave --severity out, or the alert.")
    runbook = str(rule["annotations"]["runbook_url"]).replace("{{ $externalURL }}", prometheus)
    return Subject(alert, own, str(rule["annotations"]["summary"]), runbook)


def _alerts(rules: Path) -> dict[str, Mapping[str, Any]]:
    contents = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in render.rule_files(rules))
    groups: Sequence[Mapping[str, Any]] = [group for content in contents for group in content["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def alert_of(about: Subject, link: str) -> Synthetic:
    """Return the alert to send.

    Its service is one of its own. So it is told at once, not at the next turn of a group, and there is no
    other alert that it could keep back or be kept back by, whatever the rules of inhibition say.
    """
    labels = {
        "alertname": about.alert,
        "severity": about.severity,
        "service": f"drill-{secrets.token_hex(3)}",
        LABEL: LIVE,
    }
    said = f" In earnest it would say: {about.summary}" if about.summary else ""
    annotations = {
        "summary": "Somebody is trying whether alerts reach you.",
        "description": f"This is a drill of a {about.severity} alert, sent by hand.{said}",
        "acknowledge_url": link,
    }
    if about.runbook_url:
        annotations["runbook_url"] = about.runbook_url
    return Synthetic(labels, annotations, _ARRIVES_WITHIN[about.severity], _LASTS)


def link_of(base_url: str, path: str, token: str) -> str:
    """Return the address that whoever gets the message opens."""
    return f"{base_url.rstrip('/')}{path}?{urlencode({'token': token})}"
