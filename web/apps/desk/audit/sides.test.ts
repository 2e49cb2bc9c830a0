import { expect, test } from "vitest";
import { sides } from "./sides";

test("what differs stands side by side, once each", () => {
  const before = { priority: 0, lines: { "7": { required: 5 } } };
  const after = { priority: 5, held: true };
  expect(sides(before, after)).toEqual([
    { name: "priority", before: "0", after: "5" },
    { name: "lines", before: '{"7":{"required":5}}', after: "–" },
    { name: "held", before: "–", after: "true" },
  ]);
});

test("words stand as they are, and nothing as a dash", () => {
  expect(sides(null, { name: "Scanner 1", due_at: null })).toEqual([
    { name: "name", before: "–", after: "Scanner 1" },
    { name: "due_at", before: "–", after: "–" },
  ]);
  expect(sides(null, null)).toEqual([]);
});
