"""The rules of grafana/dashboard-linter, each under its name there, for every panel that shows data.

They are held to without exclusions, and by panel types that the linter leaves out. What a rule is for, its
messages tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql

from magacin.ops.dashboards import expressions
from magacin.ops.dashboards.document import Document, Json
from magacin.ops.dashboards.normalise import DATASOURCE
from magacin.ops.dashboards.units import UNITS

_DATASOURCES = {"$datasource", DATASOURCE}
_COUNTED_BY = {"rate", "irate", "increase"}


Found = Iterator[tuple[str, str]]
Rule = Callable[[Document], Found]


def datasource_uid(owner: Json) -> str:
    """Return which data source a panel, target, variable or annotation asks."""
    source: Any = owner.get("datasource")
    return str(source.get("uid", "")) if isinstance(source, dict) else str(source or "")


def panel_place(panel: Json) -> str:
    """Return how a panel is called in messages."""
    return f'panel "{panel.get("title", "")}"' if panel.get("title") else f"panel {panel.get('id')}"


def variable_place(variable: Json) -> str:
    """Return how a variable is called in messages."""
    return f"variable {variable.get('name')}"


def _template_datasource(document: Document) -> Found:
    sources = [v for v in document.variables.values() if v.get("type") == "datasource"]
    if not sources:
        yield "", "has no data source variable: add one named datasource"
    for variable in sources:
        if variable["name"] != "datasource" or variable.get("query") != "prometheus":
            yield (
                variable_place(variable),
                "the data source variable is named datasource and is of type prometheus",
            )
        if variable.get("label") != "Data source":
            yield variable_place(variable), "label it Data source"


def _template_job(document: Document) -> Found:
    return _template(document, "job")


def _template_instance(document: Document) -> Found:
    return _template(document, "instance")


def _template(document: Document, name: str) -> Found:
    variable = document.variables.get(name)
    if variable is None:
        yield "", f"has no variable {name}: add a query variable, so that one {name} can be looked at alone"
        return
    wanted = {
        "type": "query",
        "label": name.capitalize(),
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
    }
    for key, value in wanted.items():
        if variable.get(key) != value:
            yield variable_place(variable), f"set {key} to {value!r}; it is {variable.get(key)!r}"
    if datasource_uid(variable) not in _DATASOURCES:
        yield variable_place(variable), f"ask the data source {DATASOURCE}"


def _template_label_promql(document: Document) -> Found:
    for variable in _query_variables(document):
        query = variable.get("query")
        text = str(query.get("query", "")) if isinstance(query, dict) else str(query or "")
        found = expressions.label_query(text)
        if found is None:
            yield (
                variable_place(variable),
                f"{text!r} is not label_values(…) or another function for variables",
            )
            continue
        if found[1] is not None:
            try:
                expressions.parse(found[1])
            except ValueError as error:
                yield variable_place(variable), f"{found[1]!r} is not PromQL: {error}"


def _template_reload(document: Document) -> Found:
    for variable in _query_variables(document):
        if variable.get("refresh") != 2:
            yield variable_place(variable), "refresh it on time range change (refresh: 2)"


def _query_variables(document: Document) -> list[Json]:
    return [v for v in document.variables.values() if v.get("type") == "query"]


def _panel_datasource(document: Document) -> Found:
    for panel in document.data_panels:
        for asker in (panel, *panel.get("targets", [])):
            if datasource_uid(asker) not in _DATASOURCES:
                yield (
                    panel_place(panel),
                    f"asks {datasource_uid(asker) or 'the default data source'}: use {DATASOURCE}",
                )
                break


def _panel_title_description(document: Document) -> Found:
    for panel in document.data_panels:
        for key in ("title", "description"):
            if not panel.get(key):
                yield panel_place(panel), f"has no {key}: say what it shows and when to worry"


def _panel_units(document: Document) -> Found:
    for panel in document.data_panels:
        units = [_defaults(panel).get("unit"), *_overridden(panel, "unit")]
        if not units[0]:
            yield panel_place(panel), "has no unit: choose one, short for a plain number"
        for unit in filter(None, units):
            if unit not in UNITS:
                yield panel_place(panel), f"{unit!r} is no unit that Grafana knows"


def _defaults(panel: Json) -> Json:
    found: Json = panel.get("fieldConfig", {}).get("defaults", {})
    return found


def _overridden(panel: Json, key: str) -> list[Any]:
    overrides = panel.get("fieldConfig", {}).get("overrides", [])
    return [p.get("value") for o in overrides for p in o.get("properties", []) if p.get("id") == key]


def _panel_no_targets(document: Document) -> Found:
    for panel in document.data_panels:
        if not panel.get("targets"):
            yield panel_place(panel), "has no query"


def _target_logql(document: Document) -> Found:
    for place, target in _targets(document):
        if _is_loki(target):
            yield place, "asks Loki, which this system does not have"


def _target_logql_auto(document: Document) -> Found:
    for place, target in _targets(document):
        windows = re.findall(r"\[([^\]]+)\]", str(target.get("expr", "")))
        if _is_loki(target) and any(window != "$__auto" for window in windows):
            yield place, "use $__auto for the window of a LogQL query"


def _is_loki(target: Json) -> bool:
    source = target.get("datasource")
    return isinstance(source, dict) and source.get("type") == "loki"


def _targets(document: Document) -> Iterator[tuple[str, Json]]:
    for panel in document.data_panels:
        for target in panel.get("targets", []):
            yield f"{panel_place(panel)}, query {target.get('refId')}", target


def _target_promql(document: Document) -> Found:
    for place, target in _targets(document):
        expression = str(target.get("expr", ""))
        if not expression.strip():
            yield place, "has no expression"
            continue
        try:
            expressions.parse(expression)
        except ValueError as error:
            yield place, f"is not PromQL: {error}"


def _trees(document: Document) -> Iterator[tuple[str, promql.Expr]]:
    """Yield the expressions that are PromQL; of the others another rule speaks."""
    for place, target in _targets(document):
        try:
            yield place, expressions.parse(str(target.get("expr", "")))
        except ValueError:
            continue


def _target_rate_interval(document: Document) -> Found:
    for place, tree in _trees(document):
        for node, parents in expressions.walk(tree):
            if not isinstance(node, promql.MatrixSelector) or node.range == expressions.RATE_INTERVAL:
                continue
            parent = parents[-1] if parents else None
            if isinstance(parent, promql.Call) and parent.func.name in ("rate", "irate"):
                yield place, f"{parent.func.name}() over a fixed window: use [$__rate_interval]"


def _target_job(document: Document) -> Found:
    return _narrowed(document, "job")


def _target_instance(document: Document) -> Found:
    return _narrowed(document, "instance")


def _narrowed(document: Document, name: str) -> Found:
    for place, tree in _trees(document):
        for selector in expressions.selectors(tree):
            if (name, "=~", f"${name}") not in expressions.matchers(selector):
                shown = selector.name or "a selector"
                yield place, f'{shown} is not narrowed to what was chosen: add {name}=~"${name}"'


def _target_counter_agg(document: Document) -> Found:
    for place, tree in _trees(document):
        for node, parents in expressions.walk(tree):
            if not isinstance(node, promql.VectorSelector) or not (node.name or "").endswith("_total"):
                continue
            call = parents[-2] if len(parents) > 1 else None
            if not (isinstance(call, promql.Call) and call.func.name in _COUNTED_BY):
                yield place, f"{node.name} only grows: show its rate() or increase()"


def _uneditable(document: Document) -> Found:
    if document.content.get("editable", True):
        yield "", "is editable, but the file is the source: set editable to false (`fmt` does)"


RULES: dict[str, Rule] = {
    "template-datasource-rule": _template_datasource,
    "template-job-rule": _template_job,
    "template-instance-rule": _template_instance,
    "template-label-promql-rule": _template_label_promql,
    "template-on-time-change-reload-rule": _template_reload,
    "panel-datasource-rule": _panel_datasource,
    "panel-title-description-rule": _panel_title_description,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_no_targets,
    "target-logql-rule": _target_logql,
    "target-logql-auto-rule": _target_logql_auto,
    "target-promql-rule": _target_promql,
    "target-rate-interval-rule": _target_rate_interval,
    "target-job-rule": _target_job,
    "target-instance-rule": _target_instance,
    "target-counter-agg-rule": _target_counter_agg,
    "uneditable-dashboard": _uneditable,
}
