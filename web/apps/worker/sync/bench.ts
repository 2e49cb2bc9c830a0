/** What the worker sees: the tasks as the server had them, with what waits in the queue done to them. */
import { readCode } from "../codes/reading";
import { decide } from "../ledger/decide";
import { Ledger } from "../ledger/ledger";
import type { Answer } from "../ledger/operations";
import { lackingOf } from "../ledger/scan";
import type { Snapshot } from "../ledger/snapshot";
import { isClosed } from "../ledger/state";
import type { DoneRecord, Operation, Picture, QueuedRecord } from "../store/records";
import { left } from "../tasks/order";
import { isAlike, keptWhereAlike } from "../work/alike";
import type { Article, Person, Task } from "../work/work";

/** What an operation comes to. What it says of a line, is how that stands after it. */
export type Judged = Answer;

const NOTHING: Picture = {
  tasks: { v: 1, owner: "", part: "tasks", taken_at: 0, etag: null, tasks: [], pool: [] },
  articles: {
    v: 1,
    owner: "",
    part: "articles",
    settings: { separators: [], variable_measure_eans: [], undo_seconds: 900 },
    articles: [],
    exceptions: { skus: [], barcodes: [] },
  },
};

export class Bench {
  readonly articles: Map<string, Article>;
  private readonly ledger: Ledger;
  private readonly before: Map<string, DoneRecord>;
  /** Tasks as they were shown last. */
  private readonly shown: Map<number, Task>;
  /** Those that may have changed since. */
  private readonly changed: Set<number>;

  constructor(
    picture: Picture | null,
    person: Person,
    done: readonly DoneRecord[],
    queue: Iterable<QueuedRecord>,
    at: (record: QueuedRecord) => number,
    before?: Bench,
  ) {
    const snapshot = asSnapshot(picture ?? NOTHING, person);
    this.articles = new Map(snapshot.articles.map((one) => [one.sku, one]));
    this.before = new Map(done.map((one) => [one.operation_id, one]));
    this.ledger = new Ledger(snapshot, {
      isSupervisor: person.role !== "worker",
      done: new Map(done.map((one) => [one.operation_id, asDone(one)])),
      undone: done.filter((one) => one.state === "undone").map((one) => one.operation_id),
    });
    this.shown = new Map([...(before?.shown ?? [])].filter(([id]) => this.ledger.tasks.has(id)));
    this.changed = new Set(this.ledger.tasks.keys());
    for (const one of queue) this.replay(one, at(one));
  }

  /** The tasks as they are now. A task or a line that is as it was the last time is the same object. */
  tasks(): Task[] {
    for (const id of this.changed) {
      const task = this.ledger.tasks.get(id);
      if (task) this.shown.set(id, shownAs(task, this.shown.get(id)));
    }
    this.changed.clear();
    return [...this.shown.values()].sort(byUrgency);
  }

  task(taskId: number): Task | undefined {
    return this.ledger.tasks.get(taskId);
  }

  /** Whether the tasks are here as they are there. */
  agrees(others: readonly Task[]): boolean {
    return others.every((other) => {
      const task = this.ledger.tasks.get(other.task_id);
      return task?.status === other.status && task.lines.every((line, at) => isSame(line, other.lines[at]));
    });
  }

  /** The article of the tasks here that a code means. */
  means(code: string): string | null {
    return this.ledger.catalogue.find(readCode(code, this.ledger.rules))?.sku ?? null;
  }

  /** What is still to be scanned before a scan counts; null where nothing is. */
  lacking(operation_id: string, scan: Extract<Operation, { kind: "scan" }>): Judged | null {
    return lackingOf(this.ledger, { ...scan, operation_id });
  }

  /** Say what an operation comes to, and do it to the tasks where it counts. */
  apply(operation_id: string, operation: Operation, at: number): Judged {
    const judged = decide(this.ledger, { ...operation, operation_id }, at);
    if (judged.task_id !== null) this.changed.add(judged.task_id);
    return operation.kind === "undo" ? this.ofAnotherTask(operation.undoes, judged) : judged;
  }

  /** What was done for a task that is somebody else's by now can be taken back too; only the server can judge that. */
  private ofAnotherTask(undoes: string, judged: Judged): Judged {
    const done = this.before.get(undoes);
    if (judged.outcome !== "nothing_to_undo" || done?.state !== "sent" || this.ledger.undone.has(undoes))
      return judged;
    this.ledger.undone.add(undoes);
    const { task_id, line_id, sku, quantity } = done;
    return { ...judged, outcome: "undone", accepted: true, task_id, line_id, sku, quantity };
  }

  /** Do what waits in the queue again. What was refused here never counts, whatever the tasks are by now. */
  private replay({ operation_id, operation }: QueuedRecord, at: number): void {
    if (operation.kind === "scan" && operation.refused_as) return;
    this.apply(operation_id, operation, at);
  }
}

/** A task as it stands, as objects of its own: the ledger goes on with those that it has. */
function shownAs(task: Task, before: Task | undefined): Task {
  const lines = task.lines.map((one, at) => {
    const old = before?.lines[at];
    // The server says what remains with its next answer: as long as that is older, the line would change once more.
    const line = { ...one, remaining: left(one) };
    return old && isAlike(old, line, 1) ? old : line;
  });
  const now = { ...task, lines };
  return before ? keptWhereAlike(before, now, 1) : now;
}

function asSnapshot({ tasks, articles }: Picture, { username }: Person): Snapshot {
  return {
    taken_at: new Date(tasks.taken_at).toISOString(),
    worker: username,
    settings: articles.settings,
    tasks: tasks.tasks,
    articles: articles.articles as Article[],
    exceptions: articles.exceptions,
  };
}

function asDone({ kind, task_id, line_id, sku, quantity, owner, state }: DoneRecord) {
  return { kind, task_id, line_id, sku, quantity, worker: owner, accepted: state !== "refused" };
}

function isSame(one: Task["lines"][number], other: Task["lines"][number] | undefined): boolean {
  return one.picked === other?.picked && one.short === other.short && one.required === other.required;
}

function byUrgency(a: Task, b: Task): number {
  return (
    Number(isClosed(a)) - Number(isClosed(b)) ||
    (b.priority ?? 0) - (a.priority ?? 0) ||
    (a.due_at ?? "9").localeCompare(b.due_at ?? "9") ||
    a.task_id - b.task_id
  );
}
