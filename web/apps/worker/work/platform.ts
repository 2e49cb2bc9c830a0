/** What the heart of the application needs of its surroundings: the browser, or a test's. */
import { whenAnswered } from "./painted";

export interface Locks {
  /** Has `work` done while nobody else, in any tab, does something under this name. */
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** What tells other tabs of this device. */
export interface Channel {
  tell(message: string): void;
  close(): void;
}

export interface Platform {
  /** Takes addresses that begin with a slash. */
  fetch(address: string, init: RequestInit): Promise<Response>;
  locks: Locks;
  channel(hear: (message: string) => void): Channel;
  /** The device's clock, right or wrong, in milliseconds since 1970. */
  clock(): number;
  /** From 0 to 1. */
  random(): number;
  /** Have something done once what was said until now was seen, and what is heard of it has begun. */
  whenAnswered(what: () => void): void;
  /** Ask that what is kept is not deleted when room is needed; whether it was promised. */
  persist(): Promise<boolean>;
}

/** Locks of one page alone, for browsers without `navigator.locks`. */
export class PageLocks implements Locks {
  private readonly held = new Map<string, Promise<unknown>>();

  request<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.held.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.held.set(
      name,
      mine.catch(() => {}),
    );
    return mine;
  }
}

export const browser: Platform = {
  fetch: (address, init) => fetch(address, init),
  // A page that is not served by HTTPS has none.
  locks: typeof navigator === "object" && navigator.locks ? pageWide() : new PageLocks(),
  channel(hear) {
    const channel = new BroadcastChannel("magacin-work");
    channel.onmessage = (event) => hear(String(event.data));
    return { tell: (message) => channel.postMessage(message), close: () => channel.close() };
  },
  clock: () => Date.now(),
  random: () => Math.random(),
  whenAnswered,
  persist: async () => (await navigator.storage?.persist?.()) ?? false,
};

function pageWide(): Locks {
  return {
    request: <T>(name: string, work: () => Promise<T>) => navigator.locks.request(name, work) as Promise<T>,
  };
}

/** A new id of an operation. `crypto.randomUUID` is there on HTTPS alone. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
