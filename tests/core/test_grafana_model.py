from __future__ import annotations

from typing import Any

import pytest

from magacin.core.grafana_model import LOST, is_v2, unwrapped

Json = dict[str, Any]
UP: Json = {
    "kind": "PanelQuery",
    "spec": {
        "refId": "B",
        "hidden": True,
        "query": {
            "kind": "DataQuery",
            "group": "prometheus",
            "datasource": {"name": "mine"},
            "spec": {"expr": "up", "legendFormat": "{{job}}"},
        },
    },
}


def panel(number: int, **data: Any) -> Json:
    return {
        "kind": "Panel",
        "spec": {
            "id": number,
            "title": f"Panel {number}",
            "data": {"kind": "QueryGroup", "spec": {"queries": [UP], **data}},
            "vizConfig": {
                "kind": "VizConfig",
                "group": "stat",
                "spec": {"options": {"graphMode": "none"}, "fieldConfig": {"defaults": {"unit": "s"}}},
            },
        },
    }


def at(name: str, x: int = 0, y: int = 0, **more: Any) -> Json:
    spec = {"x": x, "y": y, "width": 12, "height": 4, "element": {"kind": "ElementReference", "name": name}}
    return {"kind": "GridLayoutItem", "spec": spec | more}


def layout(kind: str, **spec: Any) -> Json:
    return {"kind": kind, "spec": spec}


def section(kind: str, title: str, inner: Json, **more: Any) -> Json:
    return {"kind": kind, "spec": {"title": title, "layout": inner, **more}}


ELEMENTS = {f"panel-{number}": panel(number) for number in (1, 2, 3)}
GRID = layout("GridLayout", items=[at("panel-1"), at("panel-2", 12)])


def classic(around: Json, **more: Any) -> Json:
    return unwrapped({"title": "Mine", "elements": ELEMENTS, "layout": around, **more})


def places(found: Json) -> list[tuple[Any, ...]]:
    return [
        (one.get("id", one["title"]), one["gridPos"]["x"], one["gridPos"]["y"], one["gridPos"]["w"])
        for one in found["panels"]
    ]


def test_a_panel_has_what_it_asks_and_how_it_is_drawn() -> None:
    options = {"maxDataPoints": 100, "timeFrom": "1h"}
    steps = [
        {"kind": "Transformation", "group": "limit", "spec": {"options": {"limitField": 1}}},
        {"kind": "merge", "spec": {"id": "merge", "disabled": True, "options": {}}},
    ]
    elements = {"panel-1": panel(1, queryOptions=options, transformations=steps)}
    [found] = unwrapped({"elements": elements, "layout": layout("GridLayout", items=[at("panel-1")])})[
        "panels"
    ]
    assert found["type"] == "stat"
    assert found["options"] == {"graphMode": "none"}
    assert found["fieldConfig"] == {"defaults": {"unit": "s"}}
    assert (found["maxDataPoints"], found["timeFrom"]) == (100, "1h")
    assert found["targets"] == [
        {
            "expr": "up",
            "legendFormat": "{{job}}",
            "refId": "B",
            "hide": True,
            "datasource": {"type": "prometheus", "uid": "mine"},
        }
    ]
    assert [(one["id"], one["disabled"]) for one in found["transformations"]] == [
        ("limit", False),
        ("merge", True),
    ]


def test_the_first_drafts_have_kinds_where_later_ones_have_groups() -> None:
    query = {
        "kind": "PanelQuery",
        "spec": {
            "refId": "A",
            "datasource": {"type": "prometheus", "uid": "old"},
            "query": {"kind": "prometheus", "spec": {"expr": "up"}},
        },
    }
    spec = {"id": 1, "data": {"spec": {"queries": [query]}}, "vizConfig": {"kind": "gauge", "spec": {}}}
    [found] = unwrapped(
        {"elements": {"a": {"kind": "Panel", "spec": spec}}, "layout": layout("GridLayout", items=[at("a")])}
    )["panels"]
    assert found["type"] == "gauge"
    assert found["datasource"] == {"type": "prometheus", "uid": "old"}


@pytest.mark.parametrize("version", ["v2alpha1", "v2beta1", "v2"])
def test_a_resource_and_what_is_exported_alone_are_the_same(version: str) -> None:
    spec = {"title": "Mine", "elements": ELEMENTS, "layout": GRID}
    resource = {"apiVersion": f"dashboard.grafana.app/{version}", "metadata": {"name": "u"}, "spec": spec}
    found = unwrapped(resource)
    assert found.pop("uid") == "u"
    assert found == unwrapped(spec)
    assert unwrapped(found) == found  # what is classic stays as it is


def test_a_grid() -> None:
    assert places(classic(GRID)) == [(1, 0, 0, 12), (2, 12, 0, 12)]


def test_rows_go_below_each_other_and_closed_ones_keep_their_panels() -> None:
    rows = [
        section("RowsLayoutRow", "First", GRID, repeat={"mode": "variable", "value": "job"}),
        section("RowsLayoutRow", "Closed", layout("GridLayout", items=[at("panel-3")]), collapse=True),
    ]
    found = classic(layout("RowsLayout", rows=rows))
    assert places(found) == [("First", 0, 0, 24), (1, 0, 1, 12), (2, 12, 1, 12), ("Closed", 0, 5, 24)]
    assert found["panels"][0]["repeat"] == "job"
    assert [one["id"] for one in found["panels"][3]["panels"]] == [3]


def test_an_automatic_grid_has_columns_of_equal_width() -> None:
    items = [section("AutoGridLayoutItem", "", {}) for _ in range(3)]
    for number, item in enumerate(items, 1):
        item["spec"]["element"] = {"name": f"panel-{number}"}
    found = classic(layout("AutoGridLayout", maxColumnCount=2, rowHeightMode="short", items=items))
    assert places(found) == [(1, 0, 0, 12), (2, 12, 0, 12), (3, 0, 5, 12)]


def test_tabs_become_rows_of_which_the_first_is_open() -> None:
    inner = layout("RowsLayout", rows=[section("RowsLayoutRow", "Inner", GRID)])
    tabs = [section("TabsLayoutTab", "One", inner), section("TabsLayoutTab", "Two", GRID)]
    found = classic(layout("TabsLayout", tabs=tabs))
    assert [(one["title"], one["collapsed"]) for one in found["panels"] if one["type"] == "row"] == [
        ("One / Inner", False),
        ("Two", True),
    ]


def test_what_is_hidden_by_conditions_is_shown_and_says_so() -> None:
    item = at("panel-1", conditionalRendering={"kind": "ConditionalRenderingGroup"})
    [found] = classic(layout("GridLayout", items=[item]))["panels"]
    assert len(found[LOST]) == 1


def test_variables_time_and_annotations() -> None:
    prometheus = {"kind": "DataQuery", "group": "prometheus", "datasource": {"name": "p"}}
    found = classic(
        GRID,
        variables=[
            {
                "kind": "QueryVariable",
                "spec": {
                    "name": "job",
                    "hide": "hideLabel",
                    "refresh": "onTimeRangeChanged",
                    "sort": "numericalDesc",
                    "query": prometheus | {"spec": {"query": "label_values(up, job)"}},
                },
            },
            {"kind": "DatasourceVariable", "spec": {"name": "ds", "pluginId": "prometheus"}},
            {
                "kind": "SwitchVariable",
                "spec": {"name": "on", "enabledValue": "1", "disabledValue": "0", "current": "1"},
            },
            {"kind": "TextVariable", "spec": {"name": "words", "query": "x"}},
        ],
        annotations=[
            {
                "spec": {
                    "name": "Starts",
                    "enable": True,
                    "query": prometheus | {"spec": {"expr": "changes(x[1m])"}},
                }
            }
        ],
        timeSettings={"from": "now-1h", "to": "now", "autoRefresh": "30s", "hideTimepicker": True},
        cursorSync="Crosshair",
    )
    job, source, switch, words = found["templating"]["list"]
    assert (job["type"], job["hide"], job["refresh"], job["sort"]) == ("query", 1, 2, 4)
    assert (job["query"], job["datasource"]) == ("label_values(up, job)", {"type": "prometheus", "uid": "p"})
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert (switch["type"], switch["query"], switch["current"]["value"]) == ("custom", "1,0", "1")
    assert words["type"] == "textbox"
    [starts] = found["annotations"]["list"]
    assert (starts["name"], starts["expr"]) == ("Starts", "changes(x[1m])")
    assert found["time"] == {"from": "now-1h", "to": "now"}
    assert (found["refresh"], found["timepicker"]["hidden"], found["graphTooltip"]) == ("30s", True, 1)


@pytest.mark.parametrize("junk", [None, 7, "x", [1], {"spec": 3}, [{"kind": 4, "spec": {"layout": []}}]])
def test_junk_counts_as_not_being_there(junk: Any) -> None:
    spec = {"elements": {"panel-1": junk}, "layout": layout("GridLayout", items=[at("panel-1")])}
    [found] = unwrapped(spec)["panels"]
    assert found["targets"] == []
    for kind in ("RowsLayout", "TabsLayout", "AutoGridLayout", "GridLayout"):
        names = {"rows": junk, "tabs": junk, "items": junk, "variables": junk, "annotations": junk}
        assert isinstance(classic(layout(kind, **names), **names)["panels"], list)


def test_what_is_classic_is_no_v2() -> None:
    assert not is_v2({"panels": [], "elements": {}})
