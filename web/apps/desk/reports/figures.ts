/** The figures of reports: how each is written, and what it came to beside that of before. */
import { number, written } from "kit/i18n/format";
import type { By, Figure, ReportFigures } from "../api/types";

type Kind = "count" | "rate" | "share" | "hours" | "seconds";

interface About {
  kind: Kind;
  /** Which way is the good one; null where neither is. */
  good: "more" | "less" | null;
  /** Not known by article and location: tasks and time are of people. */
  ofPeople: boolean;
}

const of = (kind: Kind, good: About["good"], ofPeople = false): About => ({ kind, good, ofPeople });

const ABOUT: Record<Figure, About> = {
  lines: of("count", "more"),
  pieces: of("count", "more"),
  lines_per_hour: of("rate", "more", true),
  pieces_per_hour: of("rate", "more", true),
  seconds_per_line: of("seconds", "less", true),
  accuracy: of("share", "more"),
  refused: of("count", "less"),
  undone: of("count", "less"),
  shortages: of("count", "less"),
  short_pieces: of("count", "less"),
  on_time: of("share", "more", true),
  tasks: of("count", "more", true),
  active_hours: of("hours", null, true),
};

const ALL = Object.keys(ABOUT) as Figure[];

/** The figures that a report has. */
export function figuresOf(by: By): Figure[] {
  const isOfGoods = by === "article" || by === "location";
  return isOfGoods ? ALL.filter((figure) => !ABOUT[figure].ofPeople) : ALL;
}

const WAYS: Record<Kind, Intl.NumberFormatOptions> = {
  count: {},
  rate: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
  share: { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 },
  hours: { style: "unit", unit: "hour", unitDisplay: "short", maximumFractionDigits: 1 },
  seconds: { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 1 },
};

/** A figure as people write it; a dash where it is not known. */
export function shown(figure: Figure, value: number | null): string {
  if (value === null) return "–";
  const { kind } = ABOUT[figure];
  return kind === "count" ? number(value) : written(value, WAYS[kind]);
}

/** The same at an axis, where there is room for what is not the same on all of it. */
export function marked(figure: Figure, value: number): string {
  const { kind } = ABOUT[figure];
  return written(value, kind === "share" ? { style: "percent", maximumFractionDigits: 1 } : {});
}

export interface Comparison {
  way: "more" | "less" | "same";
  /** By how much, as people write it: a share of that before, or points where both are shares. */
  by: string;
  isPoints: boolean;
  /** Whether that is good; null where it is neither. */
  isGood: boolean | null;
}

/** What a figure came to beside that of before; null where that cannot be said. */
export function compared(figure: Figure, now: number | null, before: number | null): Comparison | null {
  if (now === null || before === null) return null;
  const { kind, good } = ABOUT[figure];
  const isPoints = kind === "share";
  if (before === 0 && now !== 0 && !isPoints) return null;
  const by = isPoints ? Math.round(1000 * (now - before)) / 10 : share(now, before);
  const way = by === 0 ? "same" : by > 0 ? "more" : "less";
  const size = Math.abs(by);
  return {
    way,
    by: isPoints ? written(size, WAYS.rate) : written(size / 100, { style: "percent" }),
    isPoints,
    isGood: way === "same" || good === null ? null : way === good,
  };
}

function share(now: number, before: number): number {
  return before === 0 ? 0 : Math.round((100 * (now - before)) / before);
}

/** The figures of a report that look other than they were told. */
export function changedFigures(told: ReportFigures, now: ReportFigures): Figure[] {
  return ALL.filter((figure) => shown(figure, told[figure]) !== shown(figure, now[figure]));
}
