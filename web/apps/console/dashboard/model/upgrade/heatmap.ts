/** The heatmap of before Grafana 9. */
import { flag, type Json, number, record, text } from "../json";

/** A heatmap of old in today's form. */
export function upgradeHeatmap(raw: Json): Json {
  const color = record(raw.color);
  const axis = record(raw.yAxis);
  const calculate = raw.dataFormat !== "tsbuckets";
  return {
    ...raw,
    fieldConfig: { defaults: {}, overrides: [] },
    options: {
      calculate,
      calculation: {
        xBuckets: buckets(raw.xBucketSize, raw.xBucketNumber),
        yBuckets: {
          ...buckets(raw.yBucketSize, raw.yBucketNumber),
          scale: scaleOf(number(axis.logBase) ?? 1),
        },
      },
      color: {
        mode: color.mode === "opacity" ? "opacity" : "scheme",
        scheme: text(color.colorScheme, "interpolateOranges").replace("interpolate", ""),
        fill: text(color.cardColor),
        exponent: color.colorScale === "linear" ? 1 : number(color.exponent),
        min: number(color.min),
        max: number(color.max),
      },
      yAxis: {
        unit: text(axis.format, "short"),
        decimals: number(axis.decimals),
        min: number(axis.min),
        max: number(axis.max),
        reverse: flag(raw.reverseYBuckets),
      },
      legend: { show: flag(record(raw.legend).show) },
      filterValues: flag(raw.hideZeroBuckets) ? { le: 1e-9 } : {},
      rowsFrame: { layout: layoutOf(text(raw.yBucketBound)) },
    },
  };
}

function buckets(size: unknown, count: unknown): Json {
  if (text(size) || number(size)) return { mode: "size", value: String(size) };
  return number(count) ? { mode: "count", value: String(count) } : {};
}

function scaleOf(base: number): Json {
  return base > 1 ? { type: "log", log: base } : { type: "linear" };
}

function layoutOf(bound: string): string {
  return bound === "upper" ? "le" : bound === "lower" ? "ge" : bound === "middle" ? "unknown" : "auto";
}
