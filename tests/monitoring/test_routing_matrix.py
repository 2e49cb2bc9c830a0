"""Who is told of which alert, by a running Alertmanager: every alert, every critical × warning pair.

The alerts are those of the rule files as they are now; the configuration is the repository's, with shorter
waits. The table of docs/alert-routing.md is what a person has read and found right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from magacin.ops.notifications import routing
from magacin.ops.notifications.routing import Alert
from magacin.stack import render
from magacin.stack.paths import ROOT
from tests.monitoring.live_alerting import CONFIG, DURATIONS, Alerting, alerting, shortened, until

PAGE = ROOT / "docs" / "alert-routing.md"
RULES = render.MONITORING / "rules"
ALERTS = routing.alerts(RULES)
CRITICALS = [alert for alert in ALERTS if alert.severity == "critical"]
SEVERITIES = ("critical", "warning")
WARNINGS = [alert for alert in ALERTS if alert.severity == "warning"]


def promised() -> dict[str, str]:
    """Return who is told, by the first column of the table: a severity, an alert, or a drill."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line[:2] == "| "]
    return {name: told for name, _, told in rows[1:]}


def promised_of(alert: Alert) -> set[str]:
    table = promised()
    return set(table.get(alert.name, table.get(alert.severity, "")).split(", ")) - {""}


def labels(alert: Alert, service: str, **more: str) -> dict[str, str]:
    return {
        "alertname": alert.name,
        "severity": alert.severity,
        "service": alert.service if alert.service is not None else service,
        **more,
    }


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    with alerting(tmp_path_factory.mktemp("routing")) as running:
        yield running


def test_the_page_is_the_current_one() -> None:
    assert PAGE.read_text() == routing.page(CONFIG), (
        "the routes have changed: run `./magacin notify routes --write`, and look whether that is right"
    )


def test_only_durations_differ_from_what_runs() -> None:
    pairs = list(
        zip(CONFIG.read_text().splitlines(), shortened(CONFIG.read_text()).splitlines(), strict=True)
    )
    changed = [before.split(":")[0].strip() for before, after in pairs if before != after]
    assert changed
    assert set(changed) <= set(DURATIONS)


@pytest.fixture(scope="module")
def told(live: Alerting) -> dict[str, set[str]]:
    """Who was told of each alert, found out by posting it; criticals last, as they keep others back."""
    told: dict[str, set[str]] = defaultdict(set)
    for severity in sorted({alert.severity for alert in ALERTS}, key=lambda s: s == "critical"):
        batch = [labels(a, f"{a.name}-alone".lower()) for a in ALERTS if a.severity == severity]
        live.post(*batch)
        expected = {alert.name for alert in ALERTS if alert.severity == severity and promised_of(alert)}
        until(lambda wanted=expected: wanted <= whole(live))  # type: ignore[misc]  # default's type
        live.post(*batch, over=True)
    for message in live.messages(status="firing"):
        told[message["alert"]].add(way(message))
    return told


def whole(live: Alerting) -> set[str]:
    """The alerts of which as many ways are known as any alert of that severity has."""
    ways: dict[str, set[str]] = defaultdict(set)
    for message in live.messages(status="firing"):
        ways[message["alert"]].add(message["kind"])
    return {name for name, kinds in ways.items() if kinds in ({"email", "slack"}, {"heartbeat"})}


def way(message: dict[str, Any]) -> str:
    if message["kind"] == "heartbeat":
        return "the heartbeat address"
    to = ", ".join(message["recipients"])
    return f"email to {to}" if message["kind"] == "email" else f"Slack {to}"


@pytest.fixture(scope="module")
def kept_back(live: Alerting) -> dict[Alert, set[str]]:
    return {critical: observe(live, critical, number) for number, critical in enumerate(CRITICALS)}


def observe(live: Alerting, critical: Alert, number: int) -> set[str]:
    """Return the warnings that a critical keeps back, and see that all are of its own service."""
    own, elsewhere = f"own-{number}", f"elsewhere-{number}"
    # What the critical's service is where the rule leaves it open, so that it meets each warning once.
    services = {critical.service} if critical.service else {own, *(w.service for w in WARNINGS if w.service)}
    firing = [labels(critical, service or own) for service in sorted(services)]
    here = critical.service or own
    pairs = [(w, labels(w, here, case="here")) for w in WARNINGS]
    pairs += [(w, labels(w, elsewhere, case="elsewhere")) for w in WARNINGS if w.service is None]
    # One that is certainly kept back shows that Alertmanager has taken notice of the critical.
    marker = {"alertname": "Marker", "severity": "warning", "service": here}
    calm = {"alertname": "Calm", "severity": "none", "service": here}
    bare = [
        {"alertname": critical.name, "severity": "critical", "bare": str(number)},
        {"alertname": "Bare", "severity": "warning", "bare": str(number)},
    ]
    live.post(*firing, *bare, calm, marker, *(found for _, found in pairs))
    wanted = [marker, *(found for _, found in pairs if found["service"] in services)]
    state = until(lambda: inhibited(live, [*firing, *bare, calm, marker, *(f for _, f in pairs)], wanted))
    live.post(*firing, *bare, calm, marker, *(found for _, found in pairs), over=True)
    until(lambda: not [a for a in live.alerts() if a["labels"].get("service") in services])
    kept = set()
    for warning, found in pairs:
        sources = state[key(found)]
        assert all(source["service"] == found["service"] for source in sources), (
            critical,
            found,
            sources,
        )
        if sources:
            kept.add(warning.name if None not in (warning.service, critical.service) else f"*{warning.name}*")
    assert not any(state[key(one)] for one in [*firing, *bare, calm]), (
        "only warnings of a service are kept back"
    )
    return kept


def inhibited(
    live: Alerting, posted: list[dict[str, str]], wanted: list[dict[str, str]]
) -> dict[str, list[dict[str, str]]] | None:
    """Return by which alerts each is kept back, once all that are wanted to be are."""
    alerts = {alert["fingerprint"]: alert for alert in live.alerts()}
    state = {
        key(alert["labels"]): [alerts[source]["labels"] for source in alert["status"]["inhibitedBy"]]
        for alert in alerts.values()
    }
    ready = all(key(one) in state for one in posted) and all(state[key(one)] for one in wanted)
    return state if ready else None


class TestReceivers:
    @pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
    def test_are_those_of_the_table(self, told: dict[str, set[str]], alert: Alert) -> None:
        assert told.get(alert.name, set()) == promised_of(alert)

    @pytest.mark.parametrize("severity", ["critical", "warning"])
    def test_of_a_live_drill_are_those_of_the_table(self, live: Alerting, severity: str) -> None:
        name = f"Drill{severity.capitalize()}"
        live.post({"alertname": name, "severity": severity, "service": f"drill-{severity}", "drill": "live"})
        until(lambda: {"email", "slack"} <= {m["kind"] for m in live.messages(alert=name)})
        told = {way(message) for message in live.messages(alert=name)}
        assert told == set(promised()[f"{severity} live drill"].split(", "))

    def test_an_alert_of_unknown_severity_is_not_lost(self, live: Alerting) -> None:
        live.post({"alertname": "Typo", "severity": "critcal", "service": "typo"})
        until(lambda: live.messages(alert="Typo", kind="email", recipient="team@magacin.invalid"))

    def test_the_end_is_told_too(self, live: Alerting) -> None:
        ending = {"alertname": "Ends", "severity": "critical", "service": "ends"}
        live.post(ending)
        until(lambda: live.messages(alert="Ends", kind="slack"))
        live.post(ending, over=True)
        for kind in ("email", "slack"):
            found = until(lambda kind=kind: live.messages(alert="Ends", kind=kind, status="resolved"))  # type: ignore[misc]  # default's type
            assert found[0]["subject"] == "[RESOLVED] Ends: ends"


class TestInhibition:
    """Each critical alert is fired alone, for every service that it and a warning can share."""

    @pytest.mark.parametrize("critical", CRITICALS, ids=lambda alert: f"{alert.name}-{alert.service}")
    def test_is_by_service_and_nothing_else(self, kept_back: dict[Alert, set[str]], critical: Alert) -> None:
        assert kept_back[critical] == set(routing.kept_back(critical, WARNINGS))

    def test_leaves_live_drills_out_both_ways(self, live: Alerting) -> None:
        """Even where a drill and an alert are of the same service."""
        drills = [
            {"alertname": f"D{s}", "severity": s, "service": "both", "drill": "live"} for s in SEVERITIES
        ]
        # Other drills are about real faults, and have to behave like what they are about.
        alerts = [
            {"alertname": f"A{s}", "severity": s, "service": "both", "drill": "other"} for s in SEVERITIES
        ]
        live.post(*drills, *alerts)
        state = until(lambda: inhibited(live, [*drills, *alerts], [alerts[1]]))
        assert [one["alertname"] for one in state[key(alerts[1])]] == ["Acritical"]
        assert not any(state[key(one)] for one in (alerts[0], *drills))
        live.post(*drills, *alerts, over=True)


def key(found: dict[str, str]) -> str:
    return "|".join(f"{name}={value}" for name, value in sorted(found.items()))
