/** The time, as the gateway has it: the device's clock may be wrong by hours. */

// A `Date` header says whole seconds, and may be of the one before; what is nearer than this it says nothing about.
const COARSE = 2_000;

export class Clock {
  /** What has to be added to the device's clock; null where it was never measured. */
  offset: number | null = null;

  constructor(
    private readonly device: () => number,
    private readonly changed: (offset: number) => void = () => {},
  ) {}

  /** Milliseconds since 1970, as far as is known. */
  now(): number {
    return this.device() + (this.offset ?? 0);
  }

  /** Learn from an exact time that was said between two readings of the device's clock. */
  measure(server: number, asked: number, answered: number): void {
    this.set(server - (asked + answered) / 2);
  }

  /** Learn from the `Date` of an answer: the second that had begun. */
  measureCoarsely(date: string | null, asked: number, answered: number): void {
    const second = date === null ? Number.NaN : Date.parse(date);
    // A slow answer says little about when in between it was made.
    if (Number.isNaN(second) || answered - asked > COARSE) return;
    const offset = second + 500 - (asked + answered) / 2;
    const known = this.offset ?? 0;
    if (Math.abs(offset - known) > COARSE) this.set(offset);
    else if (this.offset === null) this.set(0);
  }

  /** When something was done, by the right time, and never after now. */
  corrected(deviceAt: number, offset: number | null): number {
    return Math.min(deviceAt + (offset ?? this.offset ?? 0), this.now());
  }

  private set(offset: number): void {
    this.offset = Math.round(offset);
    this.changed(this.offset);
  }
}
