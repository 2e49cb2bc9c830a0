/** Matchers as Alertmanager's addresses have them: `{alertname="ServiceDown",service="redis"}`. */
import { type Matcher, showMatcher } from "../api/alerting";
import type { Labels } from "../api/prometheus";

const ONE = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^,}"]*)\s*(?:,|$)/gy;

/** Read a filter; null for one that is none. */
export function parseMatchers(filter: string): Matcher[] | null {
  const inner = filter.trim().replace(/^\{/, "").replace(/\}$/, "");
  const found: Matcher[] = [];
  ONE.lastIndex = 0;
  while (ONE.lastIndex < inner.length) {
    const match = ONE.exec(inner);
    if (!match) return null;
    const [, name = "", operator = "=", value = ""] = match;
    found.push({
      name,
      value: unquoted(value),
      isRegex: operator.endsWith("~"),
      isEqual: operator[0] === "=",
    });
  }
  return found;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value.trim();
  return value
    .slice(1, -1)
    .replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

export function showMatchers(matchers: Matcher[]): string {
  return `{${matchers.map(showMatcher).join(",")}}`;
}

/** The address of a silence for this alert of this service, filled in but for its duration and comment. */
export function silenceLink(labels: Labels): string {
  const matchers = ["alertname", "service", "instance"].flatMap((name) => {
    const value = labels[name];
    return value ? [{ name, value, isRegex: false, isEqual: true }] : [];
  });
  return `/silences/new?${new URLSearchParams({ filter: showMatchers(matchers) })}`;
}

/** What is wrong with matchers, for a person; null where nothing is. */
export function problemOf(matchers: Matcher[]): string | null {
  if (matchers.length === 0) return "A silence needs a matcher: it would keep back everything.";
  if (matchers.some(({ name }) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))) {
    return "A label's name has letters, digits and underscores.";
  }
  // Alertmanager refuses such a silence: it would hold for alerts that have none of these labels, too.
  const empty = ({ value, isRegex, isEqual }: Matcher) =>
    (value === "" || (isRegex && matchesEmpty(value))) === isEqual;
  return matchers.every(empty) ? "At least one matcher must ask for a value that is there." : null;
}

function matchesEmpty(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test("");
  } catch {
    return false; // Alertmanager says what is wrong with it
  }
}
