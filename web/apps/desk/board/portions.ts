/** How what is left of a task is shared out. */
import type { Pieces, TaskLine } from "../api/types";

/**
 * What is left of lines in so many parts, each of which is one stretch of the way through the warehouse: as many lines
 * as the others, one more or less; where there are fewer lines than parts, as many pieces. None is empty, so that there
 * may be fewer.
 */
export function portions(lines: TaskLine[], count: number): Pieces[][] {
  const left = lines
    .filter(({ remaining }) => remaining > 0)
    .map(({ line_id, remaining }) => ({ line_id, quantity: remaining }));
  return left.length >= count ? evenly(left, count) : byPieces(left, count);
}

function evenly<T>(all: T[], count: number): T[][] {
  const parts = Array.from({ length: count }, (_, place) =>
    all.slice(Math.round((place * all.length) / count), Math.round(((place + 1) * all.length) / count)),
  );
  return parts.filter((part) => part.length > 0);
}

function byPieces(left: Pieces[], count: number): Pieces[][] {
  const total = left.reduce((sum, { quantity }) => sum + quantity, 0);
  const ends = Array.from({ length: count }, (_, place) => Math.round(((place + 1) * total) / count));
  const parts: Pieces[][] = ends.map(() => []);
  let from = 0;
  for (const { line_id, quantity } of left) {
    const to = from + quantity;
    for (const [place, end] of ends.entries()) {
      const start = place === 0 ? 0 : (ends[place - 1] as number);
      const pieces = Math.min(to, end) - Math.max(from, start);
      if (pieces > 0) parts[place]?.push({ line_id, quantity: pieces });
    }
    from = to;
  }
  return parts.filter((part) => part.length > 0);
}
