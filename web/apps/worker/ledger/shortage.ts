/** A shortage: what could not be picked of a line. Twin of tasks/scans/shortage.py. */
import type { TaskLine } from "../work/work";
import { answerOf, type Ledger } from "./ledger";
import type { Answer, ShortageOperation, ShortageOutcome } from "./operations";
import type { HeldTask } from "./snapshot";
import { isPickable, left } from "./state";

/** Count a shortage, or refuse it. The last open line being short completes the task. */
export function decideShortage(ledger: Ledger, shortage: ShortageOperation, at: number): Answer {
  const task = ledger.tasks.get(shortage.task_id);
  if (!task) return answerOf(shortage, "task_not_found");
  const line = task.lines.find((one) => one.line_id === shortage.line_id) ?? null;
  const outcome = judge(ledger, shortage, task, line);
  const accepted = outcome === "reported" && line !== null;
  if (accepted) ledger.shorten(task, line, shortage.quantity, at);
  const { line_id, quantity } = shortage;
  return ledger.record(shortage, answerOf(shortage, outcome, { accepted, task, line, line_id, quantity }));
}

function judge(
  ledger: Ledger,
  shortage: ShortageOperation,
  task: HeldTask,
  line: TaskLine | null,
): ShortageOutcome {
  if (!task.workers.includes(ledger.worker) && !ledger.isSupervisor) return "not_your_task";
  if (!isPickable(task)) return "wrong_task_status";
  if (!line) return "line_not_found";
  return shortage.quantity <= left(line) ? "reported" : "more_than_required";
}
