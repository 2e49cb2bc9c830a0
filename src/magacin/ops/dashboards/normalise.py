"""A dashboard as we keep it: without what one Grafana knows about it, and written the same by everybody."""

from __future__ import annotations

import json
import re
from typing import Any

from magacin.core.grafana_model import LOST
from magacin.ops.dashboards.document import Json

# An instance's numbering, and what an export for others says about the plugins there.
_OF_ONE_GRAFANA = ("id", "version", "iteration", "gnetId", "__inputs", "__requires", "__elements")
# Which of a data source's inputs is meant; Grafana numbers them when there are several.
_INPUT = re.compile(r"\$\{DS_\w+\}")
DATASOURCE = "${datasource}"
ALL: Json = {"text": ["All"], "value": ["$__all"]}


def normalise(content: Json) -> Json:
    """Return the dashboard as it is kept. Doing so twice changes nothing more."""
    kept: Json = {key: value for key, value in content.items() if key not in _OF_ONE_GRAFANA}
    kept = _with_variable_datasource(kept)
    kept["editable"] = False
    kept["panels"] = _sorted([_panel(panel) for panel in kept["panels"]])
    if "list" in kept.get("templating", {}):
        kept["templating"] = {"list": [_variable(variable) for variable in kept["templating"]["list"]]}
    return kept


def render(content: Json) -> str:
    """Return the text of a file."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _with_variable_datasource(value: Any) -> Any:
    """Return a copy in which every Prometheus, by whatever id, is the one that the variable names."""
    if isinstance(value, list):
        return [_with_variable_datasource(item) for item in value]
    if isinstance(value, str):
        return _INPUT.sub(lambda _: DATASOURCE, value)
    if not isinstance(value, dict):
        return value
    if value.get("type") == "prometheus" and "uid" in value:
        return value | {"uid": DATASOURCE}
    return {key: _with_variable_datasource(item) for key, item in value.items()}


def _panel(panel: Json) -> Json:
    kept = {key: value for key, value in panel.items() if key not in ("pluginVersion", LOST)}
    if "panels" in kept:
        kept["panels"] = _sorted([_panel(inner) for inner in kept["panels"]])
    return kept


def _sorted(panels: list[Json]) -> list[Json]:
    """Return panels as they are read: line by line."""
    return sorted(panels, key=lambda p: (p.get("gridPos", {}).get("y", 0), p.get("gridPos", {}).get("x", 0)))


def _variable(variable: Json) -> Json:
    """Return a variable without what was chosen, and what there was to choose from, when it was exported."""
    if variable.get("type") == "datasource":
        return variable | {"options": [], "current": {"text": "Prometheus", "value": "prometheus"}}
    if variable.get("type") != "query":
        return variable
    kept = variable | {"options": []}
    return kept | {"current": ALL} if variable.get("includeAll") else kept
