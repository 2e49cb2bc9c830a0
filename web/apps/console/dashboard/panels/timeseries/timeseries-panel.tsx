import { useMemo, useState } from "react";
import { useDashboard } from "../../data/context";
import { record, text } from "../../model/json";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { Chart } from "./chart";
import { textScale } from "./colors";
import { Legend, readLegend } from "./legend";
import { prepare } from "./prepare";
import classes from "./timeseries-panel.module.css";
import type { TooltipMode } from "./tooltip";

const NOTHING_HIDDEN: ReadonlySet<string> = new Set();
// Beside a legend a chart needs this much to be read; else the legend goes below.
const NARROWEST_CHART = 260;

export function TimeseriesPanel({ panel, data, width, height }: PanelProps) {
  const { scheme } = useDashboard();
  const [hidden, setHidden] = useState(NOTHING_HIDDEN);
  const prepared = useMemo(() => prepare(data.frames, scheme, hidden), [data.frames, scheme, hidden]);
  const legend = readLegend(record(panel.options.legend));
  if (prepared.series.length === 0) return <NoData data={data} panel={panel} />;

  const titles = prepared.series.map((one) => one.field.title);
  const toggle = (title: string, only: boolean) =>
    setHidden((before) => toggled(before, titles, title, only));
  const shown = legend.show && height > 110;
  const right = shown && legend.right && width > NARROWEST_CHART + 200;
  const aside = right ? Math.min(legend.width ?? 260, width - NARROWEST_CHART) : 0;
  const below = shown && !right ? legendHeight(titles.length, legend.table, height, width, titles) : 0;
  return (
    <div className={classes.panel} data-right={right || undefined}>
      <Chart
        id={panel.key}
        label={`${panel.title || "Chart"}: ${titles.slice(0, 10).join(", ")}`}
        prepared={prepared}
        range={data.range}
        width={Math.max(60, width - aside)}
        height={Math.max(60, height - below)}
        hidden={hidden}
        tooltip={readTooltip(record(panel.options.tooltip))}
      />
      {shown && (
        <div className={classes.legend} style={right ? { width: aside, height } : { height: below }}>
          <Legend
            series={prepared.series}
            width={right ? aside : width}
            options={{ ...legend, right }}
            hidden={hidden}
            onToggle={toggle}
          />
        </div>
      )}
    </div>
  );
}

function readTooltip(raw: Record<string, unknown>): TooltipMode {
  const mode = text(raw.mode, "single");
  const sort = text(raw.sort, "none");
  return {
    mode: mode === "multi" || mode === "none" ? mode : "single",
    sort: sort === "asc" || sort === "desc" ? sort : "none",
  };
}

/** A table may take a third of the panel, a list what its lines need. */
function legendHeight(
  count: number,
  table: boolean,
  height: number,
  width: number,
  titles: string[],
): number {
  const scale = textScale();
  const row = 24 * scale;
  // Whole lines: one that is cut in half looks like a mistake.
  if (table) return (1 + Math.min(count, Math.max(2, Math.floor((height * 0.38) / row) - 1))) * row + 2;
  const length = titles.reduce((sum, title) => sum + title.length * 6.5 * scale + 36, 0);
  const lines = Math.ceil(length / Math.max(1, width - 16));
  return Math.min(lines, Math.max(1, Math.floor((height * 0.3) / row))) * row + 1;
}

/** Show one alone, all again, or switch one of them. */
function toggled(
  before: ReadonlySet<string>,
  titles: string[],
  title: string,
  only: boolean,
): ReadonlySet<string> {
  if (!only) {
    const next = new Set(before);
    if (!next.delete(title)) next.add(title);
    return next;
  }
  const others = titles.filter((other) => other !== title);
  const alone = !before.has(title) && others.every((other) => before.has(other));
  return alone ? NOTHING_HIDDEN : new Set(others);
}
