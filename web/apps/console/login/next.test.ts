import { expect, test } from "vitest";
import { localPath } from "./next";

test.each([
  [null, "/"],
  ["/alerts/ServiceDown?x=1", "/alerts/ServiceDown?x=1"],
  ["//evil.example/", "/"],
  ["/\\evil.example/", "/"],
  ["https://evil.example/d/x", "/"],
  ["javascript:alert(1)", "/"],
  ["/login?next=/login", "/"],
])("after logging in, %s leads to %s", (next, path) => {
  expect(localPath(next)).toBe(path);
});
