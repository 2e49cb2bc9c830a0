import { expect, test } from "vitest";
import { inField, inZone } from "./moments";

test("a moment stands in the field by this computer's clock, and comes back as it was", () => {
  for (const moment of ["2027-03-28T00:59:00.000Z", "2026-12-31T23:30:00.000Z"])
    expect(inZone(inField(moment))).toBe(moment);
  expect(inField("2027-01-02T03:04:05Z")).toMatch(/^2027-01-0[123]T\d\d:\d4$/);
});

test("nothing is nothing", () => {
  expect(inField(null)).toBe("");
  expect(inZone("")).toBeNull();
  expect(inZone("tomorrow")).toBeNull();
});
