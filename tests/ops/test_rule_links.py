"""The links of alerts are written into rules and rule tests, and nothing else is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from magacin.ops import rule_links
from magacin.stack.paths import ROOT
from magacin.stack.render import MONITORING

RULE = """
      # Why it is as it is.
      - alert: MadeUp
        expr: sum by (job) (up) > 1000
        for: 1m
        labels:
          severity: warning
          service: {service}
        annotations:
          summary: It is made up.
          description: >-
            There are {{{{ $value }}}} of
            them.
{more}
  # What comes after it.
"""
TEST = """
tests:
  - name: fires
    external_url: http://prometheus.test
    alert_rule_test:
      - {eval_time: 1m, alertname: MadeUp, exp_alerts: []}
      - eval_time: 2m
        alertname: MadeUp
        exp_alerts:
          - exp_labels: {severity: warning, job: a}
            exp_annotations:
              summary: It is made up.
"""
RUNBOOK = 'runbook_url: "{{ $externalURL }}/user/MadeUp.md"'


def test_every_link_is_written() -> None:
    unwritten = [str(file.relative_to(ROOT)) for file in rule_links.changed(MONITORING)]
    assert not unwritten, "run ./magacin rules fmt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("rules", "rule_tests"):
        shutil.copytree(MONITORING / name, tmp_path / name)
    return tmp_path


def added(folder: Path, service: str, more: str = "") -> list[str]:
    """Add an alert without links, and return the lines that it gets."""
    file = folder / "rules" / "hosts.yml"
    text = file.read_text() + RULE.format(service=service, more=more)
    file.write_text(text)
    [wanted] = [text for path, text in rule_links.changed(folder).items() if path == file]
    file.write_text(wanted)
    assert file not in rule_links.changed(folder)
    before, lines = text.splitlines(), wanted.splitlines()
    rest = iter(lines)
    assert all(line in rest for line in before if line in lines), "what stays keeps its order"
    return [line.strip() for line in lines[lines.index("            them.") + 1 :] if "_url" in line]


@pytest.mark.parametrize(
    ("service", "dashboard"),
    [
        ("redis", "http://localhost:3000/d/magacin-infrastructure"),
        ("api-gateway", "http://localhost:3000/d/magacin-service?var-service=api-gateway"),
        (
            '"{{ $labels.job }}"',
            '"http://localhost:3000/d/magacin-monitoring?var-service={{ $labels.job }}"',
        ),
    ],
)
def test_a_rule_without_links_gets_them(folder: Path, service: str, dashboard: str) -> None:
    assert added(folder, service) == [RUNBOOK, f"dashboard_url: {dashboard}"]


def test_the_dashboard_that_a_rule_names_stays_and_a_wrong_runbook_does_not(folder: Path) -> None:
    named = "          dashboard_url: http://localhost:3000/d/magacin-slo"
    wrong = "          runbook_url: http://elsewhere"
    assert added(folder, "redis", f"{named}\n{wrong}") == [named.strip(), RUNBOOK]


def test_rule_tests_expect_the_links_filled_in(folder: Path) -> None:
    added(folder, '"{{ $labels.job }}"')
    file = folder / "rule_tests" / "made_up.yml"
    file.write_text(TEST)
    assert rule_links.changed(folder) == {
        file: TEST
        + "              runbook_url: http://prometheus.test/user/MadeUp.md\n"
        + "              dashboard_url: http://localhost:3000/d/magacin-monitoring?var-service=a\n"
    }
