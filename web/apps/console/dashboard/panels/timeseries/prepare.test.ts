import { toCalendar } from "kit/common/calendar";
import { describe, expect, test } from "vitest";
import { showFrames } from "../../model/field-config";
import { makeField, makeFrame } from "../../model/frames";
import { prepare } from "./prepare";
import { timeLabels, timeTicks, valueLabels } from "./ticks";

const TIMES = [0, 1000, 2000];
const frame = (legend: string, values: (number | null)[], times = TIMES) =>
  makeFrame([makeField("Time", "time", times), makeField("Value", "number", values, { legend })], {
    step: 1000,
  });
const prepared = (frames: ReturnType<typeof frame>[], custom: object, hidden: string[] = []) =>
  prepare(
    showFrames(frames, { custom }, [], (text) => text),
    "dark",
    new Set(hidden),
  );
const drawn = (frames: ReturnType<typeof frame>[], custom: object, hidden: string[] = []) =>
  prepared(frames, custom, hidden).series.map((one) => one.drawn);

describe("stacking", () => {
  const normal = { stacking: { mode: "normal", group: "A" } };
  test("each stands on the one before, a gap tears no hole", () =>
    expect(drawn([frame("a", [1, 2, 3]), frame("b", [1, null, 1])], normal)).toEqual([
      [1, 2, 3],
      [2, 2, 4],
    ]));
  test("what is hidden carries nothing", () =>
    expect(drawn([frame("a", [1, 2, 3]), frame("b", [1, 1, 1])], normal, ["a"])[1]).toEqual([1, 1, 1]));
  test("what is below zero goes down", () =>
    expect(drawn([frame("a", [1, 1, 1]), frame("b", [-2, -2, -2])], normal)[1]).toEqual([-2, -2, -2]));
  test("with fewer samples than the others, a series is no saw", () =>
    expect(
      drawn([frame("a", [1, 3], [0, 2000]), frame("b", [1, 1, 1, 1], [0, 1000, 2000, 2500])], normal),
    ).toEqual([
      [1, 2, 3, 3],
      [2, 3, 4, 4],
    ]));
  test("a gap of its own stays one", () =>
    expect(drawn([frame("a", [1, null], [0, 2000]), frame("b", [1, 1, 1])], normal)).toEqual([
      [1, null, null],
      [2, 1, 1],
    ]));
  test("in percent of the whole", () =>
    expect(
      drawn([frame("a", [1, 1, 0]), frame("b", [3, 1, 0])], { stacking: { mode: "percent", group: "A" } }),
    ).toEqual([
      [0.25, 0.5, null],
      [1, 1, null],
    ]));
});

describe("gaps", () => {
  const values = [frame("a", [1, null, 3])];
  test("stay", () => expect(drawn(values, {})[0]).toEqual([1, null, 3]));
  test("are bridged", () => expect(drawn(values, { spanNulls: true })[0]).toEqual([1, 2, 3]));
  test("are bridged up to a length", () => {
    expect(drawn(values, { spanNulls: 2000 })[0]).toEqual([1, 2, 3]);
    expect(drawn(values, { spanNulls: 1500 })[0]).toEqual([1, null, 3]);
  });
});

test("series with other moments are joined in time", () => {
  const { times, series } = prepared([frame("a", [1, 2, 3]), frame("b", [5, 6], [500, 2000])], {});
  expect(times).toEqual([0, 500, 1000, 2000]);
  expect(series[1]?.values).toEqual([undefined, 5, undefined, 6]);
});

test("labels of an axis have as many decimals as it takes", () => {
  expect(valueLabels([0, 0.5, 1], "none", undefined)).toEqual(["0.0", "0.5", "1.0"]);
  expect(valueLabels([0, 2.5, 5], "none", 0)).toEqual(["0.0", "2.5", "5.0"]);
  expect(valueLabels([0, 300, 600], "s", undefined)).toEqual(["0 s", "5 min", "10 min"]);
});

test("labels of time name the day where it begins", () => {
  expect(timeLabels([0, 3600], 3600, "utc")).toEqual(["1 Jan", "01:00"]);
  expect(timeLabels([15], 15, "utc")).toEqual(["00:00:15"]);
});

test.each([
  ["utc", 86_400],
  ["Europe/Belgrade", 86_400],
  ["America/New_York", 172_800],
  ["Asia/Kolkata", 21_600],
])("in %s ticks stand where days begin, also over a change of the clock", (zone, step) => {
  const range = { from: Date.UTC(2026, 9, 20, 11), to: Date.UTC(2026, 10, 5, 11) };
  const labels = timeLabels(timeTicks(range, step, zone), step, zone);
  expect(labels.filter((label) => !label.includes(":")).length).toBe(step === 172_800 ? 8 : 16);
  if (step < 86_400) expect(labels.slice(0, 5)).toEqual(["18:00", "21 Oct", "06:00", "12:00", "18:00"]);
  const clocks = timeTicks(range, step, zone).map((tick) => toCalendar(tick * 1000, zone).hour);
  if (step >= 86_400) expect(new Set(clocks)).toEqual(new Set([0]));
});

describe("what an override changes", () => {
  const of = (legend: string, custom: object) => ({
    matcher: { id: "byName", options: legend },
    properties: Object.entries(custom).map(([id, value]) => ({ id, value })),
  });
  const shown = (overrides: ReturnType<typeof of>[]) =>
    prepare(
      showFrames(
        [frame("total", [24, 24, 24]), frame("used", [10, 10, 10]), frame("free", [14, null, 14])],
        { custom: { stacking: { mode: "normal", group: "A" } } },
        overrides,
        (text) => text,
      ),
      "dark",
      new Set(),
    ).series.map((one) => one.drawn);

  test("a group that is false takes a series out of the pile", () =>
    expect(shown([of("total", { "custom.stacking": { group: false, mode: "normal" } })])).toEqual([
      [24, 24, 24],
      [10, 10, 10],
      [24, 10, 24],
    ]));
  test("bars and lines are not one pile", () =>
    expect(shown([of("total", { "custom.drawStyle": "bars" })])[1]).toEqual([10, 10, 10]));
  test("a gap that is worth nothing is drawn as nothing", () =>
    expect(prepared([frame("a", [1, null, 3])], {}).series[0]?.drawn).toEqual([1, null, 3]));
  test("a gap that is worth a number is that number, also for the legend", () => {
    const frames = showFrames([frame("a", [1, null, 3])], { noValue: "0" }, [], (text) => text);
    const [series] = prepare(frames, "dark", new Set()).series;
    expect([series?.drawn, series?.field.values]).toEqual([
      [1, 0, 3],
      [1, 0, 3],
    ]);
  });
});
