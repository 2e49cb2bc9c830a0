/** Signs of life: that this device is there, and what it holds. They are given all the time. */
import { has, isObject } from "../sync/gateway";
import type { Base } from "./base";
import type { Waiting } from "./work";

const isAlive = (body: unknown): body is object => isObject(body) && body.status === "alive";
const isContact = (body: unknown): body is { server_time: string } => has(body, { server_time: "string" });

export class SignsOfLife {
  constructor(
    private readonly base: Pick<Base, "session" | "gateway" | "clock" | "platform" | "timers" | "tempo">,
    private readonly version: string,
    private readonly work: { held(): Waiting[]; send(): Promise<void> },
  ) {}

  /** Give one now, and from then on. */
  begin(): void {
    this.base.timers.set("beat", 0, () => this.beat());
  }

  private async beat(): Promise<void> {
    const { session, timers, tempo, platform } = this.base;
    try {
      await this.give();
      await session.endLogins();
      await this.work.send();
    } catch {
      // It was noted where it was asked; the next one comes.
    }
    timers.set("beat", tempo.beat * (0.75 + platform.random() / 2), () => this.beat());
  }

  /** Say what the device holds, and learn the time; or only whether the gateway is there. */
  private async give(): Promise<void> {
    const { session, gateway, clock } = this.base;
    const { current, enrolment } = session;
    const { device } = enrolment;
    if (!device || !current || !session.isLoggedIn(current)) {
      await gateway.ask("/health/live", isAlive);
      return;
    }
    const say = (token: string) =>
      gateway.ask(`/api/devices/${device.device_id}/contact`, isContact, {
        method: "POST",
        token,
        json: { device_secret: device.secret, ...this.said() },
      });
    const { body, asked, answered } = await enrolment.as(device, () => session.withToken(current, say));
    clock.measure(Date.parse(body.server_time), asked, answered);
  }

  private said() {
    const { clock, platform } = this.base;
    return {
      queues: this.work.held().map(({ owner, count, since }) => ({
        username: owner,
        queued: count,
        oldest_at: new Date(since - (clock.offset ?? 0)).toISOString(),
      })),
      app_version: this.version,
      clock: new Date(platform.clock()).toISOString(),
    };
  }
}
