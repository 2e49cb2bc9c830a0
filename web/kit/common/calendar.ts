/** What calendar and clock on the wall say at a moment, in any time zone. */

/** "browser", "utc", or a name of the IANA's, such as "Europe/Belgrade". */
export type TimeZone = string;

// Asking the browser takes a tenth of a millisecond, and every label of every axis needs to know.
const resolved = new Map<TimeZone, string>();

export function resolveZone(zone: TimeZone): string {
  const known = resolved.get(zone);
  if (known !== undefined) return known;
  const name = findZone(zone);
  resolved.set(zone, name);
  return name;
}

function findZone(zone: TimeZone): string {
  if (zone === "utc" || zone === "UTC") return "UTC";
  if (zone === "browser" || zone === "") return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  return isZone(zone) ? zone : findZone("browser");
}

function isZone(zone: string): boolean {
  try {
    Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export interface Calendar {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** What calendar and clock on the wall say at a moment. */
export function toCalendar(ms: number, zone: TimeZone): Calendar {
  const found: Record<string, number> = {};
  for (const part of formatterOf(resolveZone(zone)).formatToParts(ms)) found[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found;
  return { year, month, day, hour, minute, second };
}

/** The moment at which calendar and clock say so; months and days may overflow. */
export function fromCalendar(calendar: Calendar, zone: TimeZone): number {
  const wanted = Date.UTC(
    calendar.year,
    calendar.month - 1,
    calendar.day,
    calendar.hour,
    calendar.minute,
    calendar.second,
  );
  // The offset is that of the moment itself, which is known only once it is found: two rounds settle it.
  let moment = wanted;
  for (let round = 0; round < 2; round += 1) moment = wanted - offsetAt(moment, zone);
  return moment;
}

function offsetAt(ms: number, zone: TimeZone): number {
  const c = toCalendar(ms, zone);
  return Date.UTC(c.year, c.month - 1, c.day, c.hour, c.minute, c.second) - Math.floor(ms / 1000) * 1000;
}

const two = (value: number) => String(value).padStart(2, "0");

/** "2026-11-24 06:05:00" in the zone. */
export function formatTime(ms: number, zone: TimeZone = "browser"): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "no time";
  const c = toCalendar(ms, zone);
  return `${c.year}-${two(c.month)}-${two(c.day)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)}`;
}
