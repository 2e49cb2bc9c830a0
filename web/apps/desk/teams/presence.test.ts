import { expect, test } from "vitest";
import type { Attendant } from "../api/types";
import { inOrder, presence } from "./presence";

const AT_SIX = Date.parse("2027-03-01T06:00:00+01:00");
const person = (worker: string, change: Partial<Attendant> = {}): Attendant => ({
  worker,
  team_id: 1,
  shift_id: 1,
  planned_from: "2027-03-01T06:00:00+01:00",
  planned_until: "2027-03-01T14:00:00+01:00",
  first_at: null,
  last_at: null,
  ...change,
});
const minutes = (count: number) => AT_SIX + count * 60_000;

test("who is to come is missed a quarter of an hour after the shift began, and not for ever", () => {
  expect(presence(person("ana"), minutes(-60))).toBe("later");
  expect(presence(person("ana"), minutes(14))).toBe("later");
  expect(presence(person("ana"), minutes(15))).toBe("missing");
  expect(presence(person("ana"), minutes(8 * 60))).toBe("over");
});

test("who works is in, planned or not", () => {
  expect(presence(person("ana", { first_at: "2027-03-01T05:55:00+01:00" }), minutes(0))).toBe("in");
  const unplanned = { planned_from: null, planned_until: null };
  expect(presence(person("ana", { ...unplanned, first_at: "2027-03-01T05:55:00+01:00" }), 0)).toBe("in");
  expect(presence(person("ana", unplanned), minutes(0))).toBe("free");
});

test("who is missed stands first", () => {
  const people = [
    person("zoe"),
    person("ana", { first_at: "2027-03-01T06:05:00+01:00" }),
    person("ivo"),
    person("pera", { planned_from: null, planned_until: null }),
  ];
  expect(inOrder(people, minutes(30)).map(([one]) => one.worker)).toEqual(["ivo", "zoe", "ana", "pera"]);
});
