/** Points and ranges of time as Grafana writes them, and time zones. */

import { type Calendar, formatTime, fromCalendar, type TimeZone, toCalendar } from "kit/common/calendar";

export interface RawRange {
  from: string;
  to: string;
}

/** Milliseconds since the epoch. */
export interface TimeRange {
  from: number;
  to: number;
}

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  Q: 7_776_000_000,
  y: 31_536_000_000,
};

/** Milliseconds of "15s", "1h30m", "90" (seconds); null for what is no duration. */
export function parseDuration(text: string): number | null {
  const source = text.trim().replace(/^>/, "");
  if (/^\d+(\.\d+)?$/.test(source)) return Number(source) * 1000;
  const parts = [...source.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMQy])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== source) return null;
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] as string] as number), 0);
}

/** A duration in one unit, as it stands in queries: "15s", "2m", "500ms". */
export function formatDuration(ms: number): string {
  for (const unit of ["y", "w", "d", "h", "m", "s"]) {
    const size = UNIT_MS[unit] as number;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${Math.round(ms)}ms`;
}

/** Read one end of a range: "now-1h", "now/d", milliseconds, or a date; null for what is none of them. */
export function parseTime(text: string, now: number, zone: TimeZone, roundUp: boolean): number | null {
  const source = text.trim();
  if (source.startsWith("now")) return parseRelative(source.slice(3), now, zone, roundUp);
  if (/^\d{9,}$/.test(source)) return Number(source);
  return parseDate(source, zone, roundUp);
}

function parseRelative(expression: string, now: number, zone: TimeZone, roundUp: boolean): number | null {
  let moment = now;
  let rest = expression.replaceAll(" ", "");
  while (rest !== "") {
    const part = /^([+-])(\d+)([smhdwMQy])|^\/(f?[smhdwMQy])/.exec(rest);
    if (!part) return null;
    moment = part[4]
      ? roundTo(moment, part[4].replace("f", ""), zone, roundUp)
      : shift(moment, (part[1] === "-" ? -1 : 1) * Number(part[2]), part[3] as string, zone);
    rest = rest.slice(part[0].length);
  }
  return moment;
}

/** Days and more go by the calendar: a day back is the same time of the day before, whatever summer time does. */
function shift(ms: number, amount: number, unit: string, zone: TimeZone): number {
  if ("smh".includes(unit)) return ms + amount * (UNIT_MS[unit] as number);
  const c = toCalendar(ms, zone);
  if (unit === "d") c.day += amount;
  if (unit === "w") c.day += 7 * amount;
  const months = { M: 1, Q: 3, y: 12 }[unit];
  if (months) {
    c.month += amount * months;
    // A month before 31 March is the last of February, not the third of March.
    c.day = Math.min(c.day, new Date(Date.UTC(c.year, c.month, 0)).getUTCDate());
  }
  return fromCalendar(c, zone) + (ms % 1000);
}

function roundTo(ms: number, unit: string, zone: TimeZone, up: boolean): number {
  const c = toCalendar(ms, zone);
  const start = fromCalendar(startOf(c, unit), zone);
  return up ? shift(start, 1, unit, zone) - 1 : start;
}

function startOf(c: Calendar, unit: string): Calendar {
  const start = { ...c, second: unit === "s" ? c.second : 0 };
  if (unit === "s" || unit === "m") return start;
  start.minute = 0;
  if (unit === "h") return start;
  start.hour = 0;
  if (unit === "d") return start;
  if (unit === "w") {
    const weekday = new Date(Date.UTC(c.year, c.month - 1, c.day)).getUTCDay();
    return { ...start, day: c.day - ((weekday + 6) % 7) };
  }
  start.day = 1;
  if (unit === "M") return start;
  return { ...start, month: unit === "Q" ? c.month - ((c.month - 1) % 3) : 1 };
}

function parseDate(source: string, zone: TimeZone, roundUp: boolean): number | null {
  if (/[zZ]$|[+-]\d\d:?\d\d$/.test(source) && source.includes("T")) {
    const moment = Date.parse(source);
    return Number.isNaN(moment) ? null : moment;
  }
  const parts = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:\.\d+)?)?$/.exec(source);
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts
    .slice(1)
    .map((part) => (part === undefined ? null : Number(part)));
  const calendar = {
    year: year ?? 0,
    month: month ?? 1,
    day: day ?? 1,
    hour: hour ?? (roundUp ? 23 : 0),
    minute: minute ?? (roundUp ? 59 : 0),
    second: second ?? (roundUp && hour === null ? 59 : 0),
  };
  if (calendar.month < 1 || calendar.month > 12 || calendar.day < 1 || calendar.day > 31) return null;
  if (calendar.hour > 23 || calendar.minute > 59 || calendar.second > 59) return null;
  return fromCalendar(calendar, zone);
}

/** The range in milliseconds; null where an end cannot be read or the range is empty. */
export function resolveRange(raw: RawRange, now: number, zone: TimeZone): TimeRange | null {
  const from = parseTime(raw.from, now, zone, false);
  const to = parseTime(raw.to, now, zone, true);
  return from === null || to === null || to <= from ? null : { from, to };
}

export function isRelative(raw: RawRange): boolean {
  return raw.from.startsWith("now") || raw.to.startsWith("now");
}

const QUICK: [string, string, string][] = [
  ["now-5m", "now", "Last 5 minutes"],
  ["now-15m", "now", "Last 15 minutes"],
  ["now-30m", "now", "Last 30 minutes"],
  ["now-1h", "now", "Last 1 hour"],
  ["now-3h", "now", "Last 3 hours"],
  ["now-6h", "now", "Last 6 hours"],
  ["now-12h", "now", "Last 12 hours"],
  ["now-24h", "now", "Last 24 hours"],
  ["now-2d", "now", "Last 2 days"],
  ["now-7d", "now", "Last 7 days"],
  ["now-200h", "now", "Last 200 hours"],
  ["now-30d", "now", "Last 30 days"],
  ["now/d", "now/d", "Today"],
  ["now/d", "now", "Today so far"],
  ["now-1d/d", "now-1d/d", "Yesterday"],
  ["now/w", "now", "This week so far"],
  ["now-1w/w", "now-1w/w", "Previous week"],
  ["now/M", "now", "This month so far"],
];

export const QUICK_RANGES = QUICK.map(([from, to, display]) => ({ from, to, display }));

const WORDS: Record<string, string> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  M: "month",
  y: "year",
};

/** How a person would call the range. */
export function describeRange(raw: RawRange, zone: TimeZone): string {
  const quick = QUICK_RANGES.find((range) => range.from === raw.from && range.to === raw.to);
  if (quick) return quick.display;
  const last = /^now-(\d+)([smhdwMy])$/.exec(raw.from);
  if (last && raw.to === "now") {
    const word = WORDS[last[2] as string] as string;
    return `Last ${last[1]} ${word}${last[1] === "1" ? "" : "s"}`;
  }
  return `${describeEnd(raw.from, zone)} to ${describeEnd(raw.to, zone)}`;
}

function describeEnd(text: string, zone: TimeZone): string {
  if (text.startsWith("now")) return text;
  const moment = parseTime(text, 0, zone, false);
  return moment === null ? text : formatTime(moment, zone);
}

/** The range twice as long around the same middle. */
export function zoomOut(range: TimeRange): TimeRange {
  const half = (range.to - range.from) / 2;
  return { from: Math.round(range.from - half), to: Math.round(range.to + half) };
}

/** The range half of its length earlier (-1) or later (1). */
export function shiftRange(range: TimeRange, direction: -1 | 1): TimeRange {
  const by = Math.round((range.to - range.from) / 2) * direction;
  return { from: range.from + by, to: range.to + by };
}
