import { expect, test } from "vitest";
import { dimIn, isWithin, languageIn } from "./address";

test.each([
  ["?dim=22-6", { from: 22, until: 6 }],
  ["?lang=en&dim=0-5", { from: 0, until: 5 }],
  ["?dim=never", null],
  ["?dim=22-24", undefined],
  ["?dim=22", undefined],
  ["", undefined],
])("the hours of %s", (search, hours) => {
  expect(dimIn(search)).toEqual(hours);
});

test.each([
  ["?lang=sr-Cyrl", "sr-Cyrl"],
  ["?lang=de", null],
  ["", null],
])("the language of %s", (search, language) => {
  expect(languageIn(search)).toBe(language);
});

test("hours go over midnight", () => {
  const hours = (from: number, until: number) =>
    Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => isWithin({ from, until }, hour));
  expect(hours(22, 2)).toEqual([0, 1, 22, 23]);
  expect(hours(2, 4)).toEqual([2, 3]);
  expect(hours(7, 7)).toEqual([]);
});
