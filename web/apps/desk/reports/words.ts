/** What rows, days and comparisons are called. */
import { days } from "kit/i18n/format";
import type { By } from "../api/types";
import { t } from "../i18n";
import type { Comparison } from "./figures";

const DATE: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };

/** "23–29 Nov 2026", or the one day with its name. */
export function daysInWords(first: string, last: string): string {
  if (first !== last) return days(first, DATE, last);
  return days(first, { ...DATE, weekday: "long" });
}

/** What a row is of. */
export function rowName(by: By, key: string): string {
  if (by === "day") return days(key, { ...DATE, weekday: "short" });
  if (by === "week") return t("reports.week_of", { day: days(key, DATE) });
  return key || t(`reports.no.${by}`);
}

/** The same in few letters, for an axis. */
export function axisName(by: By, key: string): string {
  if (by === "day" || by === "week") return days(key, { day: "numeric", month: "short" });
  return rowName(by, key);
}

/** "12% more": the direction in words, so that nobody has to know a colour. */
export function comparedInWords(comparison: Comparison): string {
  const { way, by, isPoints } = comparison;
  if (way === "same") return t("reports.compared.same");
  return isPoints ? t(`reports.points.${way}`, { by }) : t(`reports.compared.${way}`, { by });
}
