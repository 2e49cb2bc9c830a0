import { describe, expect, test } from "vitest";
import { isOfToday, type Panel, readDashboard } from "../dashboard";
import { showFrames } from "../field-config";
import { makeField, makeFrame } from "../frames";
import { transform } from "../transformations";
import { upgrade } from "./upgrade";

const upgraded = (panel: object) => {
  const content = { schemaVersion: 14, panels: [{ id: 1, ...panel }] };
  expect(isOfToday(content)).toBe(false);
  return readDashboard(upgrade(content)).panels[0] as Panel;
};
const properties = (panel: Panel, alias: string) =>
  Object.fromEntries(
    panel.overrides
      .filter(({ matcher }) => matcher.options === alias)
      .flatMap((one) => one.properties.map(({ id, value }) => [id, value])),
  );

test("a file of today is left alone", () =>
  expect(isOfToday({ schemaVersion: 41, panels: [{ type: "row", panels: [{ type: "stat" }] }] })).toBe(true));

test("a panel of old in a file of today is found, inside of a row, too", () =>
  expect(isOfToday({ schemaVersion: 41, panels: [{ type: "row", panels: [{ type: "graph" }] }] })).toBe(
    false,
  ));

describe("graph", () => {
  test("its options become those of a time series", () => {
    const panel = upgraded({
      type: "graph",
      yaxes: [{ format: "bytes", min: "0", logBase: 10 }],
      stack: true,
      nullPointMode: "connected",
      fill: 2,
      legend: { show: true, values: true, current: true, avg: true, sort: "avg", sortDesc: true },
    });
    expect(panel.type).toBe("timeseries");
    expect(panel.defaults).toMatchObject({
      unit: "bytes",
      min: 0,
      custom: {
        fillOpacity: 20,
        spanNulls: true,
        stacking: { mode: "normal" },
        scaleDistribution: { type: "log", log: 10 },
      },
    });
    expect(panel.options).toMatchObject({
      legend: { calcs: ["mean", "lastNotNull"], sortBy: "Mean", sortDesc: true },
    });
  });

  test("without values a legend has no calculations, whatever else it says", () =>
    expect(upgraded({ type: "graph", legend: { current: true } }).options).toMatchObject({
      legend: { calcs: [] },
    }));

  test("overrides of series: the right axis, below zero, bars, colours, out of the pile", () => {
    const panel = upgraded({
      type: "graph",
      stack: true,
      aliasColors: { mem: "#ff00ff" },
      yaxes: [{ format: "bytes" }, { format: "percent", max: 100, label: "CPU" }],
      seriesOverrides: [
        { alias: "cpu", yaxis: 2, lines: false, bars: true },
        { alias: "/neg/", transform: "negative-Y", stack: false, legend: false },
        { alias: "odd", transform: "sideways" },
      ],
    });
    expect(properties(panel, "mem")).toEqual({ color: { mode: "fixed", fixedColor: "#ff00ff" } });
    expect(properties(panel, "cpu")).toMatchObject({
      unit: "percent",
      max: 100,
      "custom.axisPlacement": "right",
      "custom.axisLabel": "CPU",
      "custom.drawStyle": "bars",
      "custom.lineWidth": 1,
    });
    expect(properties(panel, "/neg/")).toEqual({
      "custom.transform": "negative-Y",
      "custom.stacking": { mode: "none", group: "A" },
      "custom.hideFrom": { viz: false, legend: true, tooltip: false },
    });
    expect(panel.lost).toEqual(["The transform “sideways” of series is not supported."]);
  });

  test("thresholds from below and above", () =>
    expect(
      upgraded({
        type: "graph",
        thresholds: [
          { op: "gt", value: 9, colorMode: "critical", fill: true, line: true },
          { op: "lt", value: 1, colorMode: "warning", fill: true, line: true },
        ],
      }).defaults,
    ).toMatchObject({
      thresholds: {
        steps: [
          { value: null, color: "orange" },
          { value: 1, color: "transparent" },
          { value: 9, color: "red" },
        ],
      },
      custom: { thresholdsStyle: { mode: "line+area" } },
    }));

  test("a gap may be worth nothing at all", () =>
    expect(upgraded({ type: "graph", nullPointMode: "null as zero" }).defaults.noValue).toBe("0"));

  test("on an axis of series it is bars, on one of values a histogram", () => {
    const series = upgraded({ type: "graph", xaxis: { mode: "series", values: ["max"] } });
    expect(series).toMatchObject({ type: "bargauge", options: { reduceOptions: { calcs: ["max"] } } });
    expect(upgraded({ type: "graph", xaxis: { mode: "histogram" } }).type).toBe("histogram");
  });
});

describe("singlestat", () => {
  test("words, colours and what is calculated", () => {
    const panel = upgraded({
      type: "singlestat",
      format: "none",
      valueName: "current",
      valueMaps: [
        { op: "=", value: "1", text: "UP" },
        { op: "=", value: "null", text: "N/A" },
      ],
      thresholds: "1,5",
      colors: ["a", "b", "c"],
      colorBackground: true,
      postfix: " of 10",
    });
    expect(panel).toMatchObject({
      type: "stat",
      options: {
        reduceOptions: { calcs: ["lastNotNull"] },
        colorMode: "background_solid",
        postfix: " of 10",
      },
      defaults: {
        mappings: [
          { type: "value", options: { 1: { text: "UP" } } },
          { type: "special", options: { match: "null", result: { text: "N/A" } } },
        ],
        thresholds: {
          steps: [
            { value: null, color: "a" },
            { value: 1, color: "b" },
            { value: 5, color: "c" },
          ],
        },
      },
    });
  });

  test("ranges count only where its kind says so", () => {
    const maps = { valueMaps: [{ value: "1", text: "x" }], rangeMaps: [{ from: "0", to: "5", text: "low" }] };
    expect(upgraded({ type: "singlestat", mappingType: 2, ...maps }).defaults.mappings).toEqual([
      { type: "range", options: { from: 0, to: 5, result: { text: "low" } } },
    ]);
  });

  test("a dial is a gauge", () => {
    const panel = upgraded({ type: "singlestat", gauge: { show: true, minValue: 0, maxValue: 1 } });
    expect(panel).toMatchObject({ type: "gauge", defaults: { min: 0, max: 1 } });
  });

  test("what cannot be shown is named", () =>
    expect(upgraded({ type: "singlestat", valueName: "last_time" }).lost).toHaveLength(1));
});

test("fieldOptions, with steps in a list", () => {
  const panel = upgraded({
    type: "stat",
    options: {
      fieldOptions: {
        calcs: ["max"],
        defaults: {
          unit: "bytes",
          title: "$__series_name",
          mappings: [{ id: 1, type: 1, value: "1", text: "Up" }],
        },
        thresholds: [{ color: "red", value: null }],
      },
    },
  });
  expect(panel).toMatchObject({
    options: { reduceOptions: { calcs: ["max"] } },
    defaults: {
      unit: "bytes",
      displayName: "${__series.name}",
      thresholds: { mode: "absolute", steps: [{ color: "red", value: null }] },
      mappings: [{ type: "value", options: { 1: { text: "Up" } } }],
    },
  });
});

describe("table", () => {
  const styles = [
    { pattern: "Current", type: "number", unit: "bytes", alias: "Memory" },
    { pattern: "/.*/", type: "number", unit: "s" },
  ];
  const old = {
    type: "table",
    transform: "timeseries_aggregations",
    columns: [{ text: "Current", value: "current" }],
    styles,
    sort: { col: 1, desc: true },
  };

  test("a row for each series, under the names of old, each column in the first style that fits", () => {
    const panel = upgraded(old);
    const frames = ["a", "b"].map((legend) =>
      makeFrame([makeField("Time", "time", [0]), makeField("Value", "number", [7], { legend })]),
    );
    const { frames: rows } = transform(frames, panel.transformations);
    const [table] = showFrames(rows, panel.defaults, panel.overrides, (text) => text);
    expect(table?.fields.map(({ title, values, config }) => [title, values, config.unit])).toEqual([
      ["Metric", ["a", "b"], "s"],
      ["Memory", [7, 7], "bytes"],
    ]);
    expect(panel.options).toMatchObject({ sortBy: [{ index: 1, desc: true }] });
  });

  test("hidden columns, colours of cells, dates", () => {
    const panel = upgraded({
      ...old,
      styles: [
        { pattern: "Time", type: "hidden" },
        { pattern: "Value", type: "number", colorMode: "cell", colors: ["g", "r"], thresholds: ["5"] },
        { pattern: "Since", type: "date", dateFormat: "YYYY" },
      ],
    });
    expect(properties(panel, "Time")).toEqual({ "custom.hidden": true });
    expect(properties(panel, "Since")).toEqual({ unit: "time:YYYY" });
    expect(properties(panel, "Value")).toMatchObject({
      "custom.cellOptions": { type: "color-background" },
      thresholds: {
        steps: [
          { value: null, color: "g" },
          { value: 5, color: "r" },
        ],
      },
    });
  });
});

test("a heatmap of old", () =>
  expect(
    upgraded({ type: "heatmap", dataFormat: "tsbuckets", yAxis: { format: "s" }, yBucketBound: "upper" })
      .options,
  ).toMatchObject({ calculate: false, yAxis: { unit: "s" }, rowsFrame: { layout: "le" } }));

test("a text of old", () =>
  expect(upgraded({ type: "text", mode: "markdown", content: "# Words" }).options).toEqual({
    mode: "markdown",
    content: "# Words",
  }));

describe("rows of before schema 16", () => {
  const read = (...rows: object[]) => readDashboard(upgrade({ schemaVersion: 14, rows })).panels;

  test("become a grid", () => {
    const panels = [
      { type: "text", span: 4 },
      { type: "text", span: 8 },
      { type: "text", span: 6 },
    ];
    expect(
      read({ title: "Row", showTitle: true, height: "250px", panels }).map(({ type, gridPos }) => [
        type,
        gridPos.x,
        gridPos.y,
        gridPos.w,
      ]),
    ).toEqual([
      ["row", 0, 0, 24],
      ["text", 0, 1, 8],
      ["text", 8, 1, 16],
      ["text", 0, 8, 12],
    ]);
  });

  test("a closed one keeps its panels inside, a repeated one is repeated", () => {
    const [closed, open, inside] = read(
      { title: "Closed", collapse: true, panels: [{ type: "text" }] },
      { title: "Open $job", repeat: "job", panels: [{ type: "text" }] },
    );
    expect(closed).toMatchObject({ type: "row", collapsed: true, panels: [{ type: "text" }] });
    expect(open).toMatchObject({ type: "row", collapsed: false, repeat: "job", panels: [] });
    expect(inside).toMatchObject({ type: "text" });
  });

  test("without any title there are no rows", () =>
    expect(read({ panels: [{ type: "text" }] }).map(({ type }) => type)).toEqual(["text"]));
});
