/** What a heatmap is made of: how much there is in each range of values at each time. */
import type { NativeCell, ShownField, ShownFrame } from "../../model/frames";
import { flag, type Json, number, record, text } from "../../model/json";

/** On the axis of values it lies between numbers, or at the place of a bucket counted from below. */
export type Cell = NativeCell;

export interface Heat {
  cells: Cell[];
  /** The names of the buckets from below; null where the axis is one of numbers. */
  buckets: string[] | null;
  /** Whether a name is that of the upper bound of its bucket. */
  upper: boolean;
  low: number;
  high: number;
  log: boolean;
}

/** The values of histograms that Prometheus keeps whole, of series that are buckets, or counted here. */
export function heatOf(frames: ShownFrame[], options: Json): Heat | null {
  const native = frames.flatMap((frame) => frame.native ?? []);
  if (native.length > 0) return ofCells(native, true);
  const series = frames.flatMap(seriesOf);
  if (series.length === 0) return null;
  return flag(options.calculate) ? counted(series, record(options.calculation)) : ofBuckets(series, options);
}

interface Series {
  field: ShownField;
  times: number[];
  step: number;
}

function seriesOf(frame: ShownFrame): Series[] {
  const time = frame.fields.find(({ type }) => type === "time");
  if (!time) return [];
  const times = time.values as number[];
  const step = frame.step ?? (times[1] ?? 0) - (times[0] ?? 0);
  return frame.fields
    .filter(({ type }) => type === "number")
    .map((field) => ({ field, times, step: step || 15_000 }));
}

function ofCells(cells: Cell[], log: boolean): Heat {
  const low = Math.min(...cells.map((cell) => cell.low));
  const high = Math.max(...cells.map((cell) => cell.high));
  const positive = cells.map((cell) => cell.low).filter((value) => value > 0);
  // A bucket of zero has no place on a logarithmic axis but below all others.
  if (log && positive.length > 0 && low <= 0) {
    const least = positive.reduce((a, b) => Math.min(a, b)) / 2;
    return {
      cells: cells.map((cell) => ({ ...cell, low: Math.max(cell.low, least) })),
      buckets: null,
      upper: false,
      low: least,
      high,
      log,
    };
  }
  return { cells, buckets: null, upper: false, low, high, log: log && low > 0 };
}

const bound = (title: string) => (/^\+?inf(inity)?$/i.test(title) ? Number.POSITIVE_INFINITY : number(title));

function ofBuckets(series: Series[], options: Json): Heat {
  const bounds = series.map(({ field }) => bound(field.title));
  const numeric = bounds.every((one) => one !== undefined);
  const order = series.map((_, index) => index);
  if (numeric) order.sort((a, b) => (bounds[a] as number) - (bounds[b] as number));
  const cells = order.flatMap((index, place) => {
    const { field, times, step } = series[index] as Series;
    return times.flatMap((time, at): Cell[] => {
      const count = field.values[at];
      if (typeof count !== "number" || Number.isNaN(count)) return [];
      return [{ from: time - step, to: time, low: place, high: place + 1, count }];
    });
  });
  const layout = text(record(options.rowsFrame).layout, "auto");
  return {
    cells,
    buckets: order.map((index) => (series[index] as Series).field.title),
    upper: layout === "le" || (layout !== "ge" && layout !== "unknown" && numeric),
    low: 0,
    high: series.length,
    log: false,
  };
}

/** Values that are counted into ranges of equal size, or each so many times the one before. */
function counted(series: Series[], calculation: Json): Heat {
  const samples = series.flatMap(({ field, times }) =>
    field.values.flatMap((value, at): [number, number][] =>
      typeof value === "number" && Number.isFinite(value) ? [[times[at] as number, value]] : [],
    ),
  );
  const settings = record(calculation.yBuckets);
  const base = number(record(settings.scale).log) ?? 1;
  const log = base > 1;
  const values = samples.map(([, value]) => value).filter((value) => !log || value > 0);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const toAxis = (value: number) => (log ? Math.log(value) / Math.log(base) : value);
  const fromAxis = (value: number) => (log ? base ** value : value);
  const asked = number(settings.value);
  const split = log ? Math.max(1, settings.mode === "count" ? 1 : (asked ?? 1)) : 1;
  const size = log
    ? 1 / split
    : settings.mode === "size" && asked
      ? asked
      : niceSize((most - least) / (asked || 10));
  const span = Math.max(columnSize(series, record(calculation.xBuckets)), series[0]?.step ?? 1);
  const counts = new Map<string, Cell>();
  for (const [time, value] of samples) {
    if (log && value <= 0) continue;
    const row = Math.floor(toAxis(value) / size + 1e-9);
    const from = Math.floor(time / span) * span;
    const key = `${from} ${row}`;
    const cell = counts.get(key) ?? {
      from,
      to: from + span,
      low: fromAxis(row * size),
      high: fromAxis((row + 1) * size),
      count: 0,
    };
    cell.count += 1;
    counts.set(key, cell);
  }
  return ofCells([...counts.values()], log);
}

function columnSize(series: Series[], settings: Json): number {
  const times = series[0]?.times ?? [];
  const range = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const asked = text(settings.value) || String(number(settings.value) ?? "");
  const duration = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(asked);
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  if (settings.mode === "size" && duration) return Number(duration[1]) * (units[duration[2] ?? "ms"] ?? 1);
  return range / (settings.mode === "count" && duration ? Number(duration[1]) : 40);
}

/** 1, 2 or 5 times a power of ten, at least as large. */
export function niceSize(size: number): number {
  if (!(size > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5, 10].find((step) => step * power >= size * 0.999) ?? 10);
}

// Units whose prefixes are powers of 1024: there a round number is one of two.
const BINARY = /^(bytes|bits|[kmgt]bytes|binBps|binbps|[KMG]iBs)$/;

/** Numbers to write at an axis. */
export function ticksOf(low: number, high: number, log: boolean, most: number, unit = ""): number[] {
  if (log) {
    const [from, to] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
    const every = Math.max(1, Math.ceil((to - from + 1) / most));
    const powers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => 10 ** (from + index));
    return powers.length > 0 ? powers.filter((_, index) => index % every === 0) : [low, high];
  }
  const least = (high - low) / Math.max(1, most);
  const size = BINARY.test(unit) && least > 1 ? 2 ** Math.ceil(Math.log2(least)) : niceSize(least);
  const first = Math.ceil(low / size - 1e-9) * size;
  return Array.from(
    { length: Math.floor((high - first) / size + 1e-9) + 1 },
    (_, index) => first + index * size,
  );
}
