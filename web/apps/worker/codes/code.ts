/** The readings of a code, and how many pieces a scan of it comes to. Twin of tasks/codes/code.py. */

export type CountFrom = "30" | "37" | "Q";
export type Primary = "01" | "02" | "03";

/** What a label says besides the article and the count; only what is valid. Dates are ISO 8601. */
export interface Label {
  readonly lot?: string;
  readonly expiry?: string;
  readonly best_before?: string;
  readonly serial?: string;
  /** Net, in kilograms. */
  readonly weight?: string;
  /** In the currency of whoever printed it. */
  readonly price?: string;
}

/**
 * The readings of a code, in the order in which they are tried: literal, gtin, others.
 *
 * Where none of them finds an article, the literal and the others are looked for without regard to case,
 * and found when there is one article only.
 */
export interface Code {
  /** As a SKU or as an in-house barcode, without frames and symbology identifier. */
  readonly literal: string;
  /** The 14-digit form of the GTIN it contains, as a barcode. */
  readonly gtin: string | null;
  /** The count that the label carries, see `pieces`. */
  readonly count: number;
  /** Application identifier 30 or 37, or data identifier Q. */
  readonly countFrom: CountFrom | null;
  /** The application identifier of the GTIN. */
  readonly primary: Primary | null;
  /** More readings, each as a SKU or as a barcode. */
  readonly others: readonly string[];
  /** A piece whose weight or price the label says. */
  readonly isVariable: boolean;
  /** Several codes in one, unless one article has all of it as its code. */
  readonly isSeveral: boolean;
  readonly label: Label | null;
  /** GTINs that may be codes of their own at its end: where one is an article's, these are several codes. */
  readonly rivals: readonly string[];
  /** The others are readings of equal right: where more than one is an article's, nothing is found. */
  readonly isEither: boolean;
}

const PLAIN = {
  gtin: null,
  count: 1,
  countFrom: null,
  primary: null,
  others: [],
  isVariable: false,
  isSeveral: false,
  label: null,
  rivals: [],
  isEither: false,
};

/** A code that is read as its literal, and as what else is said. */
export function codeOf(literal: string, read: Partial<Omit<Code, "literal">> = {}): Code {
  return { ...PLAIN, literal, ...read };
}

/** Return a label of those of the values that are there; null when there are none. */
export function labelOf(values: { [name in keyof Label]: string | null }): Label | null {
  const told = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return told.length ? Object.fromEntries(told) : null;
}

/**
 * Return the pieces that one scan of `code` comes to.
 *
 * `packPieces` are those of the barcode that it was found by, 1 where it was found by a SKU. What was found by
 * its literal is a name, whatever it looks like: its digits count nothing. A GTIN of 14 digits is found by its
 * literal only because it is kept like that.
 */
export function pieces(code: Code, packPieces: number, literally = false): number {
  if (literally && code.literal !== code.gtin) return packPieces;
  const each = code.isVariable ? 1 : packPieces;
  if (code.countFrom === null) return each;
  // A count of trade items, as opposed to one of pieces.
  return code.countFrom === "37" ? code.count * each : code.count;
}
