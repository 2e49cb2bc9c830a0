import { describe, expect, test } from "vitest";
import type { ReportFigures, ReportRow } from "../api/types";
import { behind, daysAndWorker, every, inOrder, read, sorted } from "./asked";

const at = (text: string) => new URLSearchParams(text);
const row = (key: string): ReportRow => ({ key, figures: {} as ReportFigures, before: {} as ReportFigures });

describe("an address", () => {
  test("says nothing: the last seven days by day", () => {
    const asked = read(at(""));
    expect(asked).toMatchObject({ by: "day", period: null, sort: "key", figure: "lines_per_hour" });
    expect(String(daysAndWorker(asked))).toBe("");
  });

  test("of a mail is asked for as it stands", () => {
    const asked = read(at("by=team&first_day=2026-11-23&last_day=2026-11-29"));
    expect(asked.by).toBe("team");
    expect(String(daysAndWorker(asked))).toBe("first_day=2026-11-23&last_day=2026-11-29");
  });

  test("has days by their name, or by dates", () => {
    expect(read(at("period=last_week")).period).toBe("last_week");
    expect(read(at("period=last_week&first_day=2026-11-23&last_day=2026-11-24")).period).toBeNull();
    expect(read(at("period=next_week")).period).toBeNull();
  });

  test("has no worker and no pace of goods", () => {
    const asked = read(at("by=article&worker=ana&figure=on_time&sort=lines_per_hour"));
    expect(asked).toMatchObject({ worker: null, figure: "lines", sort: "key" });
  });
});

describe("rows in another order", () => {
  test("begin with the greatest figure, then with the least", () => {
    const first = sorted(read(at("")), "lines");
    expect(first).toEqual({ sort: "lines", order: "descending" });
    const asked = read(at("sort=lines&order=descending"));
    expect(String(inOrder(asked))).toBe("sort=lines&descending=true");
    expect(sorted(asked, "lines")).toEqual({ sort: "lines", order: null });
  });

  test("go by their names again, from the first on", () => {
    expect(sorted(read(at("sort=lines")), "key")).toEqual({ sort: null, order: null });
  });
});

test("days and weeks have none left out", () => {
  expect(every("day", "2026-10-24", "2026-10-26")).toEqual(["2026-10-24", "2026-10-25", "2026-10-26"]);
  // From the Monday on in whose week the first day is; a Sunday is the last of its week.
  expect(every("week", "2026-11-29", "2026-12-07")).toEqual(["2026-11-23", "2026-11-30", "2026-12-07"]);
});

test("a row leads to what it is made of", () => {
  const search = at("by=week&period=last_month&sort=lines");
  expect(behind("week", row("2026-11-23"), search)).toBe(
    "/reports?by=day&first_day=2026-11-23&last_day=2026-11-29",
  );
  expect(behind("worker", row("ana"), at("by=worker&period=today"))).toBe(
    "/reports?period=today&by=day&worker=ana",
  );
  expect(behind("article", row("A 1"), search)).toBe("/article?sku=A%201");
  expect(behind("location", row("A-1"), search)).toBeNull();
  expect(behind("worker", row(""), search)).toBeNull();
});
