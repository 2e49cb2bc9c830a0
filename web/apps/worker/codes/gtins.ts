/**
 * GTINs in all their forms: EAN-8, UPC-A, EAN-13, ITF-14, leading zeros, UPC-E, add-ons, hyphens.
 * Twin of tasks/codes/gtins.py, where the sources are named.
 */

const DIGITS = /^[0-9]{8,20}$/;
// As people write an EAN or an ISBN: with hyphens, blanks, or the signs that printing makes of them.
const GROUPED = /^[0-9][0-9 \u00a0\u2009\u202f\u2010-\u2013\u2212-]{10,30}[0-9]$/;
// How long a code is without its add-on: two or five digits beside it, an issue number or a price. Of those with
// 8 digits only UPC-E has any.
const WITH_ADD_ON: Readonly<Record<number, number>> = { 10: 8, 13: 8, 14: 12, 15: 13, 17: 12, 18: 13 };
// As GTINs are printed; more digits are leading zeros.
const LENGTHS = [8, 12, 13, 14];

/** Return the check digit of GS1 General Specifications, 7.9, for a payload of digits. */
export function checkDigit(payload: string): number {
  let sum = 0;
  for (let place = 0; place < payload.length; place += 1)
    sum += Number(payload[payload.length - 1 - place]) * (place % 2 ? 1 : 3);
  return (10 - (sum % 10)) % 10;
}

/**
 * Return the 14-digit form of a GTIN, or null when `digits` is none or its check digit is wrong.
 *
 * GTIN-8, -12 and -13 and any number of leading zeros are the same trade item as the 14-digit form.
 */
export function gtin14(digits: string): string | null {
  if (!DIGITS.test(digits)) return null;
  const significant = digits.replace(/^0+/, "");
  if (significant.length < 5 || significant.length > 14) return null;
  // Leading zeros change no check digit.
  const isRight = checkDigit(significant.slice(0, -1)) === Number(significant.at(-1));
  return isRight ? significant.padStart(14, "0") : null;
}

/**
 * Return, as 14 digits, what UPC-E of 6, 7 or 8 digits can be short for.
 *
 * Seven digits lack the number system, which is 0 then, or the check digit. The former can be checked.
 */
export function upcAOfUpcE(digits: string): string[] {
  const full = digits.length === 7 ? [`0${digits}`, digits] : [digits];
  return full.map(expanded).filter((found) => found !== null);
}

function expanded(digits: string): string | null {
  const length = digits.length;
  if (length < 6 || length > 8) return null;
  const payload = length === 6 ? `0${digits}` : digits.slice(0, 7);
  if (payload[0] !== "0" && payload[0] !== "1") return null;
  const upcA = expandedPayload(payload);
  const check = String(checkDigit(upcA));
  return length === 8 && digits[7] !== check ? null : `${upcA}${check}`.padStart(14, "0");
}

/** Return the 11 digits of a UPC-A that 7 of a UPC-E, with its number system, are short for. */
function expandedPayload(upcE: string): string {
  const last = upcE.charAt(6);
  if (last <= "2") return `${upcE.slice(0, 3)}${last}0000${upcE.slice(3, 6)}`;
  if (last === "3") return `${upcE.slice(0, 4)}00000${upcE.slice(4, 6)}`;
  if (last === "4") return `${upcE.slice(0, 5)}00000${upcE[5]}`;
  return `${upcE.slice(0, 6)}0000${last}`;
}

/** Return what is left of digits without an add-on of 2 or 5, as GTINs; `gtin` is that of all digits. */
export function withoutAddOn(digits: string, gtin: string | null): string[] {
  const length = WITH_ADD_ON[digits.length];
  // A number that is a GTIN as a whole has its 13 or 14 digits from that, and no add-on.
  if (length === undefined || (gtin !== null && LENGTHS.includes(digits.length))) return [];
  if (length === 8) return upcAOfUpcE(digits.slice(0, length));
  const found = gtin14(digits.slice(0, length));
  return found ? [found] : [];
}

/** Return the GTINs, in all their digits, that a text ends with. */
export function gtinsAtEnd(text: string): string[] {
  const digits = /[0-9]*$/.exec(text)?.[0] ?? "";
  const ends = LENGTHS.filter((length) => length <= digits.length);
  const found = ends.map((length) => gtin14(digits.slice(-length))).filter((gtin) => gtin !== null);
  return [...new Set(found)];
}

/** Tell whether digits are two GTINs, one after the other. */
export function areTwo(digits: string): boolean {
  const ends = LENGTHS.filter((end) => LENGTHS.includes(digits.length - end));
  return ends.some((end) => gtin14(digits.slice(0, end)) && gtin14(digits.slice(end)));
}

/** Return the digits of a number that is written in groups, as ISBNs are; null when it is too short. */
export function ungrouped(text: string): string | null {
  if (!GROUPED.test(text)) return null;
  const digits = text.replace(/[^0-9]/g, "");
  return digits.length >= 12 ? digits : null;
}

/** Return a barcode in the form in which it is kept: a GTIN as 14 digits, anything else as it is. */
export function normaliseBarcode(code: string): string {
  const plain = code.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  return gtin14(plain) ?? gtin14(ungrouped(plain) ?? "") ?? plain;
}
