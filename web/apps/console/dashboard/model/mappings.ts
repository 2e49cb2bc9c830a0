/** Words (and colours) for values. */
import { type Json, number, record, records, text } from "./json";

export interface Mapped {
  text?: string | undefined;
  color?: string | undefined;
}

export type ValueMapping =
  | { type: "value"; results: Map<string, Mapped> }
  | { type: "range"; from: number; to: number; result: Mapped }
  | { type: "regex"; pattern: RegExp; result: Mapped }
  | { type: "special"; match: string; result: Mapped };

export function readMappings(value: unknown): ValueMapping[] {
  return records(value)
    .map(readMapping)
    .filter((mapping) => mapping !== null);
}

function readMapping(raw: Json): ValueMapping | null {
  const options = record(raw.options);
  const result = readMapped(options.result);
  switch (raw.type) {
    case "value": {
      const entries = Object.entries(options);
      // The order of the file is that of the text's `index`, which matters to nobody who looks a value up.
      return { type: "value", results: new Map(entries.map(([key, item]) => [key, readMapped(item)])) };
    }
    case "range":
      return {
        type: "range",
        from: number(options.from) ?? Number.NEGATIVE_INFINITY,
        to: number(options.to) ?? Number.POSITIVE_INFINITY,
        result,
      };
    case "regex": {
      const pattern = readRegex(text(options.pattern));
      return pattern && { type: "regex", pattern, result };
    }
    case "special":
      return { type: "special", match: text(options.match), result };
    default:
      return null;
  }
}

function readMapped(value: unknown): Mapped {
  const raw = record(value);
  return { text: "text" in raw ? String(raw.text ?? "") : undefined, color: text(raw.color) || undefined };
}

/**
 * A regular expression from `/…/flags`; written without slashes it has to fit the whole of a text, as in Grafana.
 * Null for one that is broken.
 */
export function readRegex(source: string): RegExp | null {
  const slashed = /^\/(.*)\/([gimsuy]*)$/s.exec(source);
  return slashed
    ? plainRegex(slashed[1] ?? "", (slashed[2] ?? "").replace("g", ""))
    : plainRegex(`^${source}$`);
}

/** A regular expression that is written without slashes, and fits anywhere; null for one that is broken. */
export function plainRegex(source: string, flags = ""): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

/** What a value is mapped to, or null. */
export function mapValue(mappings: ValueMapping[], value: unknown): Mapped | null {
  for (const mapping of mappings) {
    const result = applyMapping(mapping, value);
    if (result) return result;
  }
  return null;
}

function applyMapping(mapping: ValueMapping, value: unknown): Mapped | null {
  switch (mapping.type) {
    case "value":
      return value === null || value === undefined ? null : (mapping.results.get(String(value)) ?? null);
    case "range": {
      const numeric = number(value);
      return numeric !== undefined && numeric >= mapping.from && numeric <= mapping.to
        ? mapping.result
        : null;
    }
    case "regex": {
      if (typeof value !== "string" || !mapping.pattern.test(value)) return null;
      const { text: template, color } = mapping.result;
      return { color, text: template === undefined ? undefined : value.replace(mapping.pattern, template) };
    }
    case "special":
      return isSpecial(mapping.match, value) ? mapping.result : null;
  }
}

function isSpecial(match: string, value: unknown): boolean {
  const missing = value === null || value === undefined;
  switch (match) {
    case "null":
      return missing;
    case "nan":
      return Number.isNaN(value);
    case "null+nan":
      return missing || Number.isNaN(value);
    case "true":
      return value === true || value === "true";
    case "false":
      return value === false || value === "false";
    case "empty":
      return value === "";
    default:
      return false;
  }
}
