/** Tables of columns: what queries answer and what panels draw, as in Grafana. */
import type { Labels } from "../../api/prometheus";
import type { Link } from "./dashboard";
import type { ValueMapping } from "./mappings";
import type { Thresholds } from "./thresholds";

export type FieldType = "time" | "number" | "string" | "boolean" | "other";

export interface ColorConfig {
  mode: string;
  fixedColor?: string | undefined;
  seriesBy?: string | undefined;
}

export interface FieldConfig {
  displayName?: string;
  description?: string;
  unit?: string;
  decimals?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
  noValue?: string;
  mappings: ValueMapping[];
  thresholds: Thresholds;
  color: ColorConfig;
  links: Link[];
  /** What only one type of panel reads: line width, alignment of cells, and so on. */
  custom: Record<string, unknown>;
}

export interface Field {
  name: string;
  type: FieldType;
  values: unknown[];
  labels: Labels;
  refId: string;
  /** The legend that the query's format makes, where it has one. */
  legend: string | null;
}

/** So many values between two bounds, from one time to another, in milliseconds. */
export interface NativeCell {
  from: number;
  to: number;
  low: number;
  high: number;
  count: number;
}

export interface Frame {
  refId: string;
  name: string | null;
  fields: Field[];
  length: number;
  /** Milliseconds between two samples, where there is such a rhythm. */
  step: number | null;
  /** What histograms hold that Prometheus keeps as such, with bounds of their own. */
  native?: NativeCell[];
}

/** A field of which one knows how it is to be shown. */
export interface ShownField extends Field {
  title: string;
  config: FieldConfig;
  /** Its place among the numbers of a panel, which the palette goes by. */
  index: number;
}

export interface ShownFrame extends Omit<Frame, "fields"> {
  fields: ShownField[];
}

export function makeField(
  name: string,
  type: FieldType,
  values: unknown[],
  more: Partial<Field> = {},
): Field {
  return { name, type, values, labels: {}, refId: "", legend: null, ...more };
}

export function makeFrame(fields: Field[], more: Partial<Frame> = {}): Frame {
  return {
    refId: fields[0]?.refId ?? "",
    name: null,
    length: fields[0]?.values.length ?? 0,
    step: null,
    fields,
    ...more,
  };
}

/** The type that the values of a column have, judged by the first that is there. */
export function typeOf(values: unknown[]): FieldType {
  const value = values.find((item) => item !== null && item !== undefined);
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "string" : "other";
}
