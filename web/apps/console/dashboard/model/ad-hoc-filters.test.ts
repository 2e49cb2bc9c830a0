import { expect, test } from "vitest";
import { readFilters, withFilters, writeFilter } from "./ad-hoc-filters";

const F = [{ key: "job", operator: "=", value: 'a"b' }];
const M = 'job="a\\"b"';

test.each([
  ["up", `up{${M}}`],
  ["up{}", `up{${M}}`],
  ['up{a="}", b=~"x,"} offset 5m', `up{a="}", b=~"x,",${M}} offset 5m`],
  ['{__name__="up",}', `{__name__="up",${M}}`],
  ["rate(http_total[5m])", `rate(http_total{${M}}[5m])`],
  ["sum by (le, job) (rate(x[1m:5s]))", `sum by (le, job) (rate(x{${M}}[1m:5s]))`],
  ["sum(a) by (b) / on (c) group_left (d) e", `sum(a{${M}}) by (b) / on (c) group_left (d) e{${M}}`],
  ["a and b unless 5 > bool Inf", `a{${M}} and b{${M}} unless 5 > bool Inf`],
  ['label_replace(a, "x", "$1", "y", "(b)") # c', `label_replace(a{${M}}, "x", "$1", "y", "(b)") # c`],
  ["vector(1) + time()", "vector(1) + time()"],
  ["a @ end() + 1e3", `a{${M}} @ end() + 1e3`],
  ["job:x:rate5m", `job:x:rate5m{${M}}`],
  ["count without(a) (b)", `count without(a) (b{${M}})`],
])("%s", (expr, filtered) => {
  expect(withFilters(expr, F)).toBe(filtered);
  expect(withFilters(expr, [])).toBe(expr);
});

test("an address may hold anything in its parts", () => {
  const filter = { key: "job", operator: "=~", value: "a|b" };
  expect(readFilters([writeFilter(filter)])).toEqual([filter]);
  expect(readFilters(["", "a b|=|c", "x|drop|y"])).toEqual([]);
});
