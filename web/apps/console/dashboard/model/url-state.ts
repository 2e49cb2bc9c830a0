/** What the address says, in Grafana's words: range, refresh, variables, one panel, kiosk. */

export interface UrlState {
  from: string | null;
  to: string | null;
  timezone: string | null;
  refresh: string | null;
  viewPanel: string | null;
  kiosk: boolean;
  fit: boolean;
  variables: Record<string, string[]>;
}

export function readUrl(search: URLSearchParams): UrlState {
  const variables: Record<string, string[]> = {};
  for (const [key, value] of search) {
    if (!key.startsWith("var-")) continue;
    const name = key.slice(4);
    variables[name] = [...(variables[name] ?? []), value];
  }
  return {
    from: search.get("from"),
    to: search.get("to"),
    timezone: search.get("timezone"),
    refresh: search.get("refresh"),
    viewPanel: search.get("viewPanel"),
    kiosk: search.has("kiosk") && search.get("kiosk") !== "false",
    fit: search.has("autofitpanels"),
    variables,
  };
}

/** Whether an address that a dashboard gives may be followed: no scripts, whatever they are dressed up as. */
export function safeUrl(url: string): string | null {
  const trimmed = url.trim();
  if (trimmed === "") return null;
  try {
    const parsed = new URL(trimmed, "http://here.invalid/");
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? trimmed : null;
  } catch {
    return null;
  }
}
