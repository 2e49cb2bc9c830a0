/** The chart of before Grafana 7.4: `graph`. */
import { calcName } from "../calcs";
import { LOST } from "../dashboard";
import { flag, type Json, list, number, record, records, text } from "../json";

/** The calculations of old, and what they are called today. */
export const CALCS: Record<string, string> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  min: "min",
  max: "max",
  first: "first",
  delta: "delta",
  diff: "diff",
  range: "range",
  count: "count",
};

/** A graph as a time series, or as what it is drawn as when its axis is not time. */
export function upgradeGraph(raw: Json): Json {
  const mode = text(record(raw.xaxis).mode, "time");
  if (mode === "series") return seriesGraph(raw);
  if (mode === "histogram") return histogramGraph(raw);
  const lost = records(raw.timeRegions).length > 0 ? ["Time regions are not supported."] : [];
  return {
    ...raw,
    type: "timeseries",
    [LOST]: [...lost, ...strangeTransforms(raw)],
    fieldConfig: { defaults: readDefaults(raw), overrides: readOverrides(raw) },
    options: { legend: readLegend(record(raw.legend)), tooltip: readTooltip(record(raw.tooltip)) },
  };
}

function strangeTransforms(raw: Json): string[] {
  const known = ["negative-Y", "constant", ""];
  const strange = records(raw.seriesOverrides).find(({ transform }) => !known.includes(text(transform)));
  return strange ? [`The transform “${text(strange.transform)}” of series is not supported.`] : [];
}

/** With the file's own field options below those of the graph: links stand there. */
function readDefaults(raw: Json): Json {
  const own = record(record(raw.fieldConfig).defaults);
  const axis = oldAxis(raw, 0);
  const stacking = flag(raw.stack) ? { mode: stackMode(raw), group: "A" } : undefined;
  return {
    ...own,
    ...axis.field,
    ...(raw.nullPointMode === "null as zero" && { noValue: "0" }),
    ...(thresholdSteps(raw) && { thresholds: { mode: "absolute", steps: thresholdSteps(raw) } }),
    decimals: axis.field.decimals ?? number(raw.decimals),
    custom: {
      ...axis.custom,
      ...drawing(raw),
      ...dashes(raw),
      ...(stacking && { stacking }),
      ...(thresholdSteps(raw) && { thresholdsStyle: { mode: thresholdMode(raw) } }),
    },
  };
}

function stackMode(raw: Json): string {
  return flag(raw.percentage) ? "percent" : "normal";
}

function drawing(raw: Json): Json {
  const draw = flag(raw.bars) ? "bars" : flag(raw.lines, true) ? "line" : "points";
  const gradient = number(raw.fillGradient) ?? 0;
  const fill = number(raw.fill) ?? 1;
  return {
    drawStyle: draw,
    lineWidth: number(raw.linewidth) ?? 1,
    fillOpacity: draw === "bars" ? 100 : 10 * (gradient > 0 ? gradient : fill),
    ...(gradient > 0 && { gradientMode: "opacity" }),
    showPoints: flag(raw.points) ? "always" : "never",
    pointSize: 2 + (number(raw.pointradius) ?? 2) * 2,
    spanNulls: raw.nullPointMode === "connected",
    lineInterpolation: flag(raw.steppedLine) ? "stepAfter" : "linear",
  };
}

function dashes(raw: Json): Json {
  if (raw.dashes !== true) return {};
  return { lineStyle: { fill: "dash", dash: [number(raw.dashLength) ?? 10, number(raw.spaceLength) ?? 10] } };
}

interface Axis {
  /** What belongs to the values: unit, limits. */
  field: Json;
  custom: Json;
}

/** The left axis is the first, the right one the second. Files of very old have them in `y_formats` and `grid`. */
function oldAxis(raw: Json, index: 0 | 1): Axis {
  const grid = record(raw.grid);
  const side = index === 0 ? "left" : "right";
  const shown = flag(raw["y-axis"], true);
  const axis =
    records(raw.yaxes)[index] ??
    ({
      format: text(list(raw.y_formats)[index]),
      show: shown,
      min: grid[`${side}Min`],
      max: grid[`${side}Max`],
      logBase: grid[`${side}LogBase`],
      label: index === 0 ? raw.leftYAxisLabel : raw.rightYAxisLabel,
    } as Json);
  const base = number(axis.logBase) ?? 1;
  return {
    field: {
      unit: text(axis.format, "short") || "short",
      ...limit("min", axis.min),
      ...limit("max", axis.max),
      ...(number(axis.decimals) !== undefined && { decimals: number(axis.decimals) }),
    },
    custom: {
      axisPlacement: flag(axis.show, true) ? side : "hidden",
      axisLabel: text(axis.label),
      scaleDistribution: base > 1 ? { type: "log", log: base === 10 ? 10 : 2 } : { type: "linear" },
    },
  };
}

/** A limit may be a number, or one that the values must reach at least (`~0`), or nothing. */
function limit(name: string, value: unknown): Json {
  const found = number(value);
  return found === undefined ? {} : { [name]: found };
}

function thresholdSteps(raw: Json): Json[] | null {
  const thresholds = records(raw.thresholds)
    .filter(({ value }) => number(value) !== undefined)
    .sort((a, b) => (number(a.value) as number) - (number(b.value) as number));
  if (thresholds.length === 0) return null;
  const steps = thresholds.flatMap((threshold, index) => {
    const next = thresholds[index + 1];
    const value = number(threshold.value);
    if (threshold.op !== "lt") return [{ value, color: thresholdColor(threshold) }];
    const lowest = index === 0 ? [{ value: null, color: thresholdColor(threshold) }] : [];
    return [...lowest, { value, color: next?.op === "lt" ? thresholdColor(next) : "transparent" }];
  });
  return steps[0]?.value === null ? steps : [{ value: null, color: "transparent" }, ...steps];
}

const THRESHOLD_COLORS: Record<string, string> = { critical: "red", warning: "orange", ok: "green" };

function thresholdColor({ colorMode, fillColor, lineColor }: Json): string {
  return THRESHOLD_COLORS[text(colorMode)] ?? (text(fillColor) || text(lineColor) || "gray");
}

function thresholdMode(raw: Json): string {
  const thresholds = records(raw.thresholds);
  const area = thresholds.some(({ fill }) => flag(fill));
  const line = thresholds.some((threshold) => flag(threshold.line));
  return area && line ? "line+area" : area ? "area" : line ? "line" : "off";
}

function readOverrides(raw: Json): Json[] {
  const colors = Object.entries(record(raw.aliasColors)).map(([alias, color]) => ({
    matcher: { id: "byName", options: alias },
    properties: [{ id: "color", value: { mode: "fixed", fixedColor: color } }],
  }));
  const series = records(raw.seriesOverrides)
    .filter(({ alias }) => text(alias) !== "")
    .map((override) => seriesOverride(override, raw));
  return [...records(record(raw.fieldConfig).overrides), ...colors, ...series];
}

function seriesOverride(override: Json, raw: Json): Json {
  const alias = text(override.alias);
  return {
    matcher: { id: alias.startsWith("/") ? "byRegexp" : "byName", options: alias },
    properties: Object.entries(seriesProperties(override, raw)).map(([id, value]) => ({ id, value })),
  };
}

/** What an override of series says, in the order in which one part must not undo another. */
function seriesProperties(one: Json, raw: Json): Json {
  const found: Json = {};
  if (one.yaxis === 2 || one.yaxis === 1) Object.assign(found, axisProperties(raw, one.yaxis === 2 ? 1 : 0));
  if (typeof one.lines === "boolean") Object.assign(found, lineProperties(one.lines));
  if (typeof one.points === "boolean") found["custom.showPoints"] = one.points ? "always" : "never";
  if (one.points === true && one.lines === false) found["custom.drawStyle"] = "points";
  if (one.bars === true)
    Object.assign(found, { "custom.drawStyle": "bars", "custom.lineWidth": 1, "custom.fillOpacity": 100 });
  else if (one.bars === false && flag(raw.bars) && one.lines !== false) found["custom.drawStyle"] = "line";
  const width = number(one.linewidth);
  if (width !== undefined && !(one.lines === false && one.bars !== true)) found["custom.lineWidth"] = width;
  const fill = number(one.fill);
  if (fill !== undefined) found["custom.fillOpacity"] = fill * 10;
  const gradient = number(one.fillGradient);
  if (gradient)
    Object.assign(found, { "custom.gradientMode": "opacity", "custom.fillOpacity": gradient * 10 });
  if (gradient === 0) found["custom.gradientMode"] = "none";
  if (number(one.pointradius) !== undefined)
    found["custom.pointSize"] = 2 + (number(one.pointradius) as number) * 2;
  if (typeof one.steppedLine === "boolean")
    found["custom.lineInterpolation"] = one.steppedLine ? "stepAfter" : "linear";
  if (one.dashes === true) found["custom.lineStyle"] = dashes(one).lineStyle;
  if (text(one.fillBelowTo)) found["custom.fillBelowTo"] = one.fillBelowTo;
  if ("stack" in one) found["custom.stacking"] = stackProperty(one.stack, raw);
  if (one.transform === "negative-Y" || one.transform === "constant")
    found["custom.transform"] = one.transform;
  if (text(one.nullPointMode)) Object.assign(found, nullProperties(text(one.nullPointMode)));
  const hidden = {
    viz: one.hiddenSeries === true,
    legend: one.legend === false,
    tooltip: one.hideTooltip === true,
  };
  if (hidden.viz || hidden.legend || hidden.tooltip) found["custom.hideFrom"] = hidden;
  if (text(one.color)) found.color = { mode: "fixed", fixedColor: one.color };
  return found;
}

function axisProperties(raw: Json, index: 0 | 1): Json {
  const { field, custom } = oldAxis(raw, index);
  const limits = { min: null, max: null, ...field };
  return {
    ...limits,
    ...Object.fromEntries(Object.entries(custom).map(([key, value]) => [`custom.${key}`, value])),
  };
}

/** A series without its line, where nothing else is drawn, is not seen. */
function lineProperties(lines: boolean): Json {
  return lines ? { "custom.drawStyle": "line" } : { "custom.lineWidth": 0, "custom.fillOpacity": 0 };
}

/** False takes a series out of the pile; true, or a letter, puts it into one. */
function stackProperty(stack: unknown, raw: Json): Json {
  if (stack === false) return { mode: "none", group: "A" };
  return { mode: stackMode(raw), group: typeof stack === "string" ? stack : "A" };
}

function nullProperties(mode: string): Json {
  if (mode === "null as zero") return { noValue: "0" };
  return { noValue: "", "custom.spanNulls": mode === "connected" };
}

function readLegend(legend: Json): Json {
  const calcs = flag(legend.values) ? Object.keys(CALCS).filter((name) => flag(legend[name])) : [];
  const sorted = CALCS[text(legend.sort)];
  return {
    showLegend: flag(legend.show, true),
    displayMode: flag(legend.alignAsTable) ? "table" : "list",
    placement: flag(legend.rightSide) ? "right" : "bottom",
    calcs: calcs.map((name) => CALCS[name]),
    ...(sorted && { sortBy: calcName(sorted), sortDesc: flag(legend.sortDesc) }),
    ...(number(legend.sideWidth) && { width: number(legend.sideWidth) }),
  };
}

function readTooltip(tooltip: Json): Json {
  const sort = number(tooltip.sort);
  return {
    mode: flag(tooltip.shared, true) ? "multi" : "single",
    sort: sort === 1 ? "asc" : sort === 2 ? "desc" : "none",
  };
}

/** A bar for each series, as long as what is calculated from it. */
function seriesGraph(raw: Json): Json {
  const [value = "total"] = list(record(raw.xaxis).values).map(String);
  return {
    ...raw,
    type: "bargauge",
    fieldConfig: {
      defaults: { ...oldAxis(raw, 0).field, color: { mode: "palette-classic" } },
      overrides: readOverrides({ ...raw, seriesOverrides: [] }),
    },
    options: {
      orientation: "vertical",
      displayMode: "basic",
      reduceOptions: { calcs: [CALCS[value] ?? "sum"] },
    },
  };
}

function histogramGraph(raw: Json): Json {
  return {
    ...raw,
    type: "histogram",
    fieldConfig: {
      defaults: { custom: { fillOpacity: 80, lineWidth: 1 } },
      overrides: readOverrides({ ...raw, seriesOverrides: [] }),
    },
    options: { legend: readLegend(record(raw.legend)), bucketCount: number(record(raw.xaxis).buckets) ?? 30 },
  };
}
