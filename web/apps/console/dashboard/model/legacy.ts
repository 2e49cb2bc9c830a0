/** Panels of earlier Grafanas, as far as today's have the same: `graph` and `singlestat`. */
import { flag, type Json, number, record, records, text } from "./json";

/** Return the panel in today's form; one that is in it already comes back as it is. */
export function migratePanel(raw: Json): Json {
  if (raw.type === "graph") return { ...raw, ...migrateGraph(raw) };
  if (raw.type === "singlestat") return { ...raw, ...migrateSingleStat(raw) };
  return raw;
}

const CALCS: Record<string, string> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  min: "min",
  max: "max",
};

function migrateGraph(raw: Json): Json {
  const axis = record(records(raw.yaxes)[0]);
  const legend = record(raw.legend);
  const stacking = flag(raw.stack) ? (flag(raw.percentage) ? "percent" : "normal") : "none";
  return {
    type: "timeseries",
    fieldConfig: {
      defaults: {
        unit: text(axis.format, "short"),
        min: number(axis.min),
        max: number(axis.max),
        custom: {
          drawStyle: flag(raw.bars) ? "bars" : "line",
          lineWidth: flag(raw.lines, true) ? (number(raw.linewidth) ?? 1) : 0,
          fillOpacity: (number(raw.fill) ?? 1) * 10,
          showPoints: flag(raw.points) ? "always" : "never",
          spanNulls: raw.nullPointMode === "connected",
          axisLabel: text(axis.label),
          stacking: { mode: stacking, group: "A" },
          lineInterpolation: flag(raw.steppedLine) ? "stepAfter" : "linear",
        },
      },
      overrides: [],
    },
    options: {
      legend: {
        showLegend: flag(legend.show, true),
        displayMode: flag(legend.alignAsTable) ? "table" : "list",
        placement: flag(legend.rightSide) ? "right" : "bottom",
        calcs: Object.keys(CALCS)
          .filter((name) => flag(legend[name]))
          .map((name) => CALCS[name]),
      },
      tooltip: { mode: flag(record(raw.tooltip).shared, true) ? "multi" : "single" },
    },
  };
}

function migrateSingleStat(raw: Json): Json {
  const gauge = record(raw.gauge);
  const colors = Array.isArray(raw.colors) ? raw.colors : ["green", "orange", "red"];
  const bounds = text(raw.thresholds)
    .split(",")
    .map(number)
    .filter((bound) => bound !== undefined);
  return {
    type: flag(gauge.show) ? "gauge" : "stat",
    fieldConfig: {
      defaults: {
        unit: text(raw.format, "none"),
        decimals: number(raw.decimals),
        min: number(gauge.minValue),
        max: number(gauge.maxValue),
        thresholds: {
          mode: "absolute",
          steps: [null, ...bounds].map((value, index) => ({ color: colors[index] ?? "green", value })),
        },
      },
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: [CALCS[text(raw.valueName, "avg")] ?? "lastNotNull"] },
      colorMode: flag(raw.colorBackground) ? "background" : flag(raw.colorValue) ? "value" : "none",
      graphMode: flag(record(raw.sparkline).show) ? "area" : "none",
    },
  };
}
