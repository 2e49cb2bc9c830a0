/** How far apart a query's points lie, computed as Grafana does it. */
import { formatDuration, parseDuration, type TimeRange } from "./time";

/** What provisioning/datasources says of Prometheus (`timeInterval`): its scrape interval. */
export const SCRAPE_INTERVAL = 15_000;

/** More points than this Prometheus refuses (11,000 for a query). */
const MOST_POINTS = 11_000;

// Below the first number the second is taken.
const ROUND: [number, number][] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];

/** Round an interval to one that people count in. */
export function roundInterval(ms: number): number {
  return ROUND.find(([below]) => ms < below)?.[1] ?? 31_536_000_000;
}

/** The interval between `points` points of a range, rounded, and at least `min`. */
export function calculateInterval(range: TimeRange, points: number, min: number): number {
  return Math.max(min, roundInterval((range.to - range.from) / Math.max(1, points)));
}

export interface StepOptions {
  range: TimeRange;
  /** How many points there is room for: pixels of width, or the panel's `maxDataPoints`. */
  points: number;
  /** The panel's or the target's lower limit, such as "1m"; "" for the data source's. */
  minInterval: string;
  /** The target's `intervalFactor`. */
  factor: number;
}

export interface Step {
  /** Milliseconds between points. */
  step: number;
  /** `$__interval` */
  interval: number;
  /** `$__rate_interval` */
  rateInterval: number;
}

/** Step, `$__interval` and `$__rate_interval` of one query. */
export function computeStep({ range, points, minInterval, factor }: StepOptions): Step {
  // With $__rate_interval as its own lower limit a query has at least four scrapes between points.
  const wantsRate = /^\$\{?__rate_interval\}?$/.test(minInterval);
  const scrape = wantsRate ? SCRAPE_INTERVAL : (parseDuration(minInterval) ?? SCRAPE_INTERVAL);
  const min = wantsRate ? 4 * SCRAPE_INTERVAL : scrape;
  const wanted = calculateInterval(range, points, min);
  const safe = Math.ceil((range.to - range.from) / MOST_POINTS / 1000) * 1000;
  const interval = Math.max(wanted, safe);
  return {
    step: interval * Math.max(1, factor),
    interval,
    rateInterval: Math.max(interval + scrape, 4 * scrape),
  };
}

/** The range with its ends on multiples of the step, so that equal queries are equal for all who ask them. */
export function alignRange(range: TimeRange, step: number): TimeRange {
  return { from: Math.floor(range.from / step) * step, to: Math.floor(range.to / step) * step };
}

/** The built-in variables that depend on range and step. */
export function timeVariables(range: TimeRange, step: Step | null): Record<string, string> {
  const seconds = Math.round((range.to - range.from) / 1000);
  const found: Record<string, string> = {
    __range: `${seconds}s`,
    __range_s: String(seconds),
    __range_ms: String(seconds * 1000),
    __from: String(range.from),
    __to: String(range.to),
    __timeFilter: "",
  };
  if (step) {
    found.__interval = formatDuration(step.interval);
    found.__interval_ms = String(step.interval);
    found.__rate_interval = formatDuration(step.rateInterval);
    found.__rate_interval_ms = String(step.rateInterval);
  }
  return found;
}
