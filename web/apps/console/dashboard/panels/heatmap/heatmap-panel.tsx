import { formatTime } from "kit/common/calendar";
import { type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { useDashboard } from "../../data/context";
import { interpolateColor, namedColor, type Scheme, withAlpha } from "../../model/colors";
import { flag, type Json, number, record, text } from "../../model/json";
import { formatText } from "../../model/units";
import { NoData } from "../no-data";
import { chartColors, font, textWidth } from "../timeseries/colors";
import { timeLabels, timeTicks } from "../timeseries/ticks";
import type { PanelProps } from "../types";
import { type Cell, type Heat, heatOf, ticksOf } from "./cells";
import classes from "./heatmap.module.css";

/** How values are spread over time: the more there are in a range, the stronger its colour. */
export default function HeatmapPanel({ panel, data, width, height }: PanelProps) {
  const { scheme, time } = useDashboard();
  const { options } = panel;
  const heat = useMemo(() => heatOf(data.frames, options), [data.frames, options]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<Cell | null>(null);
  const { range } = data;
  const plot = useMemo(
    () => heat && new Plot(heat, options, range, width, height),
    [heat, options, range, width, height],
  );
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (plot && context) plot.draw(context, scheme, time.zone);
  }, [plot, scheme, time.zone]);
  if (!plot || plot.cells.length === 0) return <NoData data={data} panel={panel} />;
  const at = (event: MouseEvent<HTMLCanvasElement>) =>
    setHovered(plot.find(event.nativeEvent.offsetX, event.nativeEvent.offsetY));
  return (
    <div className={classes.panel}>
      <canvas
        ref={canvas}
        width={width * devicePixelRatio}
        height={height * devicePixelRatio}
        style={{ width, height }}
        onMouseMove={at}
        onMouseLeave={() => setHovered(null)}
        role="img"
        aria-label={plot.summary()}
      />
      {hovered && (
        <div className={classes.tooltip} style={plot.tooltipPlace(hovered)}>
          <span>{formatTime(hovered.to, time.zone)}</span>
          <span>{plot.rangeText(hovered)}</span>
          <b>{formatText(hovered.count, "short")}</b>
        </div>
      )}
    </div>
  );
}

const BELOW = 24;

class Plot {
  readonly cells: Cell[];
  private readonly most: number;
  private readonly left: number;
  private readonly low: number;
  private readonly high: number;
  private readonly unit: string;

  constructor(
    private readonly heat: Heat,
    private readonly options: Json,
    private readonly range: { from: number; to: number },
    private readonly width: number,
    private readonly height: number,
  ) {
    const axis = record(options.yAxis);
    this.unit = text(axis.unit, "short");
    const hidden = number(record(options.filterValues).le) ?? 1e-9;
    this.cells = heat.cells.filter(
      ({ count, to, from }) => count > hidden && to > range.from && from < range.to,
    );
    this.most =
      number(record(options.color).max) ?? this.cells.reduce((most, { count }) => Math.max(most, count), 0);
    this.low = heat.buckets ? heat.low : (number(axis.min) ?? heat.low);
    this.high = heat.buckets ? heat.high : (number(axis.max) ?? heat.high);
    const labels = this.ticks().map(([, label]) => textWidth(label));
    this.left = text(axis.axisPlacement) === "hidden" ? 4 : Math.min(width / 3, 14 + Math.max(16, ...labels));
  }

  /** Places on the axis of values, and what is written there. */
  private ticks(): [number, string][] {
    const { buckets, upper, log } = this.heat;
    const room = Math.max(2, Math.floor((this.height - BELOW) / 26));
    if (!buckets)
      return ticksOf(this.low, this.high, log, room, this.unit).map((value) => [
        value,
        this.valueText(value),
      ]);
    const every = Math.ceil(buckets.length / room);
    // A name of a bound stands at it, any other in the middle.
    const places = buckets.map((name, at): [number, string] => [
      upper ? at + 1 : at + 0.5,
      this.bucketText(name),
    ]);
    return places.filter((_, at) => (buckets.length - 1 - at) % every === 0);
  }

  private valueText(value: number): string {
    return formatText(value, this.unit, number(record(this.options.yAxis).decimals));
  }

  private bucketText(name: string): string {
    const value = number(name);
    return value === undefined ? name : this.valueText(value);
  }

  private x(time: number): number {
    const { from, to } = this.range;
    return this.left + ((time - from) / (to - from)) * (this.width - this.left - 8);
  }

  private y(value: number): number {
    const place = this.heat.log
      ? (Math.log(value) - Math.log(this.low)) / (Math.log(this.high) - Math.log(this.low))
      : (value - this.low) / (this.high - this.low || 1);
    const share = flag(record(this.options.yAxis).reverse) ? place : 1 - place;
    return 6 + share * (this.height - BELOW - 6);
  }

  draw(context: CanvasRenderingContext2D, scheme: Scheme, zone: string): void {
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.drawAxes(context, scheme, zone);
    const color = colorer(record(this.options.color), scheme, this.most);
    const gap = Math.min(1, number(this.options.cellGap) ?? 1);
    context.save();
    context.beginPath();
    context.rect(this.left, 0, this.width - this.left - 8, this.height - BELOW);
    context.clip();
    for (const cell of this.cells) {
      const { left, top, width, height } = this.box(cell);
      context.fillStyle = color(cell.count);
      context.fillRect(left, top, Math.max(1, width - (width > 4 ? gap : 0)), Math.max(1, height - gap));
    }
    context.restore();
  }

  private box(cell: Cell) {
    const [left, right] = [this.x(cell.from), this.x(cell.to)];
    const [a, b] = [this.y(cell.low), this.y(cell.high)];
    return { left, width: right - left, top: Math.min(a, b), height: Math.abs(a - b) };
  }

  private drawAxes(context: CanvasRenderingContext2D, scheme: Scheme, zone: string): void {
    const { axis, grid } = chartColors(scheme);
    context.font = font();
    context.fillStyle = axis;
    context.strokeStyle = grid;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const [value, label] of this.ticks()) {
      const y = this.y(value);
      line(context, [this.left, y], [this.width - 8, y]);
      if (this.left > 4) context.fillText(label, this.left - 6, Math.max(7, y), this.left - 8);
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    const { seconds, increment } = timeMarks(this.range, this.width - this.left, zone);
    timeLabels(seconds, increment, zone).forEach((label, at) => {
      context.fillText(label, this.x((seconds[at] as number) * 1000), this.height - BELOW + 8);
    });
  }

  find(x: number, y: number): Cell | null {
    return (
      this.cells.find((cell) => {
        const { left, top, width, height } = this.box(cell);
        return x >= left && x < left + width && y >= top && y < top + height;
      }) ?? null
    );
  }

  rangeText({ low, high }: Cell): string {
    const { buckets, upper } = this.heat;
    if (!buckets) return `${this.valueText(low)} – ${this.valueText(high)}`;
    const name = this.bucketText(buckets[low] as string);
    if (!upper) return name;
    return low === 0 ? `≤ ${name}` : `${this.bucketText(buckets[low - 1] as string)} – ${name}`;
  }

  tooltipPlace(cell: Cell) {
    const { left, top } = this.box(cell);
    const right = left > this.width / 2;
    return {
      top: Math.max(0, top - 10),
      ...(right ? { right: this.width - left + 8 } : { left: left + 16 }),
    };
  }

  summary(): string {
    const top = this.cells.reduce((most, cell) => (cell.count > most.count ? cell : most));
    return `Heatmap; most values at ${this.rangeText(top)}`;
  }
}

function line(context: CanvasRenderingContext2D, from: [number, number], to: [number, number]): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

const INCREMENTS = [
  15, 30, 60, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];

function timeMarks({ from, to }: { from: number; to: number }, width: number, zone: string) {
  const wanted = (to - from) / 1000 / Math.max(1, width / 90);
  const increment = INCREMENTS.find((one) => one >= wanted) ?? 2_592_000;
  return { seconds: timeTicks({ from, to }, increment, zone), increment };
}

const SCHEMES: Record<string, string[]> = {
  Oranges: ["#fff5eb", "#fd8d3c", "#7f2704"],
  Blues: ["#f7fbff", "#6baed6", "#08306b"],
  Greens: ["#f7fcf5", "#74c476", "#00441b"],
  Greys: ["#ffffff", "#969696", "#000000"],
  Purples: ["#fcfbfd", "#9e9ac8", "#3f007d"],
  Reds: ["#fff5f0", "#fb6a4a", "#67000d"],
  Spectral: ["#5e4fa2", "#66c2a5", "#ffffbf", "#f46d43", "#9e0142"],
  RdYlGn: ["#006837", "#a6d96a", "#ffffbf", "#fdae61", "#a50026"],
  YlOrRd: ["#ffffcc", "#fd8d3c", "#800026"],
  YlGnBu: ["#ffffd9", "#41b6c4", "#081d58"],
  Turbo: ["#30123b", "#28bceb", "#a4fc3c", "#fb7e21", "#7a0403"],
  Viridis: ["#440154", "#31688e", "#35b779", "#fde725"],
  Magma: ["#000004", "#721f81", "#f1605d", "#fcfdbf"],
  Inferno: ["#000004", "#87216b", "#f37819", "#fcffa4"],
  Plasma: ["#0d0887", "#a72296", "#f89540", "#f0f921"],
  Cividis: ["#00204d", "#7c7b78", "#ffea46"],
};

function colorer(raw: Json, scheme: Scheme, most: number): (count: number) => string {
  const least = number(raw.min) ?? 0;
  const exponent = raw.mode === "opacity" && raw.scale === "linear" ? 1 : (number(raw.exponent) ?? 0.5);
  const share = (count: number) => Math.min(1, Math.max(0, (count - least) / (most - least || 1)));
  if (raw.mode === "opacity") {
    const fill = namedColor(text(raw.fill) || "orange", scheme);
    return (count) => withAlpha(fill, Math.max(0.04, share(count) ** exponent));
  }
  const stops = SCHEMES[text(raw.scheme)] ?? (SCHEMES.Oranges as string[]);
  // What there is least of is the least different from the ground.
  const light = stops.length === 3 && scheme === "dark";
  const ordered = flag(raw.reverse) !== light ? [...stops].reverse() : stops;
  const steps = Math.max(2, number(raw.steps) ?? 64);
  return (count) => interpolateColor(ordered, Math.round(share(count) ** exponent * steps) / steps);
}
