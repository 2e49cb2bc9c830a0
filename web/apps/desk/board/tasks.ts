/** Tasks as the board shows them: what an event makes of one, in which order they stand, which are meant. */
import type { Happening } from "kit/live/live";
import { due } from "kit/work/due";
import { OPEN_STATES, type TaskStatus, type TaskSummary } from "../api/types";

export const isOpen = (task: TaskSummary) => OPEN_STATES.some((status) => status === task.status);

/** The tasks that an event is about. */
export function tasksOf({ subject, data }: Happening): number[] {
  if (Array.isArray(data.task_ids)) return data.task_ids;
  const [kind, id] = subject.split(":");
  return kind === "task" ? [Number(id)] : [];
}

/** A task as it is after an event, as far as the event says; the same object where it says nothing new. */
export function after(task: TaskSummary, { type, data }: Happening): TaskSummary {
  const change = CHANGES[type]?.(task, data);
  return change ? { ...task, ...change } : task;
}

type Data = Happening["data"];
type Change = Partial<TaskSummary> | null;

const quantity = ({ quantity }: Data) => (typeof quantity === "number" ? quantity : 0);
const at = (status: TaskStatus) => (): Change => ({ status });

const CHANGES: Record<string, (task: TaskSummary, data: Data) => Change> = {
  "task.assigned": ({ status }, data) => {
    const { workers } = data;
    if (!Array.isArray(workers)) return null;
    const goesOn = status === "in_progress" && workers.length > 0;
    return {
      workers,
      status: goesOn ? status : workers.length > 0 ? "assigned" : "open",
      ...decision(data),
    };
  },
  "task.changed": (_, data) => {
    const { priority, due_at, held } = data;
    return {
      ...(typeof priority === "number" ? { priority } : {}),
      ...(typeof due_at === "string" || due_at === null ? { due_at } : {}),
      ...(typeof held === "boolean" ? { held } : {}),
      ...decision(data),
    };
  },
  "task.started": at("in_progress"),
  "task.completed": at("completed"),
  "task.cancelled": at("cancelled"),
  "task.reopened": at("in_progress"),
  // The first piece starts a task that nobody started.
  "scan.recorded": (task, data) => ({ picked: task.picked + quantity(data), status: begun(task) }),
  "scan.undone": ({ picked }, data) => ({ picked: picked - quantity(data) }),
  "shortage.reported": (task, data) => ({ short: task.short + quantity(data), status: begun(task) }),
  "shortage.undone": ({ short }, data) => ({ short: short - quantity(data) }),
};

function decision({ revision, changed_by }: Data): Partial<TaskSummary> {
  if (typeof revision !== "number") return {};
  return { revision, changed_by: typeof changed_by === "string" ? changed_by : null };
}

const begun = ({ status }: TaskSummary): TaskStatus => (status === "assigned" ? "in_progress" : status);

/** What is most urgent first, then what is due first, then the oldest. */
export function inOrder(tasks: Iterable<TaskSummary>): TaskSummary[] {
  const when = new Map<TaskSummary, number>();
  for (const task of tasks)
    when.set(task, task.due_at === null ? Number.POSITIVE_INFINITY : Date.parse(task.due_at));
  const dueAt = (task: TaskSummary) => when.get(task) as number;
  return [...when.keys()].sort(
    (a, b) => b.priority - a.priority || compare(dueAt(a), dueAt(b)) || a.task_id - b.task_id,
  );
}

// Not by subtraction: two that are due never are no number apart.
const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);

export const STATES = ["all", ...OPEN_STATES, "late", "held"] as const;
export type State = (typeof STATES)[number];
/** In the place of a name: tasks that nobody has. */
export const NOBODY = "-";

export interface Filter {
  state: State;
  worker: string;
  /** Who is in the team that is meant; null where none is. */
  team: ReadonlySet<string> | null;
  words: string;
}

export const isLate = (task: TaskSummary, now: number) => isOpen(task) && due(task, now).kind === "late";

function isIn(task: TaskSummary, state: State, now: number): boolean {
  if (state === "late") return isLate(task, now);
  if (state === "held") return task.held;
  return state === "all" || task.status === state;
}

export function isMeant(task: TaskSummary, { state, worker, team, words }: Filter, now: number): boolean {
  if (!isIn(task, state, now)) return false;
  if (worker === NOBODY ? task.workers.length > 0 : worker && !task.workers.includes(worker)) return false;
  if (team && !task.workers.some((name) => team.has(name))) return false;
  if (!words) return true;
  const text = `${task.number} ${task.destination} ${task.workers.join(" ")}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** How many tasks are in each state. */
export function counts(tasks: TaskSummary[], now: number): Record<State, number> {
  const found = { all: tasks.length, open: 0, assigned: 0, in_progress: 0, late: 0, held: 0 };
  for (const task of tasks) {
    if (task.status in found) found[task.status as keyof typeof found] += 1;
    if (isLate(task, now)) found.late += 1;
    if (task.held) found.held += 1;
  }
  return found;
}

/** How many tasks each worker has, by name. */
export function loads(tasks: TaskSummary[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { workers } of tasks) for (const name of workers) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}
