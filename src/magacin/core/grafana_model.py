"""A dashboard in Grafana's classic model, whatever form a file has it in.

Grafana 12 and later keep dashboards as resources. Those of v0 and v1 have the classic model as their `spec`.
Those of v2 keep panels ("elements") and where they stand ("layout") apart, and write queries, variables and
annotations as objects with a kind. Grafana 13 also exports such a `spec` alone. All that is read here was
written by somebody else: whatever has the wrong type counts as not being there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# What has no counterpart stands in a panel under this name, a sentence each; the console shows it.
LOST = "_lost"
_COLUMNS = 24
# A row of the grid is 30 pixels high, with 8 between two.
_CELL = 38
_HEIGHTS = {"short": 168, "standard": 320, "tall": 512}
_CURSORS = {"Off": 0, "Crosshair": 1, "Tooltip": 2}
_HIDE = {"dontHide": 0, "hideLabel": 1, "hideVariable": 2, "inControlsMenu": 0}
_REFRESH = {"never": 0, "onDashboardLoad": 1, "onTimeRangeChanged": 2}
_SORT = [
    *("disabled", "alphabeticalAsc", "alphabeticalDesc", "numericalAsc", "numericalDesc"),
    *("alphabeticalCaseInsensitiveAsc", "alphabeticalCaseInsensitiveDesc", "naturalAsc", "naturalDesc"),
]
_VARIABLES = {
    "QueryVariable": "query",
    "CustomVariable": "custom",
    "ConstantVariable": "constant",
    "IntervalVariable": "interval",
    "TextVariable": "textbox",
    "DatasourceVariable": "datasource",
    "AdhocVariable": "adhoc",
    "GroupByVariable": "groupby",
    "SwitchVariable": "custom",
}


def unwrapped(content: Json) -> Json:
    """Return the dashboard in the classic model, without what an API or a resource wraps it in."""
    if "panels" not in content and isinstance(content.get("dashboard"), dict):
        # As GET /api/dashboards/uid/… answers, and as POST /api/dashboards/db wants it.
        content = content["dashboard"]
    if "apiVersion" in content and isinstance(content.get("spec"), dict):
        spec = _classic(content["spec"]) if is_v2(content["spec"]) else content["spec"]
        # A resource's name is the dashboard's uid.
        name = _object(content.get("metadata")).get("name")
        return {**spec, "uid": spec.get("uid") or name} if name else spec
    return _classic(content) if is_v2(content) else content


def is_v2(content: Json) -> bool:
    """Say whether panels and layout stand apart."""
    return isinstance(content.get("elements"), dict) and "panels" not in content


def _classic(spec: Json) -> Json:
    time = _object(spec.get("timeSettings"))
    kept = {
        key: spec[key] for key in ("uid", "title", "description", "tags", "links", "editable") if key in spec
    }
    return kept | {
        "schemaVersion": 42,
        "time": {"from": time.get("from", "now-6h"), "to": time.get("to", "now")},
        "timezone": time.get("timezone", ""),
        "refresh": time.get("autoRefresh", ""),
        "timepicker": {
            "hidden": bool(time.get("hideTimepicker")),
            "refresh_intervals": _list(time.get("autoRefreshIntervals")),
            "quick_ranges": _list(time.get("quickRanges")),
        },
        "graphTooltip": _CURSORS.get(str(spec.get("cursorSync")), 0),
        "templating": {"list": [_variable(one) for one in _objects(spec.get("variables"))]},
        "annotations": {"list": [_annotation(one) for one in _objects(spec.get("annotations"))]},
        "panels": _Grid(_object(spec["elements"])).panels(_object(spec.get("layout"))),
    }


@dataclass
class _Grid:
    """Puts the elements where the layout has them. Rows go below each other, and so do tabs, as rows."""

    elements: Json
    top: int = 0

    def panels(self, layout: Json) -> list[Json]:
        return list(self._layout(layout, ""))

    def _layout(self, layout: Json, title: str) -> Iterator[Json]:
        """Yield the panels of a layout, those of its rows among them; `title` is what is around it."""
        spec = _object(layout.get("spec"))
        match layout.get("kind"):
            case "RowsLayout":
                for row in _objects(spec.get("rows")):
                    inner = _object(row.get("spec"))
                    yield from self._section(inner, title, collapsed=bool(inner.get("collapse")))
            case "TabsLayout":
                for index, tab in enumerate(_objects(spec.get("tabs"))):
                    # One tab is seen at a time: the first one is open.
                    yield from self._section(_object(tab.get("spec")), title, collapsed=index > 0)
            case "AutoGridLayout":
                yield from self._place(_objects(spec.get("items")), self._automatic(spec))
            case _:
                yield from self._place(_objects(spec.get("items")), _at)

    def _section(self, spec: Json, around: str, *, collapsed: bool) -> Iterator[Json]:
        title = " / ".join(part for part in (around, str(spec.get("title") or "")) if part)
        layout = _object(spec.get("layout"))
        if layout.get("kind") in ("RowsLayout", "TabsLayout"):
            yield from self._layout(layout, title)
            return
        row = _row(title, self.top, collapsed=collapsed) | _repeat(spec)
        hidden = bool(spec.get("hideHeader")) and not collapsed and "repeat" not in row
        if not hidden:
            self.top += 1
        inside = list(self._layout(layout, title))
        if collapsed:
            yield row | {"panels": inside}
        else:
            yield from ([] if hidden else [row])
            yield from inside

    def _place(self, items: list[Json], place: Callable[[int, Json], Json]) -> Iterator[Json]:
        start = self.top
        for index, item in enumerate(items):
            spec = _object(item.get("spec"))
            if item.get("kind") == "GridLayoutRow":
                yield from self._old_row(spec, start)
                continue
            grid = place(index, spec)
            grid["y"] += start
            self.top = max(self.top, grid["y"] + grid["h"])
            yield self._panel(spec) | {"gridPos": grid} | _repeat(spec)

    def _old_row(self, spec: Json, start: int) -> Iterator[Json]:
        """Yield a row as the first drafts of v2 had it: among the items, with its panels below it."""
        top = start + _whole(spec.get("y"), 0)
        collapsed = bool(spec.get("collapsed"))
        row = _row(str(spec.get("title") or ""), top, collapsed=collapsed) | _repeat(spec)
        self.top = top + 1
        inside = list(self._place(_objects(spec.get("elements")), _at))
        yield row | {"panels": inside} if collapsed else row
        yield from [] if collapsed else inside

    def _automatic(self, spec: Json) -> Callable[[int, Json], Json]:
        columns = min(_COLUMNS, max(1, _whole(spec.get("maxColumnCount"), 3)))
        pixels = _HEIGHTS.get(str(spec.get("rowHeightMode"))) or _whole(
            spec.get("rowHeight"), _HEIGHTS["standard"]
        )
        width, height = _COLUMNS // columns, max(2, round((pixels + 8) / _CELL))

        def place(index: int, _spec: Json) -> Json:
            return {"x": index % columns * width, "y": index // columns * height, "w": width, "h": height}

        return place

    def _panel(self, item: Json) -> Json:
        name = str(_object(item.get("element")).get("name"))
        element = _object(self.elements.get(name))
        spec = _object(element.get("spec"))
        if element.get("kind") == "LibraryPanel":
            kept = {key: spec[key] for key in ("id", "title", "libraryPanel") if key in spec}
            return kept | {"type": "library-panel-ref"}
        panel = _panel(spec)
        if item.get("conditionalRendering"):
            panel[LOST] = ["When it is hidden is not supported: it is always shown."]
        return panel


def _at(_index: int, spec: Json) -> Json:
    width, height = _whole(spec.get("width"), 12), _whole(spec.get("height"), 8)
    return {"x": _whole(spec.get("x"), 0), "y": _whole(spec.get("y"), 0), "w": width, "h": height}


def _row(title: str, top: int, *, collapsed: bool) -> Json:
    at = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {"type": "row", "title": title, "collapsed": collapsed, "gridPos": at, "panels": []}


def _repeat(spec: Json) -> Json:
    repeat = _object(spec.get("repeat"))
    if not repeat.get("value"):
        return {}
    found = {"repeat": repeat["value"], "repeatDirection": repeat.get("direction", "h")}
    return found | ({"maxPerRow": repeat["maxPerRow"]} if repeat.get("maxPerRow") else {})


def _panel(spec: Json) -> Json:
    data = _object(_object(spec.get("data")).get("spec"))
    config = _object(spec.get("vizConfig"))
    inner = _object(config.get("spec"))
    targets = [_target(one) for one in _objects(data.get("queries"))]
    kept = {key: spec[key] for key in ("id", "title", "description", "links", "transparent") if key in spec}
    return kept | {
        # The first drafts have what it is as its kind.
        "type": config.get("group") or config.get("kind"),
        "datasource": targets[0]["datasource"] if targets else None,
        "targets": targets,
        "options": _object(inner.get("options")),
        "fieldConfig": _object(inner.get("fieldConfig")),
        "transformations": [_transformation(one) for one in _objects(data.get("transformations"))],
        **_object(data.get("queryOptions")),
    }


def _target(query: Json) -> Json:
    spec = _object(query.get("spec"))
    asked = _object(spec.get("query"))
    return _object(asked.get("spec")) | {
        "refId": spec.get("refId", "A"),
        "hide": bool(spec.get("hidden")),
        "datasource": _datasource(asked, spec),
    }


def _datasource(query: Json, around: Json) -> Json | None:
    """Return what a query asks. The first drafts have it beside the query, and its kind as the query's."""
    if isinstance(around.get("datasource"), dict):
        return dict(around["datasource"])
    kind = query.get("group") or query.get("kind")
    name = _object(query.get("datasource")).get("name")
    found = {"type": kind, "uid": name} if name else {"type": kind}
    return found if kind and kind != "DataQuery" else ({"uid": name} if name else None)


def _transformation(one: Json) -> Json:
    spec = _object(one.get("spec"))
    kind = one.get("group") or spec.get("id") or one.get("kind")
    return {"id": kind, "disabled": bool(spec.get("disabled")), "options": _object(spec.get("options"))} | (
        {"filter": spec["filter"]} if spec.get("filter") else {}
    )


def _annotation(one: Json) -> Json:
    spec = _object(one.get("spec"))
    query = _object(spec.get("query"))
    kept = {key: spec[key] for key in ("name", "enable", "hide", "iconColor") if key in spec}
    legacy = _object(spec.get("legacyOptions"))
    asked = _object(query.get("spec"))
    return (
        legacy
        | asked
        | kept
        | {"builtIn": int(bool(spec.get("builtIn"))), "datasource": _datasource(query, spec)}
    )


def _variable(one: Json) -> Json:
    spec = _object(one.get("spec"))
    kind = str(one.get("kind"))
    found = spec | {
        "type": _VARIABLES.get(kind, kind),
        "hide": _HIDE.get(str(spec.get("hide")), 0),
        "refresh": _REFRESH.get(str(spec.get("refresh")), 1),
    }
    if kind == "QueryVariable":
        asked = _object(spec.get("query"))
        inner = _object(asked.get("spec"))
        text = inner.get("query") or inner.get("__legacyStringValue") or spec.get("definition") or ""
        sort = str(spec.get("sort"))
        found |= {
            "query": text,
            "datasource": _datasource(asked, spec),
            "sort": _SORT.index(sort) if sort in _SORT else 0,
        }
    elif kind == "DatasourceVariable":
        found["query"] = spec.get("pluginId", "")
    elif kind == "SwitchVariable":
        values = [
            str(spec.get(key, other)) for key, other in (("enabledValue", "true"), ("disabledValue", "false"))
        ]
        now = spec.get("current", values[1])
        found |= {"query": ",".join(values), "current": {"text": now, "value": now}}
    elif kind == "AdhocVariable":
        found["datasource"] = _datasource(one, spec)
    return found


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[Json]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _whole(value: object, fallback: int) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else fallback
