"""Dashboards in a real browser, before a stack with simulated people at work."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, Request, StorageState, expect

from tests.e2e.browser import PATIENCE, PHONE, opened
from tests.e2e.conftest import ROOT, RunningStack, hasten, logged_in, magacin, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

FILES = sorted((ROOT / "monitoring/grafana/dashboards").glob("*.json"))
# All panels of a dashboard are on this screen: those below the window ask nothing.
TALL = (1400, 6000)
# Rates need several scrapes, recording rules several evaluations.
DATA_COMES = 240
# What a browser loads for a dashboard, as docs/decisions/0073 promises.
MOST_SCRIPT = 250_000

# As many series as a mistake in a query brings: nearly all that Prometheus has, twice.
EVERYTHING = '{__name__=~".+",copy=""} or label_replace({__name__=~".+"}, "copy", "b", "", "")'


def panel(number: int, kind: str, title: str, expr: str, **options: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "title": title,
        "gridPos": {"x": 6 * (number % 4), "y": 8 * (number // 4), "w": 6, "h": 8},
        "targets": [{"refId": "A", "expr": expr}],
        "fieldConfig": {"defaults": {}, "overrides": []},
    } | options


def dashboard(uid: str, *panels: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"uid": uid, "title": uid, "schemaVersion": 41, "panels": panels} | options


# Somebody else's dashboards, put into the data directory as an operator does.
STRANGE = dashboard(
    "strange",
    panel(0, "timeseries", "Fine", "up"),
    panel(1, "geomap", "A map", "up"),
    panel(2, "timeseries", "A mistake", "sum(up"),
    panel(3, "timeseries", "Too much", EVERYTHING),
    panel(4, "timeseries", "Logs", "{}", datasource={"type": "loki", "uid": "logs"}),
    panel(5, "table", "Changed", "up", transformations=[{"id": "heatmap", "options": {}}]),
    panel(
        6, "text", "Words", "", options={"mode": "html", "content": "<b id=words>Read</b><script>1</script>"}
    ),
    panel(7, "stat", "Nothing", "there_is_no_such_metric"),
)
BROKEN = '{"uid": "broken", "panels": [}'
REPEATED = dashboard(
    "repeated",
    panel(0, "stat", "Up: $job", 'up{job="$job"}', repeat="job", maxPerRow=6),
    templating={
        "list": [
            {
                "name": "job",
                "type": "query",
                "query": "label_values(up, job)",
                "multi": True,
                "includeAll": True,
                "sort": 1,
                "refresh": 2,
            },
            {"name": "free", "type": "adhoc"},
        ]
    },
)
# Panels as low as people make them, for one value and for two.
LOW = dashboard(
    "low",
    *(
        panel(2 * place + count, kind, f"{kind} {count}", f"topk({count}, up)")
        | {"gridPos": {"x": 6 * (2 * place + count - 1), "y": 0, "w": 6, "h": 2}}
        for place, kind in enumerate(("stat", "gauge"))
        for count in (1, 2)
    ),
)


def of_v2(number: int, kind: str, title: str) -> dict[str, Any]:
    query = {"kind": "DataQuery", "group": "prometheus", "spec": {"expr": "up"}}
    data = {"queries": [{"kind": "PanelQuery", "spec": {"refId": "A", "query": query}}]}
    drawn = {"kind": "VizConfig", "group": kind, "spec": {"options": {}, "fieldConfig": {"defaults": {}}}}
    return {
        "kind": "Panel",
        "spec": {
            "id": number,
            "title": title,
            "data": {"kind": "QueryGroup", "spec": data},
            "vizConfig": drawn,
        },
    }


def layout(kind: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "spec": spec}


def element(name: str) -> dict[str, Any]:
    return {"kind": "ElementReference", "name": name}


# Tabs, of which one has rows: of a grid, and of one that places its panels itself.
V2 = {
    "title": "v2",
    "elements": {
        name: of_v2(number, kind, name)
        for number, (name, kind) in enumerate(
            [("In a grid", "timeseries"), ("By itself", "stat"), ("Elsewhere", "gauge")]
        )
    },
    "layout": layout(
        "TabsLayout",
        tabs=[
            layout(
                "TabsLayoutTab",
                title="First",
                layout=layout(
                    "RowsLayout",
                    rows=[
                        layout(
                            "RowsLayoutRow",
                            title="Above",
                            layout=layout(
                                "GridLayout",
                                items=[
                                    layout(
                                        "GridLayoutItem",
                                        x=0,
                                        y=0,
                                        width=8,
                                        height=6,
                                        element=element("In a grid"),
                                    )
                                ],
                            ),
                        ),
                        layout(
                            "RowsLayoutRow",
                            title="Below",
                            layout=layout(
                                "AutoGridLayout",
                                items=[layout("AutoGridLayoutItem", element=element("By itself"))],
                            ),
                        ),
                    ],
                ),
            ),
            layout(
                "TabsLayoutTab",
                title="Second",
                layout=layout(
                    "AutoGridLayout", items=[layout("AutoGridLayoutItem", element=element("Elsewhere"))]
                ),
            ),
        ],
    ),
    "timeSettings": {"from": "now-15m", "to": "now"},
}
SHARED = dashboard(
    "shared",
    panel(0, "library-panel-ref", "", "", libraryPanel={"uid": "own", "name": "Brought along"}),
    panel(1, "library-panel-ref", "", "", libraryPanel={"uid": "other", "name": "Left in Grafana"}),
    __elements={"own": {"uid": "own", "name": "Brought along", "model": panel(0, "stat", "Own", "up")}},
)
# An alert that fires as long as all is well.
MARKED = dashboard(
    "marked",
    panel(0, "timeseries", "Chart", "up"),
    annotations={
        "list": [
            {"name": "Watch", "expr": 'ALERTS{alertname="Watchdog"}', "titleFormat": "Fires: {{alertname}}"}
        ]
    },
)


@pytest.fixture(scope="module")
def busy() -> Iterator[RunningStack]:
    """A stack in which simulated people work."""
    with running("--demo") as stack:
        hasten(stack)
        folder = stack.data_dir / "dashboards"
        folder.mkdir(exist_ok=True)
        (folder / "v2.json").write_text(json.dumps(V2))
        for content in (STRANGE, REPEATED, MARKED, LOW, SHARED):
            (folder / f"{content['uid']}.json").write_text(json.dumps(content))
        (folder / "broken.json").write_text(BROKEN)
        yield stack


@pytest.fixture(scope="module")
async def session(browser: Browser, busy: RunningStack) -> StorageState:
    return await logged_in(browser, busy)


@pytest.fixture
async def page(browser: Browser, busy: RunningStack, session: StorageState) -> AsyncIterator[Page]:
    async with opened(browser, busy.url("console"), session) as page:
        yield page


def frame(page: Page, title: str) -> Locator:
    """Return a panel by its title."""
    return page.get_by_role("region", name=title, exact=True)


async def shows_data(panel: Locator, *, seconds: float = PATIENCE / 1000) -> None:
    await expect(panel).to_have_attribute("data-state", "data", timeout=seconds * 1000)


async def address(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


async def drag_out(page: Page, chart: Locator) -> None:
    """Drag the middle third of a chart out."""
    box = await chart.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] / 3, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 2 / 3, middle, steps=4)
    await page.mouse.up()


class TestEachDashboard:
    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    async def test_shows_data_in_each_panel(
        self, browser: Browser, busy: RunningStack, session: StorageState, file: Any
    ) -> None:
        content = json.loads(file.read_text())
        async with opened(browser, busy.url("console"), session, TALL) as page:
            # Of a day, a stack that is minutes old fills no step.
            await page.goto(f"/d/{content['uid']}?refresh=5s&from=now-15m&to=now")
            await expect(page.get_by_role("heading", level=1)).to_have_text(content["title"])
            panels = page.locator("[data-panel]")
            await expect(panels.first).to_be_visible()
            without = self.may_be_empty(content["panels"])
            lacking = await self.until_filled(page, without)
            assert not lacking, "these panels show no data"
            assert await panels.count() >= len(self.titles(content["panels"]))

    def titles(self, panels: list[dict[str, Any]]) -> list[str]:
        inside = [child for row in panels for child in row.get("panels", [])]
        return [p["title"] for p in [*panels, *inside] if p["type"] != "row" and not p.get("repeat")]

    def may_be_empty(self, panels: list[dict[str, Any]]) -> set[str]:
        """Return panels that say themselves what it means when there is nothing."""
        inside = [child for row in panels for child in row.get("panels", [])]
        named = (p for p in [*panels, *inside] if p["type"] != "row")
        return {p["title"] for p in named if p.get("fieldConfig", {}).get("defaults", {}).get("noValue")}

    async def until_filled(self, page: Page, may_be_empty: set[str]) -> dict[str, str]:
        """Wait until all panels show data; return those that do not, with what they do show."""
        end = time.monotonic() + DATA_COMES
        while True:
            states = await page.locator("[data-panel]").evaluate_all(
                "panels => panels.map(panel => [panel.getAttribute('aria-label'), panel.dataset.state])"
            )
            lacking = {
                title: state
                for title, state in states
                if state != "data" and not (state == "empty" and title in may_be_empty)
            }
            if not lacking or time.monotonic() > end:
                return lacking
            await page.wait_for_timeout(1000)

    async def test_loads_no_more_script_than_promised(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        await shows_data(page.locator("[data-panel]").first, seconds=DATA_COMES)
        loaded = await page.evaluate(
            """performance.getEntriesByType("resource")
                .filter(entry => new URL(entry.name).pathname.endsWith(".js"))
                .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
        )
        assert 50_000 < loaded < MOST_SCRIPT


class TestTime:
    async def test_dragging_zooms_and_the_back_button_takes_it_back(self, page: Page) -> None:
        await page.goto("/d/magacin-overview?refresh=")
        chart = frame(page, "WebSocket Connections")
        await shows_data(chart, seconds=DATA_COMES)
        await drag_out(page, chart)
        await expect(page).to_have_url(re.compile(r"from=\d{13}&to=\d{13}"))
        chosen = await address(page)
        third = (int(chosen["to"][0]) - int(chosen["from"][0])) / 1000
        assert 3600 * 0.28 < third < 3600 * 0.39
        await page.get_by_role("button", name="Zoom out").click()
        await expect(page).not_to_have_url(re.compile(f"from={chosen['from'][0]}"))
        await page.go_back()
        await expect(page).to_have_url(re.compile(f"from={chosen['from'][0]}"))
        await page.go_back()
        await expect(page.get_by_role("button", name="Time range: Last 1 hour")).to_be_visible()

    async def test_a_range_is_chosen_or_typed(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        await page.get_by_role("button", name="Time range").click()
        await page.get_by_role("button", name="Last 15 minutes").click()
        await expect(page).to_have_url(re.compile(r"from=now-15m\b"))
        await page.get_by_role("button", name="Time range").click()
        await page.get_by_role("textbox", name="From").fill("nonsense")
        await expect(page.get_by_role("button", name="Apply")).to_be_disabled()
        await page.get_by_role("textbox", name="From").fill("now-90m")
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("button", name="Time range: Last 90 minutes")).to_be_visible()

    async def test_refreshes_by_itself_as_often_as_it_is_told(self, page: Page) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.extend(ranges_of(request)))
        await page.goto("/d/magacin-overview?viewPanel=4&refresh=5s")
        await shows_data(page.locator("[data-panel]"), seconds=DATA_COMES)
        await page.get_by_role("button", name="Refresh by itself").click()
        # The dashboard says what there is to choose from.
        await page.get_by_role("menuitemradio", name="1m").click()
        await expect(page).to_have_url(re.compile(r"refresh=1m\b"))
        await page.go_back()
        await expect(page).to_have_url(re.compile(r"refresh=5s\b"))
        before = len(asked)
        async with page.expect_request(lambda request: bool(ranges_of(request)) and len(asked) > before + 2):
            pass

    async def test_the_address_holds_all_of_it(self, page: Page) -> None:
        await page.goto(
            "/d/magacin-overview?from=now-30m&to=now&var-service=task-service&viewPanel=panel-1&kiosk"
        )
        await shows_data(page.locator("[data-panel]"), seconds=DATA_COMES)
        await expect(page.locator("[data-panel]")).to_have_count(1)
        await expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-panel]").nth(3)).to_be_visible()
        assert "viewPanel" not in await address(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        await expect(page.get_by_role("button", name="Time range: Last 30 minutes")).to_be_visible()

    async def test_a_range_that_cannot_be_read_is_said(self, page: Page) -> None:
        await page.goto("/d/magacin-overview?from=now-1x&to=now")
        await expect(page.get_by_role("alert").filter(has_text="now-1x")).to_be_visible()


class TestVariables:
    async def test_a_choice_narrows_the_queries(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        chart = frame(page, "Request Rate by Service")
        await shows_data(chart, seconds=DATA_COMES)
        legend = chart.get_by_role("row")
        await expect(legend.filter(has_text="task-service")).to_be_visible()
        await page.get_by_role("combobox", name="Service").click()
        async with page.expect_request(lambda request: asks_for(request, "task-service")):
            await page.get_by_role("option", name="task-service").click()
        assert (await address(page))["var-service"] == ["task-service"]
        await expect(legend.filter(has_text="api-gateway")).to_have_count(0)
        await expect(legend.filter(has_text="task-service")).to_be_visible()
        await page.go_back()
        await expect(legend.filter(has_text="api-gateway")).to_be_visible()

    async def test_panels_are_repeated_for_each_value(self, page: Page) -> None:
        await page.goto("/d/repeated?var-job=prometheus&var-job=task-service")
        await shows_data(frame(page, "Up: prometheus"), seconds=DATA_COMES)
        await shows_data(frame(page, "Up: task-service"))
        await expect(page.locator("[data-panel]")).to_have_count(2)

    async def test_a_filter_is_put_into_every_query(self, page: Page) -> None:
        await page.goto("/d/repeated?var-job=prometheus")
        await shows_data(frame(page, "Up: prometheus"), seconds=DATA_COMES)
        await page.get_by_label("free: label").first.fill("job")
        await page.get_by_role("option", name="job", exact=True).click()
        await page.get_by_label("free: value").first.fill("console")
        await page.get_by_role("button", name="free: add the filter").click()
        await page.wait_for_url(re.compile(r"var-free=job%7C%3D%7Cconsole"))
        # No series has both jobs.
        await expect(frame(page, "Up: prometheus")).to_have_attribute("data-state", "empty")
        await page.get_by_role("button", name="Remove job = console").click()
        await shows_data(frame(page, "Up: prometheus"))


def ranges_of(request: Request) -> list[str]:
    """Return what a request asks about a range: one expression, or those that it brings together."""
    if request.url.endswith("/query_range"):
        return parse_qs(request.post_data or "").get("query", [""])
    if not request.url.endswith("/api/prometheus/queries"):
        return []
    many = json.loads(request.post_data or "[]")
    return [query["form"]["query"] for query in many if query["path"] == "query_range"]


def asks_for(request: Request, service: str) -> bool:
    return any(f'service=~"{service}"' in expr.replace(" ", "") for expr in ranges_of(request))


class TestSomebodyElses:
    async def test_what_is_not_supported_is_named_and_the_rest_works(self, page: Page) -> None:
        await page.goto("/d/strange?from=now-5m&to=now")
        await shows_data(frame(page, "Fine"), seconds=DATA_COMES)
        await expect(frame(page, "A map")).to_contain_text("The console has no “geomap” panels.")
        await expect(frame(page, "A mistake").get_by_role("alert")).to_contain_text("parse error")
        await expect(frame(page, "Logs")).to_contain_text("loki")
        await shows_data(frame(page, "Changed"))
        await expect(frame(page, "Changed")).to_contain_text("The transformation “heatmap” is not supported.")
        await expect(frame(page, "Words").locator("b")).to_have_text("Read")
        await expect(frame(page, "Words").locator("script")).to_have_count(0)
        await expect(frame(page, "Nothing")).to_contain_text("No data")

    async def test_too_many_series_are_cut_and_it_is_said(self, page: Page) -> None:
        await page.goto("/d/strange?from=now-5m&to=now&viewPanel=panel-3")
        much = frame(page, "Too much")
        for _ in range(5):
            await expect(much).to_have_attribute(
                "data-state", re.compile("data|error"), timeout=1000 * DATA_COMES
            )
            if await much.get_attribute("data-state") == "data":
                break
            await page.reload()  # on a busy machine Prometheus gives up on so much
        await shows_data(much, seconds=DATA_COMES)
        said = much.get_by_role("button", name=re.compile(r"series match; the first 200 are shown"))
        match = re.search(r"([\d,]+) series match", await said.get_attribute("aria-label") or "")
        assert match is not None
        assert int(match[1].replace(",", "")) >= 5000
        await expect(much.get_by_role("listitem")).to_have_count(200)

    async def test_a_broken_file_says_where(self, page: Page) -> None:
        await page.goto("/dashboards?query=broken")
        entry = page.get_by_role("listitem").filter(has_text="Cannot be read")
        await expect(entry).to_contain_text("line 1")
        await entry.get_by_role("link").click()
        await expect(page.get_by_role("alert")).to_contain_text("line 1")
        await page.goto("/d/there-is-none")
        await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such dashboard")

    async def test_in_a_low_panel_nothing_is_cut(self, page: Page) -> None:
        await page.goto("/d/low?from=now-5m&to=now")
        for title in ("stat 1", "stat 2", "gauge 1", "gauge 2"):
            low = frame(page, title)
            await shows_data(low, seconds=DATA_COMES)
            cut = await low.evaluate(
                """panel => [...panel.querySelectorAll('svg[role=img], [class*=Value]')].filter((part) => {
                    const [own, all] = [part, panel].map((one) => one.getBoundingClientRect());
                    return own.top < all.top || own.bottom > all.bottom + 1;
                }).length"""
            )
            assert cut == 0, title

    async def test_tabs_rows_and_grids_of_new_files(self, page: Page) -> None:
        await page.goto("/d/v2")
        for title in ("In a grid", "By itself"):
            await shows_data(frame(page, title), seconds=DATA_COMES)
        await expect(frame(page, "Elsewhere")).to_have_count(0)
        await page.get_by_role("button", name="Second").click()
        await shows_data(frame(page, "Elsewhere"))

    async def test_a_library_panel_is_there_where_the_file_brings_it(self, page: Page) -> None:
        await page.goto("/d/shared?from=now-5m&to=now")
        await shows_data(frame(page, "Own"), seconds=DATA_COMES)
        await expect(page.get_by_text("Library panel “Left in Grafana”")).to_be_visible()


class TestAnnotations:
    async def test_what_happened_is_marked_and_can_be_switched_off(self, page: Page) -> None:
        await page.goto("/d/marked?from=now-15m&to=now&refresh=5s")
        mark = frame(page, "Chart").get_by_role("button", name="Fires: Watchdog")
        await expect(mark).to_be_visible(timeout=DATA_COMES * 1000)
        await mark.hover()
        await expect(page.get_by_role("tooltip")).to_contain_text("Fires: Watchdog")
        await page.get_by_role("switch", name="Watch").click()
        await expect(mark).to_have_count(0)


class TestPanel:
    async def test_menu_leads_to_its_data_and_to_explore(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        chart = frame(page, "WebSocket Connections")
        await shows_data(chart, seconds=DATA_COMES)
        await chart.hover()
        await chart.get_by_role("button", name="Menu of").click()
        await page.get_by_role("menuitem", name="Data, CSV").click()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download CSV").click()
        assert (await download.value).suggested_filename == "websocket-connections.csv"
        await page.get_by_role("tab", name="Query").click()
        await expect(page.get_by_role("dialog")).to_contain_text("websocket_active_connections")
        await page.keyboard.press("Escape")
        await chart.hover()
        await page.keyboard.press("e")
        await expect(page).to_have_url(re.compile("/explore.*websocket_active_connections"))

    async def test_menu_and_explanation_are_there_when_they_are_wanted(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        chart = frame(page, "WebSocket Connections")
        button = chart.get_by_role("button", name="Menu of")
        await button.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="View")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menuitem")).to_have_count(0)
        await expect(button).to_be_focused()
        # Who is quicker than the menu takes the focus presses Escape on its button.
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="View")).to_be_visible()
        await button.press("Escape")
        await expect(page.get_by_role("menuitem")).to_have_count(0)
        await chart.get_by_role("button", name="About this panel").hover()
        await expect(page.get_by_role("tooltip")).to_be_visible()
        await page.mouse.move(0, 0)
        await expect(page.get_by_role("tooltip")).to_have_count(0)

    async def test_the_keyboard_is_enough(self, page: Page) -> None:
        await page.goto("/d/magacin-overview")
        await shows_data(page.locator("[data-panel]").first, seconds=DATA_COMES)
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.get_by_role("button", name="Menu of WebSocket Connections").focus()
        await page.keyboard.press("v")
        await expect(page.locator("[data-panel]")).to_have_count(1)
        await page.keyboard.press("Escape")
        await shows_data(page.locator("[data-panel]").nth(1), seconds=DATA_COMES)
        await page.keyboard.press("t")
        await page.keyboard.press("z")
        await expect(page).to_have_url(re.compile(r"from=\d+"))

    async def test_pointing_shows_values_and_one_crosshair_in_all_charts(self, page: Page) -> None:
        await page.goto("/d/magacin-overview?from=now-5m&to=now&refresh=")
        chart, other = frame(page, "WebSocket Connections"), frame(page, "Realtime Messages/sec")
        await shows_data(chart, seconds=DATA_COMES)
        await shows_data(other, seconds=DATA_COMES)
        box = await chart.locator(".u-over").bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
        await expect(page.get_by_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))).to_be_visible()
        line = other.locator(".u-cursor-x")
        await expect(line).not_to_have_css("transform", re.compile(r"matrix\(1, 0, 0, 1, -10, 0\)"))


class TestOutage:
    async def test_prometheus_goes_and_comes_back(self, page: Page, busy: RunningStack) -> None:
        await page.goto("/d/magacin-overview?refresh=5s")
        chart = frame(page, "WebSocket Connections")
        await shows_data(chart, seconds=DATA_COMES)
        # The page's own comes first; a panel that has shown nothing yet says the same in its place.
        banner = page.get_by_role("alert").filter(has_text="Prometheus does not answer.").first
        magacin("stop", "prometheus", "--data-dir", str(busy.data_dir))
        try:
            await expect(banner).to_be_visible()
            await expect(chart).to_have_attribute("data-state", "data")
        finally:
            magacin("start", "prometheus", "--data-dir", str(busy.data_dir))
        await expect(banner).to_have_count(0, timeout=60_000)
        await shows_data(chart)
        await expect(chart.get_by_role("button", name="Prometheus does not answer")).to_have_count(0)


class TestScreens:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_nothing_is_wider_than_a_phone(
        self, browser: Browser, busy: RunningStack, session: StorageState, scheme: str
    ) -> None:
        async with opened(browser, busy.url("console"), session, PHONE, scheme) as page:
            await page.goto("/d/magacin-overview")
            await shows_data(page.locator("[data-panel]").first, seconds=DATA_COMES)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await page.evaluate("document.documentElement.dataset.mantineColorScheme") == scheme
