/**
 * Keeps what became of operations while the next ones are on their way: in their order, each of them once the one
 * before is on the disk, and what has gathered by then together.
 */
import type { Settlement } from "../store/store";

export class Keeping {
  private readonly gathered: Settlement[] = [];
  private underWay: Promise<void> | null = null;
  private failure: { reason: unknown } | null = null;

  constructor(private readonly keep: (result: Settlement) => Promise<void>) {}

  /** Something could not be kept: nothing after it is, so that it is all sent again in its order. */
  get isBroken(): boolean {
    return this.failure !== null;
  }

  add(result: Settlement): void {
    this.gathered.push(result);
    this.underWay ??= this.work();
  }

  /** Wait until all of it is kept. Rejects where something could not be. */
  async end(): Promise<void> {
    await this.underWay;
    if (this.failure) throw this.failure.reason;
  }

  private async work(): Promise<void> {
    try {
      while (this.gathered.length) await this.keep(together(this.gathered.splice(0)));
    } catch (reason) {
      this.failure = { reason };
      return;
    }
    this.underWay = null;
  }
}

/** Several that follow each other, of one person, as one. */
function together(results: Settlement[]): Settlement {
  return {
    owner: results[0]?.owner ?? "",
    settled: results.flatMap((one) => one.settled),
    done: results.flatMap((one) => one.done),
    undone: results.flatMap((one) => one.undone),
    conflicts: results.flatMap((one) => one.conflicts),
    learn: (tasks) => results.reduce((before, one) => one.learn(before), tasks),
  };
}
