/**
 * What operations do to the tasks that a device holds. Twin of tasks/scans/ledger.py.
 *
 * A ledger is opened on a snapshot, which it leaves as it is, and decides what waits in the queue and then what
 * is done next, each on the state that those before left. Opened anew on a newer snapshot, it decides what still
 * waits once more.
 */
import { type CodeRules, codeRules } from "../codes/rules";
import type { TaskLine } from "../work/work";
import { Catalogue } from "./catalogue";
import type { Answer, Operation } from "./operations";
import type { HeldTask, Snapshot } from "./snapshot";
import { type Done, openLines } from "./state";

export interface Recorded {
  readonly operation: Operation;
  readonly answer: Answer;
}

/** What a device knows besides its snapshot. */
export interface Known {
  /** May report and take back what is others', too: a supervisor. */
  isSupervisor?: boolean;
  /** What may be taken back, by operation id: what was sent before the snapshot was taken. */
  done?: ReadonlyMap<string, Done>;
  /** Operation ids of what was taken back before it was. */
  undone?: Iterable<string>;
  /** Tasks as they were in earlier versions that operations were made on. */
  earlier?: readonly HeldTask[];
}

export class Ledger {
  readonly worker: string;
  readonly isSupervisor: boolean;
  readonly rules: CodeRules;
  readonly catalogue: Catalogue;
  /** Milliseconds after a task was closed in which something of it can be taken back. */
  readonly undoWindow: number;
  /** What is to be scanned besides an article, where its line says one. */
  readonly confirming: { readonly totes: boolean; readonly locations: boolean };
  readonly tasks: ReadonlyMap<number, HeldTask>;
  readonly recorded = new Map<string, Recorded>();
  readonly done: ReadonlyMap<string, Done>;
  readonly undone: Set<string>;
  private readonly earlier: readonly HeldTask[];

  constructor(snapshot: Snapshot, known: Known = {}) {
    this.worker = snapshot.worker;
    this.isSupervisor = known.isSupervisor ?? false;
    this.rules = codeRules(snapshot.settings);
    this.catalogue = new Catalogue(snapshot.articles, snapshot.exceptions);
    const { undo_seconds, confirm_totes = false, confirm_locations = false } = snapshot.settings;
    this.undoWindow = undo_seconds * 1000;
    this.confirming = { totes: confirm_totes, locations: confirm_locations };
    this.tasks = new Map(snapshot.tasks.map((task) => [task.task_id, structuredClone(task)]));
    this.done = known.done ?? new Map();
    this.undone = new Set(known.undone);
    this.earlier = known.earlier ?? [];
  }

  /** Pieces of an article that an earlier version of a task required, of one line or all; null if none. */
  requiredBefore(taskId: number, version: number, sku: string, lineId: number | null): number | null {
    const task = this.earlier.find((one) => one.task_id === taskId && one.version === version);
    const lines = task?.lines.filter(
      (line) => line.sku === sku && (lineId === null || line.line_id === lineId),
    );
    return lines?.length ? lines.reduce((sum, line) => sum + line.required, 0) : null;
  }

  /** Count pieces as picked. */
  pick(task: HeldTask, line: TaskLine, quantity: number, at: number): void {
    line.picked += quantity;
    task.picked += quantity;
    this.advance(task, at);
  }

  /** Count pieces as short. */
  shorten(task: HeldTask, line: TaskLine, quantity: number, at: number): void {
    line.short += quantity;
    task.short += quantity;
    this.advance(task, at);
  }

  /** Count pieces as neither any more, which opens a task that was completed. */
  takeBack(task: HeldTask, line: TaskLine, counted: "picked" | "short", quantity: number): void {
    line[counted] -= quantity;
    task[counted] -= quantity;
    if (task.status !== "completed") return;
    // Nobody has one that was put back and completed by giving the rest of it to another.
    task.status = task.workers.length ? "in_progress" : "open";
    task.completed_at = null;
  }

  /** The first piece starts a task that nobody started, and the last one completes it. */
  private advance(task: HeldTask, at: number): void {
    const isOpen = openLines(task) > 0;
    task.status = isOpen ? "in_progress" : "completed";
    task.completed_at = isOpen ? null : new Date(at).toISOString();
  }

  /** Keep an operation with its answer. */
  record(operation: Operation, answer: Answer): Answer {
    this.recorded.set(operation.operation_id, { operation, answer });
    return answer;
  }
}

/** Return an answer about a task and a line as they stand. */
export function answerOf(
  operation: Operation,
  outcome: Answer["outcome"],
  about: {
    accepted?: boolean;
    task?: HeldTask | null;
    line?: TaskLine | null;
    line_id?: number | null;
    sku?: string | null;
    quantity?: number | null;
  } = {},
): Answer {
  const { accepted = false, task, line } = about;
  return {
    kind: operation.kind,
    operation_id: operation.operation_id,
    outcome,
    accepted,
    task_id: task?.task_id ?? null,
    task_status: task?.status ?? null,
    task_version: task?.version ?? null,
    line_id: line?.line_id ?? about.line_id ?? null,
    sku: about.sku ?? line?.sku ?? null,
    quantity: about.quantity ?? null,
    picked: line?.picked ?? null,
    short: line?.short ?? null,
    required: line?.required ?? null,
    remaining_lines: task ? openLines(task) : null,
  };
}
