import { expect, test } from "vitest";
import type { TaskLine } from "../api/types";
import { portions } from "./portions";

const lines = (...remaining: number[]) =>
  remaining.map((left, place) => ({ line_id: place + 1, remaining: left }) as TaskLine);

const shared = (parts: ReturnType<typeof portions>) =>
  parts.map((part) => part.map(({ line_id, quantity }) => `${line_id}:${quantity}`).join(" "));

test.each([
  ["lines, in their order", lines(5, 1, 7, 2), 2, ["1:5 2:1", "3:7 4:2"]],
  ["one more or less", lines(1, 1, 1, 1, 1), 3, ["1:1 2:1", "3:1", "4:1 5:1"]],
  ["what is done is nobody's", lines(0, 3, 0, 4), 2, ["2:3", "4:4"]],
  ["pieces where there are too few lines", lines(10), 3, ["1:3", "1:4", "1:3"]],
  ["pieces over lines", lines(2, 8), 4, ["1:2 2:1", "2:2", "2:3", "2:2"]],
  ["no part is empty", lines(2), 5, ["1:1", "1:1"]],
  ["nothing is left", lines(0), 2, []],
])("%s", (_, of, count, expected) => {
  const parts = portions(of, count);
  expect(shared(parts)).toEqual(expected);
});

test("whatever it is, all of it is shared out once", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const remaining = Array.from({ length: 1 + (seed % 7) }, (_, n) => (seed * (n + 3) * 7919) % 13);
    const count = 2 + (seed % 6);
    const parts = portions(lines(...remaining), count);
    const got = remaining.map((_, n) =>
      parts.flat().reduce((sum, one) => sum + (one.line_id === n + 1 ? one.quantity : 0), 0),
    );
    expect(got).toEqual(remaining);
    expect(parts.length).toBeLessThanOrEqual(count);
    expect(parts.every((part) => part.length > 0 && part.every(({ quantity }) => quantity > 0))).toBe(true);
  }
});
