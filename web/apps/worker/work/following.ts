/** Follows what happens elsewhere to whoever works here, and to their tasks. */

import type { Live, listen } from "kit/live/live";
import type { Session } from "../session/session";
import type { Kept } from "./kept";
import type { Reading } from "./reading";
import type { SignsOfLife } from "./signs";

export class Following {
  /** It is loaded after the first screen is there. */
  private listen: typeof listen | null = null;
  private followed: { username: string; live: Live } | null = null;
  private closed = false;

  constructor(
    private readonly session: Session,
    private readonly kept: Kept,
    private readonly reading: Reading,
    private readonly signs: SignsOfLife,
    /** Have what waits sent. */
    private readonly send: () => void,
  ) {}

  begin(how: typeof listen): void {
    this.listen = how;
    this.follow();
  }

  /** Follow whoever works here now, and the tasks that they have now. */
  follow(): void {
    const { current } = this.session;
    if (this.followed && this.followed.username !== current) this.stop();
    if (!this.listen || !current || !this.session.isLoggedIn(current) || this.closed) return;
    this.followed ??= {
      username: current,
      live: this.listen(
        () => this.session.token(current),
        ({ data }) => this.happened([data.operation_id]),
        (isConnected) => this.connected(isConnected),
        () => this.reading.soon(),
        "app",
        { briefly: (operations) => this.happened(operations) },
      ),
    };
    this.followed.live.watch(this.kept.taskIds());
  }

  /** Have the newest token shown. */
  renew(): void {
    this.followed?.live.renew();
  }

  close(): void {
    this.closed = true;
    this.stop();
  }

  private happened(operations: (string | undefined)[]): void {
    // What was done here is known.
    if (operations.every((one) => one !== undefined && this.kept.knows(one))) return;
    this.reading.soon();
  }

  private connected(isConnected: boolean): void {
    if (!isConnected) {
      this.signs.begin();
      return;
    }
    this.reading.soon();
    // Not every browser says that the network is back, and what waits need not wait for calm.
    if (this.kept.waiting.length) this.send();
  }

  private stop(): void {
    this.followed?.live.close();
    this.followed = null;
  }
}
