/** Keeps the login of whoever works here good, ahead of its end. */
import { NotReached } from "../sync/gateway";
import type { Base } from "./base";

/** Longer than a timer takes it would come at once. */
const LONGEST_TIMER = 2 ** 30;

export class Renewal {
  constructor(
    private readonly base: Pick<Base, "session" | "platform" | "timers" | "tempo">,
    private readonly renewed: () => void,
  ) {}

  plan(): void {
    const { session, platform, timers } = this.base;
    const at = session.refreshAt;
    if (at === null) return;
    const wait = Math.max(at - platform.clock(), 0);
    timers.set("refresh", Math.min(wait, LONGEST_TIMER), () => this.renew());
  }

  private async renew(): Promise<void> {
    const { session, platform, timers, tempo } = this.base;
    try {
      await session.token(session.current);
      this.renewed();
      this.plan();
    } catch (error) {
      if (!(error instanceof NotReached)) return;
      timers.set("refresh", tempo.longest * (0.5 + platform.random()), () => this.renew());
    }
  }
}
