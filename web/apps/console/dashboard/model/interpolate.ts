/** Variables in texts and queries: `$name`, `${name}`, `${name:format}`, `[[name]]`. */

export interface VariableValue {
  /** The chosen values; with All, all there are. */
  values: string[];
  texts: string[];
  all: boolean;
  /** What stands for All instead of its values, where the dashboard says so. */
  allValue: string | null;
  /** Whether several can be chosen: only then does a query need its values escaped as a pattern. */
  multi: boolean;
}

export type Scope = Record<string, VariableValue>;

/** How a value is written where the text names no format. */
export type DefaultFormat = "prometheus" | "text" | "raw" | "regex" | "percentencode";

const PATTERN = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

export function single(value: string, text = value): VariableValue {
  return { values: [value], texts: [text], all: false, allValue: null, multi: false };
}

/** Fill variables in; what is no variable stays as it stands. */
export function interpolate(template: string, scope: Scope, format: DefaultFormat): string {
  if (!template.includes("$") && !template.includes("[[")) return template;
  return template.replace(PATTERN, (whole, plain, square, squareFormat, braced, _path, bracedFormat) => {
    const value = scope[plain ?? square ?? braced];
    if (!value) return whole;
    return formatVariable(plain ?? square ?? braced, value, squareFormat ?? bracedFormat ?? format);
  });
}

/**
 * Fill an address in: with values instead of what they are called, encoded unless it says `:raw`. `own` are
 * those of one value, such as `__value.raw`. What an address begins with is its own part of one.
 */
export function interpolateUrl(template: string, scope: Scope, own: Record<string, string> = {}): string {
  const filled = template.replace(
    /\$\{(__[^}:]+)(?::([^}]+))?\}/g,
    (whole, name: string, format?: string) => {
      const key = name.replace(/\[["']?([^"'\]]+)["']?\]/g, ".$1");
      const found = own[key];
      if (found === undefined) return whole;
      return format === "raw" || key === "__url_time_range" ? found : encodeURIComponent(found);
    },
  );
  const [base = ""] = /^(\$\w+|\$\{\w+\}|\[\[\w+\]\])/.exec(filled) ?? [];
  return interpolate(base, scope, "raw") + interpolate(filled.slice(base.length), scope, "percentencode");
}

/** The names of variables that a text refers to. */
export function referenced(template: string): string[] {
  return [...template.matchAll(PATTERN)].map((found) => (found[1] ?? found[2] ?? found[4]) as string);
}

export function formatVariable(name: string, variable: VariableValue, format: string): string {
  const { values, all, allValue } = variable;
  // A custom value for All is the author's own pattern: it is never escaped.
  if (all && allValue !== null && format !== "text" && format !== "queryparam")
    return format === "percentencode" ? encodeURIComponent(allValue) : allValue;
  const [kind = "", argument = ""] = format.split(/:(.*)/s);
  switch (kind) {
    case "prometheus":
      return forPrometheus(variable);
    case "text":
      return all ? "All" : variable.texts.join(" + ");
    case "regex":
      return grouped(values.map(escapeRegex));
    case "pipe":
      return values.join("|");
    case "csv":
    case "raw":
      return values.join(",");
    case "glob":
      return values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "");
    case "json":
      return JSON.stringify(values.length === 1 ? values[0] : values);
    case "doublequote":
      return values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(",");
    case "singlequote":
      return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(",");
    case "sqlstring":
      return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(",");
    case "percentencode":
      return encodeURIComponent(values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? ""));
    case "queryparam":
      return queryParameters(name, variable);
    case "distributed":
      return values.map((value, index) => (index === 0 ? value : `${name}=${value}`)).join(",");
    case "join":
      return values.join(argument || ",");
    case "date":
      return formatDate(values[0] ?? "", argument);
    default:
      return values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "");
  }
}

function formatDate(value: string, argument: string): string {
  const moment = new Date(Number(value));
  if (Number.isNaN(moment.getTime())) return value;
  if (argument === "seconds") return String(Math.floor(moment.getTime() / 1000));
  return moment.toISOString();
}

function queryParameters(name: string, { values, all }: VariableValue): string {
  const chosen = all ? ["$__all"] : values;
  return chosen.map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

function grouped(parts: string[]): string {
  return parts.length === 1 ? (parts[0] as string) : `(${parts.join("|")})`;
}

/** Inside of a PromQL string: a pattern where several may be chosen, a plain string otherwise. */
function forPrometheus({ values, multi }: VariableValue): string {
  if (!multi) return (values[0] ?? "").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return grouped(values.map((value) => escapeRegex(value).replaceAll("\\", "\\\\")));
}

export function escapeRegex(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}]/g, "\\$&");
}
