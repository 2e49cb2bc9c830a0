/** What Prometheus' rules and Alertmanager say about alerts. */
import { queryOptions } from "@tanstack/react-query";
import { request } from "kit/api/client";
import { get, type Labels } from "./prometheus";

export type RuleState = "firing" | "pending" | "inactive";

export interface ActiveAlert {
  labels: Labels;
  annotations: Labels;
  state: "firing" | "pending";
  activeAt: string;
  value: string;
}

export interface AlertingRule {
  type: "alerting";
  name: string;
  query: string;
  /** Seconds that it must hold. */
  duration: number;
  labels: Labels;
  annotations: Labels;
  state: RuleState;
  alerts: ActiveAlert[];
  health: string;
  lastError?: string;
}

export interface RuleGroup {
  name: string;
  file: string;
  rules: (AlertingRule | { type: "recording"; name: string })[];
}

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export interface Silence {
  id: string;
  status: { state: "active" | "pending" | "expired" };
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export interface SentAlert {
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  status: {
    state: "active" | "suppressed" | "unprocessed";
    silencedBy: string[];
    inhibitedBy: string[];
  };
}

const EVERY = 10_000;
const ALERTMANAGER = "/api/alertmanager/api/v2";

export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: ({ signal }) =>
    get<{ groups: RuleGroup[] }>("rules", new URLSearchParams({ type: "alert" }), signal),
  refetchInterval: EVERY,
});

export const alertsQuery = queryOptions({
  queryKey: ["alertmanager", "alerts"],
  queryFn: ({ signal }) => request<SentAlert[]>(`${ALERTMANAGER}/alerts`, { signal }),
  refetchInterval: EVERY,
});

export const silencesQuery = queryOptions({
  queryKey: ["alertmanager", "silences"],
  queryFn: ({ signal }) => request<Silence[]>(`${ALERTMANAGER}/silences`, { signal }),
  refetchInterval: EVERY,
});

/** The alerts that a silence of these matchers would keep back, as Alertmanager itself judges it. */
export function matchingAlerts(matchers: Matcher[], signal?: AbortSignal): Promise<SentAlert[]> {
  const filters = new URLSearchParams();
  for (const matcher of matchers) filters.append("filter", showMatcher(matcher));
  return request<SentAlert[]>(`${ALERTMANAGER}/alerts?${filters}`, { signal });
}

export function getSilence(id: string, signal?: AbortSignal): Promise<Silence> {
  return request<Silence>(`${ALERTMANAGER}/silence/${encodeURIComponent(id)}`, { signal });
}

export type NewSilence = Omit<Silence, "id" | "status"> & { id?: string };

/** Make a silence, or change the one whose id it has; returns the id it has from then on. */
export async function saveSilence(silence: NewSilence): Promise<string> {
  const answer = await request<{ silenceID: string }>(`${ALERTMANAGER}/silences`, {
    method: "POST",
    json: silence,
  });
  return answer.silenceID;
}

export function expireSilence(id: string): Promise<void> {
  return request<void>(`${ALERTMANAGER}/silence/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** A matcher as it is written: `service=~"api-.*"`. */
export function showMatcher({ name, value, isRegex, isEqual }: Matcher): string {
  return `${name}${operatorOf({ isRegex, isEqual })}${JSON.stringify(value)}`;
}

export type Operator = "=" | "!=" | "=~" | "!~";

export function operatorOf({ isRegex, isEqual }: Pick<Matcher, "isRegex" | "isEqual">): Operator {
  if (isRegex) return isEqual ? "=~" : "!~";
  return isEqual ? "=" : "!=";
}
