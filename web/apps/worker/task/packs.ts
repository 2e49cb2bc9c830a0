/** A quantity as a hand takes it: so many cases, so many inner packs, and the pieces that are left. */
import type { Pack } from "../work/work";

export interface Part {
  level: Pack["level"];
  /** In one of them. */
  pieces: number;
  count: number;
}

/** The largest packs first, as many of each as go in; single pieces last. Zero pieces are no parts. */
export function inPacks(quantity: number, packs: Pack[]): Part[] {
  const parts: Part[] = [];
  let left = quantity;
  for (const { level, pieces } of kinds(packs)) {
    const count = Math.floor(left / pieces);
    if (count > 0) parts.push({ level, pieces, count });
    left -= count * pieces;
  }
  if (left > 0) parts.push({ level: "each", pieces: 1, count: left });
  return parts;
}

/** One of each size, the largest first; what holds a single piece is no pack. */
function kinds(packs: Pack[]): Pack[] {
  const bySize = new Map<number, Pack>();
  for (const pack of packs) if (pack.pieces > 1 && !bySize.has(pack.pieces)) bySize.set(pack.pieces, pack);
  return [...bySize.values()].sort((a, b) => b.pieces - a.pieces);
}
