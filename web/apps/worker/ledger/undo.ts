/** An undo: a scan or a shortage is taken back by another operation. Twin of tasks/scans/undo.py. */
import type { TaskLine } from "../work/work";
import { answerOf, type Ledger } from "./ledger";
import type { Answer, UndoOperation, UndoOutcome } from "./operations";
import type { HeldTask } from "./snapshot";
import { type Done, isClosed } from "./state";

// What of a line counts an operation of a kind.
const COUNTED = { scan: "picked", shortage: "short" } as const;

/** Take back what is named, or refuse to. */
export function decideUndo(ledger: Ledger, undo: UndoOperation, at: number): Answer {
  const target = targetOf(ledger, undo);
  const task = target ? ledger.tasks.get(target.task_id) : undefined;
  const line = task?.lines.find((one) => one.line_id === target?.line_id);
  const outcome = judge(ledger, undo, at, target, task, line);
  const accepted = outcome === "undone";
  if (accepted && target && task && line) {
    ledger.takeBack(task, line, COUNTED[target.kind], target.quantity);
    ledger.undone.add(undo.undoes);
  }
  const { line_id, sku, quantity } = target ?? {};
  return ledger.record(undo, answerOf(undo, outcome, { accepted, task, line, line_id, sku, quantity }));
}

/** Return what it names: decided here, or sent before. */
function targetOf(ledger: Ledger, { undoes }: UndoOperation): Done | undefined {
  const { operation, answer } = ledger.recorded.get(undoes) ?? {};
  if (!operation || !answer || operation.kind === "undo") return ledger.done.get(undoes);
  return {
    kind: operation.kind,
    task_id: operation.task_id,
    line_id: answer.line_id,
    sku: answer.sku,
    quantity: answer.quantity ?? 0,
    worker: ledger.worker,
    accepted: answer.accepted,
  };
}

function judge(
  ledger: Ledger,
  undo: UndoOperation,
  at: number,
  target: Done | undefined,
  task: HeldTask | undefined,
  line: TaskLine | undefined,
): UndoOutcome {
  if (!target || !task) return "nothing_to_undo";
  if (ledger.worker !== target.worker && !ledger.isSupervisor) return "not_your_operation";
  if (!target.accepted) return "was_refused";
  if (ledger.undone.has(undo.undoes)) return "already_undone";
  const closedAt = isClosed(task) && task.completed_at ? Date.parse(task.completed_at) : null;
  if (closedAt !== null && at - closedAt > ledger.undoWindow) return "too_late";
  return line && line[COUNTED[target.kind]] >= target.quantity ? "undone" : "pieces_moved";
}
