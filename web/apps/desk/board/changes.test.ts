import { ApiError, type RequestOptions } from "kit/api/client";
import { expect, test } from "vitest";
import type { TaskLine, TaskSummary } from "../api/types";
import { type Ask, apply, canBeDone, changedMeanwhile, type Replan } from "./changes";

const task = (task_id: number, more: object = {}) =>
  ({
    task_id,
    status: "open",
    workers: [],
    priority: 0,
    picked: 0,
    revision: 1,
    ...more,
  }) as unknown as TaskSummary;

/** A service that answers by path, and keeps what it was asked. */
function service(answer: (path: string, json: unknown) => unknown) {
  const asked: string[] = [];
  const ask = (async (path: string, { json }: RequestOptions = {}) => {
    asked.push(path);
    return answer(path, json);
  }) as Ask;
  return { ask, asked };
}

test("each is changed as it was seen, and one that refuses keeps no other from it; both sides are told", async () => {
  const { ask, asked } = service((path) => {
    if (path === "/api/tasks?task_id=3") return { items: [task(3, { status: "completed" })] };
    if (path.startsWith("/api/tasks/3/")) throw new ApiError(409, "wrong_task_status", "Task 3 is completed");
    if (path.startsWith("/api/tasks/4/")) throw new ApiError(403, "forbidden", "no");
    if (path.startsWith("/api/tasks/5/"))
      throw new ApiError(409, "task_changed", "", { task: task(5, { revision: 9, workers: ["ivo"] }) });
    return task(Number(path.split("/")[3]), { status: "assigned", workers: ["ana"] });
  });
  const tasks = [1, 2, 3, 4, 5, 6, 7].map((id) => task(id, { revision: id + 10 }));
  const { done, refused } = await apply(ask, tasks, { kind: "assign", workers: ["ana"] });
  expect(done.map(({ task_id }) => task_id).sort()).toEqual([1, 2, 6, 7]);
  const told = refused.map((one) => [one.task.task_id, one.now?.status ?? null, canBeDone(one)]);
  expect(told.sort()).toEqual([
    [3, "completed", false],
    [4, null, false],
    [5, "open", true],
  ]);
  expect(asked.filter((path) => path.includes("assign")).sort()).toEqual(
    tasks.map(({ task_id }) => `/api/tasks/${task_id}/assign?revision=${task_id + 10}`),
  );
  // Nevertheless: by what it is now.
  const again = refused.flatMap((one) => (canBeDone(one) && one.now ? [one.now] : []));
  await apply(ask, again, { kind: "hold", held: true });
  expect(asked.at(-1)).toBe("/api/tasks/5?revision=9");
});

test("what somebody else has decided meanwhile is told; how far the work is, is not", () => {
  const before = [1, 2, 4].map((id) => task(id, { status: "assigned", workers: ["ana"] }));
  const now = new Map([
    [1, task(1, { status: "in_progress", workers: ["ana"], picked: 5 })],
    [2, task(2, { status: "assigned", workers: ["ivo"], revision: 2 })],
  ]);
  const changed = changedMeanwhile(before, (id) => now.get(id));
  expect(changed.map((one) => [one.before.task_id, one.now?.task_id ?? null])).toEqual([
    [2, 2],
    [4, null],
  ]);
});

test("a task is split over several: the first keeps it, each step goes by what the one before made of it", async () => {
  const lines = [3, 2, 4].map((remaining, place) => ({ line_id: place + 1, remaining }) as TaskLine);
  let revision = 7;
  const moved: unknown[] = [];
  const { ask, asked } = service((path, json) => {
    const id = Number(path.split("/")[3]?.split("?")[0]);
    if (path.includes("/assign")) return task(id, json as object);
    if (!path.includes("/split")) return task(id, { lines, revision, workers: ["ana"] });
    moved.push((json as { lines: unknown }).lines);
    revision += 1;
    return {
      task: task(1, { lines, revision, workers: ["ana"] }),
      target: task(100 + moved.length, { lines }),
    };
  });
  const seen = task(1, { revision: 7, workers: ["ana"] });
  const { done, refused } = await apply(ask, [seen], { kind: "split", workers: ["ana", "ivo", "eva"] });
  expect(refused).toEqual([]);
  expect(moved).toEqual([[{ line_id: 2, quantity: 2 }], [{ line_id: 3, quantity: 4 }]]);
  expect(done.map(({ task_id, workers }) => [task_id, ...workers])).toEqual([
    [1, "ana"],
    [101, "ivo"],
    [102, "eva"],
  ]);
  expect(asked).toEqual([
    "/api/tasks/1",
    "/api/tasks/1/split?revision=7",
    "/api/tasks/1/split?revision=8",
    "/api/tasks/101/assign?revision=1",
    "/api/tasks/102/assign?revision=1",
  ]);
});

test("what was short is picked by a new task of somebody, or by the same one elsewhere", async () => {
  const sent: unknown[] = [];
  const { ask, asked } = service((path, json) => {
    if (path.includes("/assign")) return task(9, json as object);
    sent.push({ ...(json as object), operation_id: null });
    return { task: task(1), target: task(9) };
  });
  const lines = new Map([[1, [{ line_id: 5, quantity: 2 }]]]);
  const change: Replan = { kind: "replan", lines, location: null, isSame: false, workers: ["eva"] };
  expect((await apply(ask, [task(1)], change)).done.map(({ task_id }) => task_id)).toEqual([1, 9]);
  await apply(ask, [task(1)], { ...change, location: "B-2", isSame: true });
  expect(sent).toEqual([
    { lines: lines.get(1), operation_id: null },
    { lines: lines.get(1), location: "B-2", to_task_id: 1, operation_id: null },
  ]);
  expect(asked).toEqual([
    "/api/tasks/1/replan?revision=1",
    "/api/tasks/9/assign?revision=1",
    "/api/tasks/1/replan?revision=1",
  ]);
});
