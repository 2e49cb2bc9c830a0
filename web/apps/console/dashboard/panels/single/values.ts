/** The values that stat, gauge and bar gauge show: one for each series, or one for each row. */

import type { TimeZone } from "kit/common/calendar";
import { calcName, calculate } from "../../model/calcs";
import type { Scheme } from "../../model/colors";
import { type Bounds, boundsOf, extent, type Shown, showValue } from "../../model/field-config";
import type { ShownField, ShownFrame } from "../../model/frames";
import { flag, type Json, number, strings, text } from "../../model/json";
import { readRegex } from "../../model/mappings";

export interface SingleValue {
  key: string;
  title: string;
  field: ShownField;
  value: unknown;
  shown: Shown;
  bounds: Bounds;
  /** The series it was calculated from, for a sparkline. */
  series: (number | null)[];
}

interface Options {
  frames: ShownFrame[];
  reduce: Json;
  scheme: Scheme;
  zone: TimeZone;
}

const MOST_VALUES = 100;

export function singleValues({ frames, reduce, scheme, zone }: Options): SingleValue[] {
  const wanted = fieldFilter(text(reduce.fields));
  const chosen = frames.flatMap((frame) =>
    frame.fields.filter((field) => wanted(field)).map((field) => ({ frame, field })),
  );
  const together = extent(chosen.map(({ field }) => field));
  const asked = strings(reduce.calcs);
  const calcs = asked.length > 0 ? asked : ["lastNotNull"];
  const limit = Math.min(number(reduce.limit) ?? MOST_VALUES, MOST_VALUES);
  const found = chosen.flatMap(({ frame, field }) => {
    const bounds = sharedBounds(field, together);
    const make = (value: unknown, title: string, of: string | number): SingleValue => ({
      key: `${field.refId} ${field.index} ${field.title} ${of}`,
      title,
      field,
      value,
      shown: showValue(value, field, scheme, zone, bounds),
      bounds,
      series: field.values.map((item) => (typeof item === "number" ? item : null)),
    });
    if (!flag(reduce.values)) {
      return calcs.map((id) => {
        const title = calcs.length > 1 ? `${field.title}, ${calcName(id) ?? id}` : field.title;
        return make(calculate(id, field.values), title, id);
      });
    }
    return field.values.slice(0, limit).map((value, row) => make(value, rowTitle(frame, field, row), row));
  });
  return found.slice(0, limit);
}

/** "" means the numbers, a pattern or a name what it fits. */
function fieldFilter(fields: string): (field: ShownField) => boolean {
  if (fields === "") return (field) => field.type === "number";
  const pattern = fields.startsWith("/") ? readRegex(fields) : null;
  if (pattern) return (field) => pattern.test(field.title) || pattern.test(field.name);
  return (field) => field.title === fields || field.name === fields;
}

function rowTitle(frame: ShownFrame, field: ShownField, row: number): string {
  const names = frame.fields
    .filter((other) => other.type === "string")
    .map((other) => String(other.values[row] ?? ""));
  return names.filter(Boolean).join(" ") || field.title;
}

/** Without limits of their own, the values of a panel are measured with one stick. */
function sharedBounds(field: ShownField, together: Bounds): Bounds {
  const own = boundsOf(field);
  const min = field.config.min ?? Math.min(0, together.min);
  const max =
    field.config.max ??
    (field.config.unit === "percent" ? 100 : field.config.unit === "percentunit" ? 1 : together.max);
  return max > min ? { min, max } : { min: own.min, max: own.min + 1 };
}
