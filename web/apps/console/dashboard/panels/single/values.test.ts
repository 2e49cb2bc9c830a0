import { expect, test } from "vitest";
import { showFrames } from "../../model/field-config";
import { makeField, makeFrame } from "../../model/frames";
import { singleValues } from "./values";

test("each of several calculations is a value of its own", () => {
  const series = [makeField("Time", "time", [0, 1]), makeField("Value", "number", [3, 1], { legend: "a" })];
  const frames = showFrames([makeFrame(series)], {}, [], (text) => text);
  const values = singleValues({ frames, reduce: { calcs: ["min", "max"] }, scheme: "dark", zone: "utc" });
  expect(values.map(({ title, value }) => [title, value])).toEqual([
    ["a, Min", 1],
    ["a, Max", 3],
  ]);
});
