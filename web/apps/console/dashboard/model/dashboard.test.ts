import { describe, expect, test } from "vitest";
import { DashboardError, readDashboard } from "./dashboard";
import { place, unfold } from "./layout";
import { readUrl, safeUrl } from "./url-state";

describe("readDashboard", () => {
  test("junk in a field is as if it were not there", () => {
    const read = readDashboard({
      title: 7,
      tags: "one",
      time: null,
      refresh: false,
      panels: [
        { type: "timeseries", gridPos: { x: 99, w: -3, h: "x" }, targets: "none", options: [] },
        null,
        3,
      ],
      templating: { list: [null, { name: "x", current: "y" }] },
      annotations: "no",
      links: [{}],
    });
    expect(read.title).toBe("Untitled dashboard");
    expect(read.panels).toHaveLength(3);
    expect(read.panels[0]?.gridPos).toEqual({ x: 23, y: 0, w: 1, h: 8 });
    expect(read.time).toEqual({ from: "now-6h", to: "now" });
  });

  test.each([[null], ["text"], [[1]], [{}], [{ spec: { elements: {} } }]])("%j is none", (content) =>
    expect(() => readDashboard(content)).toThrow(DashboardError),
  );

  test("what the HTTP API of Grafana answers has it inside", () =>
    expect(readDashboard({ meta: {}, dashboard: { title: "Inner", panels: [] } }).title).toBe("Inner"));

  test("ids that are missing or double are made", () => {
    const { panels } = readDashboard({ panels: [{ id: 1 }, { id: 1 }, {}] });
    expect(new Set(panels.map(({ key }) => key)).size).toBe(3);
  });

  test.each([["v0alpha1", "v1beta1", "v1"]].flat())(
    "a resource of Grafana 12 has it as its spec: %s",
    (version) => {
      const spec = { title: "Wrapped", schemaVersion: 41, panels: [] };
      const content = { apiVersion: `dashboard.grafana.app/${version}`, metadata: { name: "w" }, spec };
      expect(readDashboard(content)).toMatchObject({ uid: "w", title: "Wrapped" });
    },
  );

  test("what a panel was repeated into when the file was saved is left out", () => {
    const panels = [
      { id: 1, repeat: "job" },
      { id: 2, repeatPanelId: 1 },
    ];
    expect(readDashboard({ panels }).panels.map(({ id }) => id)).toEqual([1]);
  });

  test("a panel that shows what another one asked asks the same", () => {
    const shared = { uid: "-- Dashboard --", type: "datasource" };
    const transformations = [{ id: "limit", options: { limitField: 1 } }];
    const { panels } = readDashboard({
      panels: [
        { id: 1, type: "table", targets: [{ expr: "up" }], transformations },
        { id: 2, type: "stat", datasource: shared, targets: [{ panelId: 1, withTransforms: true }] },
        { id: 3, type: "stat", datasource: shared, targets: [{ panelId: 9 }] },
      ],
    });
    expect(panels[1]).toMatchObject({ targets: [{ expr: "up" }], transformations: [{ id: "limit" }] });
    expect(panels[2]).toMatchObject({ targets: [], lost: ["The panel whose data it shows is not there."] });
  });

  test("a library panel is there when the export brings it along", () => {
    const libraryPanel = { uid: "l", name: "Shared" };
    const [there, missing] = readDashboard({
      __elements: { l: { model: { type: "stat", title: "Shared" } } },
      panels: [{ libraryPanel }, { libraryPanel: { uid: "x", name: "Elsewhere" } }],
    }).panels;
    expect(there).toMatchObject({ type: "stat", title: "Shared", libraryPanel: null });
    expect(missing).toMatchObject({ libraryPanel: "Elsewhere" });
  });
});

describe("layout", () => {
  const value = (...values: string[]) => ({ values, texts: values, all: false, allValue: null, multi: true });
  const layout = (panels: object[], scope = {}, collapsed = () => false) =>
    place(unfold(readDashboard({ panels }).panels, scope), collapsed).map(({ panel, x, y, w, h }) => [
      panel.key,
      x,
      y,
      w,
      h,
    ]);
  const at = (x: number, y: number, w: number, h: number) => ({ gridPos: { x, y, w, h } });

  test("panels fall up, also over what a collapsed row hides", () => {
    const panels = [
      { id: 1, type: "row", ...at(0, 0, 24, 1) },
      { id: 2, type: "stat", ...at(0, 1, 12, 4) },
      { id: 3, type: "row", ...at(0, 9, 24, 1) },
      { id: 4, type: "stat", ...at(0, 20, 12, 4) },
    ];
    expect(layout(panels)).toEqual([
      ["panel-1", 0, 0, 24, 1],
      ["panel-2", 0, 1, 12, 4],
      ["panel-3", 0, 5, 24, 1],
      ["panel-4", 0, 6, 12, 4],
    ]);
    expect(layout(panels, {}, () => true)).toEqual([
      ["panel-1", 0, 0, 24, 1],
      ["panel-3", 0, 1, 24, 1],
    ]);
  });

  test("a panel is repeated for each value, in rows of maxPerRow", () => {
    const panels = [{ id: 1, type: "stat", repeat: "s", maxPerRow: 2, ...at(0, 0, 24, 4) }];
    expect(layout(panels, { s: value("a", "b", "c") })).toEqual([
      ["panel-1", 0, 0, 12, 4],
      ["panel-1-clone-1", 12, 0, 12, 4],
      ["panel-1-clone-2", 0, 4, 12, 4],
    ]);
  });

  test("a row is repeated with all that is in it", () => {
    const panels = [
      { id: 1, type: "row", repeat: "s", ...at(0, 0, 24, 1) },
      { id: 2, type: "stat", ...at(0, 1, 12, 4) },
    ];
    const sections = unfold(readDashboard({ panels }).panels, { s: value("a", "b") });
    expect(sections.map(({ panels: [panel] }) => panel?.scoped)).toEqual([{ s: "a" }, { s: "b" }]);
  });
});

describe("addresses", () => {
  test("read as Grafana writes them", () => {
    const url = readUrl(
      new URLSearchParams("from=now-1h&to=now&var-s=a&var-s=b&viewPanel=panel-3&kiosk&refresh=5s"),
    );
    expect(url).toMatchObject({
      from: "now-1h",
      viewPanel: "panel-3",
      kiosk: true,
      refresh: "5s",
      variables: { s: ["a", "b"] },
    });
  });
  test.each([
    ["/d/x?a=b", "/d/x?a=b"],
    ["https://example.com", "https://example.com"],
    ["javascript:alert(1)", null],
    ["java\tscript:alert(1)", null],
    [" data:text/html,x", null],
    ["", null],
  ])("%j leads to %j", (url, safe) => expect(safeUrl(url)).toBe(safe));
});
