/** Single numbers of before Grafana 7: `singlestat`, and the first forms of gauge, bar gauge and stat. */
import { LOST } from "../dashboard";
import { flag, type Json, list, number, record, records, strings, text } from "../json";
import { CALCS } from "./graph";
import { angularMappings } from "./mappings";

/** A single stat as a stat, or as a gauge where it shows one. */
export function upgradeSingleStat(raw: Json): Json {
  const gauge = record(raw.gauge);
  const value = text(raw.valueName, "avg");
  const column = text(raw.tableColumn);
  const limits = flag(gauge.show)
    ? { min: number(gauge.minValue) ?? 0, max: number(gauge.maxValue) ?? 100 }
    : {};
  return {
    ...raw,
    type: flag(gauge.show) ? "gauge" : "stat",
    [LOST]: value === "last_time" ? ["The time of the last value is not supported."] : [],
    fieldConfig: {
      defaults: {
        unit: text(raw.format, "none") || "none",
        decimals: number(raw.decimals),
        ...limits,
        ...(text(raw.nullText) && { noValue: raw.nullText }),
        ...(raw.nullPointMode === "null as zero" && { noValue: "0" }),
        mappings: angularMappings(raw),
        thresholds: { mode: "absolute", steps: thresholdSteps(raw) },
        color: { mode: "thresholds" },
        links: [],
      },
      overrides: [],
    },
    options: {
      reduceOptions: {
        calcs: [CALCS[value] ?? "lastNotNull"],
        fields: column && column !== "Value" ? `/^${escaped(column)}$/` : "",
      },
      textMode: value === "name" ? "name" : "value",
      colorMode: flag(raw.colorBackground) ? "background_solid" : flag(raw.colorValue) ? "value" : "none",
      graphMode: flag(record(raw.sparkline).show) ? "area" : "none",
      showThresholdMarkers: flag(gauge.thresholdMarkers, true),
      showThresholdLabels: flag(gauge.thresholdLabels),
      prefix: text(raw.prefix),
      postfix: text(raw.postfix),
    },
  };
}

function escaped(name: string): string {
  return name.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}

function thresholdSteps(raw: Json): Json[] {
  const bounds = String(raw.thresholds ?? "")
    .split(",")
    .map((bound) => number(bound))
    .filter((bound) => bound !== undefined);
  const colors = strings(raw.colors).length > 0 ? strings(raw.colors) : ["green", "orange", "red"];
  const steps = [null, ...bounds].map((value, index) => ({ value, color: colors[index] ?? colors.at(-1) }));
  return steps;
}

/** Gauges, bar gauges and stats of Grafana 6: their options stood under `fieldOptions`, or beside that. */
export function upgradeFieldOptions(raw: Json): Json {
  const options = record(raw.options);
  if ("fieldOptions" in options) return upgradeGrafana62(raw, options, record(options.fieldOptions));
  if ("valueOptions" in options) return upgradeGrafana60(raw, options, record(options.valueOptions));
  return raw;
}

function upgradeGrafana62(raw: Json, options: Json, old: Json): Json {
  const { title, thresholds, mappings, ...defaults } = record(old.defaults);
  const config = record(raw.fieldConfig);
  const steps = thresholds ?? old.thresholds;
  const name = fieldNames(text(title));
  return {
    ...raw,
    fieldConfig: {
      ...config,
      defaults: {
        ...defaults,
        ...(name && { displayName: name }),
        ...(steps !== undefined && { thresholds: readSteps(steps) }),
        mappings: mappings ?? old.mappings ?? [],
        ...record(config.defaults),
      },
      overrides: [...records(old.overrides), ...records(config.overrides)],
    },
    options: {
      ...options,
      reduceOptions: { calcs: strings(old.calcs), values: flag(old.values), limit: old.limit, fields: "" },
    },
  };
}

function upgradeGrafana60(raw: Json, options: Json, old: Json): Json {
  const calc = text(old.stat, "avg");
  return {
    ...raw,
    fieldConfig: {
      defaults: {
        unit: old.unit,
        decimals: old.decimals,
        min: options.minValue,
        max: options.maxValue,
        thresholds: readSteps(options.thresholds),
        mappings: list(options.valueMappings),
      },
      overrides: [],
    },
    options: {
      ...options,
      reduceOptions: { calcs: [CALCS[calc] ?? calc], fields: "" },
      prefix: text(old.prefix),
      postfix: text(old.suffix),
    },
  };
}

/** Steps in a list of their own; the lowest, which has no bound, is the one that is first or says null. */
function readSteps(value: unknown): Json {
  if (!Array.isArray(value)) return record(value);
  const steps = records(value)
    .map((step) => ({ color: text(step.color, "green"), value: number(step.value) ?? null }))
    .sort((a, b) => (a.value ?? Number.NEGATIVE_INFINITY) - (b.value ?? Number.NEGATIVE_INFINITY));
  return { mode: "absolute", steps };
}

/** The names of a field as titles of old have them. */
function fieldNames(title: string): string {
  return title
    .replaceAll("$__series_name", "${__series.name}")
    .replaceAll("$__field_name", "${__field.name}")
    .replaceAll("__series.labels", "__field.labels");
}
