import type { Done } from "../work/work";

const COUNTED = ["picked", "line_complete", "task_complete", "short_pick", "not_found", "damaged"];

/** Whether something counts as it stands, so that it can be taken back. */
export function isCounted({ state, outcome }: Done): boolean {
  return (state === "waiting" || state === "sent") && COUNTED.includes(outcome);
}
