/** What of the reports the address asks for. */
import { changeUrl } from "kit/common/change-url";
import { BY, type By, type Figure, PERIODS, type Period, type ReportRow } from "../api/types";
import { figuresOf } from "./figures";

export interface Asked {
  by: By;
  /** Days by name, or by their dates; without either, the last seven. */
  period: Period | null;
  firstDay: string | null;
  lastDay: string | null;
  worker: string | null;
  sort: "key" | Figure;
  descending: boolean;
  /** What the chart is of. */
  figure: Figure;
}

const known = <T extends string>(all: readonly T[], value: string | null): T | null =>
  all.find((one) => one === value) ?? null;

export function read(search: URLSearchParams): Asked {
  const by = known(BY, search.get("by")) ?? "day";
  const figures = figuresOf(by);
  const hasDays = search.has("first_day") || search.has("last_day");
  return {
    by,
    period: hasDays ? null : known(PERIODS, search.get("period")),
    firstDay: search.get("first_day"),
    lastDay: search.get("last_day"),
    worker: isOfGoods(by) ? null : search.get("worker"),
    sort: known(figures, search.get("sort")) ?? "key",
    descending: search.get("order") === "descending",
    figure:
      known(figures, search.get("figure")) ??
      (figures.includes("lines_per_hour") ? "lines_per_hour" : "lines"),
  };
}

export const isOfGoods = (by: By) => by === "article" || by === "location";

/** Which days, and whose: what the answer and its files are asked for with. */
export function daysAndWorker({ period, firstDay, lastDay, worker }: Asked): URLSearchParams {
  return changeUrl(new URLSearchParams(), {
    period,
    first_day: firstDay,
    last_day: lastDay,
    worker,
  });
}

/** In which order rows are asked for. */
export function inOrder({ sort, descending }: Asked): URLSearchParams {
  return new URLSearchParams({ sort, ...(descending ? { descending: "true" } : {}) });
}

/** What the address has to say for rows in another order: figures begin with the greatest, keys with the first. */
export function sorted(asked: Asked, by: Asked["sort"]): Record<string, string | null> {
  const isSame = asked.sort === by;
  const descending = isSame ? !asked.descending : by !== "key";
  return { sort: by === "key" ? null : by, order: descending ? "descending" : null };
}

const DAY = 86_400_000;

const plus = (day: string, count: number) =>
  new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);

/** Every day, or every Monday of a week, from the first day to the last. */
export function every(by: "day" | "week", first: string, last: string): string[] {
  const step = by === "day" ? 1 : 7;
  const found: string[] = [];
  const begin = by === "day" ? first : plus(first, -((new Date(Date.parse(first)).getUTCDay() + 6) % 7));
  for (let day = begin; day <= last; day = plus(day, step)) found.push(day);
  return found;
}

/** The address of what a row is made of; null where there is nothing behind it. */
export function behind(by: By, { key }: ReportRow, search: URLSearchParams): string | null {
  if (key === "") return null;
  if (by === "article") return `/article?sku=${encodeURIComponent(key)}`;
  const order = { sort: null, order: null };
  switch (by) {
    case "day":
      return address(search, { ...order, by: "worker", period: null, first_day: key, last_day: key });
    case "week":
      return address(search, { ...order, by: "day", period: null, first_day: key, last_day: plus(key, 6) });
    case "worker":
      return address(search, { ...order, by: "day", worker: key });
    default:
      return null;
  }
}

const address = (search: URLSearchParams, change: Record<string, string | null>) =>
  `/reports?${changeUrl(search, change)}`;
