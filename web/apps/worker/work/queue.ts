/** Writes operations to the queue: what is not on the disk was not done. */
import type { NewRecord, Operation, Told } from "../store/records";
import { RECORD_VERSION } from "../store/records";
import type { Base } from "./base";
import type { Kept } from "./kept";
import { isFull, type Troubles } from "./troubles";
import { WorkError } from "./work";

export class Queue {
  constructor(
    private readonly base: Pick<Base, "store" | "session" | "clock" | "platform">,
    private readonly kept: Kept,
    private readonly troubles: Troubles,
    private readonly tell: { changed(): void; added(): void },
  ) {}

  /** Keep an operation. Where that fails it was not done. */
  async add(operation_id: string, operation: Operation, told: Told): Promise<void> {
    const record = this.recordOf(operation_id, operation, told);
    try {
      this.kept.add(await this.base.store.enqueue(record));
      this.troubles.note("storage_full", false);
    } catch (error) {
      this.kept.fold();
      this.troubles.storeFailed(error);
      this.tell.changed();
      // Nobody took anything by what was refused.
      if (operation.kind === "scan" && operation.refused_as) return;
      throw notKept(error);
    }
    this.tell.added();
  }

  private recordOf(operation_id: string, operation: Operation, told: Told): NewRecord {
    const { session, platform, clock } = this.base;
    const { outcome, task_id, line_id, sku, quantity } = told;
    return {
      v: RECORD_VERSION,
      owner: session.currentOrThrow(),
      operation_id,
      operation,
      told: { outcome, task_id, line_id, sku, quantity },
      device_at: platform.clock(),
      offset: clock.offset,
    };
  }
}

function notKept(error: unknown): WorkError {
  if (isFull(error))
    return new WorkError("storage_full", "The device's storage is full: nothing was counted.");
  const why = error instanceof Error ? error.message : String(error);
  return new WorkError("no_storage", `The device could not keep it, and nothing was counted: ${why}`);
}
