/** What bar charts and histograms draw: groups of bars, one for each series. */
import type { ShownField, ShownFrame } from "../../model/frames";
import { type Json, number, record, text } from "../../model/json";
import { niceSize } from "../heatmap/cells";

export interface Bars {
  /** What stands below each group. */
  labels: string[];
  series: { title: string; field: ShownField; values: (number | null)[] }[];
}

const numbersOf = (frame: ShownFrame) =>
  frame.fields.filter((field) => field.type === "number" && !hidden(field));

const hidden = ({ config }: ShownField) => record(config.custom.hideFrom).viz === true;

/** A group for each row. Series that stand apart are put together by time first. */
export function barsOf(
  frames: ShownFrame[],
  options: Json,
  label: (value: unknown, field: ShownField) => string,
): Bars | null {
  const wanted = text(options.xField);
  const frame =
    frames.find((one) => numbersOf(one).length > 0 && axisOf(one, wanted)) ??
    frames.find((one) => numbersOf(one).length > 0);
  if (!frame) return null;
  const axis = axisOf(frame, wanted);
  if (frames.length > 1 && axis?.type === "time") return byTime(frames, label);
  const fields = numbersOf(frame).filter((field) => field !== axis);
  return {
    labels: Array.from({ length: frame.length }, (_, row) =>
      axis ? label(axis.values[row], axis) : String(row + 1),
    ),
    series: fields.map((field) => ({ title: field.title, field, values: field.values.map(numeric) })),
  };
}

/** The column that is named, else the first of words, else the time. */
function axisOf(frame: ShownFrame, wanted: string): ShownField | undefined {
  const { fields } = frame;
  return (
    (wanted ? fields.find(({ title, name }) => title === wanted || name === wanted) : undefined) ??
    fields.find(({ type }) => type === "string") ??
    fields.find(({ type }) => type === "time")
  );
}

function byTime(frames: ShownFrame[], label: (value: unknown, field: ShownField) => string): Bars {
  const columns = frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === "time");
    return time ? numbersOf(frame).map((field) => ({ field, time })) : [];
  });
  const times = [...new Set(columns.flatMap(({ time }) => time.values as number[]))].sort((a, b) => a - b);
  const first = columns[0]?.time as ShownField;
  return {
    labels: times.map((time) => label(time, first)),
    series: columns.map(({ field, time }) => {
      const places = new Map(time.values.map((value, row) => [value, row]));
      const values = times.map((one) => numeric(field.values[places.get(one) ?? -1]));
      return { title: field.title, field, values };
    }),
  };
}

function numeric(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** How many values there are in each range, for each series or for all of them. */
export function histogramOf(
  frames: ShownFrame[],
  options: Json,
  label: (value: number) => string,
): Bars | null {
  const fields = frames.flatMap(numbersOf);
  const [first] = fields;
  if (!first) return null;
  const groups =
    options.combine === true
      ? [{ title: "Count", field: first, values: fields.flatMap(({ values }) => values) }]
      : fields.map((field) => ({ title: field.title, field, values: field.values }));
  const all = groups.flatMap(({ values }) => values.map(numeric)).filter((value) => value !== null);
  if (all.length === 0) return null;
  const [least, most] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const size = number(options.bucketSize) || niceSize((most - least) / (number(options.bucketCount) || 30));
  const offset = number(options.bucketOffset) ?? 0;
  const place = (value: number) => Math.floor((value - offset) / size + 1e-9);
  const from = place(least);
  const count = Math.min(500, place(most) - from + 1);
  return {
    labels: Array.from({ length: count }, (_, index) => label(offset + (from + index) * size)),
    series: groups.map(({ title, field, values }) => {
      const counts = new Array<number>(count).fill(0);
      for (const value of values.map(numeric)) {
        if (value === null) continue;
        const at = Math.min(count - 1, place(value) - from);
        counts[at] = (counts[at] ?? 0) + 1;
      }
      return { title, field, values: counts };
    }),
  };
}
