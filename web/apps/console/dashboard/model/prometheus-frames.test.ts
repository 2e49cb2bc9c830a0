import { describe, expect, test } from "vitest";
import type { VectorResult } from "../../api/prometheus";
import { toAnnotations } from "./annotations";
import { toCsv } from "./csv";
import { readDashboard, type Target } from "./dashboard";
import { showFrames } from "./field-config";
import { toFrames } from "./prometheus-frames";

const target = (raw: object): Target =>
  readDashboard({ panels: [{ targets: [raw] }] }).panels[0]?.targets[0] as Target;
const options = {
  expr: "up",
  legendFormat: "",
  range: { from: 0, to: 60_000 },
  step: 15_000,
  manyTables: false,
  limit: 10,
};
const matrix = {
  resultType: "matrix" as const,
  result: [
    {
      metric: { __name__: "up", job: "x" },
      values: [
        [0, "1"],
        [30, "NaN"],
        [60, "+Inf"],
      ] as [number, string][],
    },
  ],
};
const vector: VectorResult = {
  resultType: "vector",
  result: [
    { metric: { job: "x" }, value: [60, "1"] as [number, string] },
    { metric: { job: "y", zone: "a" }, value: [60, "2"] as [number, string] },
  ],
};

test("a range lies on the grid of its steps, with gaps where nothing was measured", () => {
  const { frames } = toFrames(matrix, { ...options, target: target({}) });
  expect(frames[0]?.fields[0]?.values).toEqual([0, 15_000, 30_000, 45_000, 60_000]);
  expect(frames[0]?.fields[1]?.values).toEqual([1, null, null, null, Number.POSITIVE_INFINITY]);
});

test("legends", () => {
  const legend = (legendFormat: string) =>
    toFrames(matrix, { ...options, legendFormat, target: target({}) }).frames[0]?.fields[1]?.legend;
  expect(legend("{{job}} {{nothing}}")).toBe("x ");
  // A label that is missing leaves no name at all: the labels are one.
  expect(legend("{{nothing}}")).toBeNull();
  expect(legend("")).toBe('up{job="x"}');
  expect(legend("__auto")).toBeNull();
});

test("a table has a column for every label", () => {
  const { frames } = toFrames(vector, {
    ...options,
    target: target({ refId: "A", format: "table" }),
    manyTables: true,
  });
  expect(frames[0]?.fields.map(({ name, values }) => [name, values])).toEqual([
    ["Time", [60_000, 60_000]],
    ["job", ["x", "y"]],
    ["zone", [null, "a"]],
    ["Value #A", [1, 2]],
  ]);
});

test("too many series are cut, and counted", () => {
  const { frames, series } = toFrames(vector, { ...options, target: target({}), limit: 1 });
  expect([frames.length, series]).toEqual([1, 2]);
});

test("annotations are stretches of what was not zero", () => {
  const [query] = readDashboard({
    panels: [],
    annotations: {
      list: [
        {
          name: "Alerts",
          expr: "ALERTS",
          titleFormat: "{{alertname}}",
          textFormat: "{{service}}",
          tagKeys: "severity",
        },
      ],
    },
  }).annotations;
  const values = [
    [0, "1"],
    [15, "1"],
    [30, "0"],
    [90, "1"],
  ] as [number, string][];
  const metric = { alertname: "HighErrorRate", service: "gateway", severity: "critical" };
  const marks = toAnnotations(query as never, { resultType: "matrix", result: [{ metric, values }] }, 15_000);
  expect(marks.map(({ from, to }) => [from, to])).toEqual([
    [0, 15_000],
    [90_000, 90_000],
  ]);
  expect(marks[0]).toMatchObject({ title: "HighErrorRate", text: "gateway", tags: ["critical"] });
});

test("CSV keeps a spreadsheet from taking a text for a formula", () => {
  const result = {
    resultType: "vector" as const,
    result: [{ metric: { a: '=1+1, "x"' }, value: [0, "-2"] as [number, string] }],
  };
  const { frames } = toFrames(result, { ...options, target: target({ format: "table" }) });
  expect(toCsv(showFrames(frames, {}, [], (text) => text)[0] as never)).toBe(
    'Time,a,Value\r\n1970-01-01T00:00:00.000Z,"\'=1+1, ""x""",-2\r\n',
  );
});

describe("for a heatmap", () => {
  const bucket = (le: string, ...values: string[]) => ({
    metric: { le },
    values: values.map((value, at): [number, string] => [at * 15, value]),
  });

  test("buckets are sorted, and each holds what those below it do not", () => {
    const result = [bucket("+Inf", "9", "9"), bucket("1", "4", "5"), bucket("0.5", "1", "6")];
    const framed = toFrames(
      { resultType: "matrix", result },
      { ...options, legendFormat: "{{le}}", target: target({ format: "heatmap" }) },
    );
    expect(framed.frames.map(({ fields }) => [fields[1]?.legend, fields[1]?.values.slice(0, 2)])).toEqual([
      ["0.5", [1, 6]],
      ["1", [3, 0]],
      ["+Inf", [5, 4]],
    ]);
  });

  test("histograms that are kept whole come with their bounds", () => {
    const histogram = { buckets: [[0, "0.5", "1", "3"]] as [number, string, string, string][] };
    const { frames, native } = toFrames(
      { resultType: "matrix", result: [{ metric: {}, histograms: [[60, histogram]] }] },
      { ...options, target: target({}) },
    );
    expect(native).toBe(true);
    expect(frames[0]?.native).toEqual([{ from: 45_000, to: 60_000, low: 0.5, high: 1, count: 3 }]);
  });
});
