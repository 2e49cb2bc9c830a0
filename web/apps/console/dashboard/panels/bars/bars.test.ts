import { expect, test } from "vitest";
import { showFrames } from "../../model/field-config";
import { type Frame, makeField, makeFrame } from "../../model/frames";
import { barsOf, histogramOf } from "./bars";

const shown = (frames: Frame[]) => showFrames(frames, {}, [], (text) => text);
const series = (legend: string, times: number[], values: (number | null)[]) =>
  makeFrame([makeField("Time", "time", times), makeField("Value", "number", values, { legend })]);
const simple = (bars: ReturnType<typeof barsOf>) => [
  bars?.labels,
  Object.fromEntries((bars?.series ?? []).map(({ title, values }) => [title, values])),
];

test("a group for each row of a table, by its words", () => {
  const table = makeFrame([
    makeField("job", "string", ["x", "y"]),
    makeField("a", "number", [1, 2]),
    makeField("b", "number", [3, Number.NaN]),
  ]);
  expect(simple(barsOf(shown([table]), {}, String))).toEqual([["x", "y"], { a: [1, 2], b: [3, null] }]);
  expect(simple(barsOf(shown([table]), { xField: "a" }, String))).toEqual([["1", "2"], { b: [3, null] }]);
});

test("series that stand apart are put together by time", () => {
  const frames = shown([series("x", [0, 1000], [1, 2]), series("y", [1000, 2000], [3, 4])]);
  expect(simple(barsOf(frames, {}, String))).toEqual([
    ["0", "1000", "2000"],
    { x: [1, 2, null], y: [null, 3, 4] },
  ]);
});

test("a histogram counts values by ranges, of each series or of all", () => {
  const frames = shown([series("x", [0, 1, 2], [1, 12, null]), series("y", [0, 1, 2], [11, 12, 25])]);
  const options = { bucketSize: 10 };
  expect(simple(histogramOf(frames, options, String))).toEqual([
    ["0", "10", "20"],
    { x: [1, 1, 0], y: [0, 2, 1] },
  ]);
  expect(simple(histogramOf(frames, { ...options, combine: true }, String))).toEqual([
    ["0", "10", "20"],
    { Count: [1, 3, 1] },
  ]);
});

test("without any value there is none", () => expect(histogramOf(shown([]), {}, String)).toBeNull());
