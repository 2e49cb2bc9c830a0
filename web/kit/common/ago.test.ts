import { expect, test } from "vitest";
import { describeSpan } from "./ago";

test.each([
  [0, "0 s"],
  [999, "1 s"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [90_061_000, "1 d 1 h"],
  [-5, "0 s"],
])("%d ms are %s", (milliseconds, words) => {
  expect(describeSpan(milliseconds)).toBe(words);
});
