import { formatTime } from "kit/common/calendar";
import { describe, expect, test } from "vitest";
import {
  describeRange,
  formatDuration,
  parseDuration,
  parseTime,
  resolveRange,
  shiftRange,
  zoomOut,
} from "./time";

// A Tuesday.
const NOW = Date.UTC(2026, 10, 24, 15, 42, 31);
const at = (text: string, roundUp = false, zone = "utc") => {
  const moment = parseTime(text, NOW, zone, roundUp);
  return moment === null ? null : formatTime(moment, zone);
};

describe("parseTime", () => {
  test.each([
    ["now", "2026-11-24 15:42:31"],
    ["now-1h", "2026-11-24 14:42:31"],
    ["now-90m", "2026-11-24 14:12:31"],
    ["now+2d", "2026-11-26 15:42:31"],
    ["now-1M", "2026-10-24 15:42:31"],
    ["now/d", "2026-11-24 00:00:00"],
    ["now-1d/d", "2026-11-23 00:00:00"],
    ["now/w", "2026-11-23 00:00:00"],
    ["now/M", "2026-11-01 00:00:00"],
    ["now/y", "2026-01-01 00:00:00"],
    ["now/h", "2026-11-24 15:00:00"],
    ["2026-11-20", "2026-11-20 00:00:00"],
    ["2026-11-20 08:30", "2026-11-20 08:30:00"],
    ["20261120T083000", "2026-11-20 08:30:00"],
    ["2026-11-20T08:30:00Z", "2026-11-20 08:30:00"],
    ["1795478400000", "2026-11-24 00:00:00"],
  ])("%s", (text, moment) => expect(at(text)).toBe(moment));

  test.each([
    ["now/d", "2026-11-24 23:59:59"],
    ["now-1d/d", "2026-11-23 23:59:59"],
    ["now/w", "2026-11-29 23:59:59"],
    ["2026-11-20", "2026-11-20 23:59:59"],
  ])("%s as an end", (text, moment) => expect(at(text, true)).toBe(moment));

  test.each([
    ["now-1M", "2026-02-28 12:00:00"],
    ["now-1Q", "2025-12-31 12:00:00"],
    ["now-25M", "2024-02-29 12:00:00"],
    ["now+1M", "2026-04-30 12:00:00"],
  ])("%s on 31 March is the last day of a month with fewer", (text, expected) => {
    const moment = parseTime(text, Date.UTC(2026, 2, 31, 12), "utc", false);
    expect(formatTime(moment ?? 0, "utc")).toBe(expected);
  });
  test.each(["", "yesterday", "now-", "now-1x", "2026-13-01", "2026-11-20 25:00"])("%j is none", (text) =>
    expect(at(text)).toBeNull(),
  );

  test("a day goes by the calendar of the zone, over the change to winter time", () => {
    const monday = Date.UTC(2026, 9, 26, 11, 0, 0);
    const before = parseTime("now-2d", monday, "Europe/Belgrade", false) as number;
    expect(formatTime(monday, "Europe/Belgrade")).toBe("2026-10-26 12:00:00");
    expect(formatTime(before, "Europe/Belgrade")).toBe("2026-10-24 12:00:00");
    expect(monday - before).toBe(49 * 3_600_000);
  });
});

test("durations", () => {
  expect(parseDuration("15s")).toBe(15_000);
  expect(parseDuration("1h30m")).toBe(5_400_000);
  expect(parseDuration(">1m")).toBe(60_000);
  expect(parseDuration("30")).toBe(30_000);
  expect(parseDuration("soon")).toBeNull();
  expect(parseDuration("")).toBeNull();
  expect(formatDuration(15_000)).toBe("15s");
  expect(formatDuration(60_000)).toBe("1m");
  expect(formatDuration(90_000)).toBe("90s");
  expect(formatDuration(500)).toBe("500ms");
});

describe("ranges", () => {
  test("an empty one is none", () => {
    expect(resolveRange({ from: "now", to: "now-1h" }, NOW, "utc")).toBeNull();
    expect(resolveRange({ from: "now-1h", to: "now" }, NOW, "utc")).toEqual({
      from: NOW - 3_600_000,
      to: NOW,
    });
  });

  test("zooming out doubles it, shifting moves it by half", () => {
    expect(zoomOut({ from: 1000, to: 2000 })).toEqual({ from: 500, to: 2500 });
    expect(shiftRange({ from: 1000, to: 2000 }, -1)).toEqual({ from: 500, to: 1500 });
    expect(shiftRange({ from: 1000, to: 2000 }, 1)).toEqual({ from: 1500, to: 2500 });
  });

  test.each([
    ["now-1h", "now", "Last 1 hour"],
    ["now-45m", "now", "Last 45 minutes"],
    ["now-1d/d", "now-1d/d", "Yesterday"],
    ["1795478400000", "1795482000000", "2026-11-24 00:00:00 to 2026-11-24 01:00:00"],
    ["now-3h", "now-1h", "now-3h to now-1h"],
  ])("%s to %s is called %s", (from, to, name) => expect(describeRange({ from, to }, "utc")).toBe(name));
});
