/** The codes on badges: they stand for a person, and are never kept or shown as what was scanned. */

// A scanner may lose the end of a code: what is left of a badge is still most of a secret.
const LIKE_A_BADGE = /MGB1[A-Z2-7]{12}/i;
const WHOLE = /MGB1[A-Z2-7]{26}/i;

/** Whether this is a badge's code, or most of one. */
export const isBadge = (code: string): boolean => LIKE_A_BADGE.test(code);

/** The badge in what a scanner sent; null where there is none. */
export function badgeIn(code: string): string | null {
  return WHOLE.exec(code)?.[0].toUpperCase() ?? null;
}

/** A code as it may be kept. */
export function withoutBadge(code: string): string {
  return LIKE_A_BADGE.test(code) ? "MGB1…" : code;
}
