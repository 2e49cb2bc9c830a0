/** Stretches of time in which a value stayed the same. */
import type { ShownField, ShownFrame } from "../../model/frames";
import type { TimeRange } from "../../model/time";

export interface Stretch {
  from: number;
  to: number;
  value: unknown;
}

export interface TimelineRow {
  field: ShownField;
  stretches: Stretch[];
}

export function timelineRows(frames: ShownFrame[], range: TimeRange, merge: boolean): TimelineRow[] {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (!time) return [];
    const fields = frame.fields.filter((field) => field.type !== "time");
    const times = time.values as number[];
    const step = frame.step ?? Number.POSITIVE_INFINITY;
    return fields.map((field) => ({ field, stretches: stretchesOf(field, times, range, step, merge) }));
  });
}

function stretchesOf(
  field: ShownField,
  times: number[],
  range: TimeRange,
  step: number,
  merge: boolean,
): Stretch[] {
  const found: Stretch[] = [];
  times.forEach((from, index) => {
    const value = field.values[index];
    if (value === null || value === undefined) return;
    // A value holds until the next one, and no longer than a step: what nobody measured is a gap.
    const to = Math.min(times[index + 1] ?? range.to, from + step, range.to);
    const last = found.at(-1);
    if (merge && last && last.to === from && last.value === value) last.to = to;
    else found.push({ from, to, value });
  });
  return found.filter((stretch) => stretch.to > range.from);
}
