import { useId } from "react";
import classes from "./single.module.css";

interface Props {
  values: (number | null)[];
  color: string;
  width: number;
  height: number;
  /** On a coloured ground. */
  soft: boolean;
}

/** How a value came to be what it is: a line behind it, without axes. */
export function Sparkline({ values, color, width, height, soft }: Props) {
  const id = useId();
  const numbers = values.filter((value): value is number => value !== null);
  if (numbers.length < 2) return null;
  const low = numbers.reduce((least, value) => Math.min(least, value));
  const high = numbers.reduce((most, value) => Math.max(most, value));
  const tall = Math.min(height * 0.45, 70);
  const x = (index: number) => (index / (values.length - 1)) * width;
  const y = (value: number) =>
    high === low ? tall / 2 : 3 + (1 - (value - low) / (high - low)) * (tall - 6);
  const runs = runsOf(values);
  const path = (run: [number, number][]) =>
    run
      .map(([index, value], at) => `${at ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)
      .join("");
  const area = (run: [number, number][]) =>
    `${path(run)}L${x(run.at(-1)?.[0] ?? 0).toFixed(1)} ${tall}L${x(run[0]?.[0] ?? 0).toFixed(1)} ${tall}Z`;
  return (
    <svg className={classes.sparkline} width={width} height={tall} aria-hidden="true">
      <defs>
        <linearGradient id={id} x1="0" x2="0" y1="0" y2="1">
          <stop offset="0" stopColor={color} stopOpacity={soft ? 0.35 : 0.3} />
          <stop offset="1" stopColor={color} stopOpacity="0" />
        </linearGradient>
      </defs>
      <path d={runs.map(area).join("")} fill={`url(#${id})`} />
      <path
        d={runs.map(path).join("")}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        strokeOpacity={soft ? 0.7 : 0.9}
      />
    </svg>
  );
}

/** Stretches without a gap. */
function runsOf(values: (number | null)[]): [number, number][][] {
  const runs: [number, number][][] = [];
  let open: [number, number][] | null = null;
  values.forEach((value, index) => {
    if (value === null) {
      open = null;
      return;
    }
    if (!open) {
      open = [];
      runs.push(open);
    }
    open.push([index, value]);
  });
  return runs;
}
