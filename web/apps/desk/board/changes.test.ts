import { ApiError } from "kit/api/client";
import { expect, test } from "vitest";
import type { TaskSummary } from "../api/types";
import { apply, changedMeanwhile } from "./changes";

const task = (task_id: number, more: Partial<TaskSummary> = {}) =>
  ({ task_id, status: "open", workers: [], priority: 0, picked: 0, ...more }) as unknown as TaskSummary;

test("each is changed, and one that refuses keeps no other from it; both sides are told", async () => {
  const asked: string[] = [];
  const ask = async <T>(path: string): Promise<T> => {
    asked.push(path);
    if (path === "/api/tasks?task_id=3") return { items: [task(3, { status: "completed" })] } as T;
    if (path === "/api/tasks/3/assign") throw new ApiError(409, "wrong_task_status", "Task 3 is completed");
    if (path === "/api/tasks/4/assign") throw new ApiError(403, "forbidden", "no");
    return task(Number(path.split("/")[3]), { status: "assigned", workers: ["ana"] }) as T;
  };
  const tasks = [1, 2, 3, 4, 5, 6, 7].map((id) => task(id));
  const { done, refused } = await apply(ask, tasks, { kind: "assign", workers: ["ana"] });
  expect(done.map(({ task_id }) => task_id).sort()).toEqual([1, 2, 5, 6, 7]);
  const told = refused.map(({ task, now }) => [task.task_id, now?.status ?? null]);
  expect(told.sort()).toEqual([
    [3, "completed"],
    [4, null],
  ]);
  expect(asked.filter((path) => path.endsWith("assign"))).toHaveLength(7);
});

test("what somebody else has decided meanwhile is told; how far the work is, is not", () => {
  const before = [1, 2, 3, 4].map((id) => task(id, { status: "assigned", workers: ["ana"] }));
  const now = new Map([
    [1, task(1, { status: "in_progress", workers: ["ana"], picked: 5 })],
    [2, task(2, { status: "assigned", workers: ["ivo"] })],
    [3, task(3, { status: "assigned", workers: ["ana"], priority: 9 })],
  ]);
  const changed = changedMeanwhile(before, (id) => now.get(id));
  expect(changed.map((one) => [one.before.task_id, one.now?.task_id ?? null])).toEqual([
    [2, 2],
    [3, 3],
    [4, null],
  ]);
});
