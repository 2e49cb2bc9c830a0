import i18next from "i18next";
import { beforeAll, describe, expect, test } from "vitest";
import type { ReportFigures } from "../api/types";
import { changedFigures, compared, figuresOf, shown } from "./figures";

beforeAll(() => i18next.init({ lng: "sr-Latn", resources: {} }));

const NOTHING = Object.fromEntries(figuresOf("day").map((figure) => [figure, 0])) as ReportFigures;

test.each([
  ["lines", 1234, "1.234"],
  ["lines_per_hour", 61.25, "61,3"],
  ["accuracy", 0.9876, "98,8%"],
  ["accuracy", null, "–"],
  ["seconds_per_line", 58.7, "58,7 sek"],
  ["active_hours", 7.5, "7,5 sati"],
] as const)("%s of %s is written %s", (figure, value, text) => {
  expect(shown(figure, value).replaceAll("\u00a0", " ")).toBe(text);
});

describe("compared with before", () => {
  test.each([
    ["more is good", "lines", 110, 100, "more", "10%", true],
    ["less is good", "refused", 90, 100, "less", "10%", true],
    ["less is bad", "lines", 90, 100, "less", "10%", false],
    ["a longer time is bad", "seconds_per_line", 66, 60, "more", "10%", false],
    ["hours are neither", "active_hours", 9, 6, "more", "50%", null],
    ["shares by points", "accuracy", 0.981, 0.993, "less", "1,2", false],
    ["shares from nothing", "on_time", 1, 0, "more", "100,0", true],
    ["what looks the same", "lines", 10_001, 10_000, "same", "0%", null],
    ["nothing twice", "shortages", 0, 0, "same", "0%", null],
  ] as const)("%s", (_, figure, now, before, way, by, isGood) => {
    expect(compared(figure, now, before)).toMatchObject({ way, by, isGood });
  });

  test.each([
    [null, 3],
    [3, null],
    [3, 0],
  ])("nothing is said of %s beside %s", (now, before) => {
    expect(compared("lines", now, before)).toBeNull();
  });
});

test("by article there are no figures of people", () => {
  expect(figuresOf("article")).not.toContain("lines_per_hour");
  expect(figuresOf("article")).toContain("shortages");
  expect(figuresOf("worker")).toContain("on_time");
});

test("what was told is other where it looks other", () => {
  const told = { ...NOTHING, lines: 3, lines_per_hour: 1.01 };
  expect(changedFigures(told, { ...told, lines: 4, lines_per_hour: 1.02 })).toEqual(["lines"]);
});
