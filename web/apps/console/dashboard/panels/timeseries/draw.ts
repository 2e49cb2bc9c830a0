/** What is drawn behind and above the lines: thresholds, and the time in which something happened. */
import type uPlot from "uplot";
import type { Annotation } from "../../model/annotations";
import { namedColor, withAlpha } from "../../model/colors";
import { boundsOf } from "../../model/field-config";
import { absoluteSteps } from "../../model/thresholds";
import type { ChartColors } from "./colors";
import type { Prepared, PreparedSeries } from "./prepare";

/** The series of each scale whose thresholds are shown: the first that has any. */
function withThresholds(prepared: Prepared): PreparedSeries[] {
  const seen = new Set<string>();
  return prepared.series.filter((one) => {
    const { style, field, scaleKey } = one;
    const wanted =
      style.thresholds !== "off" && style.thresholds !== "series" && field.config.thresholds.steps.length > 1;
    if (!wanted || seen.has(scaleKey)) return false;
    seen.add(scaleKey);
    return true;
  });
}

interface Zone {
  color: string;
  from: number;
  to: number;
  /** The lowest has no line below it. */
  lowest: boolean;
}

function zonesOf(u: uPlot, one: PreparedSeries): Zone[] {
  const { min = 0, max = 1 } = u.scales[one.scaleKey] ?? {};
  const { thresholds } = one.field.config;
  const bounds =
    thresholds.mode === "percentage" ? { ...boundsOf(one.field), ...definite(one, min, max) } : { min, max };
  const steps = absoluteSteps(thresholds, bounds.min, bounds.max);
  return steps.map((step, index) => ({
    color: step.color,
    from: step.value,
    to: steps[index + 1]?.value ?? Number.POSITIVE_INFINITY,
    lowest: index === 0,
  }));
}

function definite(one: PreparedSeries, min: number, max: number) {
  return { min: one.field.config.min ?? min, max: one.field.config.max ?? max };
}

/** Fill the areas between thresholds: below the lines of the series. */
export function drawThresholdAreas(u: uPlot, prepared: Prepared, { scheme }: ChartColors): void {
  for (const one of withThresholds(prepared)) {
    if (!one.style.thresholds.includes("area")) continue;
    for (const zone of zonesOf(u, one)) {
      // What is well needs no colour: an area that is always there says nothing.
      if (zone.lowest && /green|transparent/.test(zone.color)) continue;
      const top = clampY(u, zone.to, one.scaleKey, true);
      const bottom = clampY(u, zone.from, one.scaleKey, false);
      if (bottom <= top) continue;
      u.ctx.fillStyle = withAlpha(namedColor(zone.color, scheme), scheme === "dark" ? 0.1 : 0.08);
      u.ctx.fillRect(u.bbox.left, top, u.bbox.width, bottom - top);
    }
  }
}

function clampY(u: uPlot, value: number, scale: string, upper: boolean): number {
  const { top, height } = u.bbox;
  if (!Number.isFinite(value)) return upper ? top : top + height;
  return Math.min(top + height, Math.max(top, u.valToPos(value, scale, true)));
}

/** Draw the thresholds as lines: above the series, so that they are seen. */
export function drawThresholdLines(u: uPlot, prepared: Prepared, { scheme }: ChartColors): void {
  for (const one of withThresholds(prepared)) {
    const mode = one.style.thresholds;
    if (!mode.includes("line") && !mode.includes("dashed")) continue;
    for (const zone of zonesOf(u, one)) {
      const { min = 0, max = 1 } = u.scales[one.scaleKey] ?? {};
      if (!Number.isFinite(zone.from) || zone.from < min || zone.from > max) continue;
      const y = Math.round(u.valToPos(zone.from, one.scaleKey, true));
      line(u, [u.bbox.left, y], [u.bbox.left + u.bbox.width, y], {
        color: withAlpha(namedColor(zone.color, scheme), 0.9),
        width: 1.5,
        dash: mode.includes("dashed") ? [8, 6] : [],
      });
    }
  }
}

interface Pen {
  color: string;
  width: number;
  dash: number[];
}

function line(u: uPlot, from: [number, number], to: [number, number], pen: Pen): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = pen.color;
  ctx.lineWidth = pen.width * ratio;
  ctx.setLineDash(pen.dash.map((length) => length * ratio));
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}

/** Mark what happened: a region, with a dashed line where it began and one where it ended. */
export function drawAnnotations(u: uPlot, marks: Annotation[], { scheme }: ChartColors): void {
  const { left, top, width, height } = u.bbox;
  for (const mark of marks) {
    const color = namedColor(mark.color, scheme);
    const from = u.valToPos(mark.from / 1000, "x", true);
    const to = u.valToPos(mark.to / 1000, "x", true);
    if (to < left || from > left + width) continue;
    const start = Math.max(left, from);
    const end = Math.min(left + width, to);
    if (end - start > 1) {
      u.ctx.fillStyle = withAlpha(color, 0.1);
      u.ctx.fillRect(start, top, end - start, height);
    }
    const pen = { color: withAlpha(color, 0.8), width: 1, dash: [4, 4] };
    if (from >= left) line(u, [start, top], [start, top + height], pen);
    if (mark.to > mark.from && to <= left + width) line(u, [end, top], [end, top + height], pen);
  }
}
