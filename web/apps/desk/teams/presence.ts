/** What is to be said of somebody today: whether they are in, are to come, are missed, or are free. */
import type { Attendant } from "../api/types";

export type Presence = "in" | "missing" | "later" | "over" | "free";

/** Who has begun and sent nothing yet may still walk to the first shelf. */
const GRACE_MS = 15 * 60_000;

export function presence({ first_at, planned_from, planned_until }: Attendant, now: number): Presence {
  if (first_at !== null) return "in";
  if (planned_from === null || planned_until === null) return "free";
  if (now >= Date.parse(planned_until)) return "over";
  return now < Date.parse(planned_from) + GRACE_MS ? "later" : "missing";
}

const ORDER: Presence[] = ["missing", "in", "later", "over", "free"];

/** Who is missed first, then who is in, each by name. */
export function inOrder(people: Attendant[], now: number): [Attendant, Presence][] {
  return people
    .map((one): [Attendant, Presence] => [one, presence(one, now)])
    .sort(([a, as], [b, bs]) => ORDER.indexOf(as) - ORDER.indexOf(bs) || (a.worker < b.worker ? -1 : 1));
}
