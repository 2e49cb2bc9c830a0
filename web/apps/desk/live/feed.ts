/**
 * What happens in the warehouse, gathered: however many events come, whoever follows is told ten times a second at
 * most, so that a page is drawn once for all of them.
 */
import type { Happening } from "kit/live/live";

/** The longest that an event waits for others. */
export const GATHERED_MS = 100;

export interface Follower {
  /** What has happened, in its order and each once. */
  happened(events: Happening[]): void;
  /** Something may not have come here: what is shown has to be read anew. */
  missed(): void;
}

export class Feed {
  private readonly followers = new Set<Follower>();
  private readonly listeners = new Set<() => void>();
  private readonly newest = new Map<string, number>();
  private waiting: Happening[] = [];
  private isConnected: boolean | null = null;

  constructor(
    private readonly later: (what: () => void, ms: number) => void = (what, ms) => void setTimeout(what, ms),
  ) {}

  /** Whether events come; null until that is known. */
  readonly connected = (): boolean | null => this.isConnected;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  follow(follower: Follower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** Take one event; it is told with those that come soon. */
  add(event: Happening): void {
    if (!this.isNew(event)) return;
    this.waiting.push(event);
    if (this.waiting.length === 1) this.later(() => this.tell(), GATHERED_MS);
  }

  /** Take what the gateway has gathered as long as that; it is told at once. */
  addAll(events: Happening[]): void {
    this.waiting.push(...events.filter((event) => this.isNew(event)));
    this.tell();
  }

  missed(): void {
    for (const follower of this.followers) follower.missed();
  }

  connect(isConnected: boolean | null): void {
    const isBack = isConnected && this.isConnected !== null;
    this.isConnected = isConnected;
    for (const listener of this.listeners) listener();
    if (isBack) this.missed();
  }

  /** Somebody else looks from now on. */
  forget(): void {
    this.waiting = [];
    this.newest.clear();
    this.connect(null);
  }

  private isNew({ source, subject, id }: Happening): boolean {
    const about = `${source} ${subject}`;
    if ((this.newest.get(about) ?? 0) >= id) return false;
    this.newest.set(about, id);
    return true;
  }

  private tell(): void {
    const events = this.waiting;
    this.waiting = [];
    if (events.length === 0) return;
    for (const follower of this.followers) follower.happened(events);
  }
}
