"""Reading, normalising and linting dashboards: each rule finds what it is for, and says what to do."""

from __future__ import annotations

import copy
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.models import units as sdk_units

from magacin.ops.dashboards import document, expressions, lint, own_rules
from magacin.ops.dashboards.document import DashboardError, Document
from magacin.ops.dashboards.normalise import normalise, render
from magacin.ops.dashboards.units import UNITS

MAGACIN = [sys.executable, "-P", "-m", "magacin.cli", "dashboards"]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
NARROWED = 'job=~"$job",instance=~"$instance"'


def variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"qryType": 1, "query": query, "refId": "V"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def panel(number: int, **changes: Any) -> dict[str, Any]:
    target = {"refId": "A", "datasource": SOURCE, "expr": f"sum(up{{{NARROWED}}})", "legendFormat": "Up"}
    return {
        "id": number,
        "type": "timeseries",
        "title": f"Panel {number}",
        "description": "It shows something.",
        "datasource": SOURCE,
        "gridPos": {"x": 12 * (number - 1), "y": 0, "w": 12, "h": 8},
        "fieldConfig": {
            "defaults": {"unit": "short", "thresholds": {"steps": [{"color": "green", "value": None}]}},
            "overrides": [],
        },
        "targets": [target],
    } | changes


GOOD: dict[str, Any] = {
    "uid": "magacin-x",
    "title": "X",
    "description": "For tests.",
    "tags": ["magacin"],
    "schemaVersion": own_rules.SCHEMA_VERSION,
    "editable": False,
    "refresh": "30s",
    "time": {"from": "now-1h", "to": "now"},
    "timezone": "browser",
    "links": [{"type": "dashboards", "tags": ["magacin"], "keepTime": True}],
    "annotations": {"list": [{"name": "Alerts", "datasource": SOURCE, "expr": "ALERTS"}]},
    "templating": {
        "list": [
            {
                "name": "datasource",
                "label": "Data source",
                "type": "datasource",
                "query": "prometheus",
                "current": {"text": "Prometheus", "value": "prometheus"},
                "options": [],
            },
            variable("job", "label_values(up, job)"),
            variable("service", "label_values(up, service)"),
            variable("instance", 'label_values(up{service=~"$service"}, instance)'),
        ]
    },
    "panels": [panel(1), panel(2)],
}


def found(content: dict[str, Any]) -> list[lint.Problem]:
    return lint.problems(Document(Path("magacin-x.json"), content))


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the good dashboard with the value at a path like `panels.0.title` changed, None for removed."""
    # Unlike deepcopy, it also parts what is the same object in several places.
    content: dict[str, Any] = json.loads(json.dumps(GOOD))
    *way, last = path.split(".")
    at: Any = content
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    key: Any = int(last) if isinstance(at, list) else last
    if value is None:
        del at[key]
    else:
        at[key] = value
    return content


def asking(expression: str) -> dict[str, Any]:
    return changed("panels.0.targets.0.expr", expression)


LOKI = {"type": "loki", "uid": "${datasource}"}
# Rule, what is wrong, where it is told, and a piece of what is said.
BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("template-datasource-rule", changed("templating.list.0", None), "", "no data source variable"),
    (
        "template-datasource-rule",
        changed("templating.list.0.name", "ds"),
        "variable ds",
        "is named datasource",
    ),
    ("template-datasource-rule", changed("templating.list.0.label", "DS"), "variable datasource", "label it"),
    ("template-job-rule", changed("templating.list.1", None), "", "no variable job"),
    ("template-job-rule", changed("templating.list.1.label", "x"), "variable job", "set label to 'Job'"),
    ("template-job-rule", changed("templating.list.1.datasource.uid", "p"), "variable job", "${datasource}"),
    ("template-instance-rule", changed("templating.list.3", None), "", "no variable instance"),
    ("template-instance-rule", changed("templating.list.3.multi", False), "variable instance", "set multi"),
    ("template-instance-rule", changed("templating.list.3.allValue", ".*"), "variable instance", "'.+'"),
    (
        "template-label-promql-rule",
        changed("templating.list.2.query", "values(up)"),
        "variable service",
        "is not label_values",
    ),
    (
        "template-label-promql-rule",
        changed("templating.list.2.query.query", "label_values(up{, job)"),
        "variable service",
        "is not PromQL",
    ),
    (
        "template-on-time-change-reload-rule",
        changed("templating.list.2.refresh", 1),
        "variable service",
        "refresh: 2",
    ),
    ("panel-datasource-rule", changed("panels.0.datasource.uid", "abc"), 'panel "Panel 1"', "asks abc"),
    ("panel-datasource-rule", changed("panels.0.targets.0.datasource", None), 'panel "Panel 1"', "default"),
    ("panel-title-description-rule", changed("panels.0.title", ""), "panel 1", "no title"),
    (
        "panel-title-description-rule",
        changed("panels.1.description", ""),
        'panel "Panel 2"',
        "no description",
    ),
    ("panel-units-rule", changed("panels.0.fieldConfig.defaults.unit", None), 'panel "Panel 1"', "no unit"),
    (
        "panel-units-rule",
        changed("panels.0.fieldConfig.defaults.unit", "scans"),
        'panel "Panel 1"',
        "'scans'",
    ),
    (
        "panel-units-rule",
        changed("panels.0.fieldConfig.overrides", [{"properties": [{"id": "unit", "value": "furlong"}]}]),
        'panel "Panel 1"',
        "'furlong'",
    ),
    ("panel-no-targets-rule", changed("panels.0.targets", []), 'panel "Panel 1"', "no query"),
    ("target-logql-rule", changed("panels.0.targets.0.datasource", LOKI), 'panel "Panel 1", query A', "Loki"),
    (
        "target-logql-auto-rule",
        changed("panels.0.targets.0", {"refId": "A", "datasource": LOKI, "expr": 'rate({a="b"}[5m])'}),
        'panel "Panel 1", query A',
        "$__auto",
    ),
    ("target-promql-rule", asking("sum(up"), 'panel "Panel 1", query A', "is not PromQL"),
    ("target-promql-rule", asking(" "), 'panel "Panel 1", query A', "no expression"),
    (
        "target-rate-interval-rule",
        asking(f"sum(rate(a_total{{{NARROWED}}}[5m]))"),
        'panel "Panel 1", query A',
        "[$__rate_interval]",
    ),
    ("target-job-rule", asking('sum(up{instance=~"$instance"})'), 'panel "Panel 1", query A', 'job=~"$job"'),
    (
        "target-job-rule",
        asking('sum(up{job="$job",instance=~"$instance"})'),
        'panel "Panel 1", query A',
        "job=~",
    ),
    ("target-instance-rule", asking('sum(up{job=~"$job"})'), 'panel "Panel 1", query A', "instance=~"),
    (
        "target-instance-rule",
        asking(f'up{{{NARROWED}}} / on () group_left () sum(x{{job=~"$job"}})'),
        'panel "Panel 1", query A',
        "x is not narrowed",
    ),
    (
        "target-counter-agg-rule",
        asking(f"sum(a_total{{{NARROWED}}})"),
        'panel "Panel 1", query A',
        "a_total only grows",
    ),
    (
        "target-counter-agg-rule",
        asking(f"sum(delta(a_total{{{NARROWED}}}[5m]))"),
        'panel "Panel 1", query A',
        "a_total only grows",
    ),
    ("uneditable-dashboard", changed("editable", True), "", "editable to false"),
    ("identity", changed("uid", "magacin-y"), "", "make it 'magacin-x'"),
    ("identity", changed("description", ""), "", "no description"),
    ("family", changed("tags", []), "", "no tag magacin"),
    ("family", changed("links", []), "", "no link"),
    ("family", changed("links.0.keepTime", False), "", "keepTime"),
    ("schema", changed("schemaVersion", 36), "", "export it from a current Grafana"),
    ("behaviour", changed("refresh", "5s"), "", "30s or slower"),
    ("behaviour", changed("timezone", "utc"), "", "browser"),
    ("behaviour", changed("time.from", "2026-01-01T00:00:00Z"), "", "now-"),
    ("variables", changed("templating.list.2", None), "", "no variable service"),
    ("variables", changed("templating.list.2.multi", False), "variable service", "multi"),
    ("variables", changed("panels.0.description", "About $store."), 'panel "Panel 1"', "$store"),
    (
        "variables",
        changed("templating.list.1.query", 'label_values(up{service=~"$service"}, job)'),
        "variable job",
        "asks for $service, which is further down",
    ),
    ("annotations", changed("annotations.list", []), "", "ALERTS"),
    (
        "annotations",
        changed("annotations.list.0.datasource.uid", "x"),
        'annotation "Alerts"',
        "${datasource}",
    ),
    ("annotations", changed("annotations.list.0.expr", "ALERTS{"), 'annotation "Alerts"', "not PromQL"),
    ("panels", changed("panels.0.type", "piechart"), 'panel "Panel 1"', "is a piechart"),
    ("panels", changed("panels.1.id", 1), "", "2 panels have the id 1"),
    ("panels", changed("panels.1.title", "Panel 1"), "", "2 panels have the title"),
    (
        "thresholds",
        changed("panels.0.fieldConfig.defaults.thresholds", None),
        'panel "Panel 1"',
        "no thresholds",
    ),
    ("legends", changed("panels.0.targets.0.legendFormat", "__auto"), 'panel "Panel 1"', "no legend"),
    (
        "legends",
        changed("panels.0.targets", [GOOD["panels"][0]["targets"][0]] * 2),
        'panel "Panel 1"',
        "two queries are called A",
    ),
    ("layout", changed("panels.1.gridPos.x", 13), 'panel "Panel 2"', "24 columns"),
    ("layout", changed("panels.1.gridPos.x", 6), 'panel "Panel 2"', 'lies over panel "Panel 1"'),
    ("layout", changed("panels.1.gridPos.h", 9), "", "a hole in its layout at x 0, y 8"),
]


class TestLint:
    def test_a_good_dashboard_has_no_problem(self) -> None:
        assert found(GOOD) == []

    @pytest.mark.parametrize(
        ("rule", "content", "place", "message"), BAD, ids=lambda v: v if isinstance(v, str) else ""
    )
    def test_a_problem_is_told_with_its_place_and_what_to_do(
        self, rule: str, content: dict[str, Any], place: str, message: str
    ) -> None:
        told = [problem for problem in found(content) if problem.rule == rule]
        assert [p.place for p in told if message in p.message] == [place], found(content)

    def test_each_rule_is_shown_to_find_something(self) -> None:
        assert {rule for rule, *_ in BAD} == set(lint.RULES)

    def test_panels_of_a_collapsed_row_are_looked_at_too(self) -> None:
        row = {"id": 9, "type": "row", "title": "R", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}}
        content = copy.deepcopy(GOOD)
        content["panels"].append(row | {"panels": [panel(3, description="")]})
        assert [problem.place for problem in found(content)] == ['panel "Panel 3"']

    def test_units_are_those_of_grafana(self) -> None:
        known = {value for value in vars(sdk_units).values() if isinstance(value, str)}
        assert known >= UNITS


class TestExpressions:
    def test_variables_in_all_ways_to_write_them(self) -> None:
        assert expressions.variables("$a ${b:csv} [[c]] ${d} $1 $") == {"a", "b", "c", "d"}

    def test_variables_outside_of_strings_are_replaced_for_the_parser(self) -> None:
        [selector] = expressions.selectors(expressions.parse('rate(a{b=~"$c"}[$__rate_interval])'))
        assert expressions.matchers(selector) == [("b", "=~", "$c")]

    @pytest.mark.parametrize(
        ("query", "answer"),
        [
            ("label_values(job)", ("label_values", None)),
            ('label_values(up{a="b,c"}, job)', ("label_values", 'up{a="b,c"}')),
            ("query_result(sum(up))", ("query_result", "sum(up)")),
            ("metrics(up.*)", ("metrics", None)),
            ("up", None),
        ],
    )
    def test_queries_of_variables(self, query: str, answer: tuple[str, str | None] | None) -> None:
        assert expressions.label_query(query) == answer


# As Grafana's "Export for sharing externally" gives it.
EXPORT: dict[str, Any] = GOOD | {
    "id": 7,
    "version": 12,
    "iteration": 1700000000,
    "editable": True,
    "__inputs": [{"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus"}],
    "__requires": [{"type": "grafana", "id": "grafana", "version": "13.2.3"}],
    "__elements": {},
    "panels": [
        panel(2, pluginVersion="13.2.3", datasource={"type": "prometheus", "uid": "${DS_PROMETHEUS}"}),
        panel(1, datasource={"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}),
    ],
}


class TestNormalise:
    def test_makes_what_is_kept_of_an_export(self) -> None:
        assert normalise(EXPORT) == GOOD

    def test_twice_changes_nothing_more(self) -> None:
        once = render(normalise(EXPORT))
        assert render(normalise(json.loads(once))) == once

    def test_does_not_change_what_it_is_given(self) -> None:
        before = copy.deepcopy(EXPORT)
        normalise(EXPORT)
        assert before == EXPORT

    def test_what_was_chosen_when_it_was_exported_is_forgotten(self) -> None:
        export = copy.deepcopy(GOOD)
        export["templating"]["list"][0]["current"] = {"text": "Staging", "value": "P18"}
        export["templating"]["list"][2] |= {
            "current": {"text": ["api-gateway"], "value": ["api-gateway"]},
            "options": [{"text": "api-gateway", "value": "api-gateway"}],
        }
        assert normalise(export) == GOOD

    def test_other_data_sources_stay(self) -> None:
        content = changed("panels.0.datasource", {"type": "datasource", "uid": "-- Mixed --"})
        assert normalise(content)["panels"][0]["datasource"]["uid"] == "-- Mixed --"


class TestRead:
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda content: {"dashboard": content, "meta": {"slug": "x"}},
            lambda content: {
                "apiVersion": "dashboard.grafana.app/v1beta1",
                "kind": "Dashboard",
                "metadata": {"name": "magacin-x"},
                "spec": {key: value for key, value in content.items() if key != "uid"},
            },
        ],
        ids=["API", "V1 resource"],
    )
    def test_what_an_export_is_wrapped_in_is_taken_off(
        self, tmp_path: Path, wrap: Callable[[dict[str, Any]], object]
    ) -> None:
        file = tmp_path / "x.json"
        file.write_text(json.dumps(wrap(GOOD)))
        assert document.read(file).content == GOOD

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{\n  "title": "X",\n}', "x.json:3:1: is not JSON"),
            ("", "x.json:1:1: is not JSON"),
            ("[" * 100_000, "nested too deeply"),
            ("[]", "not a list"),
            ('{"panels": []}', "no title"),
            ('{"title": "X"}', "no panels"),
            ('{"title": "X", "panels": [1]}', "panels is not a list of objects"),
            ('{"title": "X", "panels": [{"targets": {}}]}', "panels.targets is not a list of objects"),
            ('{"title": "X", "panels": [], "templating": []}', "templating is not an object"),
            ('{"apiVersion": "dashboard.grafana.app/v2", "spec": {}}', "no title"),
        ],
    )
    def test_what_is_no_dashboard_is_refused_with_the_reason(
        self, tmp_path: Path, text: str, said: str
    ) -> None:
        file = tmp_path / "x.json"
        file.write_text(text)
        with pytest.raises(DashboardError, match=r"x\.json") as caught:
            document.read(file)
        assert said in str(caught.value)


def test_a_file_in_the_form_of_grafana_13_is_read_in_the_classic_one(tmp_path: Path) -> None:
    query = {"group": "prometheus", "datasource": {"name": "p"}, "spec": {"expr": "up"}}
    queries = [{"spec": {"refId": "A", "query": query}}]
    panel = {"id": 1, "data": {"spec": {"queries": queries}}, "vizConfig": {"group": "stat", "spec": {}}}
    item = {"spec": {"element": {"name": "a"}, "width": 6, "height": 4}, "conditionalRendering": {}}
    spec = {
        "title": "Mine",
        "elements": {"a": {"kind": "Panel", "spec": panel}},
        "layout": {"kind": "GridLayout", "spec": {"items": [item]}},
    }
    file = tmp_path / "x.json"
    for content in (
        spec,
        {"apiVersion": "dashboard.grafana.app/v2", "metadata": {"name": "u"}, "spec": spec},
    ):
        file.write_text(json.dumps(content))
        read = document.read(file)
        assert [expression for _, expression in read.queries] == ["up"]
        assert normalise(read.content)["panels"][0]["gridPos"] == {"x": 0, "y": 0, "w": 6, "h": 4}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MAGACIN, *arguments], capture_output=True, text=True, check=False)


class TestCommand:
    def test_check_prints_file_panel_rule_and_what_to_do(self, tmp_path: Path) -> None:
        file = tmp_path / "magacin-x.json"
        file.write_text(json.dumps(changed("panels.0.fieldConfig.defaults.unit", None)))
        done = run("check", file)
        assert done.returncode == 1
        assert done.stdout == (
            f'{file}: panel "Panel 1": panel-units-rule: has no unit: choose one, short for a plain number\n'
        )

    def test_ours_are_in_order(self) -> None:
        for command in (["check"], ["fmt", "--check"]):
            done = run(*command)
            assert done.returncode == 0, done.stdout
            assert "dashboards are in order." in done.stdout

    def test_fmt_writes_what_is_kept_with_the_rights_it_had(self, tmp_path: Path) -> None:
        file = tmp_path / "magacin-x.json"
        file.write_text(json.dumps(EXPORT))
        file.chmod(0o640)

        asked = run("fmt", "--check", file)
        assert asked.returncode == 1
        assert json.loads(file.read_text()) == EXPORT

        assert run("fmt", file).returncode == 0
        assert file.read_text() == render(GOOD)
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
        assert [p.name for p in tmp_path.iterdir()] == ["magacin-x.json"]
        assert run("fmt", "--check", file).returncode == 0
        assert run("check", file).returncode == 0

    def test_with_a_broken_file_no_file_is_changed(self, tmp_path: Path) -> None:
        good, broken, missing = (tmp_path / f"{name}.json" for name in ("good", "broken", "missing"))
        good.write_text(json.dumps(EXPORT))
        broken.write_text('{"title": ')
        done = run("fmt", good, broken, missing, tmp_path)
        assert done.returncode == 1
        assert f"{broken}:1:11: is not JSON" in done.stderr
        assert f"{missing}: cannot be read (No such file or directory)" in done.stderr
        assert f"{tmp_path}: is a folder" in done.stderr
        assert "Traceback" not in done.stderr
        assert json.loads(good.read_text()) == EXPORT
