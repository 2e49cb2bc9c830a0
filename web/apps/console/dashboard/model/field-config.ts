/** What each field of a panel is called and how it is shown: defaults, overrides, mappings, colours. */

import type { TimeZone } from "kit/common/calendar";
import type { Labels } from "../../api/prometheus";
import { calculate } from "./calcs";
import { continuousStops, interpolateColor, namedColor, paletteColor, type Scheme } from "./colors";
import { type Override, readLink } from "./dashboard";
import type { Field, FieldConfig, Frame, ShownField, ShownFrame } from "./frames";
import { type Json, list, number, record, records, text } from "./json";
import { mapValue, readMappings, readRegex } from "./mappings";
import { activeStep, readThresholds } from "./thresholds";
import { type Formatted, formatText, formatValue } from "./units";

export type Interpolate = (template: string) => string;

/** Apply a panel's field options to what its queries answered; `colorMode` holds where the file names none. */
export function showFrames(
  frames: Frame[],
  defaults: Json,
  overrides: Override[],
  interpolate: Interpolate,
  colorMode = "thresholds",
): ShownFrame[] {
  const titles = titlesOf(frames, defaults, interpolate);
  let index = 0;
  return frames.map((frame, frameIndex) => ({
    ...frame,
    fields: frame.fields.map((field, fieldIndex) => {
      const title = titles[frameIndex]?.[fieldIndex] ?? field.name;
      const settings = applyOverrides(field, frame, title, defaults, overrides);
      const renamed = text(settings.displayName);
      const shown: ShownField = {
        ...field,
        title: renamed ? interpolateName(renamed, field, frame, interpolate) : title,
        config: readFieldConfig(settings, colorMode),
        index: field.type === "number" ? index : 0,
      };
      if (field.type === "number") index += 1;
      return shown;
    }),
  }));
}

function readFieldConfig(raw: Json, colorMode: string): FieldConfig {
  const color = record(raw.color);
  return {
    ...(text(raw.displayName) && { displayName: text(raw.displayName) }),
    ...(text(raw.description) && { description: text(raw.description) }),
    ...(text(raw.unit) && { unit: text(raw.unit) }),
    ...(text(raw.noValue) && { noValue: text(raw.noValue) }),
    decimals: number(raw.decimals),
    min: number(raw.min),
    max: number(raw.max),
    mappings: readMappings(raw.mappings),
    thresholds: readThresholds(raw.thresholds),
    color: {
      mode: text(color.mode, colorMode),
      fixedColor: text(color.fixedColor) || undefined,
      seriesBy: text(color.seriesBy) || undefined,
    },
    links: records(raw.links).map(readLink),
    custom: record(raw.custom),
  };
}

function applyOverrides(
  field: Field,
  frame: Frame,
  title: string,
  defaults: Json,
  overrides: Override[],
): Json {
  let settings: Json = defaults;
  for (const override of overrides) {
    if (!matches(override.matcher, field, frame, title)) continue;
    for (const { id, value } of override.properties) settings = setPath(settings, id.split("."), value);
  }
  return settings;
}

function setPath(target: Json, path: string[], value: unknown): Json {
  const [key = "", ...rest] = path;
  return { ...target, [key]: rest.length === 0 ? value : setPath(record(target[key]), rest, value) };
}

const MATCHERS = [
  ...["byName", "byNames", "byRegexp", "byRegex", "byType", "byTypes", "byFrameRefID", "byValue"],
  ...["numeric", "time", "first", "firstTimeField"],
];

/** The matchers of overrides that nothing is known of. */
export function unknownMatchers(overrides: Override[]): string[] {
  const ids = new Set(overrides.map(({ matcher }) => matcher.id));
  return [...ids].filter((id) => !MATCHERS.includes(id));
}

/** Whether a matcher of overrides and transformations means a field. */
export function matches(
  matcher: { id: string; options: unknown },
  field: Field,
  frame: Frame,
  title: string,
): boolean {
  const { id, options } = matcher;
  switch (id) {
    case "byName":
      return options === title || options === field.name;
    case "byNames": {
      const set = record(options);
      const named = list(set.names).some((name) => name === title || name === field.name);
      return set.mode === "exclude" ? !named : named;
    }
    case "byRegexp":
    case "byRegex":
      return readRegex(text(options))?.test(title) ?? false;
    case "byType":
      return options === field.type;
    case "byTypes":
      return list(options).includes(field.type);
    case "byFrameRefID":
      return options === frame.refId;
    case "byValue":
      return matchesReduced(record(options), field);
    case "numeric":
      return field.type === "number";
    case "time":
      return field.type === "time";
    case "first":
      return frame.fields[0] === field;
    case "firstTimeField":
      return frame.fields.find((other) => other.type === "time") === field;
    default:
      return false;
  }
}

function matchesReduced(options: Json, field: Field): boolean {
  const value = calculate(text(options.reducer), field.values);
  const bound = number(options.value) ?? 0;
  if (typeof value !== "number") return false;
  switch (options.op) {
    case "gt":
    case ">":
      return value > bound;
    case "gte":
    case ">=":
      return value >= bound;
    case "lt":
    case "<":
      return value < bound;
    case "lte":
    case "<=":
      return value <= bound;
    case "neq":
    case "!=":
      return value !== bound;
    default:
      return value === bound;
  }
}

/** How fields are called before overrides: by legend, else by what tells them apart. */
function titlesOf(frames: Frame[], defaults: Json, interpolate: Interpolate): string[][] {
  const unique = uniqueLabels(frames);
  const template = text(defaults.displayName);
  return frames.map((frame) =>
    frame.fields.map((field) => {
      if (template && field.type === "number") return interpolateName(template, field, frame, interpolate);
      return field.legend ?? nameByLabels(field, frame, unique);
    }),
  );
}

function nameByLabels(field: Field, frame: Frame, unique: string[] | null): string {
  if (field.type !== "number") return field.name;
  if (Object.keys(field.labels).length === 0) return frame.name ?? field.name;
  if (unique?.length === 1) return field.labels[unique[0] as string] ?? formatLabels(field.labels);
  return formatLabels(field.labels);
}

/** The labels in which the series of a panel differ. */
function uniqueLabels(frames: Frame[]): string[] | null {
  const fields = frames.flatMap((frame) => frame.fields.filter((field) => field.type === "number"));
  const keys = new Set(fields.flatMap((field) => Object.keys(field.labels)));
  const differing = [...keys].filter((key) => new Set(fields.map((field) => field.labels[key])).size > 1);
  if (differing.length > 0) return differing;
  return keys.size === 1 ? [...keys] : null;
}

/** `{a="x", b="y"}`, and the metric's name before it. */
export function formatLabels(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
  return pairs.length > 0 || !name ? `${name}{${pairs.join(", ")}}` : name;
}

/** Fill `${__field.labels.service}`, `${__field.name}`, `${__series.name}` in. */
export function interpolateName(
  template: string,
  field: Field,
  frame: Frame,
  interpolate: Interpolate,
): string {
  const filled = template.replace(/\$\{__(field|series)\.([^}]+)\}/g, (whole, scope, path: string) => {
    if (scope === "series") return path === "name" ? (frame.name ?? field.legend ?? field.name) : whole;
    if (path === "name") return field.name;
    if (path === "displayName") return field.legend ?? field.name;
    if (path === "labels") return formatLabels(field.labels);
    const label = /^labels(?:\.(.+)|\[["']?(.+?)["']?\])$/.exec(path);
    return label ? (field.labels[(label[1] ?? label[2]) as string] ?? "") : whole;
  });
  return interpolate(filled);
}

/** Least and greatest of the numbers, which percentages and scales of colour refer to. */
export function extent(fields: ShownField[]): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const field of fields) {
    for (const value of field.values) {
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? { min, max } : { min: 0, max: 100 };
}

export interface Bounds {
  min: number;
  max: number;
}

/** The range of a field: what is set, else what its values span. */
export function boundsOf(field: ShownField): Bounds {
  const { config } = field;
  if (config.min !== undefined && config.max !== undefined) return { min: config.min, max: config.max };
  const seen = extent([field]);
  return { min: config.min ?? seen.min, max: config.max ?? seen.max };
}

/** A value as it is shown. */
export interface Shown extends Formatted {
  color: string;
  /** Whether a mapping gave the text, so that it is no number any more. */
  mapped: boolean;
}

export function showValue(
  value: unknown,
  field: ShownField,
  scheme: Scheme,
  zone: TimeZone,
  bounds?: Bounds,
): Shown {
  const { config } = field;
  const mapped = mapValue(config.mappings, value);
  const numeric = typeof value === "number" ? value : Number.NaN;
  const color = mapped?.color
    ? namedColor(mapped.color, scheme)
    : colorOf(
        numeric,
        field,
        scheme,
        bounds ?? (needsBounds(config) ? boundsOf(field) : { min: 0, max: 100 }),
      );
  if (mapped?.text) return { text: mapped.text, prefix: "", suffix: "", color, mapped: true };
  return { ...formatAny(value, field, zone), color, mapped: false };
}

function needsBounds(config: FieldConfig): boolean {
  return config.thresholds.mode === "percentage" || config.color.mode.startsWith("continuous");
}

function formatAny(value: unknown, field: ShownField, zone: TimeZone): Formatted {
  const { config } = field;
  if (value === null || value === undefined || value === "") {
    return { text: config.noValue ?? (value === "" ? "" : "-"), prefix: "", suffix: "" };
  }
  if (typeof value !== "number") return { text: showOther(value), prefix: "", suffix: "" };
  // A unit for all fields of a panel is meant for its numbers.
  if (field.type === "time") return formatValue(value, dateUnit(config.unit), undefined, zone);
  if (Number.isNaN(value) && config.noValue) return { text: config.noValue, prefix: "", suffix: "" };
  return formatValue(value, config.unit, config.decimals, zone);
}

function dateUnit(unit: string | undefined): string {
  return unit && /^(dateTime|time:)/.test(unit) ? unit : "dateTimeAsIso";
}

function showOther(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The text of a value alone. */
export function showText(value: unknown, field: ShownField, scheme: Scheme, zone: TimeZone): string {
  const { prefix, text: body, suffix } = showValue(value, field, scheme, zone);
  return prefix + body + suffix;
}

/** The colour of a value. */
export function colorOf(value: number, field: ShownField, scheme: Scheme, bounds: Bounds): string {
  const { mode } = field.config.color;
  if (mode === "thresholds") {
    const reached = Number.isNaN(value) ? bounds.min : value;
    return namedColor(activeStep(field.config.thresholds, reached, bounds.min, bounds.max).color, scheme);
  }
  const stops = continuousStops(mode, scheme);
  if (stops) return interpolateColor(stops, (value - bounds.min) / (bounds.max - bounds.min || 1));
  return seriesColor(field, scheme);
}

/** The colour of a whole series. */
export function seriesColor(field: ShownField, scheme: Scheme): string {
  const { mode, fixedColor, seriesBy } = field.config.color;
  if (mode === "fixed" && fixedColor) return namedColor(fixedColor, scheme);
  if (mode === "shades" && fixedColor) return namedColor(fixedColor, scheme);
  if (mode === "thresholds" || mode.startsWith("continuous")) {
    const value = calculate(
      seriesBy === "min" || seriesBy === "max" ? seriesBy : "lastNotNull",
      field.values,
    );
    return colorOf(typeof value === "number" ? value : Number.NaN, field, scheme, boundsOf(field));
  }
  if (mode === "palette-classic-by-name" || mode === "palette-by-name")
    return paletteColor(hash(field.title), scheme);
  return paletteColor(field.index, scheme);
}

function hash(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}

/** A calculation's value with the field's unit, or without where it has none, such as a count. */
export function showCalc(id: string, field: ShownField, zone: TimeZone): string {
  const value = calculate(id, field.values);
  if (value === null || value === undefined) return field.config.noValue ?? "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return `${value.length} values`;
  if (typeof value !== "number") return String(value);
  const counts = id === "count" || id === "changeCount" || id === "distinctCount";
  if (counts || id === "diffperc") return formatText(value, id === "diffperc" ? "percentunit" : "none");
  const mapped = mapValue(field.config.mappings, value);
  return mapped?.text ?? formatText(value, field.config.unit, field.config.decimals, zone);
}
