import { ApiError, type RequestOptions } from "kit/api/client";
import { expect, test } from "vitest";
import type { TaskSummary } from "../api/types";
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

test("a task is split over several by one request, as it was seen", async () => {
  const sent: unknown[] = [];
  const { ask, asked } = service((_, json) => {
    sent.push({ ...(json as object), operation_id: null });
    return { task: task(1), targets: [task(101), task(102)] };
  });
  const workers = ["ana", "ivo", "eva"];
  const { done, refused } = await apply(ask, [task(1, { revision: 7 })], { kind: "split", workers });
  expect(refused).toEqual([]);
  expect(done.map(({ task_id }) => task_id)).toEqual([1, 101, 102]);
  expect(asked).toEqual(["/api/tasks/1/share?revision=7"]);
  expect(sent).toEqual([{ workers, operation_id: null }]);
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
