/** The labels of axes. */
import { fromCalendar, resolveZone, type TimeZone, toCalendar } from "kit/common/calendar";
import type { TimeRange } from "../../model/time";
import { formatText, formatValue } from "../../model/units";

const two = (value: number) => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY = 86_400;

/** Seconds at which ticks of a range stand, a step apart: days begin, and hours count, by the zone's clock. */
export function timeTicks({ from, to }: TimeRange, step: number, zone: TimeZone): number[] {
  const start = { ...toCalendar(from, zone), hour: 0, minute: 0, second: 0 };
  const ticks: number[] = [];
  const add = (tick: number) => {
    if (tick * 1000 >= from && tick * 1000 <= to) ticks.push(tick);
  };
  if (step < DAY) {
    const midnight = fromCalendar(start, zone) / 1000;
    const first = midnight + Math.ceil((from / 1000 - midnight) / step) * step;
    for (let tick = first; tick * 1000 <= to; tick += step) add(tick);
    return ticks;
  }
  const days = step / DAY;
  // The same days whatever the range begins with, so that ticks do not jump when it moves on.
  const day = Date.UTC(start.year, start.month - 1, start.day) / 1000 / DAY;
  start.day -= day % days;
  for (let tick = fromCalendar(start, zone) / 1000; tick * 1000 <= to; ) {
    add(tick);
    start.day += days;
    tick = fromCalendar(start, zone) / 1000;
  }
  return ticks;
}

/** Time of day where that tells the ticks apart, the date where a day begins or days are what is counted. */
export function timeLabels(seconds: number[], increment: number, zone: TimeZone): string[] {
  return seconds.map((second) => {
    const c = toCalendar(second * 1000, zone);
    if (increment >= 86_400 * 28) return `${MONTHS[c.month - 1]} ${c.year}`;
    if (increment >= 86_400 || (c.hour === 0 && c.minute === 0 && c.second === 0))
      return `${c.day} ${MONTHS[c.month - 1]}`;
    const clock = `${two(c.hour)}:${two(c.minute)}`;
    return increment < 60 ? `${clock}:${two(c.second)}` : clock;
  });
}

export function timeSplitsZone(zone: TimeZone): string {
  return resolveZone(zone) === "UTC" ? "Etc/UTC" : resolveZone(zone);
}

/** Values with as many decimals as it takes to tell all of them exactly. */
export function valueLabels(
  splits: number[],
  unit: string | undefined,
  decimals: number | undefined,
): string[] {
  // More than the file asks for where a label would be wrong without: 2.5 is not 3.
  for (let digits = decimals ?? 0; digits < 5; digits += 1) {
    if (splits.every((value) => isExact(value, unit, digits))) {
      return splits.map((value) => formatText(value, unit, digits));
    }
  }
  return splits.map((value) => formatText(value, unit, decimals));
}

function isExact(value: number, unit: string | undefined, digits: number): boolean {
  const shown = Number(formatValue(value, unit, digits).text);
  const exact = Number(formatValue(value, unit, 9).text);
  // A unit that writes words or dates has no decimals to choose.
  return Number.isNaN(exact) || Math.abs(shown - exact) < 1e-7 * Math.max(1, Math.abs(exact));
}
