/**
 * Something that is done again and again, for months. It is asked once a second whether it is due, by a clock that
 * only goes forward: a timer of its own could not wait for more than 24 days, and one by the time of day would stop
 * where that is put back.
 */

/** Between a half and all of a time, so that twenty screens do not ask in the same moment. */
const roughly = (ms: number, random: () => number) => ms * (0.5 + random() / 2);

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export class Turn {
  private dueAt = 0;
  private failures = 0;
  private isUnderWay = false;
  private isAskedFor = false;

  constructor(
    private readonly everyMs: number,
    private readonly act: () => Promise<void>,
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  /** Do it within so many milliseconds, however long there would be to wait. */
  soon(withinMs: number): void {
    this.isAskedFor = this.isUnderWay;
    this.dueAt = Math.min(this.dueAt, this.now() + roughly(withinMs, this.random));
  }

  /** Wait for as long as between two times. */
  later(): void {
    this.dueAt = this.now() + roughly(this.everyMs, this.random);
  }

  /** Do it if it is due; returns when that is over. */
  async step(): Promise<void> {
    if (this.isUnderWay || this.now() < this.dueAt) return;
    this.isUnderWay = true;
    try {
      await this.act();
      this.failures = 0;
    } catch {
      // The screen says by itself since when nothing came.
      this.failures += 1;
    }
    this.isUnderWay = false;
    this.dueAt = this.now() + roughly(this.wait(), this.random);
    if (this.isAskedFor && this.failures === 0) this.soon(FIRST_WAIT_MS);
    this.isAskedFor = false;
  }

  private wait(): number {
    if (this.failures === 0) return this.everyMs;
    return Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
  }
}
