import { expect, test } from "vitest";
import { weekdays } from "./days";

test("days that follow one another are said by their first and last", () => {
  expect(weekdays([1, 2, 3, 4, 5])).toBe("Mon–Fri");
  expect(weekdays([7, 5, 6, 1, 2])).toBe("Mon, Tue, Fri–Sun");
  expect(weekdays([1, 3])).toBe("Mon, Wed");
  expect(weekdays([6, 7])).toBe("Sat, Sun");
  expect(weekdays([4])).toBe("Thu");
});
