/** Which article a code means, by what the device holds: twin of the query in tasks/scans/repository.py. */
import type { Code } from "../codes/code";
import { HEADER } from "../codes/envelopes";
import { gtin14 } from "../codes/gtins";
import type { Article } from "../work/work";
import type { Exceptions } from "./snapshot";

/** What a code was found to be: a SKU or a barcode. */
interface Owned {
  /** Null where it is an article's that the device does not hold. */
  readonly sku: string | null;
  /** What one scan of it stands for. */
  readonly pieces: number;
}

/** An article that a code means, and whether the code as it stands is its SKU or barcode. */
export interface Found extends Owned {
  readonly literally: boolean;
}

export class Catalogue {
  private readonly skus = new Map<string, Owned>();
  private readonly barcodes = new Map<string, Owned>();
  private readonly caseless = new Map<string, Owned[]>();

  constructor(articles: readonly Article[], exceptions: Exceptions) {
    const others = { sku: null, pieces: 1 };
    for (const code of exceptions.skus) this.add(this.skus, code, others);
    for (const code of exceptions.barcodes) this.add(this.barcodes, code, others);
    for (const { sku, codes } of articles) {
      this.add(this.skus, sku, { sku, pieces: 1 });
      for (const { code, pieces } of codes) this.add(this.barcodes, code, { sku, pieces });
    }
  }

  private add(kind: Map<string, Owned>, code: string, owned: Owned): void {
    kind.set(code, owned);
    const lower = lowered(code);
    // Digits alone are the same in any case.
    if (lower === raised(code)) return;
    this.caseless.set(lower, [...(this.caseless.get(lower) ?? []), owned]);
  }

  /** Tell whether so many rivals of a code are known that it means nothing. */
  isDoubted(code: Code): boolean {
    const [rivals, enough] = code.isEither ? [code.others, 2] : [code.rivals, 1];
    return rivals.filter((rival) => this.barcodes.has(rival)).length >= enough;
  }

  /** Return the article that a code means; null when the device knows none, and no other one's code. */
  find(code: Code): Found | null {
    if (this.isDoubted(code)) return null;
    const literal = this.skus.get(code.literal) ?? this.barcodes.get(code.literal);
    if (literal) return { ...literal, literally: true };
    const byGtin = code.gtin === null ? undefined : this.barcodes.get(code.gtin);
    if (byGtin) return { ...byGtin, literally: false };
    const { others, isAll } = certain(code);
    for (const other of others) {
      const found = this.skus.get(other) ?? this.barcodes.get(other);
      if (found) return { ...found, literally: false };
    }
    return isAll ? this.near(code) : null;
  }

  /** Return what is found without regard to case, where it is one thing only. */
  private near(code: Code): Found | null {
    const found = [code.literal, ...code.others].map((form) => this.caseless.get(lowered(form)) ?? []);
    const [first, ...more] = found.flat();
    if (!first || more.some((one) => one.sku !== first.sku || one.pieces !== first.pieces)) return null;
    return { ...first, literally: found[0]?.length !== 0 };
  }
}

/**
 * Return the other readings of which the device can tell whether one before them is somebody's.
 *
 * In a message with several part numbers those are the forms of the first part.
 */
function certain({ literal, others }: Code): { others: readonly string[]; isAll: boolean } {
  if (!literal.includes(HEADER)) return { others, isAll: true };
  const part = others.findIndex((other) => !other.includes(HEADER));
  if (part < 0) return { others, isAll: true };
  const forms = gtin14(others[part] ?? "") === others[part + 1] ? 2 : 1;
  const known = others.slice(0, part + forms);
  return { others: known, isAll: known.length === others.length };
}

// One character for one, as PostgreSQL does it.
function lowered(text: string): string {
  return [...text].map((one) => (one === "\u0130" ? "i" : single(one, one.toLowerCase()))).join("");
}

function raised(text: string): string {
  return [...text].map((one) => single(one, one.toUpperCase())).join("");
}

function single(before: string, after: string): string {
  return [...after].length === 1 ? after : before;
}
