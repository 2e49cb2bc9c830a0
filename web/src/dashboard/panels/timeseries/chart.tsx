import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDashboard } from "../../data/context";
import type { Annotation } from "../../model/annotations";
import type { TimeRange } from "../../model/time";
import { AnnotationMarkers, type Area } from "./annotation-markers";
import classes from "./chart.module.css";
import { type ChartColors, chartColors } from "./colors";
import { drawAnnotations, drawThresholdAreas, drawThresholdLines } from "./draw";
import { buildOptions } from "./options";
import type { Prepared } from "./prepare";
import { type Hover, Tooltip, type TooltipMode } from "./tooltip";

export interface ChartProps {
  id: string;
  label: string;
  prepared: Prepared;
  range: TimeRange;
  width: number;
  height: number;
  hidden: ReadonlySet<string>;
  tooltip: TooltipMode;
}

/** What the hooks of a chart read when they run: always what was rendered last. */
interface Latest {
  prepared: Prepared;
  range: TimeRange;
  marks: Annotation[];
  colors: ChartColors;
}

/** A uPlot chart with thresholds, annotations, a tooltip and the crosshair that all charts share. */
export function Chart(props: ChartProps) {
  const { id, label, prepared, range, width, height, hidden, tooltip } = props;
  const { annotations, cursor, dashboard, navigate, scheme, time } = useDashboard();
  const host = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<uPlot | null>(null);
  // The same at once: effects of one round must not reach for a chart that another has just replaced.
  const current = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [area, setArea] = useState<Area>({ left: 0, width: 0, bottom: 0 });
  const colors = useMemo(() => chartColors(scheme), [scheme]);
  const latest = useRef<Latest>({ prepared, range, marks: annotations.marks, colors });
  latest.current = { prepared, range, marks: annotations.marks, colors };
  const shared = dashboard.graphTooltip;

  // Whatever changes how it is drawn makes a new chart; new numbers alone only move the lines.
  const structure = JSON.stringify([
    prepared.series.map(({ field, style, color, below, scaleKey, side }) => [
      field.title,
      field.config.unit,
      field.config.decimals,
      field.config.min,
      field.config.max,
      field.config.thresholds,
      field.config.color,
      style,
      color,
      below,
      scaleKey,
      side,
    ]),
    [...hidden],
    scheme,
    time.zone,
    label,
  ]);
  const size = useRef({ width, height });
  size.current = { width, height };

  useEffect(() => {
    if (!host.current) return;
    void structure;
    const zoom = (u: uPlot) => {
      if (u.select.width < 4) return;
      const from = Math.round(u.posToVal(u.select.left, "x") * 1000);
      const to = Math.round(u.posToVal(u.select.left + u.select.width, "x") * 1000);
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      navigate({ from: String(from), to: String(to) });
    };
    const moved = (u: uPlot) => {
      const { left = -1, top = -1, idx } = u.cursor;
      const inside = left >= 0 && idx !== null && idx !== undefined;
      // A cursor that another chart has set comes with a negative height.
      if (top < 0 && inside) return;
      cursor.publish({ time: inside ? u.posToVal(left, "x") * 1000 : null, source: id });
      setHover(
        inside
          ? { index: idx, left, top, focused: focusedSeries(u, latest.current.prepared, idx, top) }
          : null,
      );
    };
    const u = new uPlot(
      buildOptions({
        prepared: latest.current.prepared,
        width: size.current.width,
        height: size.current.height,
        range: () => latest.current.range,
        zone: time.zone,
        colors,
        hidden,
        label,
        hooks: {
          drawAxes: [(self) => drawThresholdAreas(self, latest.current.prepared, colors)],
          draw: [
            (self) => setArea((before) => changed(before, areaOf(self))),
            (self) => drawThresholdLines(self, latest.current.prepared, colors),
            (self) => drawAnnotations(self, latest.current.marks, colors),
          ],
          setCursor: [moved],
          setSelect: [zoom],
        },
      }),
      dataOf(latest.current.prepared),
      host.current,
    );
    current.current = u;
    setPlot(u);
    return () => {
      current.current = null;
      u.destroy();
      setPlot(null);
      setHover(null);
    };
  }, [structure, colors, cursor, hidden, id, label, navigate, time.zone]);

  useEffect(() => {
    current.current?.setData(dataOf(prepared), false);
    current.current?.setScale("x", { min: range.from / 1000, max: range.to / 1000 });
  }, [prepared, range]);
  useEffect(() => current.current?.setSize({ width, height }), [width, height]);
  useEffect(() => {
    void annotations.marks;
    current.current?.redraw(false);
  }, [annotations.marks]);

  useEffect(() => {
    if (!plot || shared === 0) return;
    return cursor.subscribe(({ time: at, source }) => {
      if (source === id) return;
      const left = at === null ? -10 : plot.valToPos(at / 1000, "x");
      plot.setCursor({ left, top: -10 }, false);
      const index = at === null ? null : plot.posToIdx(left);
      if (shared === 2) setHover(index === null ? null : { index, left, top: 0, focused: null });
    });
  }, [plot, cursor, id, shared]);

  return (
    <div className={classes.chart}>
      <div ref={host} role="img" aria-label={label} className={classes.canvas} />
      <AnnotationMarkers marks={annotations.marks} range={range} area={area} />
      {plot && hover && (
        <Tooltip plot={plot} hover={hover} prepared={prepared} hidden={hidden} mode={tooltip} />
      )}
    </div>
  );
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
