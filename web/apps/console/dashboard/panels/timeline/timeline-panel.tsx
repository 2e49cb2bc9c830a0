import { formatTime } from "kit/common/calendar";
import { useEffect, useMemo, useRef, useState } from "react";
import { useDashboard } from "../../data/context";
import { readableOn, withAlpha } from "../../model/colors";
import { showText, showValue } from "../../model/field-config";
import { flag, number, record, text } from "../../model/json";
import { formatText } from "../../model/units";
import { NoData } from "../no-data";
import chart from "../timeseries/chart.module.css";
import { textWidth } from "../timeseries/colors";
import { timeLabels, timeTicks } from "../timeseries/ticks";
import { FloatingBox } from "../timeseries/tooltip";
import type { PanelProps } from "../types";
import { type Stretch, type TimelineRow, timelineRows } from "./stretches";
import classes from "./timeline.module.css";

interface Pointed {
  row: TimelineRow;
  stretch: Stretch;
  x: number;
  y: number;
}

/** States over time: a band for each series, a block for each stretch. */
export default function TimelinePanel({ panel, data, width, height }: PanelProps) {
  const { options } = panel;
  const merge = panel.type === "state-timeline" && flag(options.mergeValues, true);
  const rows = useMemo(() => timelineRows(data.frames, data.range, merge), [data.frames, data.range, merge]);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  if (rows.length === 0) return <NoData data={data} panel={panel} />;

  const names = Math.min(width * 0.32, 12 + Math.max(...rows.map((row) => textWidth(row.field.title))));
  const room = height - 24;
  const line = Math.max(20, Math.min(56, room / rows.length));
  // Rows that do not fit are scrolled, which has to go by keyboard too.
  const scrolled = line * rows.length > room ? { tabIndex: 0, role: "group", "aria-label": "Rows" } : {};
  return (
    <div className={classes.panel}>
      <div className={classes.rows} {...scrolled}>
        <Crosshair id={panel.key} left={names} width={width - names} data={data} />
        {rows.map((row) => (
          <div key={`${row.field.refId} ${row.field.title}`} className={classes.row} style={{ height: line }}>
            <div className={classes.name} style={{ width: names }} title={row.field.title}>
              {row.field.title}
            </div>
            <Track
              panel={panel}
              row={row}
              data={data}
              width={width - names}
              share={number(options.rowHeight) ?? 0.9}
              onPoint={setPointed}
            />
          </div>
        ))}
      </div>
      <TimeScale data={data} left={names} width={width - names} />
      {pointed && <StretchNote pointed={pointed} />}
      {record(options.legend).showLegend !== false && (
        <span className="visually-hidden">{describe(rows)}</span>
      )}
    </div>
  );
}

function describe(rows: TimelineRow[]): string {
  return rows.map((row) => `${row.field.title}: ${row.stretches.length} states`).join("; ");
}

interface TrackProps {
  panel: PanelProps["panel"];
  row: TimelineRow;
  data: PanelProps["data"];
  width: number;
  share: number;
  onPoint: (pointed: Pointed | null) => void;
}

function Track({ panel, row, data, width, share, onPoint }: TrackProps) {
  const { scheme, time } = useDashboard();
  const { from, to } = data.range;
  const opacity = (number(row.field.config.custom.fillOpacity) ?? 80) / 100;
  const showValues = text(panel.options.showValue, "auto");
  const pixels = (moment: number) => ((moment - from) / (to - from)) * width;
  return (
    <div className={classes.track} style={{ width, height: `${share * 100}%` }}>
      {row.stretches.map((stretch) => {
        const left = Math.max(0, pixels(stretch.from));
        const wide = Math.max(1, pixels(stretch.to) - left);
        const shown = showValue(stretch.value, row.field, scheme, time.zone);
        const label = `${shown.prefix}${shown.text}${shown.suffix}`;
        const fits = showValues === "always" || (showValues === "auto" && textWidth(label) + 10 < wide);
        return (
          <div
            key={stretch.from}
            className={classes.block}
            data-align={text(panel.options.alignValue, "left")}
            style={{
              left,
              width: wide,
              background: withAlpha(shown.color, opacity),
              color: readableOn(shown.color),
            }}
            onPointerMove={(event) => onPoint({ row, stretch, x: event.clientX, y: event.clientY })}
            onPointerLeave={() => onPoint(null)}
          >
            {fits ? label : ""}
          </div>
        );
      })}
    </div>
  );
}

function StretchNote({ pointed }: { pointed: Pointed }) {
  const { scheme, time } = useDashboard();
  const { row, stretch, x, y } = pointed;
  return (
    <FloatingBox x={x} y={y}>
      <div className={chart.time}>
        {formatTime(stretch.from, time.zone)} to {formatTime(stretch.to, time.zone)}, for{" "}
        {formatText((stretch.to - stretch.from) / 1000, "s")}
      </div>
      <strong>{row.field.title}</strong>: {showText(stretch.value, row.field, scheme, time.zone)}
    </FloatingBox>
  );
}

interface AreaProps {
  data: PanelProps["data"];
  left: number;
  width: number;
}

/** The line that follows the pointer in any chart of the dashboard, and the place to drag a range out. */
function Crosshair({ id, data, left, width }: AreaProps & { id: string }) {
  const { cursor } = useDashboard();
  const line = useRef<HTMLDivElement>(null);
  const { from, to } = data.range;
  useEffect(
    () =>
      cursor.subscribe(({ time, source }) => {
        if (!line.current || source === id) return;
        const inside = time !== null && time >= from && time <= to;
        line.current.style.display = inside ? "block" : "none";
        if (inside) line.current.style.left = `${left + ((time - from) / (to - from)) * width}px`;
      }),
    [cursor, id, from, to, left, width],
  );
  return <div ref={line} className={classes.crosshair} />;
}

const STEPS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

function TimeScale({ data, left, width }: AreaProps) {
  const { time } = useDashboard();
  const { from, to } = data.range;
  const seconds = (to - from) / 1000;
  const step = STEPS.find((size) => (seconds / size) * 80 < width) ?? 2_592_000;
  const place = (tick: number) => ((tick * 1000 - from) / (to - from)) * width;
  const all = timeTicks(data.range, step, time.zone);
  // A label at the very edge would be cut.
  const ticks = all.filter((tick) => place(tick) > 16 && place(tick) < width - 16);
  const labels = timeLabels(ticks, step, time.zone);
  return (
    <div className={classes.scale} style={{ marginLeft: left, width }}>
      {ticks.map((tick, index) => (
        <span key={tick} style={{ left: place(tick) }}>
          {labels[index]}
        </span>
      ))}
    </div>
  );
}
