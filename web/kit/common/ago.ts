/** Spans of time for people. */

const UNITS: [number, string][] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** "2 h 5 min", "12 s": the two largest units that there are. */
export function describeSpan(milliseconds: number): string {
  let seconds = Math.max(0, Math.round(milliseconds / 1000));
  const first = UNITS.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const shown: string[] = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) shown.push(`${count} ${unit}`);
  }
  return shown.join(" ");
}

/** Prometheus writes the year 1 for "never". */
export function isNever(time: string): boolean {
  return time.startsWith("0001-");
}
