/** Numbers, times and spans, as the chosen language writes them. */
import i18next from "i18next";

/** English as the browser's reader writes it: 24 hours or twelve, day or month first. */
function locale(): string {
  const { language } = i18next;
  return language === "en" ? (navigator.languages.find((one) => one.startsWith("en")) ?? "en-GB") : language;
}

/** By language. To make one takes longer than to write a hundred numbers with it. */
const formats = new Map<string, Intl.NumberFormat>();

export function number(value: number): string {
  const { language } = i18next;
  const format = formats.get(language) ?? new Intl.NumberFormat(locale());
  formats.set(language, format);
  return format.format(value);
}

/** "14:05"; with the day where it is another one than today's. */
export function time(moment: number, now: number): string {
  const today = new Date(moment).toDateString() === new Date(now).toDateString();
  const day: Intl.DateTimeFormatOptions = today ? {} : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(locale(), { ...day, hour: "2-digit", minute: "2-digit" }).format(moment);
}

/** "1 Nov 2025": the day on which a moment is here. */
export function day(moment: number): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(moment);
}

/** "14:05", as it is written on a clock of 24 hours: the time of no day, and of no zone. */
export function clock(written: string): string {
  const moment = Date.parse(`1970-01-01T${written}Z`);
  const shown: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale(), shown).format(moment);
}

/** "25 min", "2 h 5 min", "3 days": what people say of a span. */
export function span(milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return unit(Math.floor(hours / 24), "day");
  if (hours === 0) return unit(minutes, "minute");
  const rest = minutes % 60;
  return rest === 0 ? unit(hours, "hour") : `${unit(hours, "hour")} ${unit(rest, "minute")}`;
}

function unit(value: number, name: "day" | "hour" | "minute"): string {
  const unitDisplay = name === "day" ? "long" : "short";
  return new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay }).format(value);
}

const ways = new Map<string, Intl.NumberFormat>();

/** A number in a way of its own: a share, with decimals, with a unit. */
export function written(value: number, how: Intl.NumberFormatOptions): string {
  const key = `${i18next.language} ${JSON.stringify(how)}`;
  const format = ways.get(key) ?? new Intl.NumberFormat(locale(), how);
  ways.set(key, format);
  return format.format(value);
}

/** A day of the calendar, such as "2026-11-24", which is of no zone; with a last one, the days up to it. */
export function days(first: string, how: Intl.DateTimeFormatOptions, last = first): string {
  const format = new Intl.DateTimeFormat(locale(), { ...how, timeZone: "UTC" });
  return format.formatRange(Date.parse(first), Date.parse(last));
}
