/** A scan: which line it is of, and whether it counts. Twin of tasks/scans/scan.py. */
import { type Code, pieces } from "../codes/code";
import { named, readCode } from "../codes/reading";
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
  const judged = judgedOf(ledger, scan);
  if (!judged) return answerOf(scan, "task_not_found");
  const { task, found, line, quantity } = judged;
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

/** Say what is still to be scanned before a scan counts: a place or a tote. Null where it is nothing; nothing is done. */
export function lackingOf(ledger: Ledger, scan: ScanOperation): Answer | null {
  const judged = judgedOf(ledger, scan);
  const outcome = judged && judge(ledger, judged);
  if (outcome !== "location_needed" && outcome !== "tote_needed") return null;
  return answerOf(scan, outcome, { ...judged, sku: judged?.found?.sku });
}

function judgedOf(ledger: Ledger, scan: ScanOperation): Judged | null {
  const task = ledger.tasks.get(scan.task_id);
  if (!task) return null;
  const code = readCode(scan.code.replace(BLANK_AROUND, ""), ledger.rules);
  const found = ledger.catalogue.find(code);
  const lines = found?.sku ? task.lines.filter((line) => line.sku === found.sku) : [];
  const quantity = scan.quantity * pieces(code, found?.pieces ?? 1, found?.literally);
  return { scan, task, code, found, lines, quantity, line: lineOf(scan, lines, quantity) };
}

/**
 * Return the line that was named, else the first in walking order that has room for all pieces.
 *
 * Where there is none, it is the first that has some room, or just the first: it says what is left. What was scanned
 * besides says which lines are meant, where it is right for some.
 */
function lineOf(scan: ScanOperation, lines: readonly TaskLine[], quantity: number): TaskLine | null {
  const lineId = scan.line_id ?? null;
  if (lineId !== null) return lines.find((line) => line.line_id === lineId) ?? null;
  const there = right(lines, (line) => is(scan.location, line.location));
  const meant = right(there, (line) => is(scan.tote, line.tote));
  return (
    meant.find((line) => left(line) >= quantity) ?? meant.find((line) => left(line) > 0) ?? meant[0] ?? null
  );
}

function right(lines: readonly TaskLine[], isRight: (line: TaskLine) => boolean): readonly TaskLine[] {
  const those = lines.filter(isRight);
  return those.length ? those : lines;
}

/** Whether a scan of a place or a tote is of the one with a name. What was not said is not wrong. */
export function is(scanned: string | null | undefined, name: string | null): boolean {
  return (scanned ?? null) === null || name === null || named(scanned ?? "") === named(name);
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
  if (!is(scan.location, line.location)) return "wrong_location";
  if (!is(scan.tote, line.tote)) return "wrong_tote";
  if (![null, quantity].includes(scan.pieces ?? null)) return "quantity_conflict";
  if (quantity > left(line)) return "more_than_required";
  const { locations, totes } = ledger.confirming;
  if (locations && line.location !== null && !scan.location) return "location_needed";
  return totes && line.tote !== null && !scan.tote ? "tote_needed" : "picked";
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
