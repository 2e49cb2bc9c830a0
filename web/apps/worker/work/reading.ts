/** When the tasks are read from the server: when something says that they changed, and now and then. */
import { readPicture } from "../sync/picture";
import type { Base } from "./base";

export class Reading {
  private isWanted = true;
  private readAt = Number.NEGATIVE_INFINITY;
  private underWay: AbortController | null = null;

  constructor(
    private readonly base: Pick<Base, "store" | "session" | "gateway" | "platform" | "timers" | "tempo">,
    private readonly tell: {
      /** They were read and kept. */
      wasRead(): Promise<void>;
      /** Have what waits sent, and the tasks read after it. */
      send(): void;
    },
  ) {}

  /** Have them read the next time that nothing waits to be sent. */
  want(): void {
    this.isWanted = true;
  }

  /** Have them read in a while, once for all that happens until then. */
  soon(): void {
    const { platform, timers, tempo } = this.base;
    this.want();
    if (timers.has("read")) return;
    timers.set("read", tempo.calm * (0.5 + platform.random()), () => this.tell.send());
  }

  /** Something is to be sent: that comes first. */
  breakOff(): void {
    this.underWay?.abort();
  }

  /** Read them where that is wanted. To be called only as `readPicture` is. */
  async readIfWanted(owner: string): Promise<void> {
    const { store, session, gateway, platform, tempo } = this.base;
    // A clock that was set back would have them be fresh for as long as that was.
    const age = Math.abs(platform.clock() - this.readAt);
    if (!this.isWanted && age < tempo.fresh) return;
    this.underWay = new AbortController();
    const { signal } = this.underWay;
    // What happens while they are read may not be in them: it has them wanted again.
    this.isWanted = false;
    try {
      await readPicture(owner, store, session, gateway, signal);
    } catch (error) {
      this.isWanted = true;
      // They are read after what came in between.
      if (signal.aborted) return;
      throw error;
    } finally {
      this.underWay = null;
    }
    this.readAt = platform.clock();
    await this.tell.wasRead();
  }
}
