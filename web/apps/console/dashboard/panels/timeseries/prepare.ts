/** From frames to aligned columns of numbers: joined in time, gaps bridged, stacked. */
import type { Scheme } from "../../model/colors";
import { seriesColor } from "../../model/field-config";
import type { ShownField, ShownFrame } from "../../model/frames";
import { readStyle, type SeriesStyle } from "./style";

export interface PreparedSeries {
  field: ShownField;
  style: SeriesStyle;
  color: string;
  /** As they were measured: for legend and tooltip. */
  values: Values;
  /** As they are drawn: stacked, if so. */
  drawn: Values;
  /** The series upon which this one stands. */
  below: number | null;
  scaleKey: string;
  side: "left" | "right" | "hidden";
}

export interface Prepared {
  /** Milliseconds. */
  times: number[];
  series: PreparedSeries[];
}

/** Null is a gap; undefined a moment of other series only, over which uPlot draws on. */
export type Values = (number | null | undefined)[];

export function prepare(frames: ShownFrame[], scheme: Scheme, hidden: ReadonlySet<string>): Prepared {
  const columns = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (!time) return [];
    const fields = frame.fields.filter((field) => field.type === "number" || field.type === "boolean");
    return fields.map((field) => ({ field, times: time.values as number[], step: frame.step }));
  });
  const shown = columns
    .filter(({ field }) => !readStyle(field).hidden.viz)
    .map((column) => ({ ...column, field: withoutGaps(column.field) }));
  const times = joinTimes(shown.map((column) => column.times));
  const sides = placeAxes(shown.map(({ field }) => field));
  const series = shown.map(({ field, times: own, step }, index) => {
    const style = readStyle(field);
    const values = alignValues(field, own, times, style);
    const bridged = bridge(values, times, style, step);
    const side = sides[index] as PreparedSeries["side"];
    return {
      field,
      style,
      color: seriesColor(field, scheme),
      values,
      drawn: style.stacking === "none" ? bridged : betweenSamples(bridged, times, step),
      below: null,
      scaleKey: scaleKeyOf(field, style, side),
      side,
    };
  });
  return { times, series: stack(series, hidden) };
}

function joinTimes(columns: number[][]): number[] {
  const [first = []] = columns;
  const same = columns.every(
    (column) => column.length === first.length && column[0] === first[0] && column.at(-1) === first.at(-1),
  );
  if (same) return first;
  return [...new Set(columns.flat())].sort((a, b) => a - b);
}

/** Where the file says what a gap is worth, it is: in the chart and in all that is calculated. */
function withoutGaps(field: ShownField): ShownField {
  const worth = field.config.noValue ? Number(field.config.noValue) : Number.NaN;
  if (Number.isNaN(worth)) return field;
  return { ...field, values: field.values.map((value) => value ?? worth) };
}

function alignValues(field: ShownField, own: number[], times: number[], style: SeriesStyle): Values {
  const sign = style.negative ? -1 : 1;
  const read = (value: unknown): number | null => {
    if (typeof value === "boolean") return value ? 1 : 0;
    return typeof value === "number" && Number.isFinite(value) ? value * sign : null;
  };
  if (style.constant) {
    const value = read(field.values.find((one) => typeof one === "number"));
    return times.map(() => value);
  }
  if (own === times || own.length === times.length) return field.values.map(read);
  const byTime = new Map(own.map((time, index) => [time, read(field.values[index])]));
  return times.map((time) => byTime.get(time));
}

/** Bridge gaps as the options say; uPlot itself bridges all or none. */
function bridge(values: Values, times: number[], style: SeriesStyle, step: number | null): Values {
  if (style.spanNulls !== true && typeof style.spanNulls !== "number") return values;
  const most = style.spanNulls === true ? Number.POSITIVE_INFINITY : style.spanNulls;
  if (step !== null && most <= step) return values;
  const bridged = [...values];
  let last = -1;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (value === null || value === undefined) continue;
    const gap = (times[at] as number) - (times[last] ?? 0);
    if (last >= 0 && at - last > 1 && gap <= most) interpolateGap(bridged, times, last, at);
    last = at;
  }
  return bridged;
}

function interpolateGap(values: Values, times: number[], from: number, to: number): void {
  const [start, end] = [values[from] as number, values[to] as number];
  const [began, ended] = [times[from] as number, times[to] as number];
  for (let at = from + 1; at < to; at += 1) {
    values[at] = start + ((end - start) * ((times[at] as number) - began)) / (ended - began);
  }
}

/** What a series is at the moments of others: on its line, or for one step what it was last. Piles need it. */
function betweenSamples(values: Values, times: number[], step: number | null): Values {
  const filled = [...values];
  let last = -1;
  for (let at = 0; at <= values.length; at += 1) {
    if (at < values.length && values[at] === undefined) continue;
    const [before, after] = [values[last] ?? null, values[at] ?? null];
    if (before !== null && after !== null) interpolateGap(filled, times, last, at);
    else {
      for (let place = last + 1; place < at; place += 1) {
        const near = (times[place] as number) - (times[last] ?? Number.NEGATIVE_INFINITY) < (step ?? 0);
        filled[place] = near ? before : null;
      }
    }
    last = at;
  }
  return filled;
}

/** Left for the first unit, right for the second, as Grafana does where the file says "auto". */
function placeAxes(fields: ShownField[]): PreparedSeries["side"][] {
  const units: string[] = [];
  return fields.map((field) => {
    const style = readStyle(field);
    if (style.side !== "auto") return style.side;
    const unit = field.config.unit ?? "";
    if (!units.includes(unit)) units.push(unit);
    return units.indexOf(unit) === 0 ? "left" : "right";
  });
}

function scaleKeyOf(field: ShownField, style: SeriesStyle, side: string): string {
  const { min, max, unit = "" } = field.config;
  return [
    unit,
    side,
    style.scale.kind,
    style.scale.base,
    min,
    max,
    style.softMin,
    style.softMax,
    style.axisLabel,
  ].join("/");
}

interface Pile {
  totals: number[];
  top: number | null;
  members: number[];
}

/** Put series of a group on top of each other; what is below zero goes down from it. */
function stack(series: PreparedSeries[], hidden: ReadonlySet<string>): PreparedSeries[] {
  const piles = new Map<string, Pile>();
  const stacked = series.map((one, index) => {
    const { style, drawn } = one;
    if (style.stacking === "none" || hidden.has(one.field.title)) return one;
    const down = drawn.some((value) => (value ?? 0) < 0) && drawn.every((value) => (value ?? 0) <= 0);
    // Bars and lines are piles of their own.
    const kind = style.draw === "bars" ? "bars" : "lines";
    const key = `${style.stackGroup}/${style.stacking}/${one.scaleKey}/${down}/${kind}`;
    const pile = piles.get(key) ?? {
      totals: new Array<number>(drawn.length).fill(0),
      top: null,
      members: [],
    };
    piles.set(key, pile);
    const raised = drawn.map((value, at) => {
      // A gap in one series must not tear a hole into those above it.
      const total = (pile.totals[at] ?? 0) + (value ?? 0);
      pile.totals[at] = total;
      return value === null && pile.top === null ? null : total;
    });
    const below = pile.top;
    pile.top = index;
    pile.members.push(index);
    return { ...one, drawn: raised, below };
  });
  for (const [key, pile] of piles) if (key.split("/")[1] === "percent") toPercent(stacked, pile);
  return stacked;
}

function toPercent(series: PreparedSeries[], { members, totals }: Pile): void {
  for (const index of members) {
    const one = series[index] as PreparedSeries;
    one.drawn = one.drawn.map((value, at) =>
      value == null || !totals[at] ? null : value / Math.abs(totals[at]),
    );
  }
}
