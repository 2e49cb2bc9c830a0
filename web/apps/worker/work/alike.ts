/** Telling what changed from what is only another object. */

/**
 * Whether two values are the same, or are lists or plain objects whose parts are alike down to so many levels. What is
 * deeper must be the very same.
 */
export function isAlike(one: unknown, other: unknown, levels: number): boolean {
  if (Object.is(one, other)) return true;
  if (levels === 0 || !isMadeOfParts(one) || !isMadeOfParts(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => name in other && isAlike(one[name], other[name], levels - 1))
  );
}

/** `now`, where it has what was there `before` for whatever of its fields is alike; `before` where all of it is. */
export function keptWhereAlike<T extends object>(before: T, now: T, levels: number): T {
  const names = Object.keys(now) as (keyof T)[];
  const same = names.filter((name) => isAlike(before[name], now[name], levels));
  if (same.length === names.length) return before;
  return { ...now, ...Object.fromEntries(same.map((name) => [name, before[name]])) };
}

function isMadeOfParts(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
