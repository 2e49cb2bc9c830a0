/** What is done to tasks, to one or to many; and what stands against it, by both sides. */
import { ApiError, type RequestOptions } from "kit/api/client";
import type { Page, Pieces, PlanResult, ShareResult, TaskSummary } from "../api/types";

export type Change =
  | { kind: "assign"; workers: string[] }
  | { kind: "priority"; priority: number }
  | { kind: "due"; due_at: string | null }
  | { kind: "hold"; held: boolean }
  | { kind: "split"; workers: string[] }
  | { kind: "cancel" }
  | Replan;

/** What was short is picked after all: by a new task, or the same one; where its line says, or elsewhere. */
export interface Replan {
  kind: "replan";
  /** By task. */
  lines: Map<number, Pieces[]>;
  location: string | null;
  isSame: boolean;
  workers: string[];
}

export interface Refused {
  task: TaskSummary;
  error: unknown;
  /** How the task is, where the service said that it is otherwise than it has to be. */
  now: TaskSummary | null;
}

export interface Outcome {
  done: TaskSummary[];
  refused: Refused[];
}

export type Ask = <T>(path: string, options?: RequestOptions) => Promise<T>;

/** So many requests are under way at once: a hundred tasks are done quickly, and scans are not kept waiting. */
const TOGETHER = 4;

/** Do it to each task, as it was seen. One that refuses does not keep the others from it. */
export async function apply(ask: Ask, tasks: TaskSummary[], change: Change): Promise<Outcome> {
  const left = [...tasks];
  const outcome: Outcome = { done: [], refused: [] };
  const work = async () => {
    for (let task = left.shift(); task; task = left.shift()) {
      try {
        outcome.done.push(...(await changeOne(ask, task, change)));
      } catch (error) {
        outcome.refused.push({ task, error, now: await present(ask, task, error) });
      }
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  return outcome;
}

/** Whether what was refused would be done if it were asked for again, by the task as it is now. */
export const canBeDone = ({ error, now }: Refused): boolean =>
  now !== null && error instanceof ApiError && error.code === "task_changed";

async function changeOne(ask: Ask, task: TaskSummary, change: Change): Promise<TaskSummary[]> {
  const path = `/api/tasks/${task.task_id}`;
  const seen = `?revision=${task.revision}`;
  switch (change.kind) {
    case "assign":
      return [await ask(`${path}/assign${seen}`, { method: "POST", json: { workers: change.workers } })];
    case "priority":
      return [await ask(`${path}${seen}`, { method: "PATCH", json: { priority: change.priority } })];
    case "due":
      return [await ask(`${path}${seen}`, { method: "PATCH", json: { due_at: change.due_at } })];
    case "hold":
      return [await ask(`${path}${seen}`, { method: "PATCH", json: { held: change.held } })];
    case "cancel":
      return [await ask(`${path}/cancel${seen}`, { method: "POST" })];
    case "split":
      return splitOver(ask, task, change.workers);
    case "replan":
      return replan(ask, task, change);
  }
}

/** Have what is left picked by several: each gets a task of their part, and the first one keeps this one. */
async function splitOver(ask: Ask, seen: TaskSummary, workers: string[]): Promise<TaskSummary[]> {
  const shared = await plan<ShareResult>(ask, "share", seen.task_id, seen.revision, { workers });
  return [shared.task, ...shared.targets];
}

async function replan(ask: Ask, task: TaskSummary, change: Replan): Promise<TaskSummary[]> {
  const lines = change.lines.get(task.task_id) ?? [];
  const more: Record<string, unknown> = {};
  if (change.location) more.location = change.location;
  if (change.isSame) more.to_task_id = task.task_id;
  const planned = await plan<PlanResult>(ask, "replan", task.task_id, task.revision, { lines, ...more });
  if (change.isSame) return [planned.task];
  return [planned.task, await assign(ask, planned.target, change.workers)];
}

function plan<T>(
  ask: Ask,
  how: "share" | "replan",
  taskId: number,
  revision: number,
  wanted: object,
): Promise<T> {
  const json = { ...wanted, operation_id: crypto.randomUUID() };
  return ask(`/api/tasks/${taskId}/${how}?revision=${revision}`, { method: "POST", json });
}

async function assign(ask: Ask, task: TaskSummary, workers: string[]): Promise<TaskSummary> {
  if (same(task.workers, workers)) return task;
  const path = `/api/tasks/${task.task_id}/assign?revision=${task.revision}`;
  return ask<TaskSummary>(path, { method: "POST", json: { workers } });
}

const same = (some: string[], others: string[]) =>
  JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());

async function present(ask: Ask, { task_id }: TaskSummary, error: unknown): Promise<TaskSummary | null> {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  const { task } = (error.details ?? {}) as { task?: TaskSummary };
  if (task?.task_id === task_id) return task;
  try {
    const page = await ask<Page<TaskSummary>>(`/api/tasks?task_id=${task_id}`);
    return page.items[0] ?? null;
  } catch {
    // What was refused is said without it.
    return null;
  }
}

/** Of tasks as they were when somebody began to decide, those that somebody else has changed since. */
export function changedMeanwhile(
  before: TaskSummary[],
  get: (taskId: number) => TaskSummary | undefined,
): { before: TaskSummary; now: TaskSummary | null }[] {
  return before
    .map((task) => ({ before: task, now: get(task.task_id) ?? null }))
    .filter(({ before, now }) => now?.revision !== before.revision);
}
