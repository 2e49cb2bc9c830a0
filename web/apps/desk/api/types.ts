/** What the gateway answers, as far as the desk looks at it. */
import type { Refusal } from "kit/work/refusal";
import type { Role } from "../session/session";

export interface Page<T> {
  items: T[];
  next_after: number | null;
}

export const OPEN_STATES = ["open", "assigned", "in_progress"] as const;
export type TaskStatus = (typeof OPEN_STATES)[number] | "completed" | "cancelled";

export interface TaskSummary {
  task_id: number;
  requisition_ids: number[];
  number: string;
  destination: string;
  status: TaskStatus;
  workers: string[];
  priority: number;
  due_at: string | null;
  held: boolean;
  /** Where what was picked is brought to. */
  door: string | null;
  revision: number;
  changed_by: string | null;
  created_at: string;
  required: number;
  picked: number;
  short: number;
}

export interface TaskLine {
  line_id: number;
  sku: string;
  description: string;
  required: number;
  picked: number;
  short: number;
  remaining: number;
  location: string | null;
  tote: string | null;
}

export interface Task extends TaskSummary {
  lines: TaskLine[];
}

/** Pieces of one line. */
export interface Pieces {
  line_id: number;
  quantity: number;
}

/** The task from which pieces were moved, and the one that has them now. */
export interface PlanResult {
  task: Task;
  target: Task;
}

/** A task that was shared out, and those that have the other parts. */
export interface ShareResult {
  task: Task;
  targets: Task[];
}

export interface Shortage {
  operation_id: string;
  outcome: string;
  sku: string | null;
  quantity: number;
  reason: "short_pick" | "not_found" | "damaged";
  note: string | null;
  worker: string;
  picked_at: string;
  undone_by: string | null;
}

export interface ListedShortage {
  operation_id: string;
  made_at: string;
  worker: string;
  sku: string | null;
  description: string | null;
  location: string | null;
  quantity: number;
  reason: Shortage["reason"];
  note: string | null;
  task_id: number;
  line_id: number;
  number: string | null;
  still_short: number;
}

export interface OftenShort {
  sku: string;
  description: string;
  shortages: number;
  pieces: number;
}

export interface Shortages {
  first_day: string;
  last_day: string;
  often: OftenShort[];
  items: ListedShortage[];
  next_before: string | null;
}

export interface Colleague {
  username: string;
  role: string;
}

export interface Requisition {
  requisition_id: number;
  number: string;
  destination: string;
  due_at: string | null;
  created_at: string;
  task_id: number | null;
  line_count: number;
  missing_rows: number;
}

export interface ImportCounts {
  rows_read: number;
  rows_accepted: number;
  rows_duplicate: number;
  rows_rejected: number;
  rows_held_back: number;
  rows_merged: number;
  requisitions_total: number;
  requisitions_created: number;
  requisitions_replaced: number;
  requisitions_duplicate: number;
  requisitions_differing: number;
  requisitions_held_back: number;
}

export type JobStatus = "queued" | "reading" | "sending" | "succeeded" | "failed";

/** What a file is about. */
export type Subject = "orders" | "articles" | "locations";

export interface ImportJob {
  job_id: number;
  subject: Subject;
  filename: string;
  format: string;
  status: JobStatus;
  submitted_by: string;
  partial: boolean;
  release: boolean;
  replace: boolean;
  profile: string | null;
  counts: ImportCounts;
  notes: string[];
  error: string | null;
  waiting_for: string | null;
  /** Orders of it that wait for somebody to decide. */
  held_waiting: number;
  created_at: string;
  finished_at: string | null;
}

export interface Reject {
  row: number;
  column: string;
  reason: string;
  message: string;
  value: string;
  requisition: string;
}

export interface Difference {
  change: string;
  sku: string | null;
  before: number | string | null;
  after: number | string | null;
}

export interface Preview {
  format: string | null;
  encoding: string | null;
  profile: string | null;
  error: string | null;
  counts: ImportCounts;
  columns: string[];
  meanings: Record<string, string>;
  notes: string[];
  rows: {
    row: number;
    requisition: string;
    sku: string;
    quantity: number;
    description: string;
    destination: string;
  }[];
  records: { row: number; cells: Record<string, string> }[];
  rejects: Reject[];
  held_back: string[];
  duplicates: { number: string; differences: Difference[]; message: string }[] | null;
}

export interface Profile {
  name: string;
  subject: Subject;
  description: string;
  ready_made: boolean;
  /** Which column has which meaning; of several names a file has the one or the other. */
  mapping: Record<string, string | string[]>;
}

/** Of the scans of a task only whether some may be missing. */
export interface TaskScans {
  removed_before: string | null;
}

export interface Refusals {
  items: Refusal[];
  next_before: string | null;
  removed_before: string | null;
}

/** A team as it is now; nobody is in two. */
export interface Team {
  team_id: number;
  name: string;
  shift_id: number | null;
  workers: string[];
  revision: number;
}

/** A shift as it is now. One that ends at or before its beginning goes on over midnight. */
export interface Shift {
  shift_id: number;
  name: string;
  weekdays: number[];
  starts: string;
  ends: string;
  revision: number;
}

/** Somebody who is to work today, or has worked. */
export interface Attendant {
  worker: string;
  team_id: number | null;
  shift_id: number | null;
  planned_from: string | null;
  planned_until: string | null;
  first_at: string | null;
  last_at: string | null;
}

export interface Attendance {
  items: Attendant[];
  next_after: string | null;
}

/** A screen on a wall, and when it was last heard of. */
export interface Screen {
  screen_id: number;
  name: string;
  language: string;
  dim_from: number | null;
  dim_until: number | null;
  active: boolean;
  paired_by: string;
  paired_at: string;
  ended_at: string | null;
  last_contact_at: string | null;
  app_version: string | null;
}

/** A change outside scanning, as the audit log has it. */
export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  role: Role | null;
  address: string | null;
  request_id: string | null;
  action: string;
  subject_kind: string;
  subject_id: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export const BY = ["day", "week", "shift", "team", "worker", "article", "location"] as const;
export type By = (typeof BY)[number];

export const PERIODS = ["today", "yesterday", "this_week", "last_week", "this_month", "last_month"] as const;
export type Period = (typeof PERIODS)[number];

export type Figure =
  | "lines"
  | "pieces"
  | "lines_per_hour"
  | "pieces_per_hour"
  | "seconds_per_line"
  | "accuracy"
  | "refused"
  | "undone"
  | "shortages"
  | "short_pieces"
  | "on_time"
  | "tasks"
  | "active_hours";

/** What was done; null is what is not known. */
export type ReportFigures = Record<Figure, number | null>;

export interface ReportRow {
  /** The day, the Monday of the week, the name, the SKU; empty where there is none, or it is not known. */
  key: string;
  figures: ReportFigures;
  before: ReportFigures;
}

/** A page of a report. */
export interface Report {
  by: By;
  first_day: string;
  last_day: string;
  first_day_before: string;
  last_day_before: string;
  time_zone: string;
  worker: string | null;
  read: { at: string; seconds_behind: number };
  totals: ReportFigures;
  totals_before: ReportFigures;
  items: ReportRow[];
  next_after: string | null;
}

/** A report that was mailed, or was to be, and what its figures are now. */
export interface MailedReport {
  each: "daily" | "weekly";
  first_day: string;
  last_day: string;
  status: "waiting" | "sent" | "nothing" | "given_up";
  sent_at: string | null;
  told: ReportFigures | null;
  now: ReportFigures;
  changed: boolean;
}
