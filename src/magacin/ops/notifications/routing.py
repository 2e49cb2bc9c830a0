"""Who is told of which alert, read from the rules and from Alertmanager's configuration."""

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
PAGE = """\
# Who is told of an alert

The severity of an alert decides who is told. Made by `./magacin notify routes --write` from
`monitoring/alertmanager.yml`. A test posts every alert of `monitoring/rules` to a running Alertmanager, and
compares who is told of it.

| alert | receiver | told |
|---|---|---|
{rows}

`./magacin drill live` sends an alert with the label `drill="live"`. It goes where a real alert of its
severity goes.

## What is kept back

While a critical alert fires, warnings about the same service are not sent: whoever comes to look sees them
anyway. Two alerts are about the same service when their label `service` is the same. Nothing else is kept
back: two critical alerts are always both sent. A live drill keeps nothing back, and nothing keeps it back.

`./magacin notify routes` prints who is told of each single alert, and which warnings each critical alert
keeps back. The same test compares this with a running Alertmanager, for every pair.
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


def page(config: Path) -> str:
    """Return docs/alert-routing.md: who is told, by severity."""
    how = ways(config)
    routed = {
        "critical": receivers_of(config, Alert("Any", "critical", None)),
        "warning": receivers_of(config, Alert("Any", "warning", None)),
        "Watchdog": receivers_of(config, Alert("Watchdog", "none", "prometheus")),
        "critical live drill": receivers_of(config, Alert("LiveDrill", "critical", "drill"), drill="live"),
        "warning live drill": receivers_of(config, Alert("LiveDrill", "warning", "drill"), drill="live"),
    }
    return PAGE.format(rows="\n".join(_row(name, *_told(names, how)) for name, names in routed.items()))


def of_each(rules: Path, config: Path) -> str:
    """Return two tables: who is told of each alert, and which warnings each critical alert keeps back."""
    known, how = alerts(rules), ways(config)
    lines = ["| alert | severity | service | receiver | told |", "|---|---|---|---|---|"]
    for alert in known:
        service = alert.service if alert.service is not None else "the one concerned"
        lines.append(_row(alert.name, alert.severity, service, *_told(receivers_of(config, alert), how)))
    lines += [
        "",
        "Warnings in *italics* are kept back only when they are about the same service.",
        "",
        "| critical | keeps back |",
        "|---|---|",
    ]
    for critical in (alert for alert in known if alert.severity == "critical"):
        lines.append(
            _row(f"{critical.name}{_of(critical)}", ", ".join(kept_back(critical, known)) or "nothing")
        )
    return "\n".join([*lines, ""])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _told(names: Iterable[str], how: Mapping[str, str]) -> tuple[str, str]:
    return ", ".join(names), "; ".join(how[name] for name in names)


def kept_back(critical: Alert, known: Iterable[Alert]) -> list[str]:
    """Return the warnings that a critical alert keeps back, in italics where only for the same service."""
    kept = [
        alert.name if when == "always" else f"*{alert.name}*"
        for alert in known
        if alert.severity == "warning" and (when := keeps_back(critical, alert))
    ]
    return list(dict.fromkeys(kept))


def _of(alert: Alert) -> str:
    return f" ({alert.service})" if alert.service else ""
