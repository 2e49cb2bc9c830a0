/** Colours and letters of what is drawn on a canvas, which knows no style sheets. */
import type { Scheme } from "../../model/colors";

export interface ChartColors {
  scheme: Scheme;
  axis: string;
  grid: string;
  cursor: string;
}

export function chartColors(scheme: Scheme): ChartColors {
  return scheme === "dark"
    ? { scheme, axis: "#a3afbf", grid: "rgba(163, 175, 191, 0.12)", cursor: "rgba(163, 175, 191, 0.6)" }
    : { scheme, axis: "#536073", grid: "rgba(60, 76, 98, 0.12)", cursor: "rgba(60, 76, 98, 0.55)" };
}

let scale: number | null = null;

/** How much larger than on a desk letters are: wall screens set the size of the root element. */
export function textScale(): number {
  // Each look makes the browser work out styles anew after whatever has changed: one in a frame will do.
  if (scale === null) {
    scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
    requestAnimationFrame(() => {
      scale = null;
    });
  }
  return scale;
}

export function font(): string {
  return `${Math.round(11.5 * textScale())}px "Inter Variable", system-ui, sans-serif`;
}

const measurer = document.createElement("canvas").getContext("2d");

/** The width of a text in the charts' font, in pixels. */
export function textWidth(text: string): number {
  if (!measurer) return text.length * 7;
  measurer.font = font();
  return measurer.measureText(text).width;
}
