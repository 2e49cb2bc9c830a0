/** What is wrong on this device, and whose operations cannot be sent. */
import type { Session } from "../session/session";
import type { Hold } from "../sync/sender";
import type { Trouble } from "./work";

export class Troubles {
  private readonly present = new Set<Trouble>();
  private readonly held = new Map<string, Hold>();

  constructor(private readonly changed: () => void) {}

  /** Something is the matter, or is no longer. */
  set(trouble: Trouble, isThere: boolean): void {
    if (this.note(trouble, isThere)) this.changed();
  }

  /** The same for whoever tells the screens anyway; returns whether it is news. */
  note(trouble: Trouble, isThere: boolean): boolean {
    if (this.present.has(trouble) === isThere) return false;
    if (isThere) this.present.add(trouble);
    else this.present.delete(trouble);
    return true;
  }

  /** Somebody's operations cannot be sent, or can be again. */
  hold(owner: string, why: Hold | null): void {
    if (this.holdOn(owner) === why) return;
    if (why) this.held.set(owner, why);
    else this.held.delete(owner);
    this.changed();
  }

  /** Why somebody's operations cannot be sent. */
  holdOn(owner: string): Hold | null {
    return this.held.get(owner) ?? null;
  }

  storeFailed(error: unknown): void {
    if (isFull(error)) this.set("storage_full", true);
  }

  /** As whoever works here now has them. */
  of({ person, current, ended, enrolment }: Session): Trouble[] {
    const all = new Set(this.present);
    if (person && !person.refresh_token) all.add("login_needed");
    const held = current ? this.holdOn(current) : null;
    if (held && (held !== "login_needed" || !person?.refresh_token)) all.add(held);
    if (enrolment.isRefused) all.add("device_refused");
    if (current && ended.has(current)) all.add("rights_ended");
    return [...all];
  }
}

export const isFull = (error: unknown) =>
  error instanceof DOMException && error.name === "QuotaExceededError";
