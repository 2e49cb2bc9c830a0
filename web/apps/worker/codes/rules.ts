/**
 * What a site can set about codes: separators as its keyboards type them, and its variable measure EANs.
 * Twin of tasks/codes/rules.py. A device has them from the server, in its snapshot.
 */
import { anyOf, END, GROUP_SEPARATOR, RECORD_SEPARATOR, SEPARATORS, spellings } from "./controls";
import { checkDigit } from "./gtins";

/** What an EAN with a measure in it says. One of weight (kilograms), price and pieces is there. */
export interface Measure {
  readonly readings: readonly string[];
  readonly weight: string | null;
  readonly price: string | null;
  readonly pieces: number | null;
}

const MEASURES = "WPN";
const MASK = /^(?:02|2)\d*I+V?(([WPN])\2*)V?C$/d;

/**
 * Where an EAN-13 of 02 or 20 to 29 has its article number and its measure.
 *
 * Written as a mask of 13 places: digits that it begins with, `I` for the article number, one of `W` (weight in
 * kilograms), `P` (price) and `N` (pieces) for the measure, `V` for the measure's own check digit, which is not
 * looked at, and `C` at the end; a point says where the decimals begin. `21IIIIIWW.WWWC`.
 */
export class MeasureRule {
  private constructor(
    readonly mask: string,
    readonly decimals: number,
  ) {}

  /** Read a mask; throw an error that says what is wrong with it. */
  static parse(written: string): MeasureRule {
    const mask = written.replace(".", "");
    const [start, end] = MASK.exec(mask)?.indices?.[1] ?? [0, 0];
    const point = written.includes(".") ? written.indexOf(".") : end;
    const isPlaced = start < point && point <= end && (point === end || mask[start] !== "N");
    if (mask.length !== 13 || !isPlaced)
      throw new Error(`${JSON.stringify(written)} is no rule for EANs with a measure: see docs/scanning.md.`);
    return new MeasureRule(mask, end - point);
  }

  /** Return what an EAN-13 says by this rule; null when it does not begin as the rule does. */
  read(ean13: string): Measure | null {
    const places = [...this.mask].map((place, at): [string, string] => [place, ean13.charAt(at)]);
    if (places.some(([place, digit]) => /\d/.test(place) && place !== digit)) return null;
    const digitsAt = (wanted: string) =>
      places.map(([place, digit]) => (wanted.includes(place) ? digit : "")).join("");
    const digits = digitsAt(MEASURES);
    // The article's own number is the one without a measure.
    const payload = places
      .slice(0, -1)
      .map(([place, digit]) => (`${MEASURES}V`.includes(place) ? "0" : digit))
      .join("");
    const readings = [`${payload}${checkDigit(payload)}`.padStart(14, "0"), digitsAt("I")];
    const said = { readings, weight: null, price: null, pieces: null };
    if (this.mask.includes("N")) return Number(digits) ? { ...said, pieces: Number(digits) } : null;
    const value = scaled(digits, this.decimals);
    return this.mask.includes("W") ? { ...said, weight: value } : { ...said, price: value };
  }
}

/** Return digits of which the last are decimals as a number is written. */
export function scaled(digits: string, decimals: number): string {
  const all = BigInt(digits)
    .toString()
    .padStart(decimals + 1, "0");
  return decimals ? `${all.slice(0, -decimals)}.${all.slice(-decimals)}` : all;
}

/** How a site's scanners are to be understood. */
export class CodeRules {
  /** What may stand before an element string. */
  readonly leading: RegExp;
  private readonly separator: RegExp;
  private readonly record = new RegExp(anyOf(spellings("RS", 30)), "giu");
  private readonly end = new RegExp(anyOf(spellings("EOT", 4)), "giu");
  private readonly group: RegExp;

  constructor(
    separators: readonly string[] = SEPARATORS,
    readonly measures: readonly MeasureRule[] = [],
  ) {
    const separator = anyOf(separators);
    this.separator = new RegExp(separator, "giu");
    this.group = new RegExp(anyOf([...separators, ...spellings("GS", 29)]), "giu");
    const between = `(?:\\x1d|${separator})*`;
    // The two letters without a capital are what Python's [A-Z] matches besides, without regard to case.
    const symbology = "\\][A-Z\\u0130\\u0131][0-9A-Z\\u0130\\u0131]";
    this.leading = new RegExp(`^${between}(?:${symbology}${between})?`, "iu");
  }

  /** Return a text with the group separators that were written out. */
  separated(text: string): string {
    return text.replace(this.separator, GROUP_SEPARATOR);
  }

  /** Return a text with all control characters of an ISO 15434 message that were written out. */
  controlled(text: string): string {
    if (text.includes(GROUP_SEPARATOR)) return text; // then nothing is written out: `#` and `~` are parts of names
    return text
      .replace(this.record, RECORD_SEPARATOR) // before `^`, which `^^` is not two of
      .replace(this.end, END)
      .replace(this.group, GROUP_SEPARATOR);
  }

  /** Return what the first rule that fits says of a GTIN in its 14-digit form. */
  measured(gtin: string): Measure | null {
    if (!gtin.startsWith("0")) return null;
    for (const rule of this.measures) {
      const found = rule.read(gtin.slice(1));
      if (found) return found;
    }
    return null;
  }
}

export const STANDARD = new CodeRules();

/** What a site has set about codes. */
export interface CodeSettings {
  /** How its scanners write the group separator of GS1. */
  readonly separators: readonly string[];
  /** Masks of EANs with a weight, price or count. */
  readonly variable_measure_eans: readonly string[];
}

/** Return how codes are to be read by the settings of a site. */
export function codeRules(settings: CodeSettings): CodeRules {
  const masks = settings.variable_measure_eans.map((mask) => MeasureRule.parse(mask));
  return new CodeRules(settings.separators, masks);
}
