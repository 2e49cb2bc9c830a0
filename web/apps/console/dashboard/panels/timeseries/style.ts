/** How a series is drawn: the options that Grafana keeps under `fieldConfig.defaults.custom`. */
import type { ShownField } from "../../model/frames";
import { flag, list, number, record, text } from "../../model/json";

export interface SeriesStyle {
  draw: "line" | "bars" | "points";
  interpolation: "linear" | "smooth" | "stepBefore" | "stepAfter";
  lineWidth: number;
  dash: number[] | null;
  fillOpacity: number;
  gradient: "none" | "opacity" | "hue" | "scheme";
  points: "auto" | "always" | "never";
  pointSize: number;
  /** True, or milliseconds up to which a gap is bridged. */
  spanNulls: boolean | number;
  stacking: "none" | "normal" | "percent";
  stackGroup: string;
  barAlignment: -1 | 0 | 1;
  barWidth: number;
  fillBelowTo: string;
  negative: boolean;
  /** One value for all times: the first there is. */
  constant: boolean;
  side: "auto" | "left" | "right" | "hidden";
  axisLabel: string;
  axisWidth: number | null;
  axisGrid: boolean;
  axisColored: boolean;
  centeredZero: boolean;
  softMin: number | null;
  softMax: number | null;
  scale: { kind: "linear" | "log" | "symlog"; base: 2 | 10 };
  thresholds: string;
  hidden: { viz: boolean; legend: boolean; tooltip: boolean };
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], fallback: T): T {
  return allowed.find((item) => item === value) ?? fallback;
}

export function readStyle(field: ShownField): SeriesStyle {
  const raw = field.config.custom;
  const stacking = record(raw.stacking);
  const line = record(raw.lineStyle);
  const hide = record(raw.hideFrom);
  const distribution = record(raw.scaleDistribution);
  return {
    draw: oneOf(raw.drawStyle, ["line", "bars", "points"], "line"),
    interpolation: oneOf(raw.lineInterpolation, ["linear", "smooth", "stepBefore", "stepAfter"], "linear"),
    lineWidth: number(raw.lineWidth) ?? 1,
    dash: readDash(line.fill, list(line.dash)),
    fillOpacity: number(raw.fillOpacity) ?? 0,
    gradient: oneOf(raw.gradientMode, ["none", "opacity", "hue", "scheme"], "none"),
    points: oneOf(raw.showPoints, ["auto", "always", "never"], "auto"),
    pointSize: number(raw.pointSize) ?? 5,
    spanNulls: typeof raw.spanNulls === "number" ? raw.spanNulls : flag(raw.spanNulls),
    // A group that is false is none: so an override takes a series out of the pile.
    stacking: stacking.group === false ? "none" : oneOf(stacking.mode, ["none", "normal", "percent"], "none"),
    stackGroup: text(stacking.group, "A"),
    barAlignment: raw.barAlignment === -1 ? -1 : raw.barAlignment === 1 ? 1 : 0,
    barWidth: number(raw.barWidthFactor) ?? 0.6,
    fillBelowTo: text(raw.fillBelowTo),
    negative: raw.transform === "negative-Y",
    constant: raw.transform === "constant",
    side: oneOf(raw.axisPlacement, ["auto", "left", "right", "hidden"], "auto"),
    axisLabel: text(raw.axisLabel),
    axisWidth: number(raw.axisWidth) ?? null,
    axisGrid: flag(raw.axisGridShow, true),
    axisColored: raw.axisColorMode === "series",
    centeredZero: flag(raw.axisCenteredZero),
    softMin: number(raw.axisSoftMin) ?? null,
    softMax: number(raw.axisSoftMax) ?? null,
    scale: {
      kind: oneOf(distribution.type, ["linear", "log", "symlog"], "linear"),
      base: distribution.log === 2 ? 2 : 10,
    },
    thresholds: text(record(raw.thresholdsStyle).mode, "off"),
    hidden: { viz: flag(hide.viz), legend: flag(hide.legend), tooltip: flag(hide.tooltip) },
  };
}

function readDash(fill: unknown, dash: unknown[]): number[] | null {
  const numbers = dash.map(number).filter((item) => item !== undefined);
  if (fill === "dot") return numbers.length > 0 ? numbers : [1, 4];
  if (fill === "dash") return numbers.length > 0 ? numbers : [8, 6];
  return null;
}
