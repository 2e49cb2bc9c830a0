/**
 * What is kept on the device, record by record. Each has the version `v` of its form: an application that was
 * brought up to date finds what the one before it left, an operation that was never sent among it.
 */
import type { Conflict, Done, Outcome, Person, ShortageReason, Task, TaskSummary } from "../work/work";

/** Rises when the form of a record changes. What has an older one is brought up to date as it is read. */
export const RECORD_VERSION = 1;

export interface PersonRecord extends Person {
  v: number;
  /** In seconds since 1970, when they came; an older gateway does not say. It tells them from a namesake before. */
  since?: number;
  /** Null where the login ended. */
  access_token: string | null;
  refresh_token: string | null;
  /** Milliseconds since 1970, by the device's clock. */
  expires_at: number;
  /** When to get the next tokens: a random moment, as a shift logs in together and must not refresh together. */
  refresh_at: number;
  used_at: number;
}

interface OfScan {
  kind: "scan";
  task_id: number;
  code: string;
  quantity: number;
  line_id?: number;
  version?: number;
  pieces?: number;
  tote?: string;
  location?: string;
  /** What the device said to it: it never counts, and is sent so that it is known of. */
  refused_as?: Outcome;
}
interface OfShortage {
  kind: "shortage";
  task_id: number;
  line_id: number;
  quantity: number;
  reason: ShortageReason;
  note?: string;
}
interface OfUndo {
  kind: "undo";
  undoes: string;
}
/** What was done, as it is sent: the same words each time, as it is told by its `operation_id` and them. */
export type Operation = OfScan | OfShortage | OfUndo;

/** What was said on the screen when it was done. */
export interface Told {
  outcome: Outcome | ShortageReason | "undone";
  task_id: number | null;
  line_id: number | null;
  sku: string | null;
  /** In pieces. */
  quantity: number;
}

export interface QueuedRecord {
  v: number;
  /** Its place in the queue; given by the store. */
  seq: number;
  owner: string;
  operation_id: string;
  operation: Operation;
  told: Told;
  /** By the device's clock, and what that was wrong by as far as was known then. */
  device_at: number;
  offset: number | null;
}
export type NewRecord = Omit<QueuedRecord, "seq">;

export interface DoneRecord extends Done {
  v: number;
  owner: string;
}

export interface ConflictRecord extends Conflict {
  v: number;
  /** What was set aside, as it stood in the queue; the others were decided. */
  aside?: QueuedRecord;
}

/** What a code is, on the device as on the server. */
export interface PickingSettings {
  separators: string[];
  variable_measure_eans: string[];
  undo_seconds: number;
  confirm_totes?: boolean;
  confirm_locations?: boolean;
}

/** The tasks of a person as the server had them, with the answers to what was sent since. */
export interface TasksRecord {
  v: number;
  owner: string;
  part: "tasks";
  taken_at: number;
  etag: string | null;
  tasks: Task[];
  pool: TaskSummary[];
  /** There were more than are here. What an application wrote that did not know of it has none. */
  is_cut?: boolean;
}

/** What can be scanned for them. It is much, and stays while the tasks change with every scan. */
export interface ArticlesRecord {
  v: number;
  owner: string;
  part: "articles";
  settings: PickingSettings;
  articles: { sku: string; description: string; codes: { code: string; pieces: number; level: string }[] }[];
  /** Codes of other articles, that are not for the device to judge by. */
  exceptions: { skus: string[]; barcodes: string[] };
}

export interface Picture {
  tasks: TasksRecord;
  articles: ArticlesRecord;
}

/** Where this device is known at the gateway. */
export interface Device {
  device_id: string;
  secret: string;
}

export interface Settings {
  /** Null where the gateway does not know it any more. */
  device: Device | null;
  /** Whose turn it is. */
  current: string | null;
  /** What the device's clock is wrong by, in milliseconds. */
  offset: number;
  /** Since when whoever had a name here last was there, by that name. */
  since: Record<string, number>;
  /** Refresh tokens of logins that were ended where the gateway could not be told. */
  ended: string[];
}

/** The older forms, each with what makes the next one of it. */
type Steps = ((old: never) => object)[];
const STEPS: Steps = [];

/** Bring a record up to the present form; null where a newer application wrote it, and it must be left alone. */
export function understood<T extends { v: number }>(record: T): T | null {
  if (record.v > RECORD_VERSION) return null;
  let present: object = record;
  for (const step of STEPS.slice(record.v - 1)) present = step(present as never);
  return present as T;
}
