/** Control characters as keyboards, terminals and programs write them. Twin of tasks/codes/controls.py. */

export const GROUP_SEPARATOR = "\x1d";
export const RECORD_SEPARATOR = "\x1e";
export const END = "\x04";

// What a console shows for the first 32 characters: code page 437.
const CODE_PAGE_437 = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
const BRACKETS = ["<>", "{}", "[]"] as const;

function bracketed(...inside: readonly string[]): string[] {
  return inside.flatMap((one) => BRACKETS.map((pair) => `${pair[0]}${one}${pair[1]}`));
}

function padded(number: number, radix: number, digits: number): string {
  return number.toString(radix).toUpperCase().padStart(digits, "0");
}

/** Return the spellings that no name of an article has at its ends. */
function signs(number: number): string[] {
  const hex = (digits: number) => padded(number, 16, digits);
  return [
    String.fromCharCode(0x2400 + number),
    CODE_PAGE_437.charAt(number),
    `^${String.fromCharCode(number + 64)}`,
    `\\x${hex(2).toLowerCase()}`,
    `\\u${hex(4).toLowerCase()}`,
    `\\${padded(number, 8, 3)}`,
    `%${hex(2)}`,
    `_x${hex(4)}_`,
    ...[`${number}`, padded(number, 10, 3), `x${hex(1)}`, `x${hex(2)}`].map((one) => `&#${one};`),
  ];
}

/** Return how a control character is written where it stands inside of a label. */
export function spellings(name: string, number: number): string[] {
  const hexadecimal = [`0x${padded(number, 16, 2)}`, `U+${padded(number, 16, 4)}`];
  const numbers = [padded(number, 16, 2), ...[1, 2, 3].map((digits) => padded(number, 10, digits))];
  const typed = ["", "+", "-"].flatMap((plus) =>
    ["", "0", "00"].map((zeros) => `Alt${plus}${zeros}${number}`),
  );
  const control = ["+", "-"].map((between) => `Ctrl${between}${String.fromCharCode(number + 64)}`);
  return [
    ...bracketed(name, ...numbers, ...hexadecimal, ...control, ...typed),
    ...[`(${name})`, `\\${name}`, `~d${padded(number, 10, 3)}`],
    ...[...typed, ...control, ...hexadecimal, ...signs(number)],
  ];
}

// Alone stand only signs that no element has (GS1 General Specifications, 7.11): `+` and `F8` can be set.
export const SEPARATORS: readonly string[] = [
  ...spellings("GS", 29),
  ...bracketed("FNC1", "F8"),
  ...["(FNC1)", "^FNC1", "\\FNC1", "\\F"],
  ...["~", "^", "#", "|", "$", "@", "`", "§", "¬", "¦", "¿", "è", "ÿ", "\ufffd"],
];

/** Return the source of a pattern that finds the longest of some spellings. */
export function anyOf(written: readonly string[]): string {
  // The longest first: `^FNC1` is not `^` with something behind it.
  const byLength = [...written].sort((one, other) => other.length - one.length);
  return byLength.map((text) => text.replace(/[$()*+./?[\\\]^{|}]/g, "\\$&")).join("|") || "(?!)";
}

const BEFORE = anyOf([...bracketed("STX", "SOH"), ...signs(1), ...signs(2)]);
const BEHIND = anyOf([
  ...bracketed("ETX", "EOT", "CR", "LF", "CRLF", "TAB", "HT", "ENTER"),
  ...["\\r", "\\n", "\\t", "\u2409"],
  ...[3, 4, 10, 13].flatMap(signs),
]);
// Names of articles end with `(CR)` and `[03]`: such are a frame only where both ends of one are there.
const AROUND = /^(?:\(STX\)|[<{[](?:0x)?02[>}\]])([^\n]+)(?:\(ETX\)|[<{[](?:0x)?03[>}\]])$/iu;
const ENDS = new RegExp(`^(?:${BEFORE})+|(?:${BEHIND})+$`, "giu");
const BETWEEN = new RegExp(anyOf(bracketed("STX", "ETX", "CR", "LF", "CRLF", "TAB", "ENTER")), "iu");

/** Return a text without the frame or line end that is written out around it. */
export function unframed(text: string): string {
  const ended = text.replace(ENDS, "");
  return AROUND.exec(ended)?.[1] ?? ended;
}

/** Tell whether a frame or a line end is written out between two parts of a text. */
export function hasFramesInside(text: string): boolean {
  return text.split(BETWEEN).filter(Boolean).length > 1;
}
