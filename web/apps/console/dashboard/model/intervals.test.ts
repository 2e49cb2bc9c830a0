import { expect, test } from "vitest";
import { alignRange, computeStep, roundInterval, timeVariables } from "./intervals";

const HOUR = 3_600_000;
const range = (ms: number) => ({ from: 1_000_000_000_000, to: 1_000_000_000_000 + ms });
const step = (ms: number, points: number, minInterval = "", factor = 1) =>
  computeStep({ range: range(ms), points, minInterval, factor });

test("intervals are rounded to ones that people count in", () => {
  expect([9, 16, 5142, 13_000, 50_000, 400_000, 5_000_000].map(roundInterval)).toEqual([
    1, 20, 5000, 15_000, 60_000, 300_000, 3_600_000,
  ]);
});

test("an hour is not asked more finely than it is scraped", () => {
  expect(step(HOUR, 700)).toEqual({ step: 15_000, interval: 15_000, rateInterval: 60_000 });
});

test("a day on a panel of 700 pixels", () => {
  expect(step(24 * HOUR, 700)).toEqual({ step: 120_000, interval: 120_000, rateInterval: 135_000 });
});

test("a panel's own lower limit holds, and sets the rate interval", () => {
  expect(step(HOUR, 700, "1m")).toEqual({ step: 60_000, interval: 60_000, rateInterval: 240_000 });
});

test("with $__rate_interval as the limit there are four scrapes between points", () => {
  expect(step(HOUR, 700, "$__rate_interval").step).toBe(60_000);
});

test("intervalFactor widens the step alone", () => {
  expect(step(HOUR, 700, "", 2)).toEqual({ step: 30_000, interval: 15_000, rateInterval: 60_000 });
});

test("no more points are asked than Prometheus gives", () => {
  const { step: chosen } = step(200 * HOUR, 1_000_000);
  expect((200 * HOUR) / chosen).toBeLessThanOrEqual(11_000);
});

test("ends lie on multiples of the step", () => {
  expect(alignRange({ from: 100_001, to: 129_999 }, 15_000)).toEqual({ from: 90_000, to: 120_000 });
});

test("the variables of a query", () => {
  expect(timeVariables(range(HOUR), step(HOUR, 700))).toMatchObject({
    __range: "3600s",
    __range_s: "3600",
    __interval: "15s",
    __interval_ms: "15000",
    __rate_interval: "1m",
    __from: "1000000000000",
  });
});
