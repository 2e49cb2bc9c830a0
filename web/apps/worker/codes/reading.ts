/**
 * What a scanner sent, taken apart into the readings that are tried. Twin of tasks/codes/reading.py, where the
 * sources are named.
 *
 * What an article has as its SKU or barcode is found as it stands, whatever it looks like: everything here is
 * what else the code can mean.
 */
import { type Code, codeOf, labelOf } from "./code";
import { GROUP_SEPARATOR, hasFramesInside, unframed } from "./controls";
import { readElements, splitBrackets, splitElements, splitUri } from "./elements";
import { HEADER, readEnvelope } from "./envelopes";
import { areTwo, gtin14, ungrouped, upcAOfUpcE, withoutAddOn } from "./gtins";
import { type CodeRules, STANDARD } from "./rules";

// Marks that nobody sees: of no breadth, or of the direction of a text.
const UNSEEN = "\\u00ad\\u061c\\ufeff\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069";
const BLANKS = "\\u00a0\\u1680\\u202f\\u205f\\u3000\\u2000-\\u200a";
// Frames (STX … ETX), separators at the ends, blanks, tabs and line ends that a scanner is set up to send.
const AROUND = `[\\0-\\x20\\x7f-\\x9f${BLANKS}${UNSEEN}]+`;
const AT_THE_START = new RegExp(`^${AROUND}`);
const AT_THE_END = new RegExp(`${AROUND}$`);
const UNSEEN_INSIDE = new RegExp(`[${UNSEEN}]`, "g");
// As a keyboard for Chinese or Japanese types them that is set to full width.
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const SYMBOLOGY = /\][A-Za-z][0-9a-zA-Z]/;
const GS1_SYMBOLOGY = /^\](?:C1|d2|e0|Q3|J1)/i;
// What the readers of EAN and UPC say: which of them it is.
const UPC_E_OR_LONGER = "]E0";
const ADD_ON_2 = "]E1";
const ADD_ON_5 = "]E2";
const WITH_ADD_ON = "]E3";
// A scanner may send an add-on as a code of its own behind the first one.
const ADD_ON_APART = /^([0-9]{8,13})\][eE][12](?:[0-9]{2}|[0-9]{5})$/;
// A scanner without symbology identifiers sends a bare element string: it begins with a GTIN, or with the
// number of a logistic unit and the GTIN of what is in it.
const BARE = "(?:00[0-9]{18})?0[12][0-9]{14}";
const BARE_ELEMENTS = new RegExp(`^${BARE}`);
// A name and nothing else: it has a letter, and no sign that scanners put around or between codes. What has a
// host and a path may be a link without its scheme.
const NAME = new RegExp(`^(?=.*[A-Za-z])(?!${BARE}|[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)+/)[0-9A-Za-z ./_-]+$`);
// What is around more than that is no code, but a row of asterisks, one inside the other.
const MOST_LAYERS = 4;
const BETWEEN_CODES = /[\0-\x1c\x1e-\x1f\x7f\x85\u2028\u2029]+/;
const ASCII = /^[\0-\x7f]*$/;

/** Read what a scanner sent. Never fails: a code that means nothing has no reading but the literal. */
export function readCode(scanned: string, rules: CodeRules = STANDARD): Code {
  return readWithin(scanned, rules, 0);
}

/** What tells the name of a place or a tote from another one, scanned or kept. */
export const named = (scanned: string): string => readCode(scanned).literal.toLowerCase();

/** Read a code from which so many layers were taken away: frames, and signs that nobody sees. */
function readWithin(scanned: string, rules: CodeRules, layers: number): Code {
  // With accents as articles have them in their names.
  const plain = scanned.replace(AT_THE_START, "").replace(AT_THE_END, "").normalize("NFC");
  if (NAME.test(plain)) return codeOf(plain, { isSeveral: isDoubled(plain) });
  const isIdentified = plain.search(SYMBOLOGY) === 0;
  const body = isIdentified ? plain.slice(3).replace(AT_THE_START, "") : plain;
  if (!/^[0-9A-Za-z]+$/.test(body)) return readMarked(plain, body, rules, layers);
  if (/^[0-9]+$/.test(body)) {
    const isElements = GS1_SYMBOLOGY.test(plain);
    const elements = isElements ? readGs1(plain, body, body, rules) : null;
    if (elements) return elements;
    const found = readDigits(body, rules, isIdentified ? plain.slice(0, 3).toUpperCase() : null);
    if (found.gtin || found.others.length || !(BARE_ELEMENTS.test(body) || isIdentified)) return found;
  }
  return readGs1(plain, body, body, rules) ?? codeOf(body, { isSeveral: isDoubled(body) || areTwo(body) });
}

/** Read what has other characters than letters and digits. */
function readMarked(plain: string, body: string, rules: CodeRules, layers: number): Code {
  if (body.startsWith(HEADER)) return readEnvelope(body, rules);
  const isAscii = ASCII.test(body);
  const seen = isAscii ? unframed(body) : narrowed(unframed(body).replace(UNSEEN_INSIDE, ""));
  if (seen !== body) return readInner(body, seen, rules, layers);
  if (BETWEEN_CODES.test(body))
    return codeOf(body, { isSeveral: body.split(BETWEEN_CODES).filter(Boolean).length > 1 });
  const apart = ADD_ON_APART.exec(body);
  if (apart) return { ...readDigits(apart[1] ?? "", rules, null), literal: body };
  const text = plain.slice(rules.leading.exec(plain)?.[0].length ?? 0);
  const links = (body.split("?", 1)[0] ?? "").split("://").length - 1;
  if (links > 1 || hasFramesInside(body)) return codeOf(body, { isSeveral: true });
  if (text.split(SYMBOLOGY).filter((part) => [...part].length > 3).length > 1)
    return codeOf(body, { isSeveral: true });
  const linked = splitUri(body);
  if (linked?.length)
    return readElements(body, linked, rules) ?? codeOf(body, { isSeveral: body.split("://").length > 2 });
  const found = readGs1(plain, body, text, rules);
  if (found) return found;
  const digits = ungrouped(body);
  if (digits) return { ...readDigits(digits, rules, null), literal: body };
  // As Code 39 begins and ends.
  if (body.length > 2 && body.startsWith("*") && body.endsWith("*"))
    return readInner(body, body.slice(1, -1), rules, layers);
  return codeOf(body, { isSeveral: isDoubled(body) });
}

/** Read what is left of a code when what is around it is taken away; the whole may be a name. */
function readInner(body: string, inner: string, rules: CodeRules, layers: number): Code {
  if (layers === MOST_LAYERS) return codeOf(body);
  const found = readWithin(inner, rules, layers + 1);
  if (found.isSeveral || found.literal === "") return codeOf(body, { isSeveral: found.isSeveral });
  return { ...found, literal: body, others: [found.literal, ...found.others] };
}

function narrowed(text: string): string {
  return text.replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
}

/** Read `given` as an element string: one that says it is, or that begins with a GTIN. */
function readGs1(plain: string, body: string, given: string, rules: CodeRules): Code | null {
  const text = ASCII.test(given) ? given : rules.separated(given);
  const saysSo = text.startsWith("(") || BARE_ELEMENTS.test(text) || GS1_SYMBOLOGY.test(plain);
  // A scanner that sends the separator itself writes none out.
  const sent = text.includes(GROUP_SEPARATOR) ? ofElements(body, text, rules) : null;
  if (sent || !saysSo) return sent;
  const separated = rules.separated(text);
  const written = separated === text ? null : ofElements(body, separated, rules);
  // No element has a blank: there it stands for a separator, or for nothing.
  return (
    written ?? ofElements(body, text, rules) ?? ofElements(body, text.replaceAll(" ", GROUP_SEPARATOR), rules)
  );
}

function ofElements(literal: string, text: string, rules: CodeRules): Code | null {
  if (!ASCII.test(text)) return null;
  const elements = text.startsWith("(") ? splitBrackets(text) : splitElements(text);
  return elements?.length ? readElements(literal, elements, rules) : null;
}

/** Read digits; a symbology identifier in front of them says which readings there are. */
function readDigits(digits: string, rules: CodeRules, symbology: string | null): Code {
  // An add-on alone is the code of nothing.
  if (symbology === ADD_ON_2 || symbology === ADD_ON_5) return codeOf(digits);
  const isShort = digits.length <= 8;
  const hasNoGtin = symbology === WITH_ADD_ON || (symbology === UPC_E_OR_LONGER && isShort);
  const gtin = hasNoGtin ? null : gtin14(digits);
  const measure = gtin ? rules.measured(gtin) : null;
  if (measure)
    return codeOf(digits, {
      gtin,
      count: measure.pieces ?? 1,
      countFrom: measure.pieces ? "30" : null,
      others: measure.readings,
      isVariable: true,
      label: labelOf({ weight: measure.weight, price: measure.price }),
    });
  const isOfEan = symbology === null || symbology === UPC_E_OR_LONGER || symbology === WITH_ADD_ON;
  const upcs = isOfEan ? upcAOfUpcE(digits) : [];
  const others = upcs.length || !isOfEan ? upcs : withoutAddOn(digits, gtin);
  return codeOf(digits, {
    gtin,
    others,
    isVariable: gtin?.startsWith("9") ?? false,
    isSeveral: gtin === null && areTwo(digits),
    isEither: others.length > 1,
  });
}

/** Tell whether a text is one code twice. */
function isDoubled(text: string): boolean {
  const characters = [...text];
  const half = characters.length / 2;
  const first = characters.slice(0, half).join("");
  return Number.isInteger(half) && half >= 6 && text === first + first;
}
