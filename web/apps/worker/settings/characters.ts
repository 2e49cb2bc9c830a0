/** What a scanner sent, character by character, with names for those that cannot be seen. */

export interface Character {
  shown: string;
  /** Whether it cannot be seen as it is, so that its name is shown. */
  named: boolean;
}

const CONTROLS = [
  ...[
    "NUL",
    "SOH",
    "STX",
    "ETX",
    "EOT",
    "ENQ",
    "ACK",
    "BEL",
    "BS",
    "TAB",
    "LF",
    "VT",
    "FF",
    "CR",
    "SO",
    "SI",
  ],
  ...[
    "DLE",
    "DC1",
    "DC2",
    "DC3",
    "DC4",
    "NAK",
    "SYN",
    "ETB",
    "CAN",
    "EM",
    "SUB",
    "ESC",
    "FS",
    "GS",
    "RS",
    "US",
  ],
];

export function characters(code: string): Character[] {
  return [...code].map((character) => {
    const name = nameOf(character);
    return name === null ? { shown: character, named: false } : { shown: name, named: true };
  });
}

function nameOf(character: string): string | null {
  const point = character.codePointAt(0) ?? 0;
  if (character === " ") return "SP";
  if (point === 0x7f) return "DEL";
  if (point === 0xa0) return "NBSP";
  if (point < 0x20) return CONTROLS[point] ?? null;
  // Marks without a shape of their own, halves of characters, and what no font has.
  if (/[\p{C}\p{Z}\p{M}]/u.test(character)) return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  return null;
}
