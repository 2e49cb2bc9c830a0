/** What is decided on: tasks and lines as they stand after what was done here. Twin of tasks/scans/state.py. */
import type { TaskLine, TaskStatus } from "../work/work";
import type { HeldTask } from "./snapshot";

const PICKABLE: readonly TaskStatus[] = ["assigned", "in_progress"];
const CLOSED: readonly TaskStatus[] = ["completed", "cancelled"];

/** Somebody has it, and may pick. */
export const isPickable = (task: HeldTask) => PICKABLE.includes(task.status);

export const isClosed = (task: HeldTask) => CLOSED.includes(task.status);

/** Pieces still to be picked. */
export const left = (line: TaskLine) => line.required - line.picked - line.short;

export const openLines = (task: HeldTask) => task.lines.filter((line) => left(line) > 0).length;

/** A scan or a shortage that was recorded, as far as an undo of it asks. */
export interface Done {
  readonly kind: "scan" | "shortage";
  readonly task_id: number;
  readonly line_id: number | null;
  readonly sku: string | null;
  readonly quantity: number;
  readonly worker: string;
  readonly accepted: boolean;
}
