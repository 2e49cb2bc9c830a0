import { useDashboard } from "../../data/context";
import { paletteColor, readableOn } from "../../model/colors";
import { flag, type Json, record, strings } from "../../model/json";
import { formatText } from "../../model/units";
import { NoData } from "../no-data";
import type { SingleValue } from "../single/values";
import { useSingleValues } from "../single/values-panel";
import type { PanelProps } from "../types";
import classes from "./pie.module.css";

interface Slice {
  key: string;
  title: string;
  value: number;
  share: number;
  /** Where it begins, as a share of the whole. */
  start: number;
  color: string;
  shown: string;
}

/** Parts of a whole. */
export default function PiePanel({ panel, data, width, height }: PanelProps) {
  const { scheme } = useDashboard();
  const values = useSingleValues({ panel, data });
  const rows = flag(record(panel.options.reduceOptions).values);
  const colors = values.map((one, index) =>
    rows && one.field.config.color.mode.startsWith("palette") && !one.shown.mapped
      ? paletteColor(index, scheme)
      : one.shown.color,
  );
  const slices = slicesOf(values, colors);
  if (slices.length === 0) return <NoData data={data} panel={panel} />;
  const legend = record(panel.options.legend);
  const shown = flag(legend.showLegend, true) && legend.displayMode !== "hidden";
  const right = legend.placement === "right" && width > 260;
  const aside = shown && right ? Math.min(width * 0.45, 260) : 0;
  const below =
    shown && !right
      ? Math.min(height * 0.4, 26 * Math.ceil(slices.length / Math.max(1, Math.floor(width / 150))))
      : 0;
  const size = Math.max(40, Math.min(width - aside, height - below) - 8);
  return (
    <div className={classes.panel} data-right={right || undefined}>
      <div className={classes.chart}>
        <Chart slices={slices} size={size} options={panel.options} label={panel.title} />
      </div>
      {shown && (
        <Legend
          slices={slices}
          values={strings(legend.values)}
          style={right ? { width: aside } : { height: below }}
        />
      )}
    </div>
  );
}

function slicesOf(values: SingleValue[], colors: string[]): Slice[] {
  const positive = values.map(({ value }) => (typeof value === "number" && value > 0 ? value : 0));
  const total = positive.reduce((sum, value) => sum + value, 0);
  let start = 0;
  return values.flatMap((one, index) => {
    const value = positive[index] as number;
    if (value === 0) return [];
    const slice = {
      key: one.key,
      title: one.title,
      value,
      share: value / total,
      start,
      color: colors[index] as string,
      shown: `${one.shown.prefix}${one.shown.text}${one.shown.suffix}`,
    };
    start += slice.share;
    return [slice];
  });
}

function Chart({
  slices,
  size,
  options,
  label,
}: {
  slices: Slice[];
  size: number;
  options: Json;
  label: string;
}) {
  const radius = size / 2;
  const hole = options.pieType === "donut" ? radius * 0.62 : 0;
  const labels = strings(options.displayLabels);
  const summary = slices.map(({ title, shown, share }) => `${title} ${shown} (${percent(share)})`).join(", ");
  return (
    <svg
      width={size}
      height={size}
      viewBox={`${-radius} ${-radius} ${size} ${size}`}
      role="img"
      aria-label={`${label}: ${summary}`}
    >
      {slices.map((slice) => (
        <path key={slice.key} d={arc(slice, radius - 1, hole)} fill={slice.color} className={classes.slice}>
          <title>{`${slice.title}: ${slice.shown} (${percent(slice.share)})`}</title>
        </path>
      ))}
      {slices
        .filter(({ share }) => labels.length > 0 && share > 0.04)
        .map((slice) => (
          <Label
            key={slice.key}
            slice={slice}
            at={hole ? (radius + hole) / 2 : radius * 0.66}
            labels={labels}
          />
        ))}
    </svg>
  );
}

function Label({ slice, at, labels }: { slice: Slice; at: number; labels: string[] }) {
  const [x, y] = point(slice.start + slice.share / 2, at);
  const parts = [
    labels.includes("name") ? slice.title : "",
    labels.includes("value") ? slice.shown : "",
    labels.includes("percent") ? percent(slice.share) : "",
  ].filter(Boolean);
  return (
    <text className={classes.label} fill={readableOn(slice.color)}>
      {parts.map((part, line) => (
        <tspan key={part} x={x} y={y + (line - (parts.length - 1) / 2) * 14}>
          {part}
        </tspan>
      ))}
    </text>
  );
}

function point(share: number, radius: number): [number, number] {
  const angle = share * 2 * Math.PI - Math.PI / 2;
  return [Math.cos(angle) * radius, Math.sin(angle) * radius];
}

function arc({ start, share }: Slice, radius: number, hole: number): string {
  // A whole circle has no beginning that differs from its end.
  const end = start + Math.min(share, 0.99999);
  const large = share > 0.5 ? 1 : 0;
  const [a, b] = [point(start, radius), point(end, radius)];
  const outer = `M${a.join(" ")}A${radius} ${radius} 0 ${large} 1 ${b.join(" ")}`;
  if (hole === 0) return `${outer}L0 0Z`;
  const [c, d] = [point(end, hole), point(start, hole)];
  return `${outer}L${c.join(" ")}A${hole} ${hole} 0 ${large} 0 ${d.join(" ")}Z`;
}

function percent(share: number): string {
  return formatText(share, "percentunit", share < 0.1 ? 1 : 0);
}

function Legend({
  slices,
  values,
  style,
}: {
  slices: Slice[];
  values: string[];
  style: { width?: number; height?: number };
}) {
  return (
    <ul className={classes.legend} style={style}>
      {slices.map((slice) => (
        <li key={slice.key}>
          <span className={classes.swatch} style={{ background: slice.color }} />
          <span className={classes.name} title={slice.title}>
            {slice.title}
          </span>
          {values.includes("value") && <b>{slice.shown}</b>}
          {values.includes("percent") && <b>{percent(slice.share)}</b>}
        </li>
      ))}
    </ul>
  );
}
