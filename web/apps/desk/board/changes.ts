/** What is done to tasks, to one or to many; and what stands against it, by both sides. */
import { ApiError, type RequestOptions } from "kit/api/client";
import type { Page, TaskSummary } from "../api/types";

export type Change =
  | { kind: "assign"; workers: string[] }
  | { kind: "priority"; priority: number }
  | { kind: "cancel" };

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

type Ask = <T>(path: string, options?: RequestOptions) => Promise<T>;

/** So many requests are under way at once: a hundred tasks are done quickly, and scans are not kept waiting. */
const TOGETHER = 4;

/** Do it to each task. One that refuses does not keep the others from it. */
export async function apply(ask: Ask, tasks: TaskSummary[], change: Change): Promise<Outcome> {
  const left = [...tasks];
  const outcome: Outcome = { done: [], refused: [] };
  const work = async () => {
    for (let task = left.shift(); task; task = left.shift()) {
      try {
        outcome.done.push(await changeOne(ask, task, change));
      } catch (error) {
        outcome.refused.push({ task, error, now: await present(ask, task, error) });
      }
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  return outcome;
}

function changeOne(ask: Ask, { task_id }: TaskSummary, change: Change): Promise<TaskSummary> {
  const path = `/api/tasks/${task_id}`;
  switch (change.kind) {
    case "assign":
      return ask(`${path}/assign`, { method: "POST", json: { workers: change.workers } });
    case "priority":
      return ask(path, { method: "PATCH", json: { priority: change.priority } });
    case "cancel":
      return ask(`${path}/cancel`, { method: "POST" });
  }
}

async function present(ask: Ask, { task_id }: TaskSummary, error: unknown): Promise<TaskSummary | null> {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
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
    .filter(({ before, now }) => !now || decided(before) !== decided(now));
}

/** What people decide of a task, as opposed to how far its work is. */
const decided = ({ status, workers, priority }: TaskSummary) =>
  JSON.stringify([status === "in_progress" ? "assigned" : status, [...workers].sort(), priority]);
