/** What uPlot is told to draw: for each row a bar of before and one of now; lines where there are many. */
import uPlot from "uplot";

export interface Bar {
  label: string;
  now: number | null;
  before: number | null;
}

export interface Drawing {
  bars: Bar[];
  width: number;
  height: number;
  /** A value as an axis says it. */
  say: (value: number) => string;
  /** Which bar is pointed at. */
  onPoint: (at: number | null) => void;
}

/** More bars than that are thinner than the gaps between them. */
const MOST_BARS = 45;
const FONT = '11.5px "Inter Variable", system-ui, sans-serif';
/** How wide a letter of that is, about. */
const LETTER = 6.4;
const LABEL_GAP = 12;

/** Read when it is drawn: the colours are others in the dark, and on paper. */
const color = (name: string) => () =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function draw(host: HTMLElement, drawing: Drawing): uPlot {
  const { bars } = drawing;
  const data: uPlot.AlignedData = [
    bars.map((_, at) => at),
    bars.map(({ before }) => before),
    bars.map(({ now }) => now),
  ];
  return new uPlot(options(drawing), data, host);
}

function options({ bars, width, height, say, onPoint }: Drawing): uPlot.Options {
  const isLines = bars.length > MOST_BARS;
  const side = isLines ? 0 : 0.6;
  return {
    width,
    height,
    padding: [10, 8, 0, 4],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: isLines } },
    scales: {
      x: { time: false, range: () => [-side, Math.max(bars.length - 1, 0) + side] },
      y: { range: (_u, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [labels(bars, width), values(say)],
    series: [{}, before(isLines), now(isLines)],
    hooks: { setCursor: [(u) => onPoint(u.cursor.idx ?? null)] },
  };
}

function labels(bars: Bar[], width: number): uPlot.Axis {
  const longest = Math.max(0, ...bars.map(({ label }) => label.length));
  const room = Math.max(1, (width - 70) / Math.max(bars.length, 1));
  // Of days and weeks some are named; what has a name of its own has room, or is cut.
  const step = room < 36 ? Math.ceil((longest * LETTER + LABEL_GAP) / room) : 1;
  const letters = Math.max(3, Math.floor((room * step - LABEL_GAP) / LETTER));
  return {
    stroke: color("--text-soft"),
    font: FONT,
    grid: { show: false },
    ticks: { show: false },
    size: 28,
    splits: () => bars.map((_, at) => at).filter((at) => at % step === 0),
    values: (_u, splits) => splits.map((at) => cut(bars[at]?.label ?? "", letters)),
  };
}

const cut = (label: string, letters: number) =>
  label.length > letters ? `${label.slice(0, letters - 1)}…` : label;

function values(say: (value: number) => string): uPlot.Axis {
  return {
    stroke: color("--text-soft"),
    font: FONT,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    size: (_u, texts) => 14 + LETTER * Math.max(3, ...(texts ?? []).map((text) => text?.length ?? 0)),
    values: (_u, splits) => splits.map(say),
  };
}

/** Hollow, or dashed: nobody has to tell two colours apart. */
function before(isLines: boolean): uPlot.Series {
  return {
    stroke: color("--text-soft"),
    width: 1.4,
    ...(isLines ? { dash: [5, 4] } : { fill: color("--surface"), paths: bar(-1) }),
    points: { show: false },
  };
}

function now(isLines: boolean): uPlot.Series {
  return {
    stroke: color("--accent"),
    width: isLines ? 2 : 1.4,
    ...(isLines ? {} : { fill: color("--accent"), paths: bar(1) }),
    points: { show: false },
  };
}

function bar(align: -1 | 1): uPlot.Series.PathBuilder {
  return uPlot.paths.bars?.({ size: [0.38, 44, 2], align, gap: 2 }) as uPlot.Series.PathBuilder;
}
