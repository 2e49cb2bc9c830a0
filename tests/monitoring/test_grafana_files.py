"""Grafana's provisioning and dashboards: what Grafana and Prometheus would refuse or show empty."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from magacin.ops.dashboards import document, expressions, lint
from magacin.ops.dashboards.document import FOLDER, Document
from magacin.ops.dashboards.normalise import normalise, render
from magacin.stack import install
from magacin.stack.parts import PARTS, PORTS
from magacin.stack.paths import ROOT
from tests.e2e.test_stack import contract
from tests.monitoring.rulefiles import load_all

with warnings.catch_warnings():
    # It would have everybody use the model v2, which no Grafana before 12 reads, nor does the console.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard

GRAFANA = ROOT / "monitoring" / "grafana"
SETTINGS = configparser.ConfigParser(interpolation=None)
SETTINGS.read(GRAFANA / "grafana.ini")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.monitoring.yml").read_text(encoding="utf-8"))
DASHBOARDS = [document.read(path) for path in document.files()]
OVERVIEW = document.read(FOLDER / "magacin-overview.json")
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
# Of programs that are not ours: the test on a running stack asks Prometheus for each of them.
EXPORTED = re.compile(r"(node|pg|redis|prometheus|alertmanager|process|scrape)_|up$|ALERTS$")

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda d: d.path.stem)


def load(name: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / name).read_text(encoding="utf-8"))


class TestProvisioning:
    def test_data_sources_are_the_parts(self) -> None:
        found = {
            source["uid"]: source["url"] for source in load("datasources/datasources.yml")["datasources"]
        }
        assert found == {name: f"http://{name}:{PORTS[name]}" for name in ("prometheus", "alertmanager")}

    def test_prometheus_is_asked_for_what_is_new(self) -> None:
        [source] = [s for s in load("datasources/datasources.yml")["datasources"] if s["uid"] == "prometheus"]
        scrape = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())["global"]
        assert source["jsonData"]["timeInterval"] == scrape["scrape_interval"]
        assert source["jsonData"]["incrementalQuerying"] is True
        assert source["jsonData"]["cacheLevel"] in ("Low", "Medium", "High")

    def test_dashboards_are_read_from_where_compose_mounts_them(self) -> None:
        [provider] = load("dashboards/dashboards.yml")["providers"]
        mount = f"./monitoring/grafana/dashboards:{provider['options']['path']}:ro"
        assert mount in COMPOSE["services"]["grafana"]["volumes"]
        assert provider["allowUiUpdates"] is False, "the files are the source"

    def test_compose_mounts_the_configuration(self) -> None:
        mount = "./monitoring/grafana/grafana.ini:/etc/grafana/grafana.ini:ro"
        assert mount in COMPOSE["services"]["grafana"]["volumes"]


class TestConfiguration:
    def test_the_password_is_in_a_file(self) -> None:
        assert re.fullmatch(r"\$__file\{/run/secrets/\w+\}", SETTINGS["security"]["admin_password"])

    @pytest.mark.parametrize(
        ("section", "key"),
        [
            ("users", "allow_sign_up"),
            ("auth.anonymous", "enabled"),
            ("snapshots", "external_enabled"),
            ("public_dashboards", "enabled"),
            ("analytics", "reporting_enabled"),
        ],
    )
    def test_is_off(self, section: str, key: str) -> None:
        assert SETTINGS.getboolean(section, key) is False

    def test_the_home_page_is_a_dashboard(self) -> None:
        home = Path(SETTINGS["dashboards"]["default_home_dashboard_path"])
        assert home.parent == Path("/etc/grafana/dashboards")
        assert (FOLDER / home.name).is_file()


@each_dashboard
class TestEach:
    def test_keeps_to_all_rules(self, dashboard: Document) -> None:
        assert not lint.lines(dashboard), "\n" + "\n".join(lint.lines(dashboard))

    def test_is_written_as_fmt_writes_it(self, dashboard: Document) -> None:
        assert dashboard.path.read_text(encoding="utf-8") == render(normalise(dashboard.content)), (
            "run ./magacin dashboards fmt"
        )

    def test_grafana_reads_all_of_it(self, dashboard: Document) -> None:
        """What Grafana's own types do not know would be lost or refused."""
        register_default_plugins()
        model = Dashboard.from_json(dashboard.content)
        back = json.loads(json.dumps(model, cls=JSONEncoder))
        assert list(_lost(dashboard.content, back)) == []

    def test_metrics_are_those_that_are_exported_or_recorded(self, dashboard: Document) -> None:
        ours = {name: labels for metrics in contract().values() for name, (_, labels) in metrics.items()}
        recorded = {rule.name for rule in load_all() if not rule.is_alert}
        for place, selector in _selectors(dashboard):
            name = selector.name or ""
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            known = name in recorded or name in ours or base in ours or EXPORTED.match(name)
            assert known, f"{place}: nobody exports {name}"
            if labels := ours.get(name, ours.get(base)):
                asked = {label for label, _, _ in expressions.matchers(selector)}
                assert asked <= labels | {"job", "instance", "service", "le"}, f"{place}: {name}"

    def test_nought_is_of_the_instance_that_counts(self, dashboard: Document) -> None:
        """What is about the site has Prometheus' instance; a nought of any target would hide that."""
        for expression in re.findall(r'"expr": "(.*)"', dashboard.path.read_text(encoding="utf-8")):
            for counted, nought in re.findall(r"\((site:[\w:]+)\{.* or 0 \* \w+\(([\w:]+)\{", expression):
                assert nought.startswith("site:"), f"{counted} or 0 of {nought}"

    def test_opens_within_what_is_kept(self, dashboard: Document) -> None:
        [hours] = re.findall(r"^now-(\d+)h$", dashboard.content["time"]["from"])
        assert int(hours) <= 200


def _lost(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if not isinstance(found, dict) or key not in found:
                yield f"{path}.{key} is lost"
            else:
                yield from _lost(value, found[key], f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _lost(one, other, f"{path}[{number}]")
    elif wanted != found:
        yield f"{path} becomes {found!r}"


def _selectors(dashboard: Document) -> Iterator[tuple[str, Any]]:
    for place, expression in dashboard.queries:
        for selector in expressions.selectors(expressions.parse(expression)):
            # {__name__=~"…"} is for variables.
            yield place, selector


def test_prometheus_parses_every_expression(tmp_path: Path) -> None:
    asked = [expression for dashboard in DASHBOARDS for _, expression in dashboard.queries]
    rules = [
        {"record": f"panel:expression:{n}", "expr": expressions.replaced(e, {"__rate_interval": "1m"})}
        for n, e in enumerate(asked)
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(
        [install.locate("promtool"), "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_ours_is_shown_somewhere() -> None:
    """A metric that nobody can see is not worth its storage."""
    # Of parts that many installations lack, panels would be dead there.
    everywhere = {part.name for part in PARTS.values() if not part.own_target}
    ours = {name for part, metrics in contract().items() if part in everywhere for name in metrics}
    shown = " ".join(expression for dashboard in DASHBOARDS for _, expression in dashboard.queries)
    recorded = " ".join(rule.expr for rule in load_all())
    assert {
        name for name in ours if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", shown + recorded)
    } == {
        # Its one label is shown by ./magacin status and on the status page.
        "magacin_build_info"
    }


class TestOverview:
    def test_has_exactly_the_specified_panels(self) -> None:
        assert [panel["title"] for panel in OVERVIEW.panels] == SPECIFIED_PANELS

    def test_refresh_and_range_are_the_specified_ones(self) -> None:
        assert OVERVIEW.content["refresh"] == "30s"
        assert OVERVIEW.content["time"] == {"from": "now-1h", "to": "now"}

    @pytest.mark.parametrize(
        ("title", "limit"),
        [
            ("Response Time Percentiles (P50, P95)", 0.3),
            ("Error Rate %", 0.02),
            ("WebSocket Disconnects/sec", 10 / 300),
            ("CPU Usage %", 0.9),
            ("Memory Usage %", 0.9),
        ],
    )
    def test_the_limit_of_the_alert_is_drawn(self, title: str, limit: float) -> None:
        [panel] = [panel for panel in OVERVIEW.panels if panel["title"] == title]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["thresholds"]["steps"][-1] == {"color": "red", "value": limit}
        assert defaults["custom"]["thresholdsStyle"]["mode"] != "off"

    def test_alerts_of_each_severity_that_somebody_is_told_of_are_drawn(self) -> None:
        asked = {
            value
            for annotation in OVERVIEW.annotations
            for selector in expressions.selectors(expressions.parse(annotation["expr"]))
            for label, _, value in expressions.matchers(selector)
            if label == "severity"
        }
        told = {rule.labels["severity"] for rule in load_all() if rule.is_alert} - {"none"}
        assert asked == told
