/** Words for values in the form of before schema 30, and in that of the panels of old. */
import { type Json, list, number, record, records, text } from "../json";

/** Bring the mappings of a panel, and those of its overrides, into today's form. */
export function upgradeMappings(panel: Json): Json {
  const config = record(panel.fieldConfig);
  if (Object.keys(config).length === 0) return panel;
  const defaults = record(config.defaults);
  const overrides = records(config.overrides).map((override) => ({
    ...override,
    properties: records(override.properties).map((property) =>
      property.id === "mappings" ? { ...property, value: upgradeList(list(property.value)) } : property,
    ),
  }));
  const mappings = "mappings" in defaults ? { mappings: upgradeList(list(defaults.mappings)) } : {};
  return { ...panel, fieldConfig: { ...config, defaults: { ...defaults, ...mappings }, overrides } };
}

function upgradeList(mappings: unknown[]): Json[] {
  return mappings.map(record).map((mapping) => (isOld(mapping) ? oldMapping(mapping) : mapping));
}

function isOld({ type, options }: Json): boolean {
  return typeof type === "number" || (options === undefined && type !== "special");
}

function oldMapping(raw: Json): Json {
  if (raw.type === 2 || ("from" in raw && !text(raw.value))) return rangeMapping(raw);
  return valueMapping(raw);
}

function valueMapping({ value, text: words, color }: Json): Json {
  const result = { text: words, ...(text(color) && { color }) };
  if (value === null || String(value) === "null")
    return { type: "special", options: { match: "null", result } };
  return { type: "value", options: { [String(value ?? "")]: result } };
}

function rangeMapping({ from, to, text: words, color }: Json): Json {
  const result = { text: words, ...(text(color) && { color }) };
  if (String(from) === "null" && String(to) === "null")
    return { type: "special", options: { match: "null", result } };
  return { type: "range", options: { from: number(from) ?? null, to: number(to) ?? null, result } };
}

/** The mappings of a panel or a column of old: `valueMaps`, or `rangeMaps` where its kind says so. */
export function angularMappings(raw: Json): Json[] {
  const values = records(raw.valueMaps);
  const ranges = records(raw.rangeMaps);
  const kind = number(raw.mappingType) || (values.length > 0 ? 1 : 2);
  return kind === 1 ? values.map(valueMapping) : ranges.map(rangeMapping);
}
