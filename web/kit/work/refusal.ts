/** What was refused, as the gateway lists it. */
export interface Refusal {
  refused_at: string;
  worker: string;
  reason: string;
  kind: "scan" | "shortage" | "undo" | null;
  operation_id: string | null;
  task_id: number | null;
  code: string | null;
  detail: string | null;
  sku: string | null;
  picked_at: string | null;
  refused_as: string | null;
  handed_in_by: string | null;
}
