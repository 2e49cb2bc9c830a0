"""monitoring/alertmanager.yml: accepted by amtool, and alerts take the routes that they should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from magacin.drills.speed import seconds
from magacin.drills.timing import Timing
from magacin.stack import install, render
from magacin.stack.paths import ROOT, DataDir
from tests.monitoring.rulefiles import load_all

FILE = ROOT / "monitoring" / "alertmanager.yml"
CONFIG = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def amtool(*arguments: str | Path) -> str:
    done = subprocess.run([install.locate("amtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_is_accepted_as_it_is_and_rendered(tmp_path: Path) -> None:
    amtool("check-config", FILE)
    data = DataDir(tmp_path)
    data.create()
    render.monitoring(data, 1000, ROOT / "monitoring")
    amtool("check-config", data.etc / "alertmanager.yml")


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_an_alert_goes_to_the_receiver_of_its_severity(severity: str) -> None:
    said = amtool(
        "config", "routes", "test", f"--config.file={FILE}", f"severity={severity}", "service=api-gateway"
    )
    assert said.strip() == severity


def test_grouped_by_alert_and_service() -> None:
    assert CONFIG["route"]["group_by"] == ["alertname", "service"]


def test_critical_suppresses_warnings_of_the_same_service_and_nothing_else() -> None:
    [rule] = CONFIG["inhibit_rules"]
    assert rule["equal"] == ["service"]
    assert 'severity="critical"' in rule["source_matchers"]
    assert 'severity="warning"' in rule["target_matchers"]
    # Two alerts that both lack the label count as equal.
    assert 'service!=""' in rule["source_matchers"]
    assert 'service!=""' in rule["target_matchers"]


def test_what_happened_once_fires_until_its_group_is_looked_at() -> None:
    # Alertmanager still has the group of an alert that ended lately, and looks at it each group_interval.
    # What is over by then is never told.
    timing = Timing(1, 15, 10, 15, {}, CONFIG["route"])
    looked_at = 0
    for rule in load_all():
        windows = [seconds(text) for text in re.findall(r"\[(\w+)\]", rule.expr)]
        held = seconds(rule.duration or "0s")
        if not rule.is_alert or not windows or min(windows) <= held:
            continue
        looked_at += 1
        fires = min(windows) - held + seconds(rule.keeps or "0s")
        every = timing.route(rule.labels).group_interval
        assert fires >= every + timing.evaluation, f"{rule.name} fires for {fires} s; keep_firing_for it"
    assert looked_at > 8
