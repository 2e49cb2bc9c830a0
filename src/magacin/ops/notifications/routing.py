"""The table of who is told of which alert, made from the rules and from Alertmanager's configuration."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from magacin.stack import install

# A label that is filled in when the alert fires: `{{ $labels.job }}`.
_TEMPLATE = re.compile(r"\{\{")
HEAD = """\
# Who is told of which alert

Made by `./magacin notify routes --write` from `monitoring/rules` and `monitoring/alertmanager.yml`. A test
posts every alert to a running Alertmanager and compares: who is told of it, and which critical alert keeps
which warning back.
"""


@dataclass(frozen=True, order=True)
class Alert:
    """An alert as its rule defines it. `service` is None where the rule fills it in when it fires."""

    name: str
    severity: str
    service: str | None


def alerts(rules: Path) -> list[Alert]:
    """Return the alerts of all files of rules, each once, in order of name."""
    files = sorted(path for path in rules.rglob("*") if path.suffix in (".yml", ".yaml"))
    found = {
        _alert(rule)
        for file in files
        for group in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("groups", [])
        for rule in group["rules"]
        if "alert" in rule
    }
    return sorted(found, key=lambda alert: (alert.name, alert.severity, alert.service or ""))


def _alert(rule: Mapping[str, Any]) -> Alert:
    labels = rule.get("labels", {})
    service = labels.get("service", "")
    return Alert(
        rule["alert"], labels.get("severity", ""), None if _TEMPLATE.search(str(service)) else service
    )


def receivers_of(config: Path, alert: Alert, **more: str) -> tuple[str, ...]:
    """Ask amtool which receivers an alert is routed to; `more` are further labels."""
    labels = {"alertname": alert.name, "severity": alert.severity, "service": alert.service or "some-service"}
    labels |= more
    done = subprocess.run(
        [
            str(install.locate("amtool")),
            "config",
            "routes",
            "test",
            f"--config.file={config}",
            *(f"{key}={value}" for key, value in labels.items() if value),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(done.stdout.strip().split(","))


def ways(config: Path) -> dict[str, str]:
    """Return, for each receiver, how it tells whom."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    return {item["name"]: ", ".join(_ways(item)) or "nobody" for item in content["receivers"]}


def _ways(receiver: Mapping[str, Any]) -> Iterable[str]:
    yield from (f"email to {entry['to']}" for entry in receiver.get("email_configs") or [])
    yield from (f"Slack {entry['channel']}" for entry in receiver.get("slack_configs") or [])
    yield from ("the heartbeat address" for _ in receiver.get("webhook_configs") or [])


def keeps_back(critical: Alert, warning: Alert) -> str | None:
    """Return when a critical alert keeps a warning back: `always`, `same service`, or None for never."""
    if None not in (critical.service, warning.service):
        return "always" if critical.service == warning.service else None
    return "same service"


def table(rules: Path, config: Path) -> str:
    """Return the whole page."""
    known, how = alerts(rules), ways(config)
    lines = [HEAD, "| alert | severity | service | receiver | told |", "|---|---|---|---|---|"]
    for alert in known:
        names = receivers_of(config, alert)
        told = "; ".join(how[name] for name in names)
        service = alert.service if alert.service is not None else "the one concerned"
        lines.append(f"| {alert.name} | {alert.severity} | {service} | {', '.join(names)} | {told} |")
    return "\n".join([*lines, "", *_drills(config, how), *_inhibitions(known), ""])


def _drills(config: Path, how: Mapping[str, str]) -> list[str]:
    lines = [
        "## Live drills",
        "",
        '`./magacin drill --live` sends an alert with the label `drill="live"`, which goes where one of its',
        "severity goes. It keeps nothing back, and nothing keeps it back.",
        "",
        "| drill | receiver | told |",
        "|---|---|---|",
    ]
    for severity in ("critical", "warning"):
        names = receivers_of(config, Alert("LiveDrill", severity, "drill"), drill="live")
        lines.append(f"| {severity} | {', '.join(names)} | {'; '.join(how[name] for name in names)} |")
    return [*lines, ""]


def _inhibitions(known: list[Alert]) -> list[str]:
    criticals = [alert for alert in known if alert.severity == "critical"]
    warnings = [alert for alert in known if alert.severity == "warning"]
    lines = [
        "## What is kept back",
        "",
        "While a critical alert fires, these warnings are not sent: they are of the same service, and",
        "whoever comes to look sees them anyway. Those in *italics* only when they are about the service",
        "concerned.",
        "Nothing else is kept back; two criticals are always both sent.",
        "",
        "| critical | keeps back |",
        "|---|---|",
    ]
    for critical in criticals:
        kept = [
            warning.name if when == "always" else f"*{warning.name}*"
            for warning in warnings
            if (when := keeps_back(critical, warning))
        ]
        lines.append(f"| {critical.name}{_of(critical)} | {', '.join(dict.fromkeys(kept)) or 'nothing'} |")
    return lines


def _of(alert: Alert) -> str:
    return f" ({alert.service})" if alert.service else ""
