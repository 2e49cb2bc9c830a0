import { expect, test } from "vitest";
import { isMeant } from "./filters";

test.each([
  ["", "all", true],
  ["api GATE", "all", true],
  ["api redis", "all", false],
  ["api", "up", true],
  ["api", "down", false],
  ["", "down", false],
])("words %j and state %s", (words, state, expected) => {
  expect(isMeant({ words, state }, "up", ["api-gateway", "127.0.0.1:8000"])).toBe(expected);
});
