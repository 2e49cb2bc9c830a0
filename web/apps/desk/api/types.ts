/** What the gateway answers, as far as the desk looks at it. */
import type { Refusal } from "kit/work/refusal";

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

export interface ImportJob {
  job_id: number;
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
  notes: string[];
  rows: {
    row: number;
    requisition: string;
    sku: string;
    quantity: number;
    description: string;
    destination: string;
  }[];
  rejects: Reject[];
  held_back: string[];
  duplicates: { number: string; differences: Difference[]; message: string }[] | null;
}

export interface Profile {
  name: string;
  description: string;
  ready_made: boolean;
}

export interface Refusals {
  items: Refusal[];
  next_before: string | null;
}
