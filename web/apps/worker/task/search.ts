import type { TaskLine } from "../work/work";

/** Whether each word is somewhere in a line, without regard to case and to the marks on letters. */
export function matches(line: TaskLine, wanted: string): boolean {
  const { sku, description, location, zone, aisle, tote } = line;
  const all = plain([sku, description, location, zone, aisle, tote].filter(Boolean).join(" "));
  return plain(wanted)
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** "Šraf" and "sraf" are the same to somebody in a hurry; đ has no mark that comes off. */
const plain = (text: string) =>
  text.toLowerCase().replaceAll("đ", "dj").normalize("NFD").replace(/\p{M}/gu, "");
