/** The time of day where the site is, whatever the computer behind the screen thinks. */
import { language } from "kit/i18n/language";

/** By time zone: to make one takes longer than all else that a screen does in a second. */
const hours = new Map<string | undefined, Intl.DateTimeFormat>();

/** `timeZone` is undefined until the server has said it: then it is the computer's. */
export function hourOf(moment: number, timeZone: string | undefined): number {
  const format =
    hours.get(timeZone) ?? new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone });
  hours.set(timeZone, format);
  return Number(format.format(moment));
}

/** "14:05"; with the day where it is another one than now. */
export function timeOf(moment: number, now: number, timeZone: string | undefined): string {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone });
  const isToday = day.format(moment) === day.format(now);
  const more: Intl.DateTimeFormatOptions = isToday ? {} : { day: "numeric", month: "numeric" };
  // 24 hours in English as well: a wall has no room for "p.m.".
  const locale = language() === "en" ? "en-GB" : language();
  return new Intl.DateTimeFormat(locale, { ...more, hour: "2-digit", minute: "2-digit", timeZone }).format(
    moment,
  );
}
