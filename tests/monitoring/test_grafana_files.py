"""Grafana's provisioning and dashboards: what Grafana and Prometheus would refuse or show empty."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from magacin.stack import install
from magacin.stack.parts import PORTS
from magacin.stack.paths import ROOT

GRAFANA = ROOT / "monitoring" / "grafana"
OVERVIEW: dict[str, Any] = json.loads(
    (GRAFANA / "dashboards" / "magacin-overview.json").read_text(encoding="utf-8")
)
SPECIFIED_PANELS = [
    "Request Rate by Service",
    "Response Time Percentiles (P50, P95)",
    "Error Rate %",
    "WebSocket Connections",
    "Realtime Messages/sec",
    "WebSocket Disconnects/sec",
    "CPU Usage %",
    "Memory Usage %",
]


def load(name: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / name).read_text(encoding="utf-8"))


class TestProvisioning:
    def test_data_sources_are_the_parts(self) -> None:
        found = {
            source["uid"]: source["url"] for source in load("datasources/datasources.yml")["datasources"]
        }
        assert found == {name: f"http://{name}:{PORTS[name]}" for name in ("prometheus", "alertmanager")}

    def test_dashboards_are_read_from_where_compose_mounts_them(self) -> None:
        [provider] = load("dashboards/dashboards.yml")["providers"]
        compose = yaml.safe_load((ROOT / "docker-compose.monitoring.yml").read_text(encoding="utf-8"))
        mount = f"./monitoring/grafana/dashboards:{provider['options']['path']}:ro"
        assert mount in compose["services"]["grafana"]["volumes"]


class TestOverview:
    def test_has_the_specified_panels(self) -> None:
        assert [panel["title"] for panel in OVERVIEW["panels"]] == SPECIFIED_PANELS

    def test_refresh_and_range_are_the_specified_ones(self) -> None:
        assert OVERVIEW["refresh"] == "30s"
        assert OVERVIEW["time"] == {"from": "now-1h", "to": "now"}

    def test_every_panel_explains_itself(self) -> None:
        for panel in OVERVIEW["panels"]:
            defaults = panel["fieldConfig"]["defaults"]
            assert panel["description"], panel["title"]
            assert defaults["unit"], panel["title"]
            assert defaults["thresholds"]["steps"], panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
            assert all(t["datasource"]["uid"] == "${datasource}" for t in panel["targets"]), panel["title"]

    def test_rates_follow_the_scrape_interval(self) -> None:
        windows = re.findall(r"\[([^\]]+)\]", " ".join(_expressions()))
        assert set(windows) == {"$__rate_interval"}

    def test_variables_are_defined(self) -> None:
        defined = {variable["name"] for variable in OVERVIEW["templating"]["list"]}
        used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(OVERVIEW))) - {"__rate_interval", "__all"}
        assert {"datasource", "service", "instance"} <= defined
        assert used <= defined

    def test_promtool_parses_every_expression(self, tmp_path: Path) -> None:
        rules = [
            {"record": f"panel:expression:{number}", "expr": expression.replace("$__rate_interval", "1m")}
            for number, expression in enumerate(_expressions())
        ]
        path = tmp_path / "rules.yml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
        done = subprocess.run(
            [install.locate("promtool"), "check", "rules", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _expressions() -> list[str]:
    return [target["expr"] for panel in OVERVIEW["panels"] for target in panel["targets"]]
