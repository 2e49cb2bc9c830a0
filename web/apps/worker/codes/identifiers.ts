/**
 * The application identifiers of GS1 with the formats of their values, as biip's table has them, which the
 * server reads by; tests/tasks/test_twins.py holds the two against each other.
 */

// Character set 82, as biip writes it, and the same with percent-encoded characters beside.
const X = '[!%-?A-Z_a-z"]';
const X_ENCODED = `(?:${X}|%[0-9A-Fa-f]{2}%[0-9A-Fa-f]{2})`;
const MONTH_DAY = "(?:0\\d|1[0-2])(?:[0-2]\\d|3[01])";

/** Identifiers, their value, and whether a separator ends what can be of several lengths. */
type Row = readonly [identifiers: string, value: string, isOpen: boolean];

const TABLE: readonly Row[] = [
  ["00", "\\d{18}", false],
  ["0[123]", "\\d{14}", false],
  ["10|2[12]|243|254|420|4318|702[0-2]|71[0-7]|7240|80[01]2", `${X}{1,20}`, true],
  // Dates are looked at when they are used.
  ["1[123567]", "\\d{6}", false],
  ["20", "\\d{2}", false],
  ["235", `${X}{1,28}`, true],
  ["24[01]|25[01]|40[013]|4308|4319|7002|7023|8004|90", `${X}{1,30}`, true],
  ["242", "\\d{1,6}", true],
  ["253", `\\d{13}${X}{0,17}`, true],
  ["255", "\\d{13}\\d{0,12}", true],
  ["30", "\\d{0,8}", true],
  ["3(?:1[0-6]|2\\d|3[0-7]|4\\d|5[0-7]|6\\d)[0-5]", "\\d{6}", false],
  ["37", "\\d{1,8}", true],
  ["39[02]\\d", "\\d{1,15}", true],
  ["39[13]\\d", "\\d{3}\\d{1,15}", true],
  ["394[0-3]|8111", "\\d{4}", false],
  ["395[0-5]|4326|7006|8005", "\\d{6}", false],
  ["402", "\\d{17}", false],
  ["41[0-7]|7001", "\\d{13}", false],
  ["421", `\\d{3}${X}{1,9}`, true],
  ["42[246]", "\\d{3}", false],
  ["42[35]", "(?:\\d{3}){1,5}", true],
  ["427|7008", `${X}{1,3}`, true],
  ["430[01]|431[01]|4320", `${X_ENCODED}{1,35}`, true],
  ["430[2-6]|431[2-6]|7257", `${X_ENCODED}{1,70}`, true],
  ["43[01]7", "[A-Z0-9]{2}", false],
  ["4309", "\\d{20}", false],
  ["432[123]", "[01]", false],
  ["432[45]|7003", "\\d{10}", false],
  ["433[0-3]", "\\d{6}-?", false],
  ["7004", "\\d{0,4}", true],
  ["7005", `${X}{1,12}`, true],
  ["7007", "\\d{6}(?:\\d{6})?", false],
  ["7009", `${X}{1,10}`, true],
  ["7010", `${X}{1,2}`, true],
  ["7011", "\\d{6}(?:\\d{4})?", false],
  ["703\\d", `\\d{3}${X}{1,27}`, true],
  ["7040", `\\d${X}{3}`, false],
  ["7041", `${X}{1,4}`, true],
  ["723\\d", `${X}{3,30}`, true],
  ["7241", "\\d{2}", false],
  ["7242|801[34]|8020", `${X}{1,25}`, true],
  ["7250", `\\d{4}${MONTH_DAY}`, false],
  ["7251", `\\d{4}${MONTH_DAY}(?:[01]\\d|2[0-3])[0-5]\\d`, false],
  ["7252", "\\d", false],
  ["725[349]", `${X_ENCODED}{1,40}`, true],
  ["7255", `${X_ENCODED}{1,10}`, true],
  ["7256", `${X_ENCODED}{1,90}`, true],
  ["7258", "\\d/\\d", false],
  ["8001", "\\d{14}", false],
  ["8003", `0\\d{13}${X}{0,16}`, true],
  ["80[02]6", "\\d{18}", false],
  ["8007", `${X}{1,34}`, true],
  ["8008", "\\d{8}(?:\\d{2}){0,2}", true],
  ["8009", `${X}{1,50}`, true],
  ["8010", "[A-Z0-9/#-]{5,30}", true],
  ["8011", "\\d{1,12}", true],
  ["801[78]", "\\d{18}", false],
  ["8019", "\\d{1,10}", true],
  ["8030", "[0-9A-Za-z_-]{1,90}", true],
  ["804[01]", "\\d{15}", false],
  ["8042", "\\d{32}", false],
  ["8043", "\\d{18,20}", true],
  ["811[02]|8200", `${X}{1,70}`, true],
  ["9[1-9]", `${X}{1,90}`, true],
];

export interface Identifier {
  readonly identifier: string;
  /** Matches the value where a text begins with it. */
  readonly value: RegExp;
  /** The value may be of several lengths, and goes on until a separator or the end. */
  readonly isOpen: boolean;
}

interface Family extends Omit<Identifier, "identifier"> {
  readonly begins: RegExp;
}

// Python's \d is any decimal digit, which a link may have.
const FAMILIES: readonly Family[] = TABLE.map(([identifiers, value, isOpen]) => ({
  begins: new RegExp(`^(?:${identifiers})`),
  value: new RegExp(`^(?:${value.replaceAll("\\d", "\\p{Nd}")})`, "u"),
  isOpen,
}));

/** Return the identifier that a text begins with; null when there is none. */
export function knownIdentifier(text: string): Identifier | null {
  const head = text.slice(0, 4);
  for (const { begins, value, isOpen } of FAMILIES) {
    const identifier = begins.exec(head)?.[0];
    if (identifier) return { identifier, value, isOpen };
  }
  return null;
}

/** Tell whether a text is an identifier. */
export function isKnown(identifier: string): boolean {
  return knownIdentifier(identifier)?.identifier === identifier;
}

/** Tell whether an element has a known identifier, and a value as that wants it. */
export function isValid(identifier: string, value: string): boolean {
  const known = knownIdentifier(identifier);
  return known?.identifier === identifier && known.value.exec(value)?.[0] === value;
}
