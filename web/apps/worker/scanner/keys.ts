/**
 * Tells a scanner that is a keyboard from a person who types, by what is pressed and when.
 *
 * A scanner's characters come faster than a person's, many of them, and mostly with Enter or Tab behind them. All
 * here is a matter of what came and at which time: there are no timers and no page.
 */

export interface Options {
  /** The longest time in milliseconds between two characters of a scanner. */
  readonly gap: number;
  /** The same, once so many came that they are a scanner's: a device that is busy hands them on late. */
  readonly patience: number;
  /** The same of a scanner that may press a key behind its codes: a pause is no end while that key is to come. */
  readonly suffixPatience: number;
  /** The fewest characters of a code. */
  readonly length: number;
  /** What a scanner sends behind a code; a pause is one always. */
  readonly suffixes: readonly string[];
}

export const STANDARD: Options = {
  // Scanners send a character every 1 to 15 ms, over Bluetooth in bundles up to 60 ms apart. Who types 20 words
  // in ten seconds leaves 100.
  gap: 70,
  patience: 150,
  suffixPatience: 700,
  length: 4,
  suffixes: ["Enter", "Tab"],
};

/** A key as a page gets it. */
export interface Key {
  readonly key: string;
  readonly code?: string;
  readonly ctrlKey?: boolean;
  readonly altKey?: boolean;
  readonly metaKey?: boolean;
  readonly isComposing?: boolean;
}

// What a keyboard has no key for, as scanners press it: Ctrl with one of these.
const WITH_CTRL = /^[A-Za-z[\\\]^_]$/;
// As some of them name it in `key`, where others have the character itself.
const NAMED: Readonly<Record<string, string>> = { Separator: "\x1d", GroupSeparator: "\x1d", Spacebar: " " };

/** Return the character that a key stands for, and null when it stands for none. */
export function characterOf({ key, ctrlKey, altKey, metaKey }: Key): string | null {
  if (metaKey) return null;
  const named = NAMED[key];
  if (named) return named;
  if ([...key].length !== 1) return null;
  // With AltGr, which is Ctrl and Alt, it is the character that is on the key.
  if (ctrlKey && !altKey)
    return WITH_CTRL.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31) : null;
  return altKey && !ctrlKey ? null : key;
}

/**
 * What became of a key: nothing yet, part of what may be a code, the end of one, or more of its end, as of a scanner
 * that sends two of them.
 */
export type Heard =
  | { readonly kind: "nothing" | "part" | "rest" }
  | { readonly kind: "code"; readonly code: string };

const NOTHING: Heard = { kind: "nothing" };
const PART: Heard = { kind: "part" };
const REST: Heard = { kind: "rest" };

export class Keys {
  private text = "";
  private last = Number.NEGATIVE_INFINITY;
  /** When a code came to its end by a key. */
  private ended = Number.NEGATIVE_INFINITY;
  private altDigits: string | null = null;
  /** How the last code ended: as it does, so will the next. */
  private endsBy: "key" | "pause" | "unknown" = "unknown";

  constructor(private readonly options: Options = STANDARD) {}

  /** Nothing is waited for. */
  get isIdle(): boolean {
    return this.text === "";
  }

  /** What came so far is a scanner's: it is fast, and long enough to be no two keys pressed at once. */
  get isFast(): boolean {
    return [...this.text].length >= this.options.length;
  }

  /** For how many milliseconds more is waited, before these are a code without a key behind it. */
  get wait(): number {
    if (!this.isFast) return this.options.gap;
    return this.endsBy === "pause" ? this.options.patience : this.options.suffixPatience;
  }

  /** For how many milliseconds another character may come that belongs to these. */
  private get joins(): number {
    return this.endsBy === "key" ? this.wait : Math.min(this.wait, this.options.patience);
  }

  /** Hear a key that goes down at `time`, in milliseconds. */
  down(key: Key, time: number): Heard {
    if (this.options.suffixes.includes(key.key) || key.key === "\r" || key.key === "\n" || key.key === "\t")
      return this.end(time);
    // A scanner may type a control character by its number: Alt held, and digits of the number pad.
    if (key.altKey && !key.ctrlKey && /^Numpad[0-9]$/.test(key.code ?? "")) {
      this.altDigits = (this.altDigits ?? "") + (key.code ?? "").slice(-1);
      return this.isFast ? PART : NOTHING;
    }
    const character = characterOf(key);
    if (character === null) return NOTHING;
    return "\r\n\t".includes(character) ? this.end(time) : this.add(character, time);
  }

  /** Hear a key that comes up: with Alt, a number that was typed is a character. */
  up(key: Key, time: number): Heard {
    if (key.key !== "Alt" || this.altDigits === null) return NOTHING;
    const number = Number(this.altDigits);
    this.altDigits = null;
    return number > 0 && number < 128 ? this.add(String.fromCharCode(number), time) : NOTHING;
  }

  /** Hear a text that came without a key: from an input method, often a whole code at once. */
  input(text: string, time: number): Heard {
    const body = text.replace(/[\r\n\t]+$/, "");
    const before = body ? this.add(body, time) : NOTHING;
    // Where another code came to its end before, this one is told after a pause: nothing tells two at once.
    return body === text || before.kind === "code" ? before : this.end(time);
  }

  /** Hear that there was a pause until `time`: it ends a code, too. What is none yet may only be late to be heard. */
  pause(time: number): Heard {
    return this.isFast && time - this.last > this.wait ? this.taken("pause") : NOTHING;
  }

  /** Forget what came so far. */
  forget(): void {
    this.text = "";
    this.altDigits = null;
    this.last = Number.NEGATIVE_INFINITY;
  }

  private add(text: string, time: number): Heard {
    // A page that was busy hears of the next code before it had the time to notice the pause behind this one.
    const before = time - this.last > this.joins ? this.taken("pause") : PART;
    this.text += text;
    this.last = time;
    return before.kind === "code" ? before : PART;
  }

  private end(time: number): Heard {
    if (this.isIdle && time - this.ended <= this.options.gap) {
      this.ended = time;
      return REST;
    }
    const heard = this.taken(time - this.last > this.wait ? "pause" : "key");
    if (heard.kind === "code") this.ended = time;
    return heard;
  }

  private taken(by: "key" | "pause"): Heard {
    const code = this.text;
    const isCode = this.isFast;
    this.forget();
    if (isCode) this.endsBy = by;
    return isCode ? { kind: "code", code } : NOTHING;
  }
}
