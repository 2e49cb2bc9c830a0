import type { Happening } from "kit/live/live";
import { beforeEach, describe, expect, test } from "vitest";
import type { TaskStatus, TaskSummary } from "../api/types";
import { Board, COMPARED_MS } from "./board";
import { counts, inOrder, isMeant, NOBODY } from "./tasks";

const task = (task_id: number, more: Partial<TaskSummary> = {}): TaskSummary => ({
  task_id,
  requisition_ids: [task_id],
  number: `R-${task_id}`,
  destination: "Store 1",
  status: "open",
  workers: [],
  priority: 0,
  due_at: null,
  held: false,
  door: null,
  revision: 1,
  changed_by: null,
  created_at: "2026-01-01T00:00:00Z",
  required: 10,
  picked: 0,
  short: 0,
  ...more,
});

/** The service, as far as the board asks it: lists by state, paged, with tags; and single tasks. */
class Service {
  tasks = new Map<number, TaskSummary>();
  asked: string[] = [];
  unchanged = 0;
  isAway = false;

  readonly poll = async (path: string, etag: string | null) => {
    this.asked.push(path);
    if (this.isAway) throw new Error("away");
    const query = new URL(path, "http://test").searchParams;
    const ids = query.getAll("task_id").map(Number);
    const after = Number(query.get("after") ?? 0);
    const limit = Number(query.get("limit"));
    const items = [...this.tasks.values()]
      .filter(({ task_id, status }) =>
        ids.length > 0 ? ids.includes(task_id) : status === query.get("status") && task_id > after,
      )
      .slice(0, limit);
    const next_after = items.length === limit ? (items.at(-1)?.task_id ?? null) : null;
    const body = { items, next_after };
    const tag = JSON.stringify(body);
    if (tag === etag) {
      this.unchanged += 1;
      return null;
    }
    return { body, etag: tag };
  };

  put(...tasks: TaskSummary[]): void {
    for (const one of tasks) this.tasks.set(one.task_id, one);
  }
}

let service: Service;
let board: Board;
let waits: { what: () => void; ms: number }[];
let ids: number;

const event = (type: string, taskId: number, data: object = {}): Happening => ({
  id: ids++,
  source: "task-service",
  type,
  subject: `task:${taskId}`,
  data: { ...data },
});
const shown = (taskId: number) => board.state().tasks.find(({ task_id }) => task_id === taskId);
const until = (isSo: () => boolean) =>
  new Promise<void>((resolve) => {
    const stop = board.subscribe(() => {
      if (!isSo()) return;
      stop();
      resolve();
    });
  });

beforeEach(() => {
  service = new Service();
  waits = [];
  ids = 1;
  board = new Board(service.poll, (what, ms) => waits.push({ what, ms }));
});

test("two thousand tasks come page by page", async () => {
  const states: TaskStatus[] = ["open", "assigned", "in_progress", "completed"];
  for (let id = 1; id <= 2400; id++) service.put(task(id, { status: states[id % 4] ?? "open" }));
  await board.read();
  expect(board.state()).toMatchObject({ isComplete: true, error: null });
  expect(board.state().tasks).toHaveLength(1800);
});

test("what has not changed is not sent again", async () => {
  service.put(task(1), task(2, { status: "assigned" }));
  await board.read();
  await board.read();
  expect(service.unchanged).toBe(3);
  expect(board.state().tasks).toHaveLength(2);
});

describe("an event is seen at once", () => {
  beforeEach(async () => {
    service.put(task(1), task(2, { status: "assigned", workers: ["ana"] }));
    await board.read();
    service.asked = [];
  });

  test.each([
    ["task.assigned", 1, { workers: ["ivo"] }, { status: "assigned", workers: ["ivo"] }],
    ["task.assigned", 2, { workers: [] }, { status: "open", workers: [] }],
    ["task.changed", 1, { priority: 5, due_at: null }, { priority: 5 }],
    [
      "task.changed",
      1,
      { held: true, revision: 4, changed_by: "mira" },
      { held: true, revision: 4, changed_by: "mira", priority: 0 },
    ],
    ["scan.recorded", 2, { quantity: 3 }, { picked: 3, status: "in_progress" }],
    ["shortage.reported", 2, { quantity: 2 }, { short: 2 }],
    ["task.cancelled", 1, {}, { status: "cancelled" }],
  ])("%s of task %i", (type, id, data, expected) => {
    board.happened([event(type, id, data)]);
    expect(shown(id)).toMatchObject(expected);
    expect(service.asked).toEqual([]);
  });

  test("and what the service says has the last word", async () => {
    for (let n = 0; n < 50; n++) board.happened([event("scan.recorded", 2, { quantity: 1 })]);
    expect(waits.map(({ ms }) => ms)).toEqual([COMPARED_MS]);
    service.put(task(2, { status: "in_progress", picked: 49 }));
    waits[0]?.what();
    await until(() => shown(2)?.picked === 49);
    expect(service.asked).toHaveLength(1);
  });

  test("one that is done leaves", async () => {
    board.happened([event("task.completed", 2)]);
    service.put(task(2, { status: "completed" }));
    waits[0]?.what();
    await until(() => shown(2) === undefined);
  });

  test("a new task is read, and a refused scan is none", async () => {
    service.put(task(3));
    board.happened([event("scan.refused", 9), event("task.created", 3)]);
    await until(() => shown(3) !== undefined);
    expect(service.asked).toHaveLength(1);
  });

  test("of an import with many tasks all are read", async () => {
    const task_ids = Array.from({ length: 300 }, (_, n) => 1000 + n);
    service.put(...task_ids.map((id) => task(id)));
    board.happened([event("tasks.released", 1000, { task_ids })]);
    await until(() => board.state().tasks.length === 302);
  });
});

test("what was missed is read, also what happened while that was read", async () => {
  service.put(task(1));
  void board.read();
  board.missed();
  // Too late for the first of the two.
  service.put(task(2));
  await until(() => board.state().tasks.length === 2);
});

test("a task that is made while all are read is not lost", async () => {
  service.put(task(1));
  const reading = board.read();
  service.put(task(2));
  board.happened([event("task.created", 2)]);
  await reading;
  waits[0]?.what();
  await until(() => board.state().tasks.length === 2);
});

test("while the service is away, what was seen stays", async () => {
  service.put(task(1));
  await board.read();
  service.isAway = true;
  await board.read();
  expect(board.state()).toMatchObject({ error: new Error("away"), isComplete: true });
  expect(board.state().tasks).toHaveLength(1);
  service.isAway = false;
  await board.read();
  expect(board.state().error).toBeNull();
});

describe("which tasks are meant, and in which order", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  const late = task(1, { due_at: "2026-01-01T11:00:00Z", status: "assigned", workers: ["ana"] });
  const later = task(2, { due_at: "2026-01-02T11:00:00Z" });
  const urgent = task(3, { priority: 5, destination: "Novi Sad" });
  const all = [later, late, urgent, task(4, { held: true })];

  test("the urgent first, then what is due first", () => {
    expect(inOrder(all).map(({ task_id }) => task_id)).toEqual([3, 1, 2, 4]);
  });

  test.each([
    [{ state: "late" }, [1]],
    [{ state: "held" }, [4]],
    [{ worker: "ana" }, [1]],
    [{ worker: NOBODY, state: "open" }, [3, 2, 4]],
    [{ team: new Set(["ana", "bojan"]) }, [1]],
    [{ team: new Set(["bojan"]) }, []],
    [{ words: "sad r-3" }, [3]],
  ])("%j", (filter, expected) => {
    const full = { state: "all" as const, worker: "", team: null, words: "", ...(filter as object) };
    const found = inOrder(all).filter((one) => isMeant(one, full, now));
    expect(found.map(({ task_id }) => task_id).sort()).toEqual([...expected].sort());
  });

  test("are counted", () => {
    expect(counts(all, now)).toEqual({ all: 4, open: 3, assigned: 1, in_progress: 0, late: 1, held: 1 });
  });
});
