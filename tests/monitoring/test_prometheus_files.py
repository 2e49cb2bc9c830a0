"""What is in monitoring/ for Prometheus: accepted by promtool, in agreement with the parts, documented."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from magacin.ops.dashboards import document
from magacin.stack import install, render, secrets
from magacin.stack.parts import PARTS, PORTS
from magacin.stack.paths import ROOT, DataDir
from tests.monitoring.promtools import Promtool
from tests.monitoring.rulefiles import load_yaml, quick

MONITORING = ROOT / "monitoring"
RULE_FILES = sorted((MONITORING / "rules").glob("*.yml"))
RULE_TESTS = sorted((MONITORING / "rule_tests").glob("*.yml"))
# From the specification: severity, and how long the condition must hold.
SPECIFIED = {
    "HighErrorRate": ("critical", "2m"),
    "ServiceDown": ("critical", "1m"),
    "DatabaseConnectionIssues": ("critical", "1m"),
    "HighScanLatency": ("warning", "1m"),
    "WebSocketDisconnectSpike": ("warning", "1m"),
    "HighMemoryUsage": ("warning", "5m"),
}


@functools.cache
def load(path: Path) -> Any:
    return load_yaml(path.read_text(encoding="utf-8"))


CONFIG = load(MONITORING / "prometheus.yml")
RULES = [rule for path in RULE_FILES for group in load(path)["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}


def say(program: Path, *arguments: str | Path) -> str:
    """Run a promtool; fail with its words, warnings included."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env=quick())
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def rules_and_tests(tmp_path_factory: pytest.TempPathFactory, promtool: Promtool) -> Path:
    """The folder of the rule tests, beside the rules as this promtool understands them."""
    folder = tmp_path_factory.mktemp("monitoring")
    shutil.copytree(MONITORING / "rule_tests", folder / "rule_tests")
    (folder / "rules").mkdir()
    for file in RULE_FILES:
        (folder / "rules" / file.name).write_text(
            promtool.adapted(file.read_text(encoding="utf-8")), encoding="utf-8"
        )
    return folder / "rule_tests"


def targets() -> dict[str, list[str]]:
    """Return job name → `host:port` of every target, those of target files included."""
    found = {}
    for job in CONFIG["scrape_configs"]:
        static = job.get("static_configs", [])
        named = [name for sd in job.get("file_sd_configs", []) for name in sd["files"]]
        files = [path for name in named for path in MONITORING.glob(f"*/{name}")]
        groups = static + [group for path in files for group in load(path)]
        for group in groups:
            assert group["labels"]["service"] == job["job_name"], (
                f"job {job['job_name']}: the label `service` must be the part's name"
            )
        found[job["job_name"]] = [target for group in groups for target in group["targets"]]
    return found


class TestAccepted:
    def test_as_compose_mounts_it(self, tmp_path: Path) -> None:
        text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
        # promtool looks whether files of tokens are there.
        (tmp_path / "scrape_token").write_text("x", encoding="utf-8")
        text = text.replace("/run/secrets", str(tmp_path))
        (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
        shutil.copytree(MONITORING / "rules", tmp_path / "rules")
        for targets in (MONITORING / "compose").glob("targets-*.yml"):
            shutil.copy(targets, tmp_path)
        said = say(install.locate("promtool"), "check", "config", tmp_path / "prometheus.yml")
        warnings = [line for line in said.splitlines() if "WARNING" in line]
        assert len(warnings) == 1, said
        assert "targets-console.yml" in warnings[0], "Compose has no console, so no target that never answers"
        assert f"{len(RULE_FILES)} rule files found" in said, said

    def test_as_the_native_stack_renders_it(self, tmp_path: Path) -> None:
        data = DataDir(tmp_path)
        data.create()
        secrets.ensure(data, 1000)
        render.monitoring(data, 1000, ROOT / "monitoring")
        say(install.locate("promtool"), "check", "config", data.etc / "prometheus.yml")
        rendered = load(data.etc / "prometheus.yml")
        addresses = [
            t
            for job in rendered["scrape_configs"]
            for s in job.get("static_configs", [])
            for t in s["targets"]
        ]
        assert sorted(addresses) == sorted(
            f"127.0.0.1:{part.port + 1000}" for part in PARTS.values() if part.metrics and not part.own_target
        )
        assert not list(data.etc.rglob("targets*")), "a native stack must not scrape Compose's parts"

    @pytest.mark.parametrize("path", RULE_FILES, ids=lambda p: p.name)
    def test_rules_without_lint(self, path: Path, promtool: Promtool) -> None:
        say(promtool.program, "check", "rules", "--lint=all", "--lint-fatal", path)

    @pytest.mark.parametrize("path", RULE_TESTS, ids=lambda p: p.name)
    def test_rule_tests_pass(self, path: Path, rules_and_tests: Path, promtool: Promtool) -> None:
        say(promtool.program, "test", "rules", rules_and_tests / path.name)


class TestTargets:
    def test_every_part_with_metrics_is_scraped_at_its_port(self) -> None:
        # The file of a part that is native only is written by the stack that has it.
        wanted = {
            p.name: [] if p.native_only else [f"{p.name}:{p.port}"] for p in PARTS.values() if p.metrics
        }
        assert targets() == wanted

    def test_alerts_go_to_the_part_alertmanager(self) -> None:
        managers = CONFIG["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
        assert managers == [f"alertmanager:{PORTS['alertmanager']}"]

    def test_a_vanished_target_of_every_fixed_job_is_missed(self) -> None:
        fixed = {job["job_name"] for job in CONFIG["scrape_configs"] if "static_configs" in job}
        named = set(re.findall(r'absent_over_time\(up\{job="([^"]+)"\}', ALERTS["ServiceDown"]["expr"]))
        assert named == fixed

    def test_intervals_are_the_specified_ones(self) -> None:
        assert CONFIG["global"]["scrape_interval"] == CONFIG["global"]["evaluation_interval"] == "15s"
        assert all("scrape_interval" not in job for job in CONFIG["scrape_configs"])

    def test_every_folder_of_rules_is_loaded(self) -> None:
        loaded = {path for pattern in CONFIG["rule_files"] for path in MONITORING.glob(pattern)}
        assert loaded == set(RULE_FILES)


class TestRules:
    def test_the_specified_alerts_are_there(self) -> None:
        found = {name: (rule["labels"]["severity"], rule.get("for")) for name, rule in ALERTS.items()}
        assert {name: found.get(name) for name in SPECIFIED} == SPECIFIED

    @pytest.mark.parametrize("name", ALERTS)
    def test_dashboard_link_leads_to_what_is_there(self, name: str) -> None:
        link = ALERTS[name]["annotations"]["dashboard_url"]
        match = re.fullmatch(r"http://localhost:3000/d/([\w-]+)(?:\?(.+))?", link)
        assert match, link
        dashboard = document.read(MONITORING / "grafana" / "dashboards" / f"{match[1]}.json")
        for key, value in parse_qsl(match[2] or "", strict_parsing=bool(match[2])):
            if key == "viewPanel":
                assert value in {f"panel-{panel['id']}" for panel in dashboard.data_panels}, link
            else:
                assert key.removeprefix("var-") in dashboard.variables, link

    @pytest.mark.parametrize("name", ALERTS)
    def test_is_shown_to_fire_and_to_stay_quiet(self, name: str) -> None:
        cases = [
            case
            for path in RULE_TESTS
            for test in load(path)["tests"]
            for case in test.get("alert_rule_test", [])
            if case["alertname"] == name
        ]
        assert any(case["exp_alerts"] for case in cases), f"no rule test shows that {name} fires"
        quiet = any(not case["exp_alerts"] for case in cases)
        assert quiet or name == "Watchdog", f"no rule test shows that {name} stays quiet"
