/** How late something is, or how soon it is due. */

const SOON = 60 * 60_000;

export type Due =
  | { kind: "none" }
  /** How long ago it was due, in milliseconds. */
  | { kind: "late"; by: number }
  /** In how many milliseconds, at most an hour. */
  | { kind: "soon"; left: number }
  | { kind: "later"; at: number };

export function due(task: { due_at: string | null }, now: number): Due {
  if (task.due_at === null) return { kind: "none" };
  const at = Date.parse(task.due_at);
  if (at < now) return { kind: "late", by: now - at };
  return at - now <= SOON ? { kind: "soon", left: at - now } : { kind: "later", at };
}
