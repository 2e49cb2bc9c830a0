/** Whether what the console depends on answers: a store that the requests feed and the banner shows. */

import { ApiError } from "kit/api/client";
import { useSyncExternalStore } from "react";

export interface Outage {
  /** `prometheus_unavailable`, `alertmanager_unavailable`, `console_unavailable`. */
  code: string;
  message: string;
}

let outage: Outage | null = null;
const listeners = new Set<() => void>();

function set(next: Outage | null): void {
  if (next?.code === outage?.code) return;
  outage = next;
  for (const listener of listeners) listener();
}

/** Tell of a request that failed; only what may come back by itself counts as an outage. */
export function reportFailure(error: unknown): void {
  if (error instanceof ApiError && error.temporary) set({ code: error.code, message: error.message });
}

/** Tell that it answers again. */
export function reportRecovery(): void {
  set(null);
}

/** The outage there is now, if any. */
export function useOutage(): Outage | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => outage,
  );
}
