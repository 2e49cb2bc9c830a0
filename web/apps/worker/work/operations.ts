/** Scans, shortages and undos: judged on the device, one after the other, written to the queue, and then answered. */
import type { Operation, Told } from "../store/records";
import type { Judged } from "../sync/bench";
import { withoutBadge } from "./badge";
import type { Base } from "./base";
import type { Direct } from "./direct";
import type { Kept } from "./kept";
import { newId } from "./platform";
import type { Queue } from "./queue";
import type { Turns } from "./turns";
import { type Outcome, type ScanAnswer, type Scanned, type ShortageReason, WorkError } from "./work";

const MAX_CODE_LENGTH = 512;
const MAX_NOTE_LENGTH = 500;

export class Operations {
  constructor(
    private readonly base: Pick<Base, "store" | "clock">,
    private readonly kept: Kept,
    private readonly queue: Queue,
    private readonly direct: Direct,
    private readonly turns: Turns,
  ) {}

  scan(
    task_id: number,
    scanned: string,
    { lineId: line_id, quantity = 1, tote, location }: Scanned = {},
  ): Promise<ScanAnswer> {
    return this.turns.take(async () => {
      const code = withoutBadge(scanned);
      const asked = {
        kind: "scan",
        task_id,
        code,
        quantity,
        ...(line_id === undefined ? {} : { line_id }),
        ...(tote === undefined ? {} : { tote: withoutBadge(tote) }),
        ...(location === undefined ? {} : { location: withoutBadge(location) }),
      } as const;
      const operation_id = newId();
      const lacking = this.kept.bench.lacking(operation_id, asked);
      if (lacking) return { operation_id, code, ...answered(lacking), outcome: outcomeOf(lacking) };
      const version = this.kept.bench.task(task_id)?.version;
      const judged = this.kept.bench.apply(operation_id, asked, this.base.clock.now());
      const outcome = outcomeOf(judged);
      const answer = { operation_id, code, ...answered(judged), outcome };
      if (![code, tote, location].every(canBeSent)) return answer;
      const operation = judged.accepted
        ? { ...asked, line_id: judged.line_id ?? undefined, version, pieces: judged.quantity ?? undefined }
        : { ...asked, version, refused_as: outcome };
      if (!this.base.store.lasts) return this.direct.scan(operation_id, operation, answer);
      await this.queue.add(operation_id, operation, { ...answer, task_id });
      return answer;
    });
  }

  short(
    task_id: number,
    line_id: number,
    quantity: number,
    reason: ShortageReason,
    note: string,
  ): Promise<void> {
    const said = note.trim().slice(0, MAX_NOTE_LENGTH);
    const noted = said === "" ? {} : { note: said };
    return this.do({ kind: "shortage", task_id, line_id, quantity, reason, ...noted }, reason);
  }

  undo(undoes: string): Promise<void> {
    return this.do({ kind: "undo", undoes }, "undone");
  }

  /** Do what is either right or is not done at all. */
  private do(operation: Operation, outcome: Told["outcome"]): Promise<void> {
    return this.turns.take(async () => {
      const operation_id = newId();
      const judged = this.kept.bench.apply(operation_id, operation, this.base.clock.now());
      if (!judged.accepted) throw refusal(judged);
      const { task_id, line_id, sku, quantity } = judged;
      const told = { outcome, task_id, line_id, sku, quantity: quantity ?? 0 };
      if (this.base.store.lasts) await this.queue.add(operation_id, operation, told);
      else await this.direct.do(operation_id, operation, told);
    });
  }
}

/** What a scan came to, for the screen. What the device has no task for, it cannot be one's own. */
function outcomeOf({ outcome }: Judged): Outcome {
  return outcome === "task_not_found" ? "not_your_task" : (outcome as Outcome);
}

function answered({ sku, line_id, quantity, picked, required }: Judged) {
  return { sku, line_id, quantity: quantity ?? 0, picked, required };
}

const canBeSent = (code = "-") =>
  code.trim() !== "" && code.length <= MAX_CODE_LENGTH && !code.includes("\0");

function refusal({ outcome, ...details }: Judged): WorkError {
  return new WorkError(outcome, `It cannot be done: ${outcome.replaceAll("_", " ")}.`, details);
}
