/**
 * Messages of ISO/IEC 15434, as Data Matrix labels of suppliers have them: `[)>` RS 06 GS P… GS Q… RS EOT.
 *
 * Format 05 has GS1 application identifiers, format 06 the data identifiers of ANSI MH10.8.2.
 * Twin of tasks/codes/envelopes.py.
 */
import { type Code, codeOf, type Label, labelOf } from "./code";
import { END, GROUP_SEPARATOR, RECORD_SEPARATOR } from "./controls";
import { inKilograms, MAX_COUNT, readElements, splitElements } from "./elements";
import { gtin14 } from "./gtins";
import { type CodeRules, scaled } from "./rules";

export const HEADER = "[)>";
// The two letters without a capital are what Python's [A-Z] matches besides, without regard to case.
const FIELD = /^([0-9]{0,3}[A-Z\u0130\u0131])(.+)$/isu;
// The customer's part number, which is ours; a GTIN; the supplier's part number.
const PARTS = ["P", "8P", "1P", "30P"];
const QUANTITY = /^([0-9]{1,8})(?:\.([0-9]{0,3})0*)? *([A-Z\u0130\u0131][A-Z0-9\u0130\u0131]{0,3})?$/iu;
// Of ANSI ASC X12 (data element 355) and of UN/ECE Recommendation 20; how many decimals of a kilogram others are.
const PIECES = ["", "EA", "EACH", "PC", "PCE", "PCS", "UN", "C62", "H87", "NAR", "NMB"];
const KILOGRAMS = new Map([
  ["KG", 0],
  ["KGM", 0],
  ["GR", 3],
  ["GRM", 3],
]);
const POUNDS = ["LB", "LBR"];

/** Pieces, or a weight in kilograms; neither where it is in other units. */
interface Quantity {
  readonly count: number | null;
  readonly weight: string | null;
}

/** Return what a message means; its literal alone where that is nothing. */
export function readEnvelope(text: string, rules: CodeRules): Code {
  const body = rules.controlled(text.slice(HEADER.length)).replaceAll(END, "");
  const found = body
    .split(RECORD_SEPARATOR)
    .map((record) => readRecord(text, record, rules))
    .filter((code) => code !== null);
  if (found.length > 1 || body.includes(HEADER)) return codeOf(text, { isSeveral: true });
  return found[0] ?? codeOf(text);
}

function readRecord(literal: string, record: string, rules: CodeRules): Code | null {
  const stripped = record.replace(/^\x1d+|\x1d+$/g, "");
  const [number, content] = [stripped.slice(0, 2), stripped.slice(2)];
  if (number === "05") {
    const elements = /^[\0-\x7f]*$/.test(content) ? splitElements(content) : null;
    return elements?.length ? readElements(literal, elements, rules) : null;
  }
  return number === "06" ? readFields(literal, content) : null;
}

function readFields(literal: string, content: string): Code | null {
  const values = new Map<string, string[]>();
  for (const field of content.split(GROUP_SEPARATOR)) {
    const [, given = "", value = ""] = FIELD.exec(field) ?? [];
    const name = given.toUpperCase();
    if (given) values.set(name, [...(values.get(name) ?? []), stripped(value)]);
  }
  // A part number of ours that is unknown is not looked for among the supplier's: those are other articles.
  const names = values.has("P") ? PARTS.slice(0, 2) : PARTS;
  const parts = names.flatMap((name) => values.get(name) ?? []);
  if (!parts.length) return null;
  if ([...PARTS, "Q"].some((name) => (values.get(name)?.length ?? 0) > 1))
    return codeOf(literal, { isSeveral: true });
  const quantities = ["Q", "7Q"].flatMap((name) => values.get(name) ?? []).map(quantityOf);
  const counted = quantities.filter(({ weight }) => weight === null);
  const [count = 1, ...otherCounts] = new Set(counted.map((one) => one.count));
  if (count === null || otherCounts.length) return null;
  const weight = quantities.find((one) => /[1-9]/.test(one.weight ?? ""))?.weight ?? null;
  return codeOf(literal, {
    count,
    countFrom: counted.length ? "Q" : null,
    // One part after the other, in all its forms: the customer's number of it before the GTIN.
    others: parts.flatMap((part) => [part, gtin14(part)].filter((form) => form)) as string[],
    label: labelOfFields(values, weight),
  });
}

function quantityOf(written: string): Quantity {
  const match = QUANTITY.exec(written);
  if (!match) return { count: null, weight: null };
  const [, whole = "", decimals = "", given = ""] = match;
  const unit = given.toUpperCase();
  if (PIECES.includes(unit) && !/[1-9]/.test(decimals)) {
    const count = Number(whole);
    return { count: count >= 1 && count <= MAX_COUNT ? count : null, weight: null };
  }
  if (POUNDS.includes(unit))
    return { count: null, weight: inKilograms(scaled(whole + decimals, decimals.length)) };
  const more = KILOGRAMS.get(unit);
  const weight = more === undefined ? null : scaled(whole + decimals, decimals.length + more);
  return { count: null, weight };
}

/** Return a text without white space around it, of which Python has some more. */
function stripped(text: string): string {
  return text.replace(/^[\s\x1c-\x1f\x85]+|[\s\x1c-\x1f\x85]+$/g, (around) =>
    around.replace(/[^\ufeff]/g, ""),
  );
}

function labelOfFields(values: ReadonlyMap<string, readonly string[]>, weight: string | null): Label | null {
  const only = (name: string) => {
    const [value, ...others] = values.get(name) ?? [];
    return value !== undefined && !others.length ? value : null;
  };
  return labelOf({ lot: only("1T"), serial: only("S"), expiry: dateOf(only("14D") ?? ""), weight });
}

function dateOf(digits: string): string | null {
  const [, year = "", month = "", day = ""] = /^([0-9]{4})([0-9]{2})([0-9]{2})$/.exec(digits) ?? [];
  const written = `${year}-${month}-${day}`;
  const time = Date.parse(`${written}T00:00:00Z`);
  // A day that a month does not have is one of the next month here.
  const isOne = year > "0000" && !Number.isNaN(time) && new Date(time).toISOString().startsWith(written);
  return isOne ? written : null;
}
