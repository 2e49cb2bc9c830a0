"""How long the configuration makes everybody wait, read from the files that are in force.

A floor is what cannot be gone below in the worst case: a fault that comes just after a scrape waits for the
next one, and so on with each step. Whatever took longer than that did so for another reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from magacin.drills import speed

_MATCHER = re.compile(r'^\s*(\w+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$')
# What a measured time may exceed its floor by before it counts as slow: a machine has other things to do.
TOLERANCE_SECONDS, TOLERANCE_SHARE = 3.0, 0.25
# Prometheus' own; what it sends is good for four times as long.
RESEND_SECONDS = 60.0


@dataclass(frozen=True)
class Route:
    """How long Alertmanager waits with the first message of a group, and between two."""

    group_wait: float
    group_interval: float
    repeat_interval: float


@dataclass(frozen=True)
class Timing:
    """The waiting times in force, in seconds, and the speed that they were divided by."""

    speed: float
    scrape: float
    scrape_timeout: float
    evaluation: float
    holds: Mapping[str, float]
    route_tree: Mapping[str, Any]
    keeps: Mapping[str, float] = field(default_factory=dict)
    """How long an alert goes on firing when its condition is over: keep_firing_for."""
    patience: float = 45.0
    """How long something is waited for beyond three times its floor."""

    @classmethod
    def read(cls, etc: Path, speed_: float, patience: float = 45.0) -> Timing:
        """Read the files that Prometheus and Alertmanager were given."""
        settings = _yaml(etc / "prometheus.yml")["global"]
        alerts = [
            rule
            for file in sorted((etc / "rules").glob("*.yml"))
            for group in _yaml(file)["groups"]
            for rule in group["rules"]
            if "alert" in rule
        ]
        return cls(
            speed=speed_,
            scrape=speed.seconds(settings["scrape_interval"]),
            scrape_timeout=speed.seconds(settings["scrape_timeout"]),
            evaluation=speed.seconds(settings["evaluation_interval"]),
            holds={rule["alert"]: speed.seconds(str(rule.get("for", "0s"))) for rule in alerts},
            keeps={rule["alert"]: speed.seconds(str(rule.get("keep_firing_for", "0s"))) for rule in alerts},
            route_tree=_yaml(etc / "alertmanager.yml")["route"],
            patience=patience,
        )

    @property
    def resend(self) -> float:
        """How long until Prometheus sends again what goes on firing: --rules.alert.resend-delay."""
        return self.scaled(RESEND_SECONDS)

    def scaled(self, seconds: float) -> float:
        """Return what a real duration is at this speed."""
        return seconds / self.speed

    def pending(self, delay: float) -> float:
        """Floor for a rule's condition: `delay` until the metric moves, a scrape, an evaluation."""
        return self.moved(delay) + self.evaluation

    def moved(self, delay: float) -> float:
        """Floor for a metric: `delay` until there is something to see, and the next scrape."""
        return delay + self.scrape + self.scrape_timeout

    def firing(self, alert: str, delay: float) -> float:
        """Floor for firing: pending, then `for` rounded up to evaluations."""
        hold = self.holds.get(alert, 0.0)
        return self.pending(delay) + math.ceil(hold / self.evaluation) * self.evaluation

    def over(self, alert: str, delay: float) -> float:
        """Floor for the end of an alert: `delay` until its condition is over, then as long as it is kept."""
        return self.pending(delay) + self.keeps.get(alert, 0.0)

    def route(self, labels: Mapping[str, str]) -> Route:
        """Return the times of the route that an alert takes."""
        found = _route(self.route_tree, labels, {})
        return Route(
            group_wait=speed.seconds(found.get("group_wait", "30s")),
            group_interval=speed.seconds(found.get("group_interval", "5m")),
            repeat_interval=speed.seconds(found.get("repeat_interval", "4h")),
        )


def tolerated(floor: float) -> float:
    """Return up to which time something with this floor is in time."""
    return floor * (1 + TOLERANCE_SHARE) + TOLERANCE_SECONDS


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _route(
    node: Mapping[str, Any], labels: Mapping[str, str], inherited: Mapping[str, Any]
) -> dict[str, Any]:
    own = {**inherited, **{key: value for key, value in node.items() if key not in ("routes", "matchers")}}
    for child in node.get("routes") or []:
        if all(_matches(matcher, labels) for matcher in child.get("matchers") or []):
            return _route(child, labels, own)
    return own


def _matches(matcher: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.match(matcher)
    if found is None:
        return False
    name, operator, wanted = found.groups()
    value = labels.get(name, "")
    same = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return same != operator.startswith("!")
