/** What a worker does, as it is sent to `POST /api/scans`, and what comes of it. */
import type { Outcome, ShortageReason, TaskStatus } from "../work/work";

export interface ScanOperation {
  readonly kind: "scan";
  readonly operation_id: string;
  readonly task_id: number;
  readonly code: string;
  readonly quantity: number;
  /** The task line that was picked, where it was said. */
  readonly line_id?: number | null;
  /** The version of the task that whoever scanned had before them. */
  readonly version?: number | null;
  /** The pieces, of all labels together, that whoever scanned was shown. */
  readonly pieces?: number | null;
  /** The tote and the place that were scanned with it. */
  readonly tote?: string | null;
  readonly location?: string | null;
}

export interface ShortageOperation {
  readonly kind: "shortage";
  readonly operation_id: string;
  readonly task_id: number;
  readonly line_id: number;
  readonly quantity: number;
  readonly reason: ShortageReason;
}

export interface UndoOperation {
  readonly kind: "undo";
  readonly operation_id: string;
  /** The `operation_id` of the scan or shortage. */
  readonly undoes: string;
}

export type Operation = ScanOperation | ShortageOperation | UndoOperation;

/** What became of a shortage; the server's codes, `wrong_task_status` where a task is not being picked. */
export type ShortageOutcome =
  | "reported"
  | "line_not_found"
  | "more_than_required"
  | "wrong_task_status"
  | "not_your_task";

export type UndoOutcome =
  | "undone"
  | "nothing_to_undo"
  | "not_your_operation"
  | "was_refused"
  | "already_undone"
  | "too_late"
  | "pieces_moved";

/** What is the same for every kind: no such task on the device, and an id that was used for something else. */
export type Fault = "task_not_found" | "operation_id_reused";

/** The answer to an operation. What of its line and task it says, is how they stand after it. */
export interface Answer {
  readonly kind: Operation["kind"];
  readonly operation_id: string;
  readonly outcome: Outcome | ShortageOutcome | UndoOutcome | Fault;
  /** It counted. */
  readonly accepted: boolean;
  readonly task_id: number | null;
  readonly task_status: TaskStatus | null;
  readonly task_version: number | null;
  readonly line_id: number | null;
  readonly sku: string | null;
  /** In pieces. */
  readonly quantity: number | null;
  readonly picked: number | null;
  readonly short: number | null;
  readonly required: number | null;
  readonly remaining_lines: number | null;
}
