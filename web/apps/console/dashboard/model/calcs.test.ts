import { expect, test } from "vitest";
import { calcName, calculate } from "./calcs";

const values = [3, null, 1, Number.NaN, 5, null];

test.each([
  ["last", null],
  ["lastNotNull", 5],
  ["first", 3],
  ["firstNotNull", 3],
  ["min", 1],
  ["max", 5],
  ["mean", 3],
  ["median", 3],
  ["sum", 9],
  ["count", 6],
  ["range", 4],
  ["diff", 2],
  ["delta", 5],
  ["allIsNull", false],
  ["p95", 4.8],
  ["stdDev", Math.sqrt(8 / 3)],
])("%s", (id, expected) => {
  const found = calculate(id, values);
  if (typeof expected === "number") expect(found).toBeCloseTo(expected);
  else expect(found).toBe(expected);
});

test("of nothing there is nothing", () => {
  for (const id of ["mean", "max", "sum", "lastNotNull"]) expect(calculate(id, [null, null])).toBeNull();
});

test("names", () => {
  expect(calcName("lastNotNull")).toBe("Last *");
  expect(calcName("p99")).toBe("99th %");
  expect(calcName("nonsense")).toBeNull();
});
