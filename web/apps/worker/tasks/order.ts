/** What comes first. */
import type { Task, TaskLine, TaskSummary } from "../work/work";

/** The most urgent comes first, then what is due first; the oldest of what has no due time. What is done comes last. */
export function inOrder<T extends TaskSummary>(tasks: T[]): T[] {
  const when = (task: T) => (task.due_at === null ? Number.POSITIVE_INFINITY : Date.parse(task.due_at));
  return [...tasks].sort(
    (a, b) =>
      Number(left(a) === 0) - Number(left(b) === 0) ||
      (b.priority ?? 0) - (a.priority ?? 0) ||
      compare(when(a), when(b)) ||
      compare(Date.parse(a.created_at), Date.parse(b.created_at)) ||
      a.task_id - b.task_id,
  );
}

// Not by subtraction: two that are due never are no number apart.
const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);

/** Pieces that are neither picked nor short yet, of a task or a line. */
export function left({
  required,
  picked,
  short,
}: Pick<TaskSummary, "required" | "picked" | "short">): number {
  return Math.max(0, required - picked - short);
}

/** The line to go to: the one that was chosen, else the first open one that was not skipped, else the first open. */
export function nextLine(task: Task, skipped: ReadonlySet<number>, chosen: number | null): TaskLine | null {
  const open = task.lines.filter((line) => left(line) > 0);
  return (
    open.find((line) => line.line_id === chosen) ??
    open.find((line) => !skipped.has(line.line_id)) ??
    open[0] ??
    null
  );
}

/**
 * The line to name with a scan. Unnamed, a scan counts towards the first open line of its article: a line has to be
 * named where somebody stands at another one of the same article.
 */
export function lineToName(task: Task, line: TaskLine): number | undefined {
  const first = task.lines.find((one) => one.sku === line.sku && left(one) > 0);
  return first?.line_id === line.line_id ? undefined : line.line_id;
}
