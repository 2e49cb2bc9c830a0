/** Colours by Grafana's names, the palette of series, and scales of colour; for light and dark. */

export type Scheme = "light" | "dark";

const SHADES = ["super-light", "light", "", "semi-dark", "dark"] as const;

// From super-light to dark.
const HUES: Record<Scheme, Record<string, readonly string[]>> = {
  dark: {
    green: ["#a9f0c4", "#7be3a4", "#4fcf86", "#2fa968", "#1c8650"],
    yellow: ["#fff0ae", "#ffe680", "#f7d154", "#dfb22e", "#b98b15"],
    orange: ["#ffd0a3", "#ffb877", "#ff9d4d", "#ee7d22", "#cf6210"],
    red: ["#ffb0b8", "#ff8c96", "#f7616e", "#e23d4d", "#bf2436"],
    blue: ["#bcdcff", "#90c3ff", "#5fa4fb", "#3b82e6", "#2562bf"],
    purple: ["#e2c9ff", "#cda5fb", "#b682f5", "#9a60de", "#7b43bd"],
  },
  light: {
    green: ["#9be4b9", "#5dcd8d", "#1d9e5c", "#12814a", "#0a6438"],
    yellow: ["#f4dc7c", "#e3bd36", "#c19409", "#a07a04", "#7f6000"],
    orange: ["#ffc48d", "#f79f4f", "#e2741a", "#c15c0b", "#9c4804"],
    red: ["#fba9b0", "#f27682", "#dc3545", "#bd2535", "#9a1626"],
    blue: ["#a9cffb", "#6fabf3", "#2b78e4", "#1c5fc0", "#134897"],
    purple: ["#d5b8f7", "#b68bec", "#8f57d8", "#7440b9", "#592c95"],
  },
};

// Neighbours differ in hue and in lightness, also for eyes that tell red from green badly.
const PALETTE: Record<Scheme, readonly string[]> = {
  dark: [
    "#58a6f7",
    "#f7b84b",
    "#4fcf86",
    "#f7757f",
    "#b78cf7",
    "#3fd0d4",
    "#f58fc6",
    "#b9d15a",
    "#8fa6ff",
    "#ff9d4d",
    "#8fd8b9",
    "#d9a0a8",
    "#d7c5ff",
    "#a5b4c4",
    "#e5cf8c",
    "#6fd0ff",
  ],
  light: [
    "#1f6fd6",
    "#d98200",
    "#12894f",
    "#d5384a",
    "#7e4fcf",
    "#0a8f94",
    "#c23d8b",
    "#6f8a0f",
    "#4a57c9",
    "#c2560c",
    "#3b8f72",
    "#a14955",
    "#9a78d3",
    "#5b6b7e",
    "#9c7d1c",
    "#0e86b8",
  ],
};

/** The colour of the n-th series. */
export function paletteColor(index: number, scheme: Scheme): string {
  const palette = PALETTE[scheme];
  return palette[index % palette.length] as string;
}

/** A colour from its name in Grafana, or as CSS writes it. */
export function namedColor(name: string, scheme: Scheme): string {
  if (name === "transparent") return "rgba(0, 0, 0, 0)";
  if (name === "text") return scheme === "dark" ? "#e4e9f0" : "#17202e";
  if (name === "panel-bg" || name === "white") return name === "white" ? "#ffffff" : "rgba(0, 0, 0, 0)";
  for (let shade = 0; shade < SHADES.length; shade += 1) {
    const prefix = SHADES[shade] as string;
    const hue = prefix === "" ? name : name.startsWith(`${prefix}-`) ? name.slice(prefix.length + 1) : "";
    const found = HUES[scheme][hue]?.[shade];
    if (found) return found;
  }
  return isCssColor(name) ? name : paletteColor(0, scheme);
}

function isCssColor(name: string): boolean {
  return (
    /^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(name) ||
    /^(rgb|hsl)a?\([^;]*\)$/i.test(name) ||
    /^[a-z]+$/i.test(name)
  );
}

const CONTINUOUS: Record<string, string[]> = {
  "continuous-GrYlRd": ["green", "yellow", "red"],
  "continuous-RdYlGr": ["red", "yellow", "green"],
  "continuous-BlYlRd": ["dark-blue", "super-light-yellow", "dark-red"],
  "continuous-YlRd": ["super-light-yellow", "dark-red"],
  "continuous-BlPu": ["dark-blue", "super-light-purple"],
  "continuous-YlBl": ["super-light-yellow", "dark-blue"],
  "continuous-blues": ["super-light-blue", "dark-blue"],
  "continuous-reds": ["super-light-red", "dark-red"],
  "continuous-greens": ["super-light-green", "dark-green"],
  "continuous-purples": ["super-light-purple", "dark-purple"],
};

/** The colours of a continuous mode from low to high; null where there is no such mode. */
export function continuousStops(mode: string, scheme: Scheme): string[] | null {
  return CONTINUOUS[mode]?.map((name) => namedColor(name, scheme)) ?? null;
}

/** The colour at a share (0 to 1) of the way through the stops. */
export function interpolateColor(stops: string[], share: number): string {
  // What is no number, such as a text or 0/0, has the colour of the least.
  const place = Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share)) * (stops.length - 1);
  const low = parseHex(stops[Math.floor(place)] as string);
  const high = parseHex(stops[Math.ceil(place)] as string);
  const part = place - Math.floor(place);
  const mixed = low.map((value, index) => Math.round(value + ((high[index] as number) - value) * part));
  return hexOf(mixed);
}

function hexOf(color: number[]): string {
  return `#${color.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function parseHex(color: string): [number, number, number] {
  const digits = color.slice(1);
  const full = digits.length < 6 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as [number, number, number];
}

/** The colour with an opacity from 0 to 1. */
export function withAlpha(color: string, alpha: number): string {
  if (!color.startsWith("#")) {
    const numbers = /^rgba?\(([^)]*)\)$/
      .exec(color)?.[1]
      ?.split(/[\s,/]+/)
      .filter(Boolean);
    if (!numbers || numbers.length < 3) return color;
    const own = numbers[3] === undefined ? 1 : Number(numbers[3]);
    return `rgba(${numbers.slice(0, 3).join(", ")}, ${own * alpha})`;
  }
  return `rgba(${parseHex(color).join(", ")}, ${alpha})`;
}

/** Black or white: what can be read on the colour. No softer black: on greens neither would do. */
export function readableOn(color: string): string {
  if (!color.startsWith("#")) return "inherit";
  const ground = luminance(parseHex(color));
  return contrast(ground, 0) > contrast(ground, 1) ? "#000000" : "#ffffff";
}

// What panels are drawn on: --surface in theme/tokens.css.
const GROUND: Record<Scheme, [number, number, number]> = { light: [255, 255, 255], dark: [22, 27, 35] };
// What WCAG asks of text, and a little for what rounding takes.
const CONTRAST = 4.55;

/** The colour as text on a panel: darker, or lighter in the dark, as far as it takes to be read. */
export function textColor(color: string, scheme: Scheme): string {
  if (!color.startsWith("#")) return color;
  const ground = luminance(GROUND[scheme]);
  const to = scheme === "light" ? 0 : 255;
  const own = parseHex(color);
  for (let share = 0; ; share += 0.05) {
    const mixed = own.map((value) => Math.round(value + (to - value) * share)) as [number, number, number];
    if (share >= 1 || contrast(luminance(mixed), ground) >= CONTRAST) return hexOf(mixed);
  }
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: [number, number, number]): number {
  const [r, g, b] = color.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
