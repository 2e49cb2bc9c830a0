/** Changes to what an address says behind its question mark. */

export type Change = Partial<Record<string, string | string[] | null>>;

/** The parameters with a change made to them: null takes one away. */
export function changeUrl(search: URLSearchParams, change: Change): URLSearchParams {
  const changed = new URLSearchParams(search);
  for (const [key, value] of Object.entries(change)) {
    changed.delete(key);
    if (value === null || value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) changed.append(key, item);
  }
  return changed;
}
