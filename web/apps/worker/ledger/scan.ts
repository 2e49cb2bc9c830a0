/** A scan: which line it is of, and whether it counts. Twin of tasks/scans/scan.py. */
import { type Code, pieces } from "../codes/code";
import { readCode } from "../codes/reading";
import type { Outcome, TaskLine } from "../work/work";
import type { Found } from "./catalogue";
import { answerOf, type Ledger } from "./ledger";
import type { Answer, ScanOperation } from "./operations";
import type { HeldTask } from "./snapshot";
import { isPickable, left } from "./state";

// Refused for what is in the task, as opposed to the task's status, the person or the code.
const BY_CONTENT: readonly Outcome[] = ["picked", "not_in_task", "not_on_line", "more_than_required"];

// What the server takes away around a code before it is read.
const BLANK = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const BLANK_AROUND = new RegExp(`^${BLANK}|${BLANK}$`, "g");

interface Judged {
  readonly scan: ScanOperation;
  readonly task: HeldTask;
  readonly code: Code;
  readonly found: Found | null;
  /** Those of the article, in walking order. */
  readonly lines: readonly TaskLine[];
  readonly line: TaskLine | null;
  readonly quantity: number;
}

/** Count a scan that is made at `at`, in milliseconds since 1970, or refuse it. */
export function decideScan(ledger: Ledger, scan: ScanOperation, at: number): Answer {
  const task = ledger.tasks.get(scan.task_id);
  if (!task) return answerOf(scan, "task_not_found");
  const code = readCode(scan.code.replace(BLANK_AROUND, ""), ledger.rules);
  const found = ledger.catalogue.find(code);
  const lines = found?.sku ? task.lines.filter((line) => line.sku === found.sku) : [];
  const quantity = scan.quantity * pieces(code, found?.pieces ?? 1, found?.literally);
  const judged = { scan, task, code, found, lines, quantity, line: lineOf(scan, lines, quantity) };
  const { line } = judged;
  let outcome = judge(ledger, judged);
  if (differs(ledger, judged, outcome)) outcome = "version_conflict";
  const accepted = outcome === "picked" && line !== null;
  if (accepted) {
    ledger.pick(task, line, quantity, at);
    if (left(line) === 0) outcome = "line_complete";
    if (task.status === "completed") outcome = "task_complete";
  }
  const about = { accepted, task, line, sku: found?.sku, quantity };
  return ledger.record(scan, answerOf(scan, outcome, about));
}

/**
 * Return the line that was named, else the first in walking order that has room for all pieces.
 *
 * Where there is none, it is the first that has some room, or just the first: it says what is left.
 */
function lineOf(scan: ScanOperation, lines: readonly TaskLine[], quantity: number): TaskLine | null {
  const named = scan.line_id ?? null;
  const wanted =
    named !== null
      ? lines.find((line) => line.line_id === named)
      : (lines.find((line) => left(line) >= quantity) ?? lines.find((line) => left(line) > 0) ?? lines[0]);
  return wanted ?? null;
}

function judge(ledger: Ledger, { scan, task, code, found, lines, line, quantity }: Judged): Outcome {
  if (!task.workers.includes(ledger.worker)) return "not_your_task";
  if (!isPickable(task)) return "task_not_open";
  // What is nobody's on the device may be an article's that is in none of its tasks.
  if (!found) {
    const isSeveral = code.isSeveral || (code.rivals.length > 0 && ledger.catalogue.isDoubted(code));
    return isSeveral ? "several_codes" : "not_in_task";
  }
  if (!lines.length) return "not_in_task";
  if (!line) return "not_on_line";
  if (![null, quantity].includes(scan.pieces ?? null)) return "quantity_conflict";
  return quantity <= left(line) ? "picked" : "more_than_required";
}

/** Tell whether the version that it was made on would have judged it otherwise than the present one. */
function differs(
  ledger: Ledger,
  { scan, task, found, lines, line, quantity }: Judged,
  outcome: Outcome,
): boolean {
  const version = scan.version ?? null;
  if (version === null || version >= task.version || !BY_CONTENT.includes(outcome)) return false;
  const named = scan.line_id ?? null;
  const asked = named === null ? lines : line ? [line] : [];
  const done = asked.reduce((sum, one) => sum + one.picked + one.short, 0);
  const before = found?.sku ? ledger.requiredBefore(task.task_id, version, found.sku, named) : null;
  const counted = before !== null && quantity <= before - done;
  return counted !== (outcome === "picked");
}
