import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDashboard } from "../../data/context";
import type { TimeRange } from "../../model/time";
import type { Area } from "./annotation-markers";
import { chartColors } from "./colors";
import { drawAnnotations, drawThresholdAreas, drawThresholdLines } from "./draw";
import { buildOptions } from "./options";
import type { Prepared } from "./prepare";
import type { Hover } from "./tooltip";

export interface PlotProps {
  id: string;
  label: string;
  prepared: Prepared;
  range: TimeRange;
  width: number;
  height: number;
  hidden: ReadonlySet<string>;
}

interface Plot {
  host: RefObject<HTMLDivElement | null>;
  plot: uPlot | null;
  area: Area;
  hover: Hover | null;
}

/** A uPlot chart in the element `host`, made anew only where it has to look different, and what it points at. */
export function usePlot(props: PlotProps): Plot {
  const { id, label, hidden } = props;
  const { cursor, navigate, scheme, time } = useDashboard();
  const host = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<uPlot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [area, setArea] = useState<Area>({ left: 0, width: 0, bottom: 0 });
  const colors = useMemo(() => chartColors(scheme), [scheme]);
  const { current, latest } = useKeptUp(props);
  const structure = structureOf(props.prepared);

  useEffect(() => {
    if (!host.current) return;
    void structure;
    const moved = (u: uPlot) => {
      const pointed = pointedAt(u, latest.current.prepared);
      if (pointed === undefined) return;
      cursor.publish({ time: pointed && u.posToVal(pointed.left, "x") * 1000, source: id });
      setHover(pointed);
    };
    const options = buildOptions({
      ...latest.current,
      range: () => latest.current.range,
      zone: time.zone,
      colors,
      hidden,
      label,
      hooks: {
        drawAxes: [(u) => drawThresholdAreas(u, latest.current.prepared, colors)],
        draw: [
          (u) => setArea((before) => changed(before, areaOf(u))),
          (u) => drawThresholdLines(u, latest.current.prepared, colors),
          (u) => drawAnnotations(u, latest.current.marks, colors),
        ],
        setCursor: [moved],
        setSelect: [(u) => zoom(u, navigate)],
      },
    });
    const made = new uPlot(options, dataOf(latest.current.prepared), host.current);
    current.current = made;
    setPlot(made);
    return () => {
      current.current = null;
      made.destroy();
      setPlot(null);
      setHover(null);
    };
  }, [structure, colors, cursor, hidden, id, label, navigate, time.zone, current, latest]);

  useSharedCursor(plot, id, setHover);
  return { host, plot, area, hover };
}

/** Has the chart show what was rendered last, which its hooks find in `latest` when they run. */
function useKeptUp(props: PlotProps) {
  const { prepared, range, width, height } = props;
  const { marks } = useDashboard().annotations;
  // Not a state: effects of one round must not reach for a chart that another has just replaced.
  const current = useRef<uPlot | null>(null);
  const latest = useRef({ ...props, marks });
  latest.current = { ...props, marks };
  useEffect(() => {
    current.current?.setData(dataOf(prepared), false);
    current.current?.setScale("x", { min: range.from / 1000, max: range.to / 1000 });
  }, [prepared, range]);
  useEffect(() => current.current?.setSize({ width, height }), [width, height]);
  useEffect(() => {
    void marks;
    current.current?.redraw(false);
  }, [marks]);
  return { current, latest };
}

/** Has the chart point at what another chart of the dashboard points at, if the dashboard wants that. */
function useSharedCursor(plot: uPlot | null, id: string, onHover: (hover: Hover | null) => void): void {
  const { cursor, dashboard } = useDashboard();
  const shared = dashboard.graphTooltip;
  useEffect(() => {
    if (!plot || shared === 0) return;
    return cursor.subscribe(({ time: at, source }) => {
      if (source === id) return;
      const left = at === null ? -10 : plot.valToPos(at / 1000, "x");
      plot.setCursor({ left, top: -10 }, false);
      const index = at === null ? null : plot.posToIdx(left);
      if (shared === 2) onHover(index === null ? null : { index, left, top: 0, focused: null });
    });
  }, [plot, cursor, id, shared, onHover]);
}

/** Whatever changes how it is drawn makes a new chart; new numbers alone only move the lines. */
function structureOf(prepared: Prepared): string {
  return JSON.stringify(
    prepared.series.map(({ field: { title, config }, style, color, below, scaleKey, side }) => [
      title,
      [config.unit, config.decimals, config.min, config.max, config.thresholds, config.color],
      [style, color, below, scaleKey, side],
    ]),
  );
}

/** What the pointer is at; undefined where the cursor is one that another chart has set. */
function pointedAt(u: uPlot, prepared: Prepared): Hover | null | undefined {
  const { left = -1, top = -1, idx: index } = u.cursor;
  if (left < 0 || index === null || index === undefined) return null;
  // Such a one comes with a negative height.
  return top < 0 ? undefined : { index, left, top, focused: focusedSeries(u, prepared, index, top) };
}

/** Show the stretch of time that somebody has drawn, and take the drawing away. */
function zoom(u: uPlot, navigate: (change: { from: string; to: string }) => void): void {
  const { left, width } = u.select;
  if (width < 4) return;
  const [from, to] = [left, left + width].map((x) => String(Math.round(u.posToVal(x, "x") * 1000)));
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  navigate({ from: from as string, to: to as string });
}

/** Where in the element the lines are drawn: it changes when the labels of an axis become wider. */
function areaOf(u: uPlot): Area {
  const { left, top, width, height } = u.bbox;
  const ratio = devicePixelRatio;
  return { left: left / ratio, width: width / ratio, bottom: (top + height) / ratio };
}

function changed(before: Area, after: Area): Area {
  const same = before.left === after.left && before.width === after.width && before.bottom === after.bottom;
  return same ? before : after;
}

function dataOf(prepared: Prepared): uPlot.AlignedData {
  return [prepared.times.map((time) => time / 1000), ...prepared.series.map((one) => one.drawn)];
}

/** The series whose value at the moment is nearest to the pointer. */
function focusedSeries(u: uPlot, prepared: Prepared, index: number, top: number): number | null {
  let nearest: number | null = null;
  let distance = Number.POSITIVE_INFINITY;
  prepared.series.forEach(({ drawn, scaleKey }, at) => {
    const value = drawn[index];
    if (value === null || value === undefined || u.series[at + 1]?.show === false) return;
    const away = Math.abs(u.valToPos(value, scaleKey) - top);
    if (away >= distance) return;
    distance = away;
    nearest = at;
  });
  return nearest;
}
