import { expect, test } from "vitest";
import { all, among, moved, NOTHING, stretched, toggled } from "./selection";

const ROWS = [10, 20, 30, 40];
const chosen = ({ chosen }: { chosen: ReadonlySet<number> }) => [...chosen].sort();

test("arrows go from row to row, and end where the list does", () => {
  let one = moved(NOTHING, ROWS, "down", false);
  expect(one.active).toBe(10);
  one = moved(one, ROWS, "up", false);
  expect(one.active).toBe(10);
  one = moved(one, ROWS, "last", false);
  expect(one.active).toBe(40);
  expect(moved(one, ROWS, "page_down", false).active).toBe(40);
  expect(moved(one, ROWS, "page_up", false).active).toBe(10);
  expect(chosen(one)).toEqual([]);
});

test("with Shift they choose all from where it began", () => {
  const start = moved(moved(NOTHING, ROWS, "down", false), ROWS, "down", false);
  const one = moved(moved(start, ROWS, "down", true), ROWS, "down", true);
  expect(chosen(one)).toEqual([20, 30, 40]);
});

test("one by one, by stretches, and all", () => {
  const one = toggled(toggled(NOTHING, 10), 30);
  expect(chosen(one)).toEqual([10, 30]);
  expect(chosen(toggled(one, 10))).toEqual([30]);
  expect(chosen(stretched(toggled(NOTHING, 40), ROWS, 20))).toEqual([20, 30, 40]);
  expect(chosen(all(NOTHING, ROWS))).toEqual(ROWS);
});

test("what has gone from the list is not chosen any more", () => {
  const one = { ...all(NOTHING, ROWS), active: 40, anchor: 40 };
  const left = among(one, [10, 20]);
  expect(chosen(left)).toEqual([10, 20]);
  expect(left.active).toBeNull();
  expect(among(left, [10, 20])).toBe(left);
});
