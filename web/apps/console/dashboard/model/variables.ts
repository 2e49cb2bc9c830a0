/** The variables of a dashboard: their options, and what is chosen. */
import type { DataSourceRef, Variable } from "./dashboard";
import { referenced, type Scope, single, type VariableValue } from "./interpolate";
import { calculateInterval } from "./intervals";
import { readRegex } from "./mappings";
import { formatDuration, parseDuration, type TimeRange } from "./time";

export const ALL = "$__all";
export const ALL_TEXT = "All";

export interface Option {
  text: string;
  value: string;
}

/** The one data source that there is, as provisioning/datasources names it. */
export const PROMETHEUS = { name: "Prometheus", uid: "prometheus", type: "prometheus" };

/** Whether a kind of data source answers as Prometheus does: many speak its language under names of their own. */
function isPrometheus(type: string): boolean {
  return /prometheus|victoriametrics-(metrics-)?datasource|mimir|thanos|cortex/i.test(type);
}

/** Options of a variable that needs no query; null for one that does. */
export function staticOptions(variable: Variable, range: TimeRange): Option[] | null {
  switch (variable.type) {
    case "custom":
      return parseCustom(variable.query);
    case "interval":
      return intervalOptions(variable, range);
    case "datasource":
      return dataSourceOptions(variable);
    case "constant":
    case "textbox":
      return [{ text: variable.query, value: variable.query }];
    case "query":
      return null;
    default:
      return [];
  }
}

/** `a, b, Text : value`; a comma that belongs to a value is written `\,`. */
export function parseCustom(query: string): Option[] {
  return splitCommas(query).map((part) => {
    const pair = /^(.+?)\s+:\s+(.+)$/s.exec(part);
    return pair ? { text: pair[1] as string, value: pair[2] as string } : { text: part, value: part };
  });
}

function splitCommas(query: string): string[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? [])
    .map((part) => part.replaceAll("\\,", ",").trim())
    .filter(Boolean);
}

function intervalOptions(variable: Variable, range: TimeRange): Option[] {
  const options = splitCommas(variable.query.replaceAll(" ", ",")).map((value) => {
    const bare = value.replace(/^["']|["']$/g, "");
    return { text: bare, value: bare };
  });
  if (!variable.auto) return options;
  const min = parseDuration(variable.autoMin) ?? 10_000;
  const ms = calculateInterval(range, variable.autoCount, min);
  return [{ text: "auto", value: `$__auto_interval_${variable.name}` }, ...options].map((option) =>
    option.text === "auto" ? { ...option, text: `auto (${formatDuration(ms)})` } : option,
  );
}

function dataSourceOptions(variable: Variable): Option[] {
  // Which of several is meant a pattern would say; there is one, whatever it is called elsewhere.
  if (!isPrometheus(variable.query)) return [];
  return [{ text: PROMETHEUS.name, value: PROMETHEUS.uid }];
}

export type VariableQuery =
  | { kind: "label_values"; label: string; matcher: string | null }
  | { kind: "label_names"; matcher: string | null }
  | { kind: "metrics"; pattern: string }
  | { kind: "query_result"; expr: string }
  | { kind: "series"; matcher: string };

/** Read the query of a variable, with the variables in it filled in already. */
export function parseVariableQuery(query: string): VariableQuery {
  const call = /^\s*(\w+)\s*\((.*)\)\s*$/s.exec(query);
  const inside = call?.[2]?.trim() ?? "";
  switch (call?.[1]) {
    case "label_values": {
      const comma = lastComma(inside);
      if (comma < 0) return { kind: "label_values", label: unquote(inside), matcher: null };
      const matcher = inside.slice(0, comma).trim();
      return {
        kind: "label_values",
        label: unquote(inside.slice(comma + 1).trim()),
        matcher: matcher || null,
      };
    }
    case "label_names":
      return { kind: "label_names", matcher: inside || null };
    case "metrics":
      return { kind: "metrics", pattern: inside };
    case "query_result":
      return { kind: "query_result", expr: inside };
    default:
      return { kind: "series", matcher: query.trim() };
  }
}

function unquote(label: string): string {
  return label.replace(/^["'](.*)["']$/, "$1");
}

/** The comma before the label's name: none that is inside of braces or quotes. */
function lastComma(text: string): number {
  let depth = 0;
  let quote = "";
  let found = -1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote) {
      if (character === "\\") at += 1;
      else if (character === quote) quote = "";
    } else if (`"'\``.includes(character)) quote = character;
    else if ("{[(".includes(character)) depth += 1;
    else if ("}])".includes(character)) depth -= 1;
    else if (character === "," && depth === 0) found = at;
  }
  return found;
}

/** Apply a variable's pattern to what its query answered: what matches stays, as its groups say. */
export function applyRegex(found: string[], regex: string): Option[] {
  const pattern = regex ? readRegex(regex) : null;
  const options = pattern
    ? found.flatMap((value) => pick(value, pattern))
    : found.map((value) => ({ text: value, value }));
  const seen = new Set<string>();
  return options.filter(({ value }) => value !== "" && !seen.has(value) && seen.add(value));
}

function pick(value: string, pattern: RegExp): Option[] {
  const match = pattern.exec(value);
  if (!match) return [];
  const { text, value: named } = match.groups ?? {};
  if (text !== undefined || named !== undefined) {
    return [{ text: text ?? named ?? "", value: named ?? text ?? "" }];
  }
  const whole = match.length > 1 ? (match[1] ?? "") : value;
  return [{ text: whole, value: whole }];
}

/** Sort as the file says: 0 as they came, then alphabetical, numerical, both without regard to case, natural. */
export function sortOptions(options: Option[], sort: number): Option[] {
  if (sort <= 0) return options;
  const compare = comparers[Math.ceil(sort / 2) - 1] ?? comparers[0];
  const sorted = [...options].sort(compare);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

const numberIn = (option: Option) => {
  const digits = /-?\d+(\.\d+)?/.exec(option.text);
  return digits ? Number(digits[0]) : -1;
};
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const comparers: ((a: Option, b: Option) => number)[] = [
  (a, b) => order(a.text, b.text),
  (a, b) => numberIn(a) - numberIn(b),
  (a, b) => order(a.text.toLowerCase(), b.text.toLowerCase()),
  (a, b) => a.text.localeCompare(b.text, "en", { numeric: true }),
];

/** What is chosen: by the address, else by the file as far as there is such an option, else the first. */
export function chosenValues(
  variable: Variable,
  options: Option[] | null,
  fromUrl: string[] | null,
): string[] {
  if (variable.type === "constant") return [variable.query];
  if (fromUrl && fromUrl.length > 0) return variable.type === "adhoc" ? fromUrl : normal(variable, fromUrl);
  const saved = variable.current;
  if (variable.type === "adhoc") return saved;
  if (variable.type === "textbox") return [saved[0] ?? variable.query];
  if (saved.includes(ALL) && variable.includeAll) return [ALL];
  if (options === null) return [];
  const known = saved.filter((value) => options.some((option) => option.value === value));
  if (known.length > 0) return variable.multi ? known : known.slice(0, 1);
  if (variable.includeAll) return [ALL];
  return options.slice(0, 1).map((option) => option.value);
}

/** "All" is written `$__all` or `All` in an address; together with others it goes. */
function normal(variable: Variable, values: string[]): string[] {
  const all = values.some((value) => value === ALL || (value === ALL_TEXT && variable.includeAll));
  if (all && variable.includeAll) return [ALL];
  return variable.multi ? values : values.slice(0, 1);
}

/** Make the value that texts and queries are filled with; null while it needs options that are not there yet. */
export function resolveValue(
  variable: Variable,
  chosen: string[],
  options: Option[] | null,
  range: TimeRange,
): VariableValue | null {
  const multi = variable.multi || variable.includeAll;
  if (chosen[0] === ALL) {
    if (variable.allValue === null && options === null) return null;
    const all = options ?? [];
    const values = all.map((option) => option.value);
    return { values, texts: all.map((option) => option.text), all: true, allValue: variable.allValue, multi };
  }
  if (chosen.length === 0 && options === null) return null;
  if (chosen[0]?.startsWith("$__auto_interval")) {
    const min = parseDuration(variable.autoMin) ?? 10_000;
    return single(formatDuration(calculateInterval(range, variable.autoCount, min)));
  }
  const texts = chosen.map((value) => options?.find((option) => option.value === value)?.text ?? value);
  return { values: chosen, texts, all: false, allValue: null, multi };
}

/** Variables in such an order that each comes after those that it needs; circles are left as they stand. */
export function dependencyOrder(variables: Variable[]): Variable[] {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  const done = new Set<string>();
  const ordered: Variable[] = [];
  const visit = (variable: Variable, path: Set<string>) => {
    if (done.has(variable.name) || path.has(variable.name)) return;
    for (const name of dependencies(variable)) {
      const other = byName.get(name);
      if (other) visit(other, new Set([...path, variable.name]));
    }
    if (done.has(variable.name)) return;
    done.add(variable.name);
    ordered.push(variable);
  };
  for (const variable of variables) visit(variable, new Set());
  return ordered;
}

/** The names of the variables that a variable's query needs. */
export function dependencies(variable: Variable): string[] {
  const names = referenced(`${variable.query} ${variable.regex} ${variable.datasource?.uid ?? ""}`);
  return [...new Set(names)].filter((name) => name !== variable.name);
}

/** Which data source a panel, target or variable means, as far as the console has it. */
export function resolveDataSource(
  source: DataSourceRef | null,
  scope: Scope,
):
  | { kind: "prometheus" }
  | { kind: "expression" }
  | { kind: "mixed" }
  | { kind: "unsupported"; name: string } {
  if (source === null) return { kind: "prometheus" };
  const uid = source.uid ?? "";
  if (source.type === "__expr__" || uid === "__expr__") return { kind: "expression" };
  if (uid === "-- Mixed --") return { kind: "mixed" };
  if (source.type !== null) {
    if (isPrometheus(source.type)) return { kind: "prometheus" };
    return { kind: "unsupported", name: source.type === "datasource" ? uid : source.type };
  }
  if (uid === "") return { kind: "prometheus" };
  // A file of old, or one for import, has a name or a variable here, and no word on what is behind it.
  const name = /^\$\{?(\w+)(?::\w+)?\}?$|^\[\[(\w+)\]\]$/.exec(uid);
  const value = name ? scope[(name[1] ?? name[2]) as string] : undefined;
  if (value && value.values.length === 0) return { kind: "unsupported", name: uid };
  return OTHERS.test(uid) ? { kind: "unsupported", name: uid } : { kind: "prometheus" };
}

/** Names that say of what kind they are: no Prometheus. */
const OTHERS =
  /(?<![a-z])(loki|elastic\w*|opensearch|influx\w*|graphite|tempo|jaeger|zipkin|mysql|mssql|postgres\w*|clickhouse|cloudwatch|stackdriver|zabbix|opentsdb|testdata|infinity)(?![a-z])|^-- /i;
