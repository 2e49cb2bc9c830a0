/** What the address of the page says over what was said at the desk: `?lang=sr-Latn&dim=22-6`. */
import { LANGUAGES, type Language } from "kit/i18n/language";

/** Hours of the day from which and until which the screen is dimmed. */
export interface Hours {
  from: number;
  until: number;
}

/** The language in an address; null where it names none. */
export function languageIn(search: string): Language | null {
  const named = new URLSearchParams(search).get("lang");
  return LANGUAGES.find((one) => one === named) ?? null;
}

/** The hours in an address: null for never (`dim=never`), undefined where it says nothing of them. */
export function dimIn(search: string): Hours | null | undefined {
  const said = new URLSearchParams(search).get("dim");
  if (said === "never") return null;
  const [, from, until] = /^(\d{1,2})-(\d{1,2})$/.exec(said ?? "") ?? [];
  const hours = { from: Number(from), until: Number(until) };
  return hours.from < 24 && hours.until < 24 ? hours : undefined;
}

/** Whether an hour is among those from `from` to `until`, over midnight where that is the earlier one. */
export function isWithin({ from, until }: Hours, hour: number): boolean {
  return from <= until ? from <= hour && hour < until : from <= hour || hour < until;
}
