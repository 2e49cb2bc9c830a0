import { describe, expect, test } from "vitest";
import { showFrames } from "../../model/field-config";
import { type Frame, makeField, makeFrame } from "../../model/frames";
import { heatOf, niceSize, ticksOf } from "./cells";

const series = (legend: string, values: (number | null)[]): Frame =>
  makeFrame(
    [
      makeField(
        "Time",
        "time",
        values.map((_, index) => index * 1000),
      ),
      makeField("Value", "number", values, { legend }),
    ],
    { step: 1000 },
  );
const heat = (frames: Frame[], options = {}) =>
  heatOf(
    showFrames(frames, {}, [], (text) => text),
    options,
  );

describe("series that are buckets", () => {
  test("stand in the order of their bounds, not of their names", () =>
    expect(heat([series("+Inf", [3]), series("10", [2]), series("9", [1])])).toMatchObject({
      buckets: ["9", "10", "+Inf"],
      upper: true,
      cells: [
        { low: 0, high: 1, count: 1, from: -1000, to: 0 },
        { low: 1, high: 2, count: 2 },
        { low: 2, high: 3, count: 3 },
      ],
    }));
  test("that have words for names stay as they are", () =>
    expect(heat([series("z", [1]), series("a", [null])])).toMatchObject({
      buckets: ["z", "a"],
      upper: false,
    }));
});

test("values that are counted, into ranges of the size that is asked for", () => {
  const calculation = { yBuckets: { mode: "size", value: "10" }, xBuckets: { mode: "size", value: "2s" } };
  const found = heat([series("x", [1, 2, 15, 3])], { calculate: true, calculation });
  expect(found?.cells).toEqual([
    { from: 0, to: 2000, low: 0, high: 10, count: 2 },
    { from: 2000, to: 4000, low: 10, high: 20, count: 1 },
    { from: 2000, to: 4000, low: 0, high: 10, count: 1 },
  ]);
});

test("values on a logarithmic axis; what is not above zero has no place there", () => {
  const calculation = {
    yBuckets: { scale: { type: "log", log: 10 } },
    xBuckets: { mode: "size", value: "9s" },
  };
  const found = heat([series("x", [2, 20, 0])], { calculate: true, calculation });
  expect(found?.log).toBe(true);
  expect(found?.cells.map(({ low, high }) => [low, high])).toEqual([
    [1, 10],
    [10, 100],
  ]);
});

test("histograms with bounds of their own; that of zero stands below all others", () => {
  const cell = { from: 0, to: 1000, count: 4 };
  const native = [
    { ...cell, low: 0, high: 0.001 },
    { ...cell, low: 0.5, high: 1 },
  ];
  const found = heat([{ ...series("x", []), native }]);
  expect(found).toMatchObject({ buckets: null, log: true, low: 0.25, high: 1 });
});

test("without any series there is nothing", () => expect(heat([])).toBeNull());

test("steps and ticks are round", () => {
  expect([0.3, 1, 14, 70].map(niceSize)).toEqual([0.5, 1, 20, 100]);
  expect(ticksOf(0, 10, false, 5)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(ticksOf(0, 200 * 2 ** 20, false, 4, "bytes")).toEqual([0, 1, 2, 3].map((one) => one * 2 ** 26));
  expect(ticksOf(0.02, 300, true, 8)).toEqual([0.1, 1, 10, 100]);
});
