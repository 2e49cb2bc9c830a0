/** The two sides of a change, a row for each thing that differs. */
import type { AuditEntry } from "../api/types";

export interface Side {
  name: string;
  before: string;
  after: string;
}

export function sides(before: AuditEntry["before"], after: AuditEntry["after"]): Side[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].map((name) => ({ name, before: shown(before?.[name]), after: shown(after?.[name]) }));
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
