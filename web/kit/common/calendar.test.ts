import { expect, test } from "vitest";
import { fromCalendar, toCalendar } from "./calendar";

const NOW = Date.UTC(2026, 10, 24, 15, 42, 31);

test("calendar and moment are each other's inverse", () => {
  for (const zone of ["utc", "Europe/Belgrade", "America/New_York", "Asia/Kathmandu"]) {
    expect(fromCalendar(toCalendar(NOW, zone), zone)).toBe(NOW);
  }
});
