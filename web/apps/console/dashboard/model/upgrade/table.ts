/** The table of before Grafana 7, with its styles of columns. */
import { calcName } from "../calcs";
import { flag, type Json, number, record, records, strings, text } from "../json";
import { CALCS } from "./graph";
import { angularMappings } from "./mappings";

const HEADINGS: Record<string, string> = {
  avg: "Avg",
  min: "Min",
  max: "Max",
  total: "Total",
  current: "Current",
  count: "Count",
};

/** A table of old as today's: its columns as transformations, its styles as overrides. */
export function upgradeTable(raw: Json): Json {
  const columns = records(raw.columns);
  const sort = record(raw.sort);
  return {
    ...raw,
    type: "table",
    fieldConfig: {
      // The first style that fits counts; of overrides it is the last.
      defaults: { custom: { align: "auto" } },
      overrides: records(raw.styles).reverse().map(styleOverride),
    },
    options: {
      showHeader: flag(raw.showHeader, true),
      ...(number(sort.col) !== undefined && { sortBy: [{ index: sort.col, desc: flag(sort.desc) }] }),
    },
    transformations: [...transformations(text(raw.transform), columns), ...records(raw.transformations)],
  };
}

function transformations(kind: string, columns: Json[]): Json[] {
  switch (kind) {
    case "timeseries_to_rows":
      return [{ id: "seriesToRows", options: {} }];
    case "timeseries_to_columns":
      return [{ id: "joinByField", options: { byField: "Time", mode: "outer" } }];
    case "timeseries_aggregations":
      return aggregations(columns);
    case "table":
      return [{ id: "merge", options: {} }];
    default:
      return [];
  }
}

/** A row for each series, with a column for each calculation, under the names that styles refer to. */
function aggregations(columns: Json[]): Json[] {
  const values = columns.map(({ value }) => text(value)).filter((value) => value in CALCS);
  const wanted = values.length > 0 ? values : ["avg"];
  const reducers = wanted.map((value) => CALCS[value] as string);
  const headings = columns.map(({ text: heading, value }) => [
    CALCS[text(value)],
    text(heading) || HEADINGS[text(value)],
  ]);
  const names = Object.fromEntries(headings.map(([id = "", heading]) => [calcName(id) ?? id, heading]));
  return [
    { id: "reduce", options: { mode: "seriesToRows", reducers } },
    { id: "organize", options: { renameByName: { Field: "Metric", ...names } } },
  ];
}

function styleOverride(style: Json): Json {
  const pattern = text(style.pattern);
  return {
    matcher: { id: pattern.startsWith("/") ? "byRegexp" : "byName", options: pattern },
    properties: styleProperties(style),
  };
}

function styleProperties(style: Json): Json[] {
  const found: [string, unknown][] = [];
  if (text(style.alias)) found.push(["displayName", style.alias]);
  if (style.align && style.align !== "auto") found.push(["custom.align", style.align]);
  switch (style.type) {
    case "hidden":
      found.push(["custom.hidden", true]);
      break;
    case "date":
      found.push(["unit", text(style.dateFormat) ? `time:${text(style.dateFormat)}` : "dateTimeAsIso"]);
      break;
    case "number":
      found.push(...numberProperties(style));
      break;
    case "string":
      found.push(["unit", "string"], ["mappings", angularMappings(style)], ...colorProperties(style));
      break;
  }
  if (flag(style.link)) found.push(["links", [linkOf(style)]]);
  return found.map(([id, value]) => ({ id, value }));
}

function numberProperties(style: Json): [string, unknown][] {
  const decimals = number(style.decimals);
  const unit: [string, unknown][] = [["unit", text(style.unit, "short")]];
  if (decimals !== undefined) unit.push(["decimals", decimals]);
  if (records(style.valueMaps).length + records(style.rangeMaps).length > 0 && number(style.mappingType))
    unit.push(["mappings", angularMappings(style)]);
  return [...unit, ...colorProperties(style)];
}

const CELLS: Record<string, string> = {
  cell: "color-background",
  row: "color-background",
  value: "color-text",
};

function colorProperties(style: Json): [string, unknown][] {
  const type = CELLS[text(style.colorMode)];
  if (!type) return [];
  const colors = strings(style.colors);
  const bounds = strings(style.thresholds)
    .map(number)
    .filter((bound) => bound !== undefined);
  const steps = [null, ...bounds].map((value, index) => ({
    value,
    color: colors[index] ?? colors.at(-1) ?? "green",
  }));
  return [
    ["custom.cellOptions", { type, applyToRow: style.colorMode === "row" }],
    ["thresholds", { mode: "absolute", steps }],
    ["color", { mode: "thresholds" }],
  ];
}

/** An address of old names the cells by `$__cell` and `$__cell_0`. */
function linkOf(style: Json): Json {
  const url = text(style.linkUrl)
    .replace(/\$\{?__cell(:raw)?\}?(?!_)/g, "${__value.text$1}")
    .replace(/\$\{?__cell_(\d+)(:raw)?\}?/g, "${__data.fields[$1]$2}");
  return { title: text(style.linkTooltip), url, targetBlank: flag(style.linkTargetBlank) };
}
