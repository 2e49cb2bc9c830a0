import { useDashboard } from "../../data/context";
import type { Panel } from "../../model/dashboard";
import { colorOf, seriesColor, showText } from "../../model/field-config";
import type { ShownField } from "../../model/frames";
import { flag, number, record, text } from "../../model/json";
import { formatText } from "../../model/units";
import { ticksOf } from "../heatmap/cells";
import { textWidth } from "../timeseries/colors";
import type { PanelProps } from "../types";
import type { Bars } from "./bars";
import classes from "./bars.module.css";

interface Props extends PanelProps {
  bars: Bars;
  stacking: string;
  horizontal: boolean;
  /** Whether what is measured are numbers of values, which have no unit. */
  counts?: boolean;
}

interface Drawn {
  key: string;
  from: number;
  to: number;
  /** The place among the bars of a group, and how many there are. */
  at: number;
  of: number;
  group: number;
  color: string;
  label: string;
  text: string;
}

/** Bars with their axes and a legend. */
export function BarPlot({ panel, bars, stacking, horizontal, counts = false, width, height }: Props) {
  const { scheme, time } = useDashboard();
  const first = bars.series[0]?.field as ShownField;
  const legend = record(panel.options.legend);
  const below = flag(legend.showLegend, true) && legend.displayMode !== "hidden" && height > 110 ? 24 : 0;
  const write = (value: number, field: ShownField) =>
    counts ? formatText(value, "short") : showText(value, field, scheme, time.zone);
  const { mode } = first.config.color;
  const byValue = !counts && (mode === "thresholds" || mode.startsWith("continuous"));
  const drawn = layOut(bars, stacking, write, (field, value, bounds) =>
    byValue ? colorOf(value, field, scheme, bounds) : seriesColor(field, scheme),
  );
  const unit = counts ? "short" : stacking === "percent" ? "percentunit" : first.config.unit;
  const plot = new Plot({
    bars,
    drawn,
    horizontal,
    width,
    height: height - below,
    field: first,
    unit,
    panel,
  });
  const values = text(panel.options.showValue, "auto");
  const summary = drawn.slice(0, 30).map((one) => one.label);
  return (
    <div className={classes.panel}>
      <svg
        width={width}
        height={height - below}
        role="img"
        aria-label={`${panel.title}: ${summary.join(", ")}`}
      >
        <Ticks plot={plot} />
        {drawn.map((bar) => (
          <rect key={bar.key} {...plot.box(bar)} fill={bar.color} rx="1.5">
            <title>{bar.label}</title>
          </rect>
        ))}
        {values !== "never" &&
          drawn.map((bar) => (
            <BarText
              key={bar.key}
              bar={bar}
              box={plot.box(bar)}
              horizontal={horizontal}
              always={values === "always"}
            />
          ))}
        <GroupNames plot={plot} atStart={counts} />
      </svg>
      {below > 0 && <Legend bars={bars} />}
    </div>
  );
}

interface Layout {
  bars: Bars;
  drawn: Drawn[];
  horizontal: boolean;
  width: number;
  height: number;
  field: ShownField;
  unit: string | undefined;
  panel: Panel;
}

const [ABOVE, BELOW, ASIDE] = [8, 24, 12];

/** Where things stand: bars along one axis, groups of them across it. */
class Plot {
  readonly ticks: { value: number; text: string }[];
  readonly left: number;
  private readonly min: number;
  private readonly max: number;
  private readonly along: number;
  readonly across: number;

  constructor(readonly layout: Layout) {
    const { bars, drawn, horizontal, width, height, field, unit } = layout;
    const ends = drawn.flatMap(({ from, to }) => [from, to]);
    const { min, max, decimals } = field.config;
    this.min = min ?? number(field.config.custom.axisSoftMin) ?? Math.min(0, ...ends);
    const high = max ?? Math.max(0, ...ends);
    this.max = high > this.min ? high : this.min + 1;
    const room = Math.max(2, Math.floor((horizontal ? width / 2 : height) / 60));
    this.ticks = ticksOf(this.min, this.max, false, room, unit).map((value) => ({
      value,
      text: formatText(value, unit, decimals),
    }));
    const texts = horizontal ? bars.labels : this.ticks.map((tick) => tick.text);
    this.left = Math.min(width * 0.4, ASIDE + Math.max(16, ...texts.map(textWidth)));
    // Beside a bar stands its value.
    const beside = horizontal ? Math.max(0, ...drawn.map((bar) => textWidth(bar.text))) : 0;
    const [wide, tall] = [width - this.left - ASIDE - beside, height - ABOVE - BELOW];
    this.along = horizontal ? wide : tall;
    this.across = (horizontal ? tall : wide) / bars.labels.length;
  }

  /** Pixels from where the bars begin. */
  private place(value: number): number {
    const inside = Math.min(this.max, Math.max(this.min, value));
    return ((inside - this.min) / (this.max - this.min)) * this.along;
  }

  /** A coordinate of the axis of values. */
  at(value: number): number {
    return this.layout.horizontal ? this.left + this.place(value) : ABOVE + this.along - this.place(value);
  }

  /** A coordinate of the other axis. */
  group(place: number): number {
    return (this.layout.horizontal ? ABOVE : this.left) + place * this.across;
  }

  box(bar: Drawn): Box {
    const { options } = this.layout.panel;
    const room = (number(options.groupWidth) ?? 0.7) * this.across;
    const thick = Math.max(1, (room / bar.of) * (number(options.barWidth) ?? 0.97));
    const start = this.group(bar.group) + (this.across - room) / 2 + (room / bar.of) * bar.at;
    const [a, b] = [this.at(bar.from), this.at(bar.to)];
    const [low, length] = [Math.min(a, b), Math.abs(a - b)];
    return this.layout.horizontal
      ? { x: low, y: start, width: length, height: thick }
      : { x: start, y: low, width: thick, height: length };
  }

  /** The names of groups that there is room for, and how wide each may be. */
  names(): { key: string; group: number; text: string }[] {
    const { bars, horizontal } = this.layout;
    const longest = Math.min(120, Math.max(30, ...bars.labels.map(textWidth))) + 8;
    const every = Math.ceil((horizontal ? 18 : longest) / this.across);
    const room = horizontal ? this.left - 10 : this.across * every;
    return bars.labels.flatMap((label, group) =>
      group % every === 0 ? [{ key: `${group}`, group, text: short(label, room) }] : [],
    );
  }
}

function Ticks({ plot }: { plot: Plot }) {
  const { horizontal, width, height } = plot.layout;
  return plot.ticks.map(({ value, text }) => {
    const at = plot.at(value);
    const ends = horizontal
      ? { x1: at, x2: at, y1: ABOVE, y2: height - BELOW }
      : { x1: plot.left, x2: width - ASIDE, y1: at, y2: at };
    const place = horizontal ? { x: at, y: height - 8 } : { x: plot.left - 6, y: at + 4 };
    return (
      <g key={value} className={classes.tick}>
        <line {...ends} />
        <text {...place} textAnchor={horizontal ? "middle" : "end"}>
          {text}
        </text>
      </g>
    );
  });
}

/** In the middle of each group, or where it begins if it is a range of values. */
function GroupNames({ plot, atStart }: { plot: Plot; atStart: boolean }) {
  const { horizontal, height } = plot.layout;
  return plot.names().map(({ key, group, text }) => {
    const at = plot.group(group + (atStart ? 0 : 0.5));
    const place = horizontal ? { x: plot.left - 6, y: at + 4 } : { x: at, y: height - 8 };
    return (
      <text key={key} className={classes.group} {...place} textAnchor={horizontal ? "end" : "middle"}>
        {text}
      </text>
    );
  });
}

function Legend({ bars }: { bars: Bars }) {
  const { scheme } = useDashboard();
  return (
    <ul className={classes.legend}>
      {bars.series.map(({ title, field }) => (
        <li key={`${field.refId} ${field.index} ${title}`}>
          <span className={classes.swatch} style={{ background: seriesColor(field, scheme) }} />
          {title}
        </li>
      ))}
    </ul>
  );
}

type Box = { x: number; y: number; width: number; height: number };

function BarText({
  bar,
  box,
  horizontal,
  always,
}: {
  bar: Drawn;
  box: Box;
  horizontal: boolean;
  always: boolean;
}) {
  const fits = horizontal ? box.height >= 13 : box.width >= textWidth(bar.text);
  if (!fits && !always) return null;
  return horizontal ? (
    <text className={classes.value} x={box.x + box.width + 4} y={box.y + box.height / 2 + 4}>
      {bar.text}
    </text>
  ) : (
    <text className={classes.value} x={box.x + box.width / 2} y={Math.max(10, box.y - 4)} textAnchor="middle">
      {bar.text}
    </text>
  );
}

function short(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  const letters = Math.max(3, Math.floor((room / textWidth(text)) * text.length) - 1);
  return `${text.slice(0, letters)}…`;
}

function layOut(
  bars: Bars,
  stacking: string,
  write: (value: number, field: ShownField) => string,
  colorAt: (field: ShownField, value: number, bounds: { min: number; max: number }) => string,
): Drawn[] {
  const stacked = stacking === "normal" || stacking === "percent";
  const all = bars.series.flatMap(({ values }) => values).filter((value) => value !== null);
  const bounds = { min: Math.min(0, ...all), max: Math.max(0, ...all) };
  return bars.labels.flatMap((name, group) => {
    const total = bars.series.reduce((sum, { values }) => sum + Math.abs(values[group] ?? 0), 0) || 1;
    let [up, down] = [0, 0];
    return bars.series.flatMap(({ title, field, values }, at): Drawn[] => {
      const value = values[group];
      if (value === null || value === undefined) return [];
      const size = stacking === "percent" ? value / total : value;
      const from = stacked ? (size < 0 ? down : up) : 0;
      if (size < 0) down += size;
      else up += size;
      const written = write(value, field);
      return [
        {
          key: `${group} ${at}`,
          from,
          to: from + size,
          at: stacked ? 0 : at,
          of: stacked ? 1 : bars.series.length,
          group,
          color: colorAt(field, value, bounds),
          label: `${name}, ${title}: ${written}`,
          text: written,
        },
      ];
    });
  });
}
