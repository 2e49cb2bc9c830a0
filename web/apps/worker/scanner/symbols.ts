/** What a camera reads, and what of it a code is. */

/** The formats that are looked for, as zxing names them and as the browser's own reader does. */
export const FORMATS = {
  EAN13: "ean_13",
  EAN8: "ean_8",
  UPCA: "upc_a",
  UPCE: "upc_e",
  Code128: "code_128",
  ITF14: "itf",
  DataMatrix: "data_matrix",
  QRCode: "qr_code",
} as const;

/** How frames are read: one code at a time, with the separators as they are. */
export const READING = {
  formats: Object.keys(FORMATS) as (keyof typeof FORMATS)[],
  // In the form for people, a lot `A(30)5` and a lot A with a count of 5 look the same.
  textMode: "Plain",
  maxNumberOfSymbols: 1,
  tryHarder: true,
} as const;

// GS1 symbols, in which a separator is one and digits are elements; of EAN and UPC, which of them it is.
const TELLING = /^\](?:C1|d2|Q3|e0|E[034])$/;

/** Return a code with its symbology identifier, where the rules of reading go by it. */
export function identified(text: string, identifier: string): string {
  return TELLING.test(identifier) ? identifier + text : text;
}

/** The identifier of what the browser's own reader has found: it says the format only. */
const OF_NATIVE: Readonly<Record<string, string>> = { ean_8: "]E4", upc_e: "]E0" };

/** Return a code that the browser's own reader has found. */
export function fromNative(text: string, format: string): string {
  return identified(text, OF_NATIVE[format] ?? "");
}

// Fewer frames without a code may be blurred ones, or have been read for another code that is in sight as well.
const MISSED = 3;

/** Lets the same code through once, until it was out of sight for a while. */
export class Repeats {
  private readonly known = new Map<string, { seen: number; missed: number }>();
  private last = "";

  /** `pause` is how many milliseconds a code is out of sight before it counts again; half with another in between. */
  constructor(private readonly pause: number) {}

  /** Look at the codes in a frame that was read at `time`, and return the new ones. */
  look(codes: readonly string[], time: number): string[] {
    for (const one of this.known.values()) one.missed++;
    return codes.filter((code) => {
      const before = this.known.get(code);
      const pause = this.last === code ? this.pause : this.pause / 2;
      this.known.set(code, { seen: time, missed: 0 });
      this.last = code;
      // However long it takes to read a frame, what is in the next one stayed in sight.
      return !before || (before.missed > MISSED && time - before.seen > pause);
    });
  }
}
