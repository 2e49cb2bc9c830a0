/** What supervisors ask the gateway, and what anybody asks about their own PIN. Nothing of it is kept here. */
import type { Refusal } from "kit/work/refusal";
import { has, isNothing } from "../sync/gateway";
import type { Person, Work } from "../work/work";

export interface Colleague extends Person {
  has_pin: boolean;
  has_badge: boolean;
}

/** What a device said that it holds of somebody. */
export interface HeldQueue {
  username: string;
  queued: number;
  oldest_at: string | null;
}

export interface KnownDevice {
  device_id: string;
  name: string;
  active: boolean;
  enrolled_by: string;
  enrolled_at: string;
  ended_at: string | null;
  last_contact_at: string | null;
  last_user: string | null;
  app_version: string | null;
  queued: HeldQueue[];
}

export interface Refusals {
  items: Refusal[];
  next_before: string | null;
}

export interface Wanted {
  worker: string;
  code: string;
  late: boolean;
}

/** Whoever changes their own PIN proves by one of these that it is them. */
export type Proof = { password: string } | { current_pin: string };

const listOf =
  <T>(fields: Record<string, "string" | "number" | "object">) =>
  (body: unknown): body is T[] =>
    Array.isArray(body) && body.every((one) => has(one, fields));
const isColleagues = listOf<Colleague>({ username: "string", role: "string" });
const isDevices = listOf<KnownDevice>({ device_id: "string", name: "string", queued: "object" });
const isRefusals = (body: unknown): body is Refusals =>
  has(body, { items: "object" }) && Array.isArray((body as Refusals).items);
const isBadge = (body: unknown): body is { code: string } => has(body, { code: "string" });

export const colleagues = (work: Work) => work.ask("/api/workers", isColleagues);
export const devices = (work: Work) => work.ask("/api/devices", isDevices);

export async function endDevice(work: Work, deviceId: string): Promise<void> {
  await work.ask(`/api/devices/${encodeURIComponent(deviceId)}`, isNothing, { method: "DELETE" });
}

/** Those that are wanted, the newest first; `before` goes on where others ended. */
export function refusals(
  work: Work,
  { worker, code, late }: Wanted,
  before: string | null,
): Promise<Refusals> {
  const asked = new URLSearchParams({ limit: "50" });
  if (worker) asked.set("worker", worker);
  if (code) asked.set("code", code);
  if (late) asked.set("late", "true");
  if (before) asked.set("before", before);
  return work.ask(`/api/refusals?${asked}`, isRefusals);
}

export async function setPin(work: Work, username: string, pin: string, proof?: Proof): Promise<void> {
  await work.ask(`${of(username)}/pin`, isNothing, { method: "PUT", json: { pin, ...proof } });
}

export async function removePin(work: Work, username: string): Promise<void> {
  await work.ask(`${of(username)}/pin`, isNothing, { method: "DELETE" });
}

/** The code of a new badge, in the place of the one before. Nobody can read it again. */
export async function makeBadge(work: Work, username: string): Promise<string> {
  return (await work.ask(`${of(username)}/badge`, isBadge, { method: "POST" })).code;
}

export async function endBadge(work: Work, username: string): Promise<void> {
  await work.ask(`${of(username)}/badge`, isNothing, { method: "DELETE" });
}

const of = (username: string) => `/api/users/${encodeURIComponent(username)}`;
