/** What the gateway answered to operations, and what follows from that. */
import type { ConflictRecord, DoneRecord, QueuedRecord, TasksRecord } from "../store/records";
import { RECORD_VERSION } from "../store/records";
import type { Settlement } from "../store/store";
import { SET_ASIDE, type Task, type TaskStatus } from "../work/work";
import { has, isObject } from "./gateway";

/** What became of one operation. */
export type Fate =
  | { kind: "counted"; result: Facts }
  | { kind: "refused"; status: number; code: string; message: string; details: Record<string, unknown> }
  /** Whether it was recorded is not known: it stays in the queue. */
  | { kind: "unknown" }
  /** The server broke on it: it stays too, until it is set aside. */
  | { kind: "broken"; message: string }
  | { kind: "set_aside"; message: string };

const STAYS: Fate["kind"][] = ["unknown", "broken"];

/** What an answer says of a line and its task, as far as it does. */
interface Facts {
  outcome?: string;
  task_id?: number;
  task_status?: TaskStatus | null;
  line_id?: number | null;
  sku?: string | null;
  quantity?: number;
  picked?: number | null;
  short?: number | null;
  required?: number | null;
  left?: number | null;
}

interface OperationAnswer {
  operation_id: string;
  status: number;
  result?: Facts | null;
  error?: { code: string; message: string; details?: Record<string, unknown> } | null;
}

export interface OperationsResult {
  results: OperationAnswer[];
}

/** Whether something is the answer to just these operations. */
export function answersTo(batch: QueuedRecord[]) {
  return (body: unknown): body is OperationsResult =>
    isObject(body) &&
    Array.isArray(body.results) &&
    body.results.length === batch.length &&
    body.results.every(
      (one, at) =>
        has(one, { operation_id: "string", status: "number" }) &&
        one.operation_id === batch[at]?.operation_id,
    );
}

export function answersToOne({ operation_id }: QueuedRecord) {
  return (body: unknown): body is Facts =>
    has(body, { outcome: "string", task_id: "number" }) &&
    isObject(body) &&
    body.operation_id === operation_id;
}

export function fateOf({ status, result, error }: OperationAnswer): Fate {
  if (status < 300 && result) return { kind: "counted", result };
  if (status >= 400 && status < 500 && status !== 429 && error) {
    return {
      kind: "refused",
      status,
      code: error.code,
      message: error.message,
      details: error.details ?? {},
    };
  }
  return status === 500 ? { kind: "broken", message: error?.message ?? "" } : { kind: "unknown" };
}

// An undo of what never counted, or was taken back already, wants nothing that is not so.
const AS_WANTED = new Set(["was_refused", "already_undone"]);

/** What has to be kept of the answers to operations of one person. */
export function settlement(
  owner: string,
  answered: { record: QueuedRecord; fate: Fate }[],
  at: (record: QueuedRecord) => number,
  now: number,
): Settlement {
  const known = answered.filter(({ fate }) => !STAYS.includes(fate.kind));
  return {
    owner,
    settled: known.map(({ record }) => record.seq),
    done: known.flatMap(({ record, fate }) => done(record, fate, at(record))),
    undone: known.flatMap(({ record, fate }) =>
      record.operation.kind === "undo" && tookBack(fate) ? [record.operation.undoes] : [],
    ),
    conflicts: known.flatMap(({ record, fate }) => conflict(record, fate, now)),
    learn: (tasks) =>
      learn(
        tasks,
        known.map(({ fate }) => fate),
      ),
  };
}

const tookBack = (fate: Fate) =>
  fate.kind === "counted" || (fate.kind === "refused" && fate.code === "already_undone");

function done(record: QueuedRecord, fate: Fate, at: number): DoneRecord[] {
  const { operation, told, owner, operation_id } = record;
  if (operation.kind === "undo") return [];
  const counted = fate.kind === "counted" ? fate.result : null;
  return [
    {
      v: RECORD_VERSION,
      owner,
      operation_id,
      kind: operation.kind,
      task_id: operation.task_id,
      line_id: counted?.line_id ?? told.line_id,
      sku: counted?.sku ?? told.sku,
      quantity: counted?.quantity ?? told.quantity,
      at,
      outcome: told.outcome as DoneRecord["outcome"],
      state: counted ? "sent" : "refused",
    },
  ];
}

function conflict(record: QueuedRecord, fate: Fate, now: number): ConflictRecord[] {
  const { operation } = record;
  if (fate.kind === "set_aside") {
    const why = { code: SET_ASIDE, message: fate.message, details: {} };
    return [{ ...conflictOf(record, why, now), aside: record }];
  }
  const wasRefusedHere = operation.kind === "scan" && operation.refused_as !== undefined;
  if (fate.kind !== "refused" || wasRefusedHere) return [];
  if (operation.kind === "undo" && AS_WANTED.has(fate.code)) return [];
  return [conflictOf(record, fate, now)];
}

type Why = Pick<ConflictRecord, "code" | "message" | "details">;

function conflictOf(record: QueuedRecord, { code, message, details }: Why, at: number): ConflictRecord {
  const { operation, told, owner, operation_id } = record;
  return {
    v: RECORD_VERSION,
    owner,
    operation_id,
    kind: operation.kind,
    task_id: told.task_id,
    sku: told.sku,
    quantity: told.quantity,
    code,
    message,
    details,
    at,
  };
}

/** The tasks with what answers say of them, one after the other. */
function learn(before: TasksRecord, fates: Fate[]): TasksRecord {
  const learned = new Map<number, Task>();
  for (const fate of fates) {
    if (fate.kind !== "counted" && fate.kind !== "refused") continue;
    const facts: Facts = fate.kind === "counted" ? fate.result : fate.details;
    const id = facts.task_id ?? 0;
    const task = learned.get(id) ?? copied(before.tasks.find((one) => one.task_id === id));
    if (task) learned.set(id, told(task, facts));
  }
  if (learned.size === 0) return before;
  const tasks = before.tasks.map((task) => summed(learned.get(task.task_id)) ?? task);
  // The server may come back to what it had then; this is otherwise by now.
  return { ...before, etag: null, tasks };
}

const copied = (task: Task | undefined) => task && { ...task, lines: [...task.lines] };

/** A task that is a copy already, with what is told of it put in. */
function told(task: Task, facts: Facts): Task {
  task.status = facts.task_status ?? task.status;
  const at = task.lines.findIndex((line) => line.line_id === facts.line_id);
  const line = task.lines[at];
  if (!line) return task;
  const picked = facts.picked ?? line.picked;
  const required = facts.required ?? line.required;
  const short = facts.short ?? (typeof facts.left === "number" ? required - picked - facts.left : line.short);
  task.lines[at] = { ...line, picked, required, short };
  return task;
}

function summed(task: Task | undefined): Task | undefined {
  const sum = (field: "picked" | "short" | "required") =>
    task?.lines.reduce((all, line) => all + line[field], 0) ?? 0;
  return task && { ...task, picked: sum("picked"), short: sum("short"), required: sum("required") };
}
