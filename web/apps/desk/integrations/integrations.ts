/** What leads out of here and in: webhooks, and keys of programs. */
export const EVENTS = [
  "task.completed",
  "shortage.reported",
  "import.finished",
  "requisition.closed",
] as const;
export type WebhookEvent = (typeof EVENTS)[number];

export const SCOPES = [
  "articles:read",
  "articles:write",
  "imports:read",
  "imports:write",
  "reports:read",
  "requisitions:read",
  "requisitions:write",
  "shortages:read",
  "tasks:read",
] as const;
export type Scope = (typeof SCOPES)[number];

export interface Webhook {
  webhook_id: number;
  name: string;
  url: string;
  events: WebhookEvent[];
  enabled: boolean;
  gone: boolean;
  created_by: string;
  created_at: string;
  waiting: number;
  oldest_waiting_at: string | null;
  delivered_at: string | null;
}

export const DELIVERY_STATES = ["waiting", "delivered", "given_up"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface Delivery {
  delivery_id: number;
  message_id: string;
  type: string;
  occurred_at: string;
  status: DeliveryState;
  attempts: number;
  next_attempt_at: string | null;
  last_attempt_at: string | null;
  answer_status: number | null;
  trouble: string | null;
  finished_at: string | null;
}

export interface SentDelivery extends Delivery {
  data: Record<string, unknown>;
}

export interface ApiKey {
  key_id: number;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}
