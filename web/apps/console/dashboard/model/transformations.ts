/** Grafana's transformations of frames, as far as tables need them. */
import { calcName, calculate } from "./calcs";
import type { Transformation } from "./dashboard";
import { formatLabels } from "./field-config";
import { type Field, type Frame, makeField, makeFrame, typeOf } from "./frames";
import { flag, type Json, number, record, records, strings, text } from "./json";
import { plainRegex, readRegex } from "./mappings";

type Transformer = (frames: Frame[], options: Json) => Frame[];

/** Apply transformations in turn; those that are not supported are named and passed over. */
export function transform(
  frames: Frame[],
  steps: Transformation[],
): { frames: Frame[]; unsupported: string[] } {
  const unsupported: string[] = [];
  let current = frames;
  for (const { id, disabled, options } of steps) {
    if (disabled) continue;
    const transformer = TRANSFORMERS[id];
    const mode = text(options.mode);
    // Another mode than the wanted one would be wrong without a word.
    if (!(MODES[id]?.includes(mode) ?? true)) unsupported.push(`${id}, ${mode}`);
    else if (transformer) current = transformer(current, options);
    else unsupported.push(id);
  }
  return { frames: current, unsupported };
}

/** The modes that are known, of transformations that have several. */
const MODES: Record<string, string[]> = {
  calculateField: ["", "binary", "reduceRow", "unary", "cumulativeFunctions", "index"],
  joinByField: ["", "outer", "inner", "outerTabular"],
};

/** What a field is called as long as nobody has said otherwise. */
export function fieldTitle(field: Field): string {
  if (field.legend) return field.legend;
  return field.type === "number" && Object.keys(field.labels).length > 0
    ? formatLabels(field.labels)
    : field.name;
}

function eachFrame(change: (frame: Frame, options: Json) => Frame): Transformer {
  return (frames, options) => frames.map((frame) => change(frame, options));
}

function rows(frame: Frame, order: number[]): Frame {
  const fields = frame.fields.map((field) => ({
    ...field,
    values: order.map((row) => field.values[row] ?? null),
  }));
  return { ...frame, fields, length: order.length };
}

function indexes(frame: Frame): number[] {
  return Array.from({ length: frame.length }, (_, row) => row);
}

const organize = eachFrame((frame, options) => {
  const excluded = record(options.excludeByName);
  const included = record(options.includeByName);
  const order = record(options.indexByName);
  const names = record(options.renameByName);
  const onlyIncluded = Object.keys(included).length > 0;
  const kept = frame.fields
    .filter((field) => !flag(excluded[field.name]) && !flag(excluded[fieldTitle(field)]))
    .filter((field) => !onlyIncluded || flag(included[field.name]));
  const place = (field: Field) => number(order[field.name]) ?? number(order[fieldTitle(field)]);
  const sorted = kept
    .map((field, index) => ({ field, at: place(field) ?? Number.MAX_SAFE_INTEGER, index }))
    .sort((a, b) => a.at - b.at || a.index - b.index);
  return {
    ...frame,
    fields: sorted.map(({ field }) => {
      const renamed = text(names[field.name]) || text(names[fieldTitle(field)]);
      return renamed ? rename(field, renamed) : field;
    }),
  };
});

function rename(field: Field, name: string): Field {
  return { ...field, name, legend: name };
}

const renameByRegex = eachFrame((frame, options) => {
  const pattern = readRegex(text(options.regex));
  if (!pattern) return frame;
  const to = text(options.renamePattern);
  // Only `/…/g` replaces more than the first.
  const all = /\/[a-z]*g[a-z]*$/.test(text(options.regex))
    ? new RegExp(pattern, `${pattern.flags}g`)
    : pattern;
  const fields = frame.fields.map((field) => {
    const title = fieldTitle(field);
    return pattern.test(title) ? rename(field, title.replace(all, to)) : field;
  });
  return { ...frame, fields };
});

/** All frames below each other; rows that agree in the columns that all have, and differ in none, become one. */
function merge(frames: Frame[]): Frame[] {
  if (frames.length < 2) return frames;
  const columns = new Map<string, Field>();
  const named = frames.map((frame) => frame.fields.map((field) => [mergeName(field), field] as const));
  for (const [name, field] of named.flat()) {
    if (!columns.has(name)) columns.set(name, { ...field, values: [] });
  }
  const keys = [...columns.keys()].filter((name) =>
    named.every((fields) => fields.some(([other]) => other === name)),
  );
  const found = new Map<string, Record<string, unknown>[]>();
  const merged: Record<string, unknown>[] = [];
  frames.forEach((frame, at) => {
    for (const row of indexes(frame)) {
      const values = Object.fromEntries((named[at] ?? []).map(([name, field]) => [name, field.values[row]]));
      // Without a column in common every row stays by itself.
      const key = keys.length > 0 ? JSON.stringify(keys.map((name) => values[name])) : `${at}:${row}`;
      const alike = found.get(key) ?? [];
      const same = alike.find((one) =>
        Object.keys(values).every((name) => !(name in one) || Object.is(one[name], values[name])),
      );
      if (same) Object.assign(same, values);
      else {
        alike.push(values);
        merged.push(values);
      }
      found.set(key, alike);
    }
  });
  const fields = [...columns].map(([name, field]) => ({
    ...field,
    name,
    values: merged.map((row) => row[name] ?? null),
  }));
  return [makeFrame(fields, { length: merged.length })];
}

function mergeName(field: Field): string {
  return field.type === "number" ? fieldTitle(field) : field.name;
}

/** One frame, with a row for each value of the field that they share. */
function joinByField(frames: Frame[], options: Json): Frame[] {
  if (frames.length < 2) return frames;
  const wanted = text(options.byField);
  const parts = frames
    .map((frame) => ({ frame, key: joinKey(frame, wanted) }))
    .filter((part): part is JoinPart => part.key !== undefined);
  const [first] = parts;
  if (!first) return frames;
  const joined = options.mode === "inner" || options.mode === "outerTabular";
  const matched = joined ? everyPair(parts, options.mode === "inner") : oneOfEach(parts);
  const fields = parts.flatMap(({ frame, key }, at) =>
    frame.fields
      .filter((field) => field !== key)
      .map((field) => ({
        ...field,
        values: matched.map(({ rows }) => field.values[rows[at] ?? -1] ?? null),
      })),
  );
  const keys = { ...first.key, values: matched.map(({ value }) => value) };
  return [makeFrame([keys, ...distinct(fields)], { length: matched.length, step: first.frame.step ?? null })];
}

interface JoinPart {
  frame: Frame;
  key: Field;
}

/** A row of a joined table: what is shared, and which row of each part it comes from. */
interface Matched {
  value: unknown;
  rows: (number | undefined)[];
}

function oneOfEach(parts: JoinPart[]): Matched[] {
  const places = parts.map(({ key }) => new Map(key.values.map((value, row) => [value, row])));
  const values = [...new Set(parts.flatMap(({ key }) => key.values))];
  const type = parts[0]?.key.type;
  if (type === "time" || type === "number") values.sort((a, b) => Number(a) - Number(b));
  return values.map((value) => ({ value, rows: places.map((place) => place.get(value)) }));
}

/** Every row of a part with every one of the others that has the same value, as SQL joins tables. */
function everyPair([first, ...others]: JoinPart[], inner: boolean): Matched[] {
  let matched: Matched[] = (first as JoinPart).key.values.map((value, row) => ({ value, rows: [row] }));
  others.forEach(({ key }, at) => {
    const places = new Map<unknown, number[]>();
    key.values.forEach((value, row) => void places.set(value, [...(places.get(value) ?? []), row]));
    const known = new Set(matched.map(({ value }) => value));
    const left = matched.flatMap(({ value, rows }) => {
      const found = places.get(value) ?? (inner ? [] : [undefined]);
      return found.map((row) => ({ value, rows: [...rows, row] }));
    });
    const right = inner
      ? []
      : key.values.flatMap((value, row) =>
          known.has(value) ? [] : [{ value, rows: [...new Array(at + 1).fill(undefined), row] }],
        );
    matched = [...left, ...right];
  });
  return matched;
}

function joinKey(frame: Frame, wanted: string): Field | undefined {
  if (!wanted) return frame.fields.find((field) => field.type === "time");
  return frame.fields.find((field) => field.name === wanted || fieldTitle(field) === wanted);
}

/** Columns of the same name are numbered, as in Grafana: "Time 1", "Time 2". */
function distinct(fields: Field[]): Field[] {
  const counts = new Map<string, number>();
  for (const field of fields) counts.set(fieldTitle(field), (counts.get(fieldTitle(field)) ?? 0) + 1);
  const seen = new Map<string, number>();
  return fields.map((field) => {
    const title = fieldTitle(field);
    if ((counts.get(title) ?? 0) < 2) return field;
    const at = (seen.get(title) ?? 0) + 1;
    seen.set(title, at);
    return rename(field, `${title} ${at}`);
  });
}

const filterFieldsByName = eachFrame((frame, options) => {
  const include = readNames(record(options.include));
  const exclude = readNames(record(options.exclude));
  const kept = frame.fields.filter((field) => {
    const title = fieldTitle(field);
    const wanted = include === null || include(field.name) || include(title);
    return wanted && !(exclude !== null && (exclude(field.name) || exclude(title)));
  });
  return { ...frame, fields: kept };
});

function readNames(raw: Json): ((name: string) => boolean) | null {
  const names = strings(raw.names);
  const pattern = text(raw.pattern) ? readRegex(text(raw.pattern)) : null;
  if (names.length === 0 && !pattern) return null;
  return (name) => names.includes(name) || (pattern?.test(name) ?? false);
}

const filterByValue = eachFrame((frame, options) => {
  const filters = records(options.filters);
  if (filters.length === 0) return frame;
  const passes = (row: number) => {
    const test = (filter: Json) => {
      const field = frame.fields.find(
        (one) => one.name === filter.fieldName || fieldTitle(one) === filter.fieldName,
      );
      return field !== undefined && passesFilter(field.values[row], record(filter.config));
    };
    return options.match === "all" ? filters.every(test) : filters.some(test);
  };
  const exclude = options.type === "exclude";
  return rows(
    frame,
    indexes(frame).filter((row) => passes(row) !== exclude),
  );
});

function passesFilter(value: unknown, config: Json): boolean {
  const options = record(config.options);
  const missing = value === null || value === undefined;
  const bound = options.value;
  switch (config.id) {
    case "isNull":
      return missing;
    case "isNotNull":
      return !missing;
    case "regex":
      return plainRegex(text(bound))?.test(String(value ?? "")) ?? false;
    case "equal":
      return String(value) === String(bound);
    case "notEqual":
      return String(value) !== String(bound);
    case "greater":
      return !missing && Number(value) > Number(bound);
    case "greaterOrEqual":
      return !missing && Number(value) >= Number(bound);
    case "lower":
      return !missing && Number(value) < Number(bound);
    case "lowerOrEqual":
      return !missing && Number(value) <= Number(bound);
    case "between":
      return !missing && Number(value) >= Number(options.from) && Number(value) <= Number(options.to);
    case "substring":
      return String(value ?? "")
        .toLowerCase()
        .includes(String(bound ?? "").toLowerCase());
    default:
      return true;
  }
}

const sortBy = eachFrame((frame, options) => {
  const sort = records(options.sort)[0];
  const field = frame.fields.find((one) => one.name === sort?.field || fieldTitle(one) === sort?.field);
  if (!sort || !field) return frame;
  const order = indexes(frame).sort((a, b) => compareValues(field.values[a], field.values[b]));
  return rows(frame, flag(sort.desc) ? order.reverse() : order);
});

/** Numbers by size, texts as a person sorts them, what is missing first. */
export function compareValues(a: unknown, b: unknown): number {
  const missingA = a === null || a === undefined || Number.isNaN(a);
  const missingB = b === null || b === undefined || Number.isNaN(b);
  if (missingA || missingB) return Number(missingB) - Number(missingA);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Every series becomes a row (or its calculations one row of fields). */
function reduce(frames: Frame[], options: Json): Frame[] {
  const reducers = strings(options.reducers).length > 0 ? strings(options.reducers) : ["max"];
  if (options.mode === "reduceFields") return reduceFields(frames, reducers);
  const fields = frames.flatMap((frame) => frame.fields.filter((field) => field.type !== "time"));
  const numeric = fields.filter((field) => field.type === "number" || !flag(options.includeTimeField));
  const keys = flag(options.labelsToFields)
    ? [...new Set(numeric.flatMap((field) => Object.keys(field.labels)))]
    : [];
  const columns = [
    makeField(
      "Field",
      "string",
      numeric.map((field) => (keys.length > 0 ? field.name : fieldTitle(field))),
    ),
    ...keys.map((key) =>
      makeField(
        key,
        "string",
        numeric.map((field) => field.labels[key] ?? null),
      ),
    ),
    ...reducers.map((id) => {
      const values = numeric.map((field) => calculate(id, field.values));
      return makeField(calcName(id) ?? id, typeOf(values), values);
    }),
  ];
  return [makeFrame(columns, { length: numeric.length })];
}

function reduceFields(frames: Frame[], reducers: string[]): Frame[] {
  return frames.map((frame) => {
    const fields = frame.fields
      .filter((field) => field.type === "number")
      .flatMap((field) =>
        reducers.map((id) => {
          const reduced = { ...field, values: [calculate(id, field.values)] };
          return reducers.length > 1
            ? rename(reduced, `${fieldTitle(field)} ${calcName(id) ?? id}`)
            : reduced;
        }),
      );
    return { ...frame, fields, length: 1 };
  });
}

const groupBy = eachFrame((frame, options) => {
  const settings = record(options.fields);
  const settingOf = (field: Field) => record(settings[field.name] ?? settings[fieldTitle(field)]);
  const keys = frame.fields.filter((field) => settingOf(field).operation === "groupby");
  if (keys.length === 0) return frame;
  const groups = new Map<string, number[]>();
  for (const row of indexes(frame)) {
    const key = JSON.stringify(keys.map((field) => field.values[row]));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const members = [...groups.values()];
  const grouped = keys.map((field) => ({ ...field, values: members.map(([row = 0]) => field.values[row]) }));
  const aggregated = frame.fields
    .filter((field) => settingOf(field).operation === "aggregate")
    .flatMap((field) =>
      strings(settingOf(field).aggregations).map((id) => {
        const values = members.map((group) =>
          calculate(
            id,
            group.map((row) => field.values[row]),
          ),
        );
        return makeField(`${fieldTitle(field)} (${id})`, typeOf(values), values, { refId: field.refId });
      }),
    );
  return makeFrame([...grouped, ...aggregated], { refId: frame.refId, length: members.length });
});

/** Labels become columns of their own, or rows of label and value. */
function labelsToFields(frames: Frame[], options: Json): Frame[] {
  if (options.mode === "rows") {
    return frames.map((frame) => {
      const labels = Object.entries(frame.fields.find((field) => field.type === "number")?.labels ?? {});
      const fields = [
        makeField(
          "label",
          "string",
          labels.map(([key]) => key),
        ),
        makeField(
          "value",
          "string",
          labels.map(([, value]) => value),
        ),
      ];
      return makeFrame(fields, { length: labels.length });
    });
  }
  const kept = strings(options.keepLabels);
  const valueLabel = text(options.valueLabel);
  const spread = frames.map((frame) => {
    const labels = frame.fields.find((field) => field.type === "number")?.labels ?? {};
    const names = Object.keys(labels).filter((name) => kept.length === 0 || kept.includes(name));
    const columns = names
      .filter((name) => name !== valueLabel)
      .map((name) => makeField(name, "string", new Array(frame.length).fill(labels[name])));
    const fields = frame.fields.map((field) => {
      const name = valueLabel && field.type === "number" ? (labels[valueLabel] ?? field.name) : field.name;
      return { ...field, name, labels: {}, legend: null };
    });
    const time = fields.filter((field) => field.type === "time");
    return { ...frame, fields: [...time, ...columns, ...fields.filter((field) => field.type !== "time")] };
  });
  return merge(spread);
}

function isSeries({ fields }: Frame): boolean {
  return fields.length === 2 && fields[0]?.type === "time" && fields[1]?.type === "number";
}

/** A row for each sample of each series: time, metric, value. */
function seriesToRows(frames: Frame[]): Frame[] {
  // A table is in rows already.
  if (!frames.every(isSeries)) return frames;
  const samples = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    return frame.fields
      .filter((field) => field.type === "number")
      .flatMap((field) =>
        field.values.map((value, row) => ({ time: time?.values[row], metric: fieldTitle(field), value })),
      );
  });
  samples.sort((a, b) => Number(b.time) - Number(a.time));
  return [
    makeFrame([
      makeField(
        "Time",
        "time",
        samples.map((sample) => sample.time),
      ),
      makeField(
        "Metric",
        "string",
        samples.map((sample) => sample.metric),
      ),
      makeField(
        "Value",
        "number",
        samples.map((sample) => sample.value),
      ),
    ]),
  ];
}

function limit(frames: Frame[], options: Json): Frame[] {
  const most = number(options.limitField) ?? 10;
  return frames.map((frame) => rows(frame, indexes(frame).slice(0, most)));
}

/** Series that stand in frames of their own are put into one by time first, as Grafana does. */
function calculateField(frames: Frame[], options: Json): Frame[] {
  const apart = frames.length > 1 && frames.every(({ fields }) => fields.some(({ type }) => type === "time"));
  const ready = apart && flag(options.timeSeries, true) ? joinByField(frames, {}) : frames;
  return ready.map((frame) => withCalculated(frame, options));
}

function withCalculated(frame: Frame, options: Json): Frame {
  const made = (CALCULATED[text(options.mode)] ?? reducedField)(frame, options);
  if (!made) return frame;
  const alias = text(options.alias);
  const field = alias ? rename(made, alias) : made;
  const kept = flag(options.replaceFields)
    ? frame.fields.filter((other) => other.type === "time")
    : frame.fields;
  return { ...frame, fields: [...kept, field] };
}

const CALCULATED: Record<string, (frame: Frame, options: Json) => Field | null> = {
  binary: binaryField,
  unary: unaryField,
  cumulativeFunctions: cumulativeField,
  index: indexField,
};

const UNARY: Record<string, (value: number) => number> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
};

function unaryField(frame: Frame, options: Json): Field | null {
  const { operator, fieldName } = record(options.unary);
  const apply = UNARY[text(operator, "abs")];
  const source = operand(frame, fieldName);
  if (!apply || !source) return null;
  const values = indexes(frame).map((row) => {
    const value = source.at(row);
    return typeof value === "number" ? apply(value) : null;
  });
  return makeField(`${text(operator)}(${source.name})`, "number", values);
}

/** The sum, or the mean, of all rows so far. */
function cumulativeField(frame: Frame, options: Json): Field | null {
  const { field, reducer } = record(options.cumulative);
  const source = operand(frame, field);
  if (!source) return null;
  let total = 0;
  const values = indexes(frame).map((row) => {
    const value = source.at(row);
    if (typeof value === "number" && !Number.isNaN(value)) total += value;
    return reducer === "mean" ? total / (row + 1) : total;
  });
  return makeField(`cumulative ${text(reducer, "sum")}(${source.name})`, "number", values);
}

function indexField(frame: Frame, options: Json): Field {
  const share = flag(record(options.index).asPercentile);
  const values = indexes(frame).map((row) => (share ? row / Math.max(1, frame.length - 1) : row));
  return makeField("Row", "number", values);
}

function reducedField(frame: Frame, options: Json): Field | null {
  const settings = record(options.reduce);
  const include = strings(settings.include);
  const id = text(settings.reducer, "sum");
  const fields = frame.fields.filter(
    (field) => field.type === "number" && (include.length === 0 || include.includes(fieldTitle(field))),
  );
  if (fields.length === 0) return null;
  const values = indexes(frame).map((row) =>
    calculate(
      id,
      fields.map((field) => field.values[row]),
    ),
  );
  return makeField(calcName(id) ?? id, "number", values);
}

function binaryField(frame: Frame, options: Json): Field | null {
  const settings = record(options.binary);
  const left = operand(frame, settings.left);
  const right = operand(frame, settings.right);
  const operator = text(settings.operator, "+");
  if (!left || !right) return null;
  const values = indexes(frame).map((row) => operate(left.at(row), operator, right.at(row)));
  return makeField(`${left.name} ${operator} ${right.name}`, "number", values);
}

interface Operand {
  name: string;
  at: (row: number) => unknown;
}

function operand(frame: Frame, value: unknown): Operand | null {
  const source = record(value);
  const named =
    typeof value === "string" ? value : text(source.fixed) || text(record(source.matcher).options);
  const field = frame.fields.find((one) => one.name === named || fieldTitle(one) === named);
  if (field) return { name: named, at: (row) => field.values[row] };
  const fixed = number(named);
  return fixed === undefined ? null : { name: named, at: () => fixed };
}

function operate(left: unknown, operator: string, right: unknown): number | null {
  if (typeof left !== "number" || typeof right !== "number") return null;
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "**":
      return left ** right;
    default:
      return null;
  }
}

const convertFieldType = eachFrame((frame, options) => {
  const conversions = records(options.conversions);
  const fields = frame.fields.map((field) => {
    const wanted = conversions.find(
      (one) => one.targetField === field.name || one.targetField === fieldTitle(field),
    );
    return wanted ? convert(field, text(wanted.destinationType)) : field;
  });
  return { ...frame, fields };
});

function convert(field: Field, type: string): Field {
  if (type === "number") {
    return { ...field, type, values: field.values.map((value) => number(value) ?? null) };
  }
  if (type === "string")
    return { ...field, type, values: field.values.map((value) => (value === null ? null : String(value))) };
  if (type === "time") {
    const moment = (value: unknown) => (typeof value === "number" ? value : Date.parse(String(value)));
    return { ...field, type, values: field.values.map(moment) };
  }
  return field;
}

/** Keep frames of some queries only. */
function filterByRefId(frames: Frame[], options: Json): Frame[] {
  const pattern = readRegex(text(options.include) || ".*");
  return frames.filter((frame) => pattern?.test(frame.refId) ?? true);
}

/** A table with the values of one column as columns. */
const groupingToMatrix = eachFrame((frame, options) => {
  const find = (name: unknown, fallback: string) =>
    frame.fields.find((field) => field.name === (text(name) || fallback) || fieldTitle(field) === text(name));
  const column = find(options.columnField, "Time");
  const row = find(options.rowField, "Time");
  const value = find(options.valueField, "Value");
  if (!column || !row || !value) return frame;
  const columns = [...new Set(column.values)];
  const keys = [...new Set(row.values)];
  const cells = new Map(
    indexes(frame).map((at) => [JSON.stringify([row.values[at], column.values[at]]), value.values[at]]),
  );
  const fields = columns.map((name) =>
    makeField(
      String(name),
      value.type,
      keys.map((key) => cells.get(JSON.stringify([key, name])) ?? null),
    ),
  );
  const corner = `${row.name}\\${column.name}`;
  return makeFrame([makeField(corner, row.type, keys), ...fields], { length: keys.length });
});

/** Swap rows and columns. */
const transpose = eachFrame((frame, options) => {
  const [head, ...others] = frame.fields;
  if (!head) return frame;
  const names = head.values.map(String);
  const first = makeField(text(options.firstFieldName) || "Field", "string", others.map(fieldTitle));
  const fields = names.map((name, row) => {
    const values = others.map((field) => field.values[row] ?? null);
    return makeField(name, typeOf(values), values);
  });
  return makeFrame([first, ...fields], { length: others.length });
});

/** Series in the time-series form one below the other, each with its labels, as a table. */
function timeSeriesTable(frames: Frame[]): Frame[] {
  const fields = frames.flatMap((frame) => frame.fields.filter((field) => field.type === "number"));
  const keys = [...new Set(fields.flatMap((field) => Object.keys(field.labels)))];
  const columns = keys.map((key) =>
    makeField(
      key,
      "string",
      fields.map((field) => field.labels[key] ?? null),
    ),
  );
  const values = fields.map((field) => calculate("lastNotNull", field.values));
  return [makeFrame([...columns, makeField("Trend", "number", values)], { length: fields.length })];
}

/** The values of one column of a table, by name, as fields of one row. */
const rowsToFields = eachFrame((frame) => {
  const names = frame.fields.find((field) => field.type === "string");
  const values = frame.fields.find((field) => field.type === "number");
  if (!names || !values) return frame;
  const fields = names.values.map((name, row) =>
    makeField(String(name), "number", [values.values[row] ?? null]),
  );
  return makeFrame(fields, { length: 1 });
});

const TRANSFORMERS: Record<string, Transformer> = {
  organize,
  merge,
  joinByField,
  seriesToColumns: joinByField,
  filterFieldsByName,
  filterByValue,
  filterByRefId,
  sortBy,
  reduce,
  groupBy,
  labelsToFields,
  renameByRegex,
  calculateField,
  seriesToRows,
  limit,
  convertFieldType,
  groupingToMatrix,
  transpose,
  timeSeriesTable,
  rowsToFields,
};
