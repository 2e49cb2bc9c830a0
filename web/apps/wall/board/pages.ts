/** People who do not fit beside each other come one page after the other. */

const PAGE_MS = 10_000;

export interface Portion<T> {
  items: T[];
  /** From 1. */
  page: number;
  pages: number;
}

/** What of a list is to be seen at a moment (milliseconds), so many at a time. */
export function portionAt<T>(items: readonly T[], size: number, moment: number): Portion<T> {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const page = Math.floor(moment / PAGE_MS) % pages;
  return { items: items.slice(page * size, (page + 1) * size), page: page + 1, pages };
}
