/** What the parts of the work are built on: the device, and the way to the gateway. */
import { Session } from "../session/session";
import type { Store } from "../store/store";
import { Clock } from "../sync/clock";
import { Gateway, type Hearing } from "../sync/gateway";
import type { Platform } from "./platform";
import type { Tempo } from "./tempo";
import { Timers } from "./timers";

export interface Base {
  readonly store: Store;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly gateway: Gateway;
  readonly session: Session;
  readonly timers: Timers;
  readonly tempo: Tempo;
}

/** What it says by itself. */
export interface Noticed {
  hearing: Hearing;
  peopleChanged(): void;
  storeFailed(error: unknown): void;
}

export function baseOf(store: Store, platform: Platform, tempo: Tempo, noticed: Noticed): Base {
  const clock = new Clock(platform.clock, (offset) => {
    store.putSetting("offset", offset).catch((error) => noticed.storeFailed(error));
  });
  const gateway = new Gateway(platform, clock, noticed.hearing);
  const session = new Session(store, gateway, platform, () => noticed.peopleChanged());
  return { store, platform, clock, gateway, session, timers: new Timers(), tempo };
}
