/** Whether the gateway answers, and what is wrong with how it does. */
import type { Hearing, NotReached } from "../sync/gateway";
import type { Tempo } from "./tempo";
import type { Troubles } from "./troubles";

export class Connection implements Hearing {
  /** Null until it was asked. */
  online: boolean | null = null;

  constructor(
    private readonly troubles: Troubles,
    private readonly tempo: Tempo,
    private readonly tell: { cameBack(): void; changed(): void },
  ) {}

  reached(took: number): void {
    for (const one of ["proxy_page", "server_error"] as const) this.troubles.note(one, false);
    this.troubles.note("slow_network", took > this.tempo.slow);
    const wasOffline = !this.online;
    this.online = true;
    if (wasOffline) this.tell.cameBack();
    this.tell.changed();
  }

  failed({ why, late, ours }: NotReached): void {
    if (!ours) this.online = false;
    if (late) this.troubles.note("slow_network", true);
    if (why === "proxy_page" || why === "server_error") this.troubles.note(why, true);
    this.tell.changed();
  }
}
