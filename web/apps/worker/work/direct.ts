/** Operations where nothing can be kept: only the server's answer counts. */
import type { Operation, Told } from "../store/records";
import type { Sender } from "../sync/sender";
import type { Base } from "./base";
import type { Kept } from "./kept";
import type { Queue } from "./queue";
import type { Screens } from "./screens";
import { type Conflict, type Outcome, type ScanAnswer, SET_ASIDE, WorkError } from "./work";

type Scan = Extract<Operation, { kind: "scan" }>;

export class Direct {
  constructor(
    private readonly base: Pick<Base, "timers" | "tempo">,
    private readonly kept: Kept,
    private readonly queue: Queue,
    private readonly sender: Sender,
    private readonly screens: Screens,
    private readonly seen: (conflict: Conflict) => Promise<void>,
  ) {}

  /** Have the server judge a scan, whatever was found here. */
  async scan(operation_id: string, operation: Scan, told: ScanAnswer): Promise<ScanAnswer> {
    const { refused_as: _, line_id, version: __, pieces: ___, ...asked } = operation;
    await this.send(operation_id, asked, { ...told, task_id: operation.task_id });
    const done = this.kept.doneOf(operation_id);
    const conflict = this.kept.conflictOf(operation_id);
    const line = this.kept.bench
      .task(asked.task_id)
      ?.lines.find((one) => one.line_id === (done?.line_id ?? line_id));
    const facts = { picked: line?.picked ?? null, required: line?.required ?? null };
    if (conflict) {
      await this.judged(conflict);
      return { ...told, ...facts, outcome: conflict.code as Outcome };
    }
    return { ...told, ...facts, outcome: done?.outcome as Outcome, line_id: done?.line_id ?? null };
  }

  /** Do what is either right or is not done at all. */
  async do(operation_id: string, operation: Operation, told: Told): Promise<void> {
    await this.send(operation_id, operation, told);
    const conflict = this.kept.conflictOf(operation_id);
    if (!conflict) return;
    await this.judged(conflict);
    throw new WorkError(conflict.code, conflict.message, conflict.details);
  }

  /** What is answered at once needs not be seen once more. What was set aside is still here, and is to be seen. */
  private async judged(conflict: Conflict): Promise<void> {
    if (conflict.code === SET_ASIDE) throw new WorkError(SET_ASIDE, conflict.message);
    await this.seen(conflict);
  }

  /** Send it, and wait for what comes of it. It is not forgotten where nothing comes: nothing else is done before. */
  private async send(operation_id: string, operation: Operation, told: Told): Promise<void> {
    this.kept.fold();
    if (this.kept.queued) await this.sendAll();
    if (this.kept.queued) {
      throw new WorkError("still_sending", "What was done before was not answered yet. Wait for it.");
    }
    await this.queue.add(operation_id, operation, told);
    await this.sendAll();
    if (this.kept.waits(operation_id)) {
      throw new WorkError("offline", "The server did not answer. It is sent again; wait for it.");
    }
  }

  /** Send what waits, until it is known what became of it, or that it cannot be known now. */
  private async sendAll(): Promise<void> {
    const { timers, tempo } = this.base;
    let stop = () => {};
    const settled = new Promise<void>((resolve) => {
      stop = this.screens.subscribe(() => this.kept.queued || resolve());
      timers.set("direct", tempo.direct, resolve);
    });
    // What goes on after the sending waits for this turn to end.
    await Promise.race([settled, this.sender.run().catch(() => {})]);
    stop();
  }
}
