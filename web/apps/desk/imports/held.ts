/** Orders that imports held back, and what is decided on each as it was seen. */
import { ApiError } from "kit/api/client";
import type { Difference, Reject } from "../api/types";
import type { Ask } from "../board/changes";
import { t } from "../i18n";

export const HINDRANCES = ["picked", "cancelled", "planned", "newer", "changed"] as const;

export interface HeldOrder {
  held_id: number;
  job_id: number;
  filename: string;
  number: string;
  destination: string;
  reason: "incomplete" | "differs";
  state: "waiting" | "released" | "discarded" | "superseded";
  revision: number;
  line_count: number;
  missing_rows: number;
  is_there: boolean;
  differences: Difference[];
  difference_count: number;
  hindrance: (typeof HINDRANCES)[number] | null;
}

export interface HeldDetails extends HeldOrder {
  lines: { sku: string; quantity: number; description: string }[];
  rejects: Reject[];
}

export type Decision = "release" | "discard";

export interface Decided {
  decision: Decision;
  done: HeldOrder[];
  /** What was left as it is, and why; with how it is now, where that is not as it was seen. */
  refused: { order: HeldOrder; error: unknown; now: HeldOrder | null }[];
}

/** So many requests are under way at once. */
const TOGETHER = 4;

/** Decide on each as it was seen. One that is otherwise by now does not keep the others from it. */
export async function decide(ask: Ask, orders: readonly HeldOrder[], decision: Decision): Promise<Decided> {
  const left = [...orders];
  const outcome: Decided = { decision, done: [], refused: [] };
  const work = async () => {
    for (let order = left.shift(); order; order = left.shift()) {
      const path = `/api/held-orders/${order.held_id}/${decision}?revision=${order.revision}`;
      try {
        outcome.done.push(await ask<HeldOrder>(path, { method: "POST" }));
      } catch (error) {
        outcome.refused.push({ order, error, now: present(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  return outcome;
}

function present(error: unknown): HeldOrder | null {
  if (!(error instanceof ApiError)) return null;
  return (error.details as { now?: HeldOrder } | null)?.now ?? null;
}

/** What a difference is about. */
export const aboutWords = ({ change, sku }: Pick<Difference, "change" | "sku">): string =>
  [t(`difference.${change}`), sku].filter(Boolean).join(" ");
