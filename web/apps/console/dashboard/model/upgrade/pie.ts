/** The pie chart that was a plugin before Grafana 8. */
import { flag, type Json, number, record, text } from "../json";
import { CALCS } from "./graph";

/** A pie of the plugin as today's. */
export function upgradePie(raw: Json): Json {
  const legend = record(raw.legend);
  const kind = text(raw.legendType);
  const colors = Object.entries(record(raw.aliasColors));
  return {
    ...raw,
    type: "piechart",
    fieldConfig: {
      defaults: {
        unit: text(raw.format, "short"),
        decimals: number(raw.decimals),
        noValue: text(raw.nullText),
      },
      overrides: colors.map(([alias, color]) => ({
        matcher: { id: "byName", options: alias },
        properties: [{ id: "color", value: { mode: "fixed", fixedColor: color } }],
      })),
    },
    options: {
      pieType: raw.pieType === "donut" ? "donut" : "pie",
      reduceOptions: { calcs: [CALCS[text(raw.valueName, "current")] ?? "lastNotNull"] },
      displayLabels: kind === "On graph" ? ["name", ...(flag(legend.percentage) ? ["percent"] : [])] : [],
      legend: {
        showLegend: kind === "On graph" ? false : flag(legend.show, true),
        displayMode: flag(legend.values) || flag(legend.percentage) ? "table" : "list",
        placement: kind === "Right side" ? "right" : "bottom",
        values: [...(flag(legend.values) ? ["value"] : []), ...(flag(legend.percentage) ? ["percent"] : [])],
      },
    },
  };
}
