/**
 * GS1 elements: application identifiers with their values, as element strings, in brackets or in a URI.
 * Twin of tasks/codes/elements.py, where the sources are named.
 */
import { type Code, type CountFrom, codeOf, type Label, labelOf, type Primary } from "./code";
import { GROUP_SEPARATOR } from "./controls";
import { gtin14, gtinsAtEnd } from "./gtins";
import { isKnown, isValid, knownIdentifier } from "./identifiers";
import { type CodeRules, type Measure, scaled } from "./rules";

export type Element = readonly [identifier: string, value: string];

export const MAX_COUNT = 1_000_000;
const BRACKETED = /\((\d{2,4})\)/;
// What Python takes for white space, and what it takes for an i.
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const HOST = "[a-z\\u0130\\u01310-9-]";
const URI = new RegExp(
  `^(?:https?://[^/?#${SPACE}]+|${HOST}+(?:\\.${HOST}+)+)(/[^?#${SPACE}]*)(?:\\?([^#${SPACE}]*))?(?:#.*)?$`,
  "iu",
);
// As earlier versions of the standard spelled them.
const SPELT: Readonly<Record<string, string>> = { gtin: "01", lot: "10", ser: "21", cpv: "22", exp: "17" };
const LABEL_WITHIN = /0[12](\p{Nd}{14})/u;
const TRADE_ITEMS: readonly Primary[] = ["01", "02", "03"];
const COUNTS: readonly CountFrom[] = ["30", "37"];

/** Return the elements of an element string of ASCII; null when it is none. */
export function splitElements(text: string): Element[] | null {
  const found: Element[] = [];
  let place = 0;
  while (place < text.length) {
    if (text[place] === GROUP_SEPARATOR) {
      place += 1;
      continue;
    }
    const known = knownIdentifier(text.slice(place, place + 4));
    if (known === null) return null;
    const separator = text.indexOf(GROUP_SEPARATOR, place);
    const end = separator < 0 ? text.length : separator;
    const rest = text.slice(place + known.identifier.length, end);
    const value = known.value.exec(rest)?.[0];
    if (!value || (known.isOpen && value.length < rest.length)) return null;
    found.push([known.identifier, value]);
    place += known.identifier.length + value.length;
  }
  return found;
}

/**
 * Return the elements of a text as it is printed for people, `(01)…(37)…`; null when it is none.
 *
 * Where each of them ends is plain: those beside the GTIN are not checked.
 */
export function splitBrackets(text: string): Element[] | null {
  const parts = text.replace(/[\t-\r\x1c-\x20]+/g, "").split(BRACKETED);
  if (parts[0] || parts.length < 3) return null;
  const found: Element[] = [];
  for (let at = 1; at < parts.length; at += 2) {
    const [identifier, value] = [parts[at] ?? "", parts[at + 1] ?? ""];
    // People leave out the zeros that fill a GTIN up.
    found.push([identifier, isTradeItem(identifier) ? filled(value) : value]);
  }
  return found.every(([identifier, value]) => value && isKnown(identifier)) ? found : null;
}

/**
 * Return the elements of a GS1 Digital Link URI, on whatever host; null when it is none.
 *
 * Those beside the GTIN are not checked: a query may have anything.
 */
export function splitUri(uri: string): Element[] | null {
  const match = URI.exec(uri);
  if (!match) return null;
  const path = (match[1] ?? "")
    .replace(/^\/+|\/+$/g, "")
    .split("/")
    .map(unquoted);
  const isStart = (at: number) => ["00", "01", "02", "gtin"].includes(path[at]?.toLowerCase() ?? "");
  const starts = [...path.slice(0, -1).keys()].filter(isStart);
  // A shop may have folders of such names.
  const start = starts.find((at) => gtin14(path[at + 1] ?? "")) ?? starts[0];
  if (start === undefined) return null;
  const pairs: Element[] = [];
  for (let at = start; at + 1 < path.length; at += 2) pairs.push([path[at] ?? "", path[at + 1] ?? ""]);
  for (const part of (match[2] ?? "").split(/[&;]/)) {
    const [name = "", ...value] = part.split("=");
    pairs.push([unquoted(name), unquoted(value.join("="))]);
  }
  return pairs.map(([name, value]) => {
    const lower = name.toLowerCase();
    const identifier = Object.hasOwn(SPELT, lower) ? (SPELT[lower] ?? name) : name;
    return [identifier, identifier === "01" ? filled(value) : value];
  });
}

/** Return what elements mean; null when they name no article, or make no sense. */
export function readElements(literal: string, elements: readonly Element[], rules: CodeRules): Code | null {
  const values = new Map<string, string[]>();
  for (const [identifier, value] of elements)
    values.set(identifier, [...(values.get(identifier) ?? []), value]);
  const all = <T extends string>(identifiers: readonly T[]) =>
    identifiers.flatMap((identifier) =>
      (values.get(identifier) ?? []).map((value) => ({ identifier, value })),
    );
  const [item, ...moreItems] = all(TRADE_ITEMS);
  if (moreItems.length || all(["10", "21"]).some(({ value }) => hasLabel(value)))
    // Two labels in one: which of them is meant nobody can say, and one scan is not two.
    return codeOf(literal, { isSeveral: true });
  const gtin = item && [...item.value].length === 14 ? gtin14(item.value) : null;
  // What is said twice is said once.
  const counts = new Map(
    all(COUNTS).map(({ identifier, value }) => {
      const count = countOf(value);
      return [`${identifier} ${count}`, { identifier, count }];
    }),
  );
  if (!item || gtin === null || counts.size > 1) return null;
  const [counted] = counts.values();
  if (counted?.count === null) return null;
  const measure = rules.measured(gtin);
  const isPieces = measure?.pieces && counted?.identifier !== "30";
  const after = literal.split(gtin.replace(/^0+/, "")).slice(1).join(gtin.replace(/^0+/, ""));
  return codeOf(literal, {
    gtin,
    count: (counted?.count ?? 1) * (isPieces ? (measure.pieces ?? 1) : 1),
    countFrom: isPieces ? "30" : (counted?.identifier ?? null),
    primary: item.identifier,
    others: measure?.readings ?? [],
    // A measure beside another GTIN says how much a pack holds: it is the pack that was scanned.
    isVariable: measure !== null || gtin.startsWith("9"),
    label: labelOfElements(values, measure),
    rivals: gtinsAtEnd(after),
  });
}

/** Tell whether a lot or serial number goes on into the next label, which nothing was sent before. */
function hasLabel(value: string): boolean {
  const match = LABEL_WITHIN.exec(value);
  return match !== null && gtin14(match[1] ?? "") !== null;
}

/** Return a count, or null when it makes no sense. */
function countOf(digits: string): number | null {
  const count = /^[0-9]{1,8}$/.test(digits) ? Number(digits) : 0;
  return count >= 1 && count <= MAX_COUNT ? count : null;
}

function isTradeItem(identifier: string): boolean {
  return TRADE_ITEMS.some((one) => one === identifier);
}

/** Fill up to 14 places with zeros, behind a sign where there is one, as Python does. */
function filled(value: string): string {
  const sign = /^[+-]/.exec(value)?.[0] ?? "";
  return `${sign}${"0".repeat(Math.max(0, 14 - [...value].length))}${value.slice(sign.length)}`;
}

/** Return a text with what is percent-encoded in it decoded. */
function unquoted(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => {
    const bytes = encoded.match(/[0-9A-Fa-f]{2}/g) ?? [];
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)),
    );
  });
}

function labelOfElements(
  values: ReadonlyMap<string, readonly string[]>,
  measure: Measure | null,
): Label | null {
  const only = (identifier: string) => {
    const [value, ...others] = new Set(values.get(identifier));
    return value !== undefined && !others.length && isValid(identifier, value) ? value : null;
  };
  return labelOf({
    lot: only("10"),
    expiry: readDate(only("17") || [...(only("7003") ?? "")].slice(0, 6).join("")),
    best_before: readDate(only("15") ?? ""),
    serial: only("21"),
    weight: decimal(values, "310") ?? inKilograms(decimal(values, "320")) ?? measure?.weight ?? null,
    price: decimal(values, "392") ?? decimal(values, "393", 3) ?? measure?.price ?? null,
  });
}

/** Return the date of YYMMDD, in the century that is nearest; the day 00 is the month's last one. */
export function readDate(digits: string): string | null {
  if (!/^[0-9]{6}$/.test(digits)) return null;
  const thisYear = new Date().getUTCFullYear();
  let year = Number(digits.slice(0, 2)) + thisYear - (thisYear % 100);
  if (year - thisYear > 50) year -= 100;
  else if (thisYear - year > 49) year += 100;
  const month = Number(digits.slice(2, 4));
  const lastDay = month >= 1 && month <= 12 ? new Date(Date.UTC(year, month, 0)).getUTCDate() : 0;
  const day = Number(digits.slice(4)) || lastDay;
  if (day < 1 || day > lastDay) return null;
  return `${year}-${digits.slice(2, 4)}-${String(day).padStart(2, "0")}`;
}

/** Return the only value of a family of identifiers, whose fourth digit says how many decimals it has. */
function decimal(values: ReadonlyMap<string, readonly string[]>, family: string, skipped = 0): string | null {
  const found = new Set<string>();
  for (const [identifier, given] of values)
    if (new RegExp(`^${family}[0-9]$`).test(identifier))
      for (const value of given) found.add(`${identifier[3]}${value}`);
  const [only = "", ...others] = found;
  const [decimals, digits] = [only.slice(0, 1), only.slice(1)];
  if (others.length || !/^[0-9]+$/.test(digits) || !isValid(family + decimals, digits)) return null;
  return /[1-9]/.test(digits.slice(skipped)) ? scaled(digits.slice(skipped), Number(decimals)) : null;
}

/** Return a weight in pounds (avoirdupois) in kilograms. */
export function inKilograms(pounds: string | null): string | null {
  if (pounds === null) return null;
  const decimals = pounds.split(".")[1]?.length ?? 0;
  const exact = BigInt(pounds.replace(".", "")) * 45_359_237n;
  const unit = 10n ** BigInt(decimals + 2);
  const [whole, rest] = [exact / unit, exact % unit];
  // Half to even, as Python's decimals are rounded.
  const isUp = rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n);
  return scaled(String(isUp ? whole + 1n : whole), 6);
}
