/** Filters that hold for every query of a dashboard: put into each of its selectors. */

export interface AdHocFilter {
  key: string;
  operator: string;
  value: string;
}

export const OPERATORS = ["=", "!=", "=~", "!~"];

// In an address a bar stands between the parts; one that belongs to a part is written like this.
const BAR = "__gfp__";

/** As it stands in an address. */
export function writeFilter({ key, operator, value }: AdHocFilter): string {
  return [key, operator, value].map((part) => part.replaceAll("|", BAR)).join("|");
}

/** Read those of an address, or of a file; what names no label is none. */
export function readFilters(values: string[]): AdHocFilter[] {
  return values.flatMap((text) => {
    const [key = "", operator = "=", value = ""] = text.split("|").map((part) => part.replaceAll(BAR, "|"));
    return /^[a-zA-Z_]\w*$/.test(key) && OPERATORS.includes(operator) ? [{ key, operator, value }] : [];
  });
}

const TOKEN =
  /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|\[[^\]]*\]|\d[\w.]*|[a-zA-Z_:][\w:.]*|\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[^}"'`])*\}|\s+|./gs;
const LISTS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const WORDS = new Set(["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "start", "end"]);

/** Put filters into each selector of a PromQL expression. */
export function withFilters(expr: string, filters: AdHocFilter[]): string {
  if (filters.length === 0) return expr;
  const matchers = filters
    .map(({ key, operator, value }) => `${key}${operator}${JSON.stringify(value)}`)
    .join(",");
  const tokens = expr.match(TOKEN) ?? [];
  const next = (at: number) => tokens.slice(at + 1).find((token) => !/^(\s|#)/.test(token)) ?? "";
  let inList = false;
  return tokens
    .map((token, at) => {
      if (LISTS.has(token.toLowerCase())) inList = next(at) === "(";
      else if (token === ")") inList = false;
      else if (token.startsWith("{")) return intoBraces(token, matchers);
      else if (!inList && isMetric(token, next(at))) return `${token}{${matchers}}`;
      return token;
    })
    .join("");
}

function intoBraces(token: string, matchers: string): string {
  const inside = token.slice(1, -1).trim().replace(/,$/, "");
  return `{${inside ? `${inside},` : ""}${matchers}}`;
}

/** A name that is no function, no word of the language, and has no braces of its own. */
function isMetric(token: string, next: string): boolean {
  if (!/^[a-zA-Z_:]/.test(token) || next === "(" || next.startsWith("{")) return false;
  return !WORDS.has(token.toLowerCase()) && !LISTS.has(next.toLowerCase());
}
