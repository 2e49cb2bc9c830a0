import { due } from "kit/work/due";
import { describe, expect, test } from "vitest";
import type { Task, TaskLine } from "../work/work";
import { inOrder, left, lineToName, nextLine } from "./order";

const NOW = Date.parse("2026-03-02T10:00:00Z");
const MINUTE = 60_000;

const task = (task_id: number, more: Partial<Task> = {}): Task => ({
  task_id,
  number: `N-${task_id}`,
  destination: "Store 1",
  version: 1,
  status: "assigned",
  workers: ["ana"],
  due_at: null,
  created_at: "2026-03-01T08:00:00Z",
  required: 10,
  picked: 0,
  short: 0,
  lines: [],
  ...more,
});

const line = (line_id: number, sku: string, picked = 0): TaskLine => ({
  line_id,
  requisition_line_id: line_id,
  requisition_id: 1,
  sku,
  description: sku,
  required: 4,
  picked,
  short: 0,
  location: `A-${line_id}`,
  zone: null,
  aisle: null,
  tote: null,
});

describe("due", () => {
  test("says how late, how soon, when, or that it has no time", () => {
    expect(due({ due_at: null }, NOW)).toEqual({ kind: "none" });
    expect(due({ due_at: "2026-03-02T09:15:00Z" }, NOW)).toEqual({ kind: "late", by: 45 * MINUTE });
    expect(due({ due_at: "2026-03-02T10:00:00Z" }, NOW)).toEqual({ kind: "soon", left: 0 });
    expect(due({ due_at: "2026-03-02T11:00:00Z" }, NOW)).toEqual({ kind: "soon", left: 60 * MINUTE });
    expect(due({ due_at: "2026-03-02T11:00:01Z" }, NOW)).toEqual({
      kind: "later",
      at: Date.parse("2026-03-02T11:00:01Z"),
    });
  });
});

describe("order of tasks", () => {
  const ids = (tasks: Task[]) => inOrder(tasks).map(({ task_id }) => task_id);

  test("what is due first comes first, what never is due last", () => {
    const [late, soon] = ["2026-03-02T09:00:00Z", "2026-03-02T11:00:00Z"];
    expect(ids([task(1), task(2, { due_at: soon }), task(3, { due_at: late })])).toEqual([3, 2, 1]);
  });

  test("what is urgent comes before what is due, and what may wait after it", () => {
    const due_at = "2026-03-02T09:00:00Z";
    expect(
      ids([task(1, { due_at, priority: -1 }), task(2), task(3, { due_at }), task(4, { priority: 5 })]),
    ).toEqual([4, 3, 2, 1]);
  });

  test("of two without a time the older, then the lower id", () => {
    expect(ids([task(3), task(2), task(4, { created_at: "2026-02-01T08:00:00Z" })])).toEqual([4, 2, 3]);
  });

  test("what is done comes after everything else", () => {
    expect(ids([task(1, { picked: 7, short: 3, due_at: "2026-03-02T09:00:00Z" }), task(2)])).toEqual([2, 1]);
  });

  test("leaves what it was given as it was", () => {
    const given = [task(2), task(1)];
    inOrder(given);
    expect(given.map(({ task_id }) => task_id)).toEqual([2, 1]);
  });
});

describe("the next line", () => {
  const lines = [line(1, "PEN", 4), line(2, "INK"), line(3, "PEN"), line(4, "PEN")];
  const whole = task(1, { lines });
  const next = (skipped: number[], chosen: number | null = null) =>
    nextLine(whole, new Set(skipped), chosen)?.line_id ?? null;

  test("is the first in walking order that is open", () => expect(next([])).toBe(2));
  test("is not one that was skipped", () => expect(next([2])).toBe(3));
  test("comes back to the first when all were skipped", () => expect(next([2, 3, 4])).toBe(2));
  test("is the one that was chosen, skipped or not", () => expect(next([4], 4)).toBe(4));
  test("is not the one that was chosen once that is full", () => expect(next([], 1)).toBe(2));
  test("is none where nothing is left", () => {
    expect(nextLine(task(1, { lines: [line(1, "PEN", 4)] }), new Set(), null)).toBeNull();
  });

  test("is named to the server only where it would take another of the same article", () => {
    expect(lines.slice(1).map((one) => lineToName(whole, one))).toEqual([undefined, undefined, 4]);
  });
});

test("left is what is neither picked nor short, and never below nothing", () => {
  expect(left({ required: 10, picked: 6, short: 1 })).toBe(3);
  expect(left({ required: 10, picked: 11, short: 0 })).toBe(0);
});
