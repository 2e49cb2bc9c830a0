import { Portal } from "@mantine/core";
import { formatTime } from "kit/common/calendar";
import { useLayoutEffect, useRef, useState } from "react";
import type uPlot from "uplot";
import { useDashboard } from "../../data/context";
import { showText } from "../../model/field-config";
import classes from "./chart.module.css";
import type { Prepared } from "./prepare";

export interface TooltipMode {
  mode: "single" | "multi" | "none";
  sort: "none" | "asc" | "desc";
}

export interface Hover {
  /** Which of the points in time. */
  index: number;
  left: number;
  top: number;
  focused: number | null;
}

interface TooltipProps {
  plot: uPlot;
  hover: Hover;
  prepared: Prepared;
  hidden: ReadonlySet<string>;
  mode: TooltipMode;
}

const MOST_LINES = 24;

/** The values at the crosshair. */
export function Tooltip({ plot, hover, prepared, hidden, mode }: TooltipProps) {
  const { scheme, time } = useDashboard();
  const at = prepared.times[hover.index];
  if (mode.mode === "none" || at === undefined) return null;
  const lines = linesOf(prepared, hover, hidden, mode);
  if (lines.length === 0) return null;
  const box = plot.over.getBoundingClientRect();
  return (
    <FloatingBox x={box.left + hover.left} y={box.top + hover.top}>
      <div className={classes.time}>{formatTime(at, time.zone)}</div>
      {lines.slice(0, MOST_LINES).map(({ series, index, value }) => (
        <div key={index} className={classes.line} data-focused={index === hover.focused || undefined}>
          <span className={classes.swatch} style={{ background: series.color }} />
          <span className={classes.name}>{series.field.title}</span>
          <span className={classes.value}>{showText(value, series.field, scheme, time.zone)}</span>
        </div>
      ))}
      {lines.length > MOST_LINES && <div className={classes.time}>and {lines.length - MOST_LINES} more</div>}
    </FloatingBox>
  );
}

function linesOf(prepared: Prepared, hover: Hover, hidden: ReadonlySet<string>, mode: TooltipMode) {
  const all = prepared.series.map((series, index) => ({
    series,
    index,
    value: series.values[hover.index] ?? null,
  }));
  const seen = all.filter(
    ({ series, value }) => value !== null && !hidden.has(series.field.title) && !series.style.hidden.tooltip,
  );
  if (mode.mode === "single") return seen.filter(({ index }) => index === hover.focused);
  if (mode.sort === "none") return seen;
  const direction = mode.sort === "asc" ? 1 : -1;
  return seen.sort((a, b) => direction * ((a.value ?? 0) - (b.value ?? 0)));
}

/** A box beside a point of the window that stays inside of the window. */
export function FloatingBox({ x, y, children }: { x: number; y: number; children: React.ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const { offsetWidth: width = 0, offsetHeight: height = 0 } = box.current ?? {};
    setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
  });
  const left = x + 16 + size.width > innerWidth ? x - 16 - size.width : x + 16;
  const top = Math.min(y + 16, innerHeight - size.height - 8);
  return (
    <Portal>
      <div
        ref={box}
        className={classes.tooltip}
        style={{ transform: `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)` }}
      >
        {children}
      </div>
    </Portal>
  );
}
