/** The tokens that the gateway gives for a login, and what is kept of them. */
import { type PersonRecord, RECORD_VERSION } from "../store/records";
import { has } from "../sync/gateway";
import type { Person } from "../work/work";

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export const isTokens = (body: unknown): body is Tokens =>
  has(body, { access_token: "string", refresh_token: "string", expires_in: "number" });

/** With so little left, a token may be over before the request is there. */
const NEARLY_OVER = 5_000;

/** Whoever the tokens were given to at a moment; `random` from 0 to 1 says when they are to be replaced. */
export function personOf(tokens: Tokens, now: number, usedAt: number, random: number): PersonRecord {
  const life = tokens.expires_in * 1000;
  return {
    v: RECORD_VERSION,
    ...claims(tokens.access_token),
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    expires_at: now + life,
    refresh_at: now + life * (0.5 + 0.3 * random),
    used_at: usedAt,
  };
}

/** Their token, while there is no need of another. */
export function goodToken(person: PersonRecord | undefined, now: number, refused?: string): string | null {
  if (!person?.access_token || person.access_token === refused) return null;
  return now < person.refresh_at ? person.access_token : null;
}

/** Their token where another one cannot be had just now. */
export function lastingToken(person: PersonRecord, now: number, refused?: string): string | null {
  const isOver = person.expires_at - now <= NEARLY_OVER;
  return isOver || person.access_token === refused ? null : person.access_token;
}

/** Who a token is of, as it says itself; whether that is true is the gateway's to judge. */
function claims(token: string): Person & { since?: number } {
  const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
  const { sub, role, since } = JSON.parse(atob(part));
  return { username: sub, role, ...(since === undefined ? {} : { since }) };
}
