"""Our own rules for dashboards, beyond those of grafana/dashboard-linter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from magacin.ops.dashboards import expressions
from magacin.ops.dashboards.document import WITHOUT_DATA, Document, Json
from magacin.ops.dashboards.grafana_rules import Found, Rule, datasource_uid, panel_place
from magacin.ops.dashboards.normalise import DATASOURCE

# Of Grafana 12 and 13.
SCHEMA_VERSION = 42
TAG = "magacin"
COLUMNS = 24
# What the console draws as well.
PANEL_TYPES = WITHOUT_DATA | {"timeseries", "stat", "gauge", "bargauge", "table", "state-timeline"}
VARIABLES = ("datasource", "job", "service", "instance")


def _identity(document: Document) -> Found:
    uid = document.content.get("uid")
    if uid != document.path.stem:
        yield "", f"its uid is {uid!r}: make it {document.path.stem!r}, as the file is called; links go by it"
    if not str(uid).startswith("magacin-"):
        yield "", "a uid begins with magacin-, so that it is nobody else's"
    if not document.content.get("description"):
        yield "", "has no description: say in a sentence who looks here and for what"


def _family(document: Document) -> Found:
    if TAG not in document.content.get("tags", []):
        yield "", f"has no tag {TAG}, by which the dashboards find each other"
    links = document.content.get("links", [])
    if not any(link.get("type") == "dashboards" and link.get("tags") == [TAG] for link in links):
        yield "", f"has no link to the dashboards with the tag {TAG}"
    if not all(link.get("keepTime") for link in links):
        yield "", "a link forgets the time range: set keepTime"


def _schema(document: Document) -> Found:
    version = document.content.get("schemaVersion")
    if version != SCHEMA_VERSION:
        yield (
            "",
            f"has schemaVersion {version}, not {SCHEMA_VERSION}: export it from a current Grafana",
        )


def _behaviour(document: Document) -> Found:
    content = document.content
    if not re.fullmatch(r"30s|[1-9]\d*[mh]", str(content.get("refresh") or "")):
        yield "", f"refreshes at {content.get('refresh')!r}: choose 30s or slower"
    if content.get("timezone") != "browser":
        yield "", "show the time of whoever looks: set timezone to browser"
    if not str(content.get("time", {}).get("from", "")).startswith("now-"):
        yield "", "opens at a fixed time: let it begin at now-…"


def _variables(document: Document) -> Found:
    for name in VARIABLES:
        if name not in document.variables:
            yield "", f"has no variable {name}"
    service = document.variables.get("service", {"multi": True, "includeAll": True})
    if not (service.get("multi") and service.get("includeAll")):
        yield "variable service", "let several be chosen, and all: set multi and includeAll"
    yield from _order(document)
    defined = set(document.variables)
    for place, text in _texts(document.content):
        for name in sorted(expressions.variables(text) - defined):
            # Grafana's own begin with two underscores.
            if not name.startswith("__"):
                yield place, f"uses ${name}, which is not defined"


def _order(document: Document) -> Found:
    """Find variables that ask for one below them, which people read, and the console fills, from the top."""
    above: set[str] = set()
    for name, variable in document.variables.items():
        asked = set().union(*map(expressions.variables, _strings(variable.get("query"))))
        for later in sorted(asked & document.variables.keys() - above - {name}):
            yield f"variable {name}", f"asks for ${later}, which is further down: move that up"
        above.add(name)


def _texts(content: Json) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for all texts in which Grafana replaces variables."""
    for panel in content["panels"]:
        for text in _strings({key: value for key, value in panel.items() if key != "panels"}):
            yield panel_place(panel), text
        yield from _texts(panel) if "panels" in panel else ()
    for key in ("templating", "annotations", "links"):
        for text in _strings(content.get(key)):
            yield key, text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _annotations(document: Document) -> Found:
    if not any(_shows_alerts(annotation) for annotation in document.annotations):
        yield "", "shows no alert events: add an annotation that asks for ALERTS"
    for annotation in document.annotations:
        place = f'annotation "{annotation.get("name", "")}"'
        if datasource_uid(annotation) != DATASOURCE:
            yield place, f"ask the data source {DATASOURCE}"
        try:
            expressions.parse(str(annotation.get("expr", "")))
        except ValueError as error:
            yield place, f"is not PromQL: {error}"


def _shows_alerts(annotation: Json) -> bool:
    return bool(re.match(r"ALERTS\b", str(annotation.get("expr", ""))))


def _panels(document: Document) -> Found:
    for panel in document.panels:
        if panel.get("type") not in PANEL_TYPES:
            yield (
                panel_place(panel),
                f"is a {panel.get('type')}; the console draws {', '.join(sorted(PANEL_TYPES))}",
            )
    for kind, seen in (
        ("id", Counter(panel.get("id") for panel in document.panels)),
        ("title", Counter(panel.get("title") for panel in document.panels if panel.get("type") != "row")),
    ):
        for value, count in seen.items():
            if count > 1 or value in (None, ""):
                yield (
                    "",
                    f"{count} panels have the {kind} {value!r}: links and messages need each to have its own",
                )


def _thresholds(document: Document) -> Found:
    for panel in document.data_panels:
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if not defaults.get("thresholds", {}).get("steps"):
            yield panel_place(panel), "has no thresholds: a base colour alone where nothing is too much"


def _legends(document: Document) -> Found:
    for panel in document.data_panels:
        targets = panel.get("targets", [])
        repeated = [ref for ref, count in Counter(t.get("refId") for t in targets).items() if count > 1]
        if repeated:
            yield panel_place(panel), f"two queries are called {repeated[0]}"
        if panel.get("type") not in ("timeseries", "state-timeline", "bargauge"):
            continue
        for target in targets:
            if target.get("legendFormat") in (None, "", "__auto"):
                yield (
                    panel_place(panel),
                    f"query {target.get('refId')} has no legend: give it words, or a label",
                )


def _layout(document: Document) -> Found:
    """Find panels that overlap or leave holes: the grid is filled line by line."""
    taken: dict[tuple[int, int], str] = {}
    for panel in document.content["panels"]:
        grid = panel.get("gridPos", {})
        if not all(isinstance(grid.get(key), int) for key in "xywh") or grid["x"] + grid["w"] > COLUMNS:
            yield panel_place(panel), f"does not lie within {COLUMNS} columns"
            continue
        cells = [
            (x, y)
            for y in range(grid["y"], grid["y"] + grid["h"])
            for x in range(grid["x"], grid["x"] + grid["w"])
        ]
        if over := {taken[cell] for cell in cells if cell in taken}:
            yield panel_place(panel), f"lies over {', '.join(sorted(over))}"
        taken |= dict.fromkeys(cells, panel_place(panel))
    height = max((y + 1 for _, y in taken), default=0)
    if holes := sorted((y, x) for y in range(height) for x in range(COLUMNS) if (x, y) not in taken):
        yield "", f"has a hole in its layout at x {holes[0][1]}, y {holes[0][0]}"


RULES: dict[str, Rule] = {
    "identity": _identity,
    "family": _family,
    "schema": _schema,
    "behaviour": _behaviour,
    "variables": _variables,
    "annotations": _annotations,
    "panels": _panels,
    "thresholds": _thresholds,
    "legends": _legends,
    "layout": _layout,
}
