/** What uPlot is told to draw. */

import type { TimeZone } from "kit/common/calendar";
import uPlot from "uplot";
import { continuousStops, namedColor, withAlpha } from "../../model/colors";
import { boundsOf } from "../../model/field-config";
import { absoluteSteps } from "../../model/thresholds";
import type { TimeRange } from "../../model/time";
import { type ChartColors, font, textScale, textWidth } from "./colors";
import type { Prepared, PreparedSeries, Values } from "./prepare";
import { timeLabels, timeSplitsZone, valueLabels } from "./ticks";

export interface ChartOptions {
  prepared: Prepared;
  width: number;
  height: number;
  range: () => TimeRange;
  zone: TimeZone;
  colors: ChartColors;
  hidden: ReadonlySet<string>;
  hooks: uPlot.Hooks.Arrays;
  label: string;
}

export function buildOptions(options: ChartOptions): uPlot.Options {
  const { prepared, width, height, range, zone, colors, hidden, hooks } = options;
  const keys = [...new Set(prepared.series.map((one) => one.scaleKey))];
  const scales: uPlot.Scales = {
    x: {
      time: true,
      range: () => {
        const { from, to } = range();
        return [from / 1000, to / 1000];
      },
    },
  };
  for (const key of keys) scales[key] = buildScale(membersOf(prepared, key));
  return {
    width,
    height,
    padding: [8, 20, 0, 4],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeSplitsZone(zone)),
    scales,
    axes: [
      buildTimeAxis(zone, colors),
      ...keys.map((key, index) => buildAxis(membersOf(prepared, key), index, colors)),
    ],
    series: [{}, ...prepared.series.map((one) => buildSeries(one, prepared, colors, hidden))],
    bands: buildBands(prepared, hidden),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      focus: { prox: 24 },
      points: { size: 7, width: 2 },
      bind: { dblclick: () => null },
    },
    focus: { alpha: 1 },
    hooks,
  };
}

function membersOf(prepared: Prepared, key: string): PreparedSeries[] {
  return prepared.series.filter((one) => one.scaleKey === key);
}

function buildScale(members: PreparedSeries[]): uPlot.Scale {
  const [{ field, style }] = members as [PreparedSeries];
  const { min, max } = field.config;
  const percent = members.some((one) => one.style.stacking === "percent");
  if (percent) return { range: [0, 1] };
  const fromZero = members.some((one) => one.style.draw === "bars" || one.style.stacking !== "none");
  const range: uPlot.Range.Function = (_, low, high) => {
    const empty = low === null || high === null || !Number.isFinite(low);
    if (empty || (low === 0 && high === 0)) {
      const start = min ?? style.softMin ?? 0;
      return [start, max ?? style.softMax ?? Math.max(1, start + 1)];
    }
    if (style.scale.kind === "log") return logRange(min ?? low, max ?? high, style.scale.base);
    return linearRange({ low: fromZero ? Math.min(0, low) : low, high, min, max, members });
  };
  if (style.scale.kind === "log") return { range, distr: 3, log: style.scale.base };
  if (style.scale.kind === "symlog") return { range, distr: 4, asinh: 1 };
  return { range };
}

interface LinearRange {
  low: number;
  high: number;
  min: number | undefined;
  max: number | undefined;
  members: PreparedSeries[];
}

function linearRange({ low, high, min, max, members }: LinearRange): [number, number] {
  const { style } = members[0] as PreparedSeries;
  let from = Math.min(low, style.softMin ?? low);
  let to = Math.max(high, style.softMax ?? high);
  if (style.centeredZero) {
    to = Math.max(Math.abs(from), Math.abs(to));
    from = -to;
  }
  const [niceFrom, niceTo] = uPlot.rangeNum(from, to, {
    min: { pad: 0.1, soft: from >= 0 ? 0 : Number.NEGATIVE_INFINITY, mode: 3 },
    max: { pad: 0.1, soft: to <= 0 ? 0 : Number.POSITIVE_INFINITY, mode: 3 },
  });
  const start = min ?? niceFrom ?? from;
  // A scale of which all values are equal, or outside of what the file allows, has a height all the same.
  const end = max ?? Math.max(niceTo ?? to, start + Number.MIN_VALUE);
  return end > start ? [start, end] : [start, start + 1];
}

function logRange(low: number, high: number, base: 2 | 10): [number, number] {
  const [from, to] = uPlot.rangeLog(
    low > 0 ? low : high > 0 ? high / 1000 : 0.001,
    high > 0 ? high : 1,
    base,
    true,
  );
  return [from ?? 0.001, to ?? 1];
}

function buildTimeAxis(zone: TimeZone, colors: ChartColors): uPlot.Axis {
  return {
    stroke: colors.axis,
    font: font(),
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1, size: 4 },
    size: 26 * textScale(),
    gap: 4,
    space: 70 * textScale(),
    values: (_u, splits, _axis, _space, increment) => timeLabels(splits, increment, zone),
  };
}

const isThere = (split: number | null) => split !== null;

function buildAxis(members: PreparedSeries[], index: number, colors: ChartColors): uPlot.Axis {
  const [first] = members as [PreparedSeries];
  const { style, field, side, scaleKey } = first;
  const unit = style.stacking === "percent" ? "percentunit" : field.config.unit;
  // On a logarithmic axis most lines have no label: uPlot leaves null in their place.
  const labels = (splits: number[]) => {
    const texts = valueLabels(splits.filter(isThere), unit, field.config.decimals);
    return splits.map((split) => (isThere(split) ? (texts.shift() ?? "") : ""));
  };
  const axis: uPlot.Axis = {
    scale: scaleKey,
    show: side !== "hidden",
    side: side === "right" ? 1 : 3,
    stroke: style.axisColored ? first.color : colors.axis,
    font: font(),
    grid: { show: style.axisGrid && index === 0, stroke: colors.grid, width: 1 },
    ticks: { show: false },
    gap: 6,
    size: (_u, values) => style.axisWidth ?? Math.max(24, 12 + Math.max(0, ...(values ?? []).map(textWidth))),
    space: 32 * textScale(),
    values: (_u, splits) => labels(splits),
  };
  const increments = incrementsOf(unit);
  if (increments) axis.incrs = increments;
  if (!style.axisLabel) return axis;
  return { ...axis, label: style.axisLabel, labelFont: font(), labelSize: 20, labelGap: 2 };
}

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, power) => 2 ** power);
const SECONDS = [
  ...Array.from({ length: 10 }, (_, power) =>
    [1, 2, 2.5, 5].map((digit) => digit * 10 ** (power - 9)),
  ).flat(),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...Array.from({ length: 12 }, (_, power) => 86_400 * 2 ** power),
];
const SECONDS_IN: Record<string, number> = {
  s: 1,
  ms: 0.001,
  dtdurations: 1,
  dtdurationms: 0.001,
  m: 60,
  h: 3600,
  d: 86_400,
};

/** Steps of an axis that are whole numbers in the unit: of 1024, or of minutes and hours. */
function incrementsOf(unit = ""): number[] | null {
  if (/^(bytes|bits|[kmgt]bytes|binBps|binbps|[KMG]iBs)$/.test(unit)) return POWERS_OF_TWO;
  const seconds = SECONDS_IN[unit];
  return seconds === undefined ? null : SECONDS.map((step) => step / seconds);
}

function buildSeries(
  one: PreparedSeries,
  prepared: Prepared,
  colors: ChartColors,
  hidden: ReadonlySet<string>,
): uPlot.Series {
  const { style, field, color, scaleKey } = one;
  const bars = style.draw === "bars";
  const series: uPlot.Series = {
    label: field.title,
    scale: scaleKey,
    show: !hidden.has(field.title),
    stroke: strokeOf(one, colors),
    width:
      style.draw === "points"
        ? 0
        : bars
          ? Math.min(1, style.lineWidth)
          : style.lineWidth * Math.sqrt(textScale()),
    // Stacks are filled down to what is below them, which bands do.
    fill:
      one.below === null || bars
        ? fillOf(one, bars ? Math.max(style.fillOpacity, 10) : style.fillOpacity, colors)
        : undefined,
    points: {
      show: pointsShown(one),
      size: Math.max(style.pointSize, style.lineWidth + 1),
      fill: color,
      stroke: color,
      width: 0,
    },
    paths: pathsOf(style, prepared),
    spanGaps: false,
  };
  if (style.dash) series.dash = style.dash;
  if (style.dash && style.dash[0] === 1) series.cap = "round";
  return series;
}

/** Where points are shown "as needed", a value without neighbours is one: no line would show it. */
function pointsShown({ style, drawn }: PreparedSeries): boolean | uPlot.Series.Points.Show {
  if (style.draw === "points" || style.points === "always") return true;
  if (style.draw === "bars") return false;
  return (_u, _index, from, to) => {
    for (let at = from; at <= to; at += 1) if (isAlone(drawn, at)) return true;
    return false;
  };
}

function isAlone(drawn: Values, at: number): boolean {
  const neighbour = (step: number) => {
    let place = at + step;
    while (place >= 0 && place < drawn.length && drawn[place] === undefined) place += step;
    return drawn[place] ?? null;
  };
  return (drawn[at] ?? null) !== null && neighbour(-1) === null && neighbour(1) === null;
}

function pathsOf(style: PreparedSeries["style"], prepared: Prepared): uPlot.Series.PathBuilder {
  const { bars, spline, stepped, linear, points } = uPlot.paths;
  if (style.draw === "points") return (points ?? linear)?.() as uPlot.Series.PathBuilder;
  if (style.draw === "bars") {
    const most = prepared.times.length < 3 ? 60 : 120;
    return bars?.({
      size: [style.barWidth, most],
      align: style.barAlignment,
      radius: 0.1,
    }) as uPlot.Series.PathBuilder;
  }
  switch (style.interpolation) {
    case "smooth":
      return spline?.() as uPlot.Series.PathBuilder;
    case "stepBefore":
      return stepped?.({ align: -1 }) as uPlot.Series.PathBuilder;
    case "stepAfter":
      return stepped?.({ align: 1 }) as uPlot.Series.PathBuilder;
    default:
      return linear?.() as uPlot.Series.PathBuilder;
  }
}

type Paint = string | ((u: uPlot) => CanvasGradient | string);

/** The line's colour; by value where a gradient of the scheme is wanted. */
function strokeOf(one: PreparedSeries, colors: ChartColors): Paint {
  if (one.style.gradient !== "scheme") return one.color;
  return (u) => schemeGradient(u, one, 1, colors) ?? one.color;
}

function fillOf(one: PreparedSeries, opacity: number, colors: ChartColors): Paint | undefined {
  if (opacity <= 0) return undefined;
  const alpha = opacity / 100;
  switch (one.style.gradient) {
    case "opacity":
      return (u) => fade(u, withAlpha(one.color, alpha), withAlpha(one.color, 0));
    case "hue":
      return (u) => fade(u, withAlpha(one.color, alpha), withAlpha(one.color, alpha * 0.45));
    case "scheme":
      return (u) => schemeGradient(u, one, alpha, colors) ?? withAlpha(one.color, alpha);
    default:
      return withAlpha(one.color, alpha);
  }
}

function fade(u: uPlot, top: string, bottom: string): CanvasGradient {
  const gradient = u.ctx.createLinearGradient(0, u.bbox.top, 0, u.bbox.top + u.bbox.height);
  gradient.addColorStop(0, top);
  gradient.addColorStop(1, bottom);
  return gradient;
}

/** Colours by the value on the axis: in steps for thresholds, flowing for a continuous scale. */
function schemeGradient(
  u: uPlot,
  one: PreparedSeries,
  alpha: number,
  { scheme }: ChartColors,
): CanvasGradient | null {
  const { min, max } = u.scales[one.scaleKey] ?? {};
  if (min === undefined || max === undefined || u.bbox.height === 0) return null;
  const gradient = u.ctx.createLinearGradient(0, u.bbox.top + u.bbox.height, 0, u.bbox.top);
  const shareOf = (value: number) => Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  const { mode } = one.field.config.color;
  const bounds = boundsOf(one.field);
  const stops = continuousStops(mode, scheme);
  if (stops) {
    stops.forEach((color, index) => {
      const value = bounds.min + ((bounds.max - bounds.min) * index) / (stops.length - 1);
      gradient.addColorStop(shareOf(value), withAlpha(color, alpha));
    });
    return gradient;
  }
  if (mode !== "thresholds") return null;
  let before = "";
  for (const step of absoluteSteps(one.field.config.thresholds, bounds.min, bounds.max)) {
    const color = withAlpha(namedColor(step.color, scheme), alpha);
    const at = shareOf(step.value);
    if (before) gradient.addColorStop(at, before);
    gradient.addColorStop(at, color);
    before = color;
  }
  return gradient;
}

function buildBands(prepared: Prepared, hidden: ReadonlySet<string>): uPlot.Band[] {
  const stacks = prepared.series.flatMap((one, index) => {
    const { below, style, color } = one;
    if (below === null || hidden.has(one.field.title)) return [];
    // Bars only take from the band where they begin: they fill themselves.
    if (style.draw === "bars") return [{ series: [index + 1, below + 1] as [number, number] }];
    if (style.fillOpacity <= 0) return [];
    return [
      { series: [index + 1, below + 1] as [number, number], fill: withAlpha(color, style.fillOpacity / 100) },
    ];
  });
  const ranges = prepared.series.flatMap((one, index) => {
    const to = prepared.series.findIndex((other) => other.field.title === one.style.fillBelowTo);
    if (!one.style.fillBelowTo || to < 0) return [];
    return [
      {
        series: [index + 1, to + 1] as [number, number],
        fill: withAlpha(one.color, one.style.fillOpacity / 100),
      },
    ];
  });
  return [...stacks, ...ranges];
}
