/** What Prometheus answers, as frames. */
import type { Labels, NativeHistogram, QueryResult, Sample } from "../../api/prometheus";
import type { Target } from "./dashboard";
import { type Field, type Frame, makeField, makeFrame, type NativeCell } from "./frames";
import type { TimeRange } from "./time";

/** A sample's number. */
export function sampleValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return text === "NaN" ? Number.NaN : Number(text);
}

interface Series {
  metric: Labels;
  values: Sample[];
  histograms: [number, NativeHistogram][];
}

function seriesOf(result: QueryResult): Series[] {
  switch (result.resultType) {
    case "matrix":
      return result.result.map(({ metric, values = [], histograms = [] }) => ({
        metric,
        values,
        histograms,
      }));
    case "vector":
      return result.result.map(({ metric, value, histogram }) => ({
        metric,
        values: value ? [value] : [],
        histograms: histogram ? [histogram] : [],
      }));
    default:
      return [{ metric: {}, values: [result.result], histograms: [] }];
  }
}

export interface FrameOptions {
  target: Target;
  /** With variables filled in. */
  expr: string;
  legendFormat: string;
  range: TimeRange;
  step: number;
  /** Whether another query of the panel makes a table too, so that the values need telling apart. */
  manyTables: boolean;
  /** How many series are made into frames at most. */
  limit: number;
}

export interface Framed {
  frames: Frame[];
  /** Whether there are histograms that Prometheus keeps whole. */
  native: boolean;
  /** How many series there were. */
  series: number;
}

export function toFrames(result: QueryResult, options: FrameOptions): Framed {
  const all = seriesOf(result);
  const series = all.slice(0, options.limit);
  const { target } = options;
  const native = series.some(({ histograms }) => histograms.length > 0);
  if (target.format === "table") {
    const table = toTable(series, target.refId, options.manyTables);
    return { frames: [table], series: all.length, native };
  }
  const onGrid = result.resultType === "matrix";
  const frames = series.map((one) => toSeries(one, options, onGrid));
  return { frames: target.format === "heatmap" ? apart(frames) : frames, series: all.length, native };
}

const upperBound = ({ fields }: Frame) => sampleValue(fields[1]?.labels.le ?? "NaN");

/** Buckets each count what is in those below as well: for a heatmap only what is in them counts. */
function apart(frames: Frame[]): Frame[] {
  if (!frames.some((frame) => !Number.isNaN(upperBound(frame)))) return frames;
  const sorted = [...frames].sort((a, b) => upperBound(a) - upperBound(b));
  return sorted.map((frame, at) => {
    const below = sorted[at - 1]?.fields[1]?.values;
    const [time, value] = frame.fields as [Field, Field];
    const values = value.values.map((own, row) =>
      typeof own === "number" ? Math.max(0, own - ((below?.[row] as number | null) ?? 0)) : null,
    );
    // By its bound, where no legend names it: labels that all buckets have say nothing.
    const legend = value.legend?.includes("{") ? (value.labels.le ?? null) : value.legend;
    return { ...frame, fields: [time, { ...value, values, legend: legend ?? value.labels.le ?? null }] };
  });
}

/** What each bucket of a histogram holds, from one step to the next. */
function cellsOf(histograms: [number, NativeHistogram][], step: number): NativeCell[] {
  return histograms.flatMap(([time, { buckets = [] }]) =>
    buckets.map(([, low, high, count]) => ({
      from: Math.round(time * 1000) - step,
      to: Math.round(time * 1000),
      low: sampleValue(low),
      high: sampleValue(high),
      count: sampleValue(count),
    })),
  );
}

function toSeries({ metric, values, histograms }: Series, options: FrameOptions, onGrid: boolean): Frame {
  const { target, step, range } = options;
  const [times, numbers] = onGrid ? spread(values, range, step) : pairs(values);
  const field: Partial<Field> = { labels: metric, refId: target.refId, legend: legendOf(metric, options) };
  return makeFrame(
    [makeField("Time", "time", times, { refId: target.refId }), makeField("Value", "number", numbers, field)],
    {
      refId: target.refId,
      name: field.legend ?? null,
      step: onGrid ? step : null,
      ...(histograms.length > 0 && { native: cellsOf(histograms, step) }),
    },
  );
}

function pairs(values: Sample[]): [number[], (number | null)[]] {
  return [values.map(([time]) => Math.round(time * 1000)), values.map(([, value]) => sampleValue(value))];
}

/** Put samples on every step of the range, null where there is none, so that gaps show as gaps. */
function spread(values: Sample[], range: TimeRange, step: number): [number[], (number | null)[]] {
  const count = Math.floor((range.to - range.from) / step) + 1;
  const times = Array.from({ length: count }, (_, index) => range.from + index * step);
  const numbers: (number | null)[] = new Array(count).fill(null);
  for (const [time, value] of values) {
    const place = Math.round((time * 1000 - range.from) / step);
    const number = sampleValue(value);
    // NaN is what a division by zero leaves: nothing to be drawn.
    if (place >= 0 && place < count) numbers[place] = Number.isNaN(number) ? null : number;
  }
  return [times, numbers];
}

function legendOf(metric: Labels, { legendFormat, expr }: FrameOptions): string | null {
  if (legendFormat === "__auto" || legendFormat === "__verbose") {
    return Object.keys(metric).length === 0 ? expr : legendFormat === "__auto" ? null : verbose(metric);
  }
  // A legend that says nothing, for lack of its label, names no series: their labels do.
  const legend = fillLegend(legendFormat, metric);
  if (legendFormat) return legend.trim() ? legend : null;
  return Object.keys(metric).length === 0 ? expr : verbose(metric);
}

function verbose(metric: Labels): string {
  const { __name__: name = "", ...rest } = metric;
  const labels = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
  return `${name}{${labels.join(", ")}}`;
}

/** Fill `{{label}}` in; a label that is not there leaves nothing. */
export function fillLegend(format: string, labels: Labels): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
}

/** One row a sample: the time, a column for each label, the value. */
function toTable(series: Series[], refId: string, many: boolean): Frame {
  const keys = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap(({ metric, values }) => values.map((sample) => ({ metric, sample })));
  const times = rows.map(({ sample }) => Math.round(sample[0] * 1000));
  const columns = keys.map((key) =>
    makeField(
      key,
      "string",
      rows.map(({ metric }) => metric[key] ?? null),
      { refId },
    ),
  );
  const value = makeField(
    many ? `Value #${refId}` : "Value",
    "number",
    rows.map(({ sample }) => sampleValue(sample[1])),
    { refId },
  );
  return makeFrame([makeField("Time", "time", times, { refId }), ...columns, value], { refId });
}
