import { expect, test } from "vitest";
import { portionAt } from "./pages";
import { shiftAt } from "./shift";

test("each of many people is seen in turn", () => {
  const people = Array.from({ length: 19 }, (_, at) => at);
  const seen = [0, 10_000, 20_000, 30_000].map((moment) => portionAt(people, 8, moment));
  expect(seen.map(({ page, pages }) => [page, pages])).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
    [1, 3],
  ]);
  expect(seen.slice(0, 3).flatMap(({ items }) => items)).toEqual(people);
});

test("few people stay, and nobody is a page of nobody", () => {
  expect(portionAt([1, 2], 8, 55_000)).toEqual({ items: [1, 2], page: 1, pages: 1 });
  expect(portionAt([], 8, 0)).toEqual({ items: [], page: 1, pages: 1 });
});

test("the picture stands in many places in an hour, and never far away", () => {
  const places = Array.from({ length: 60 }, (_, minute) => shiftAt(minute * 60_000));
  expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBeGreaterThan(40);
  for (const { x, y } of places) expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(0.8);
});
