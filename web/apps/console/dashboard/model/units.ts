/** Grafana's unit ids, and how a number is written in each. */
import { formatTime, type TimeZone } from "kit/common/calendar";

export interface Formatted {
  /** The number alone, such as "1.5". */
  text: string;
  prefix: string;
  /** With the space before it where one belongs, such as " MiB". */
  suffix: string;
}

type Formatter = (value: number, decimals: number | undefined, zone: TimeZone) => Formatted;

/** Write a number in a unit; without `decimals` with as many digits as say something. */
export function formatValue(
  value: number,
  unit: string | undefined,
  decimals?: number,
  zone: TimeZone = "browser",
): Formatted {
  if (Number.isNaN(value)) return plain("NaN");
  if (!Number.isFinite(value)) return plain(value > 0 ? "∞" : "-∞");
  return formatterOf(unit ?? "none")(value, decimals, zone);
}

/** The same in one string. */
export function formatText(
  value: number,
  unit: string | undefined,
  decimals?: number,
  zone?: TimeZone,
): string {
  const { prefix, text, suffix } = formatValue(value, unit, decimals, zone);
  return prefix + text + suffix;
}

/** Whether the console knows a unit by its id; any other is written behind the number, as Grafana does. */
export function isKnownUnit(unit: string): boolean {
  return unit in UNITS || customUnit(unit) !== null;
}

function formatterOf(unit: string): Formatter {
  const known = UNITS[unit];
  if (known) return known;
  return customUnit(unit) ?? suffixed(unit ? ` ${unit}` : "");
}

/** `suffix:x`, `prefix:x`, `si:x`, `count:x`, `currency:x`, `time:x`. */
function customUnit(unit: string): Formatter | null {
  const colon = unit.indexOf(":");
  if (colon < 1) return null;
  const rest = unit.slice(colon + 1);
  switch (unit.slice(0, colon)) {
    case "suffix":
      return suffixed(rest);
    case "prefix":
      return prefixed(rest);
    case "si":
      return scaled(
        1000,
        SI,
        rest.slice(siStart(rest)),
        siStart(rest) > 0 ? SI.indexOf(rest[0] as string) : 0,
      );
    case "count":
      return scaled(1000, SHORT, rest ? ` ${rest}` : "", 0, "");
    case "currency":
      return currency(rest);
    case "time":
      return (value, _decimals, zone) => plain(formatTime(value, zone));
    default:
      return null;
  }
}

function siStart(unit: string): number {
  return unit.length > 1 && SI.includes(unit[0] as string) && unit[0] !== "" ? 1 : 0;
}

/** How many decimals say something about a number: two significant digits or three, none for a whole one. */
export function decimalsFor(value: number): number {
  if (value === 0 || value % 1 === 0) return 0;
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const decimals = 1 - exponent;
  const normal = Math.abs(value) / 10 ** -decimals;
  return Math.min(20, Math.max(0, normal > 2.25 ? decimals + 1 : decimals));
}

function fixed(value: number, decimals: number | undefined): string {
  const written = value.toFixed(Math.min(20, Math.max(0, decimals ?? decimalsFor(value))));
  return /^-0(\.0*)?$/.test(written) ? written.slice(1) : written;
}

function plain(text: string): Formatted {
  return { text, prefix: "", suffix: "" };
}

function suffixed(suffix: string): Formatter {
  return (value, decimals) => ({ text: fixed(value, decimals), prefix: "", suffix });
}

function prefixed(prefix: string): Formatter {
  return (value, decimals) => ({ text: fixed(value, decimals), prefix, suffix: "" });
}

const SI = ["", "k", "M", "G", "T", "P", "E"];
const SI_SMALL = ["", "m", "µ", "n", "p"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const SHORT = ["", " K", " Mil", " Bil", " Tri", " Quadr"];

/** Numbers that are divided by 1000 or 1024 until they are short. */
function scaled(base: number, prefixes: string[], unit: string, start = 0, space = " "): Formatter {
  return (value, decimals) => {
    let size = value;
    let step = start;
    // What rounds up to the next prefix is shown with it: 999.9 k is 1 M.
    while (Math.abs(size) >= base * 0.99995 && step < prefixes.length - 1) {
      size /= base;
      step += 1;
    }
    const suffix = `${prefixes[step]}${unit}`;
    return { text: fixed(size, decimals), prefix: "", suffix: suffix.trim() ? space + suffix : "" };
  };
}

/** Also downwards: 0.002 V is 2 mV. */
function si(unit: string): Formatter {
  const up = scaled(1000, SI, unit);
  return (value, decimals) => {
    let size = value;
    let step = 0;
    while (size !== 0 && Math.abs(size) < 1 && step < SI_SMALL.length - 1) {
      size *= 1000;
      step += 1;
    }
    if (step === 0) return up(value, decimals, "browser");
    return { text: fixed(size, decimals), prefix: "", suffix: ` ${SI_SMALL[step]}${unit}` };
  };
}

function rate(word: string): Formatter {
  return scaled(1000, SHORT, ` ${word}`, 0, "");
}

function currency(symbol: string): Formatter {
  const scale = scaled(1000, ["", "K", "M", "B", "T"], "", 0, "");
  return (value, decimals, zone) => ({ ...scale(value, decimals, zone), prefix: symbol });
}

interface TimeStep {
  seconds: number;
  suffix: string;
}

const TIME_STEPS: TimeStep[] = [
  { seconds: 1e-9, suffix: " ns" },
  { seconds: 1e-6, suffix: " µs" },
  { seconds: 1e-3, suffix: " ms" },
  { seconds: 1, suffix: " s" },
  { seconds: 60, suffix: " min" },
  { seconds: 3600, suffix: " hour" },
  { seconds: 86_400, suffix: " day" },
  { seconds: 604_800, suffix: " week" },
  { seconds: 31_536_000, suffix: " year" },
];

/** A length of time, given in units of so many seconds. */
function duration(unitSeconds: number): Formatter {
  return (value, decimals) => {
    const seconds = value * unitSeconds;
    const size = Math.abs(seconds);
    if (size === 0) {
      const own = TIME_STEPS.find((step) => step.seconds === unitSeconds);
      return { text: "0", prefix: "", suffix: own?.suffix ?? " s" };
    }
    let chosen = TIME_STEPS[0] as TimeStep;
    for (const step of TIME_STEPS) if (size >= step.seconds * 0.99995) chosen = step;
    const text = fixed(seconds / chosen.seconds, decimals);
    const plural = chosen.seconds >= 3600 && text !== "1" ? "s" : "";
    return { text, prefix: "", suffix: chosen.suffix + plural };
  };
}

const LONG_STEPS: [number, string][] = [
  [31_536_000, "year"],
  [2_592_000, "month"],
  [604_800, "week"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** "2 hours, 5 minutes": the largest unit, and as many smaller ones as there are decimals. */
function longDuration(unitSeconds: number): Formatter {
  return (value, decimals) => {
    let rest = Math.abs(value * unitSeconds);
    if (rest < 1) return plain(rest === 0 ? "0 seconds" : formatText(rest, "s", decimals));
    const parts: string[] = [];
    for (const [seconds, word] of LONG_STEPS) {
      const count = Math.floor(rest / seconds);
      if (count === 0 && parts.length === 0) continue;
      if (count > 0) parts.push(`${count} ${word}${count === 1 ? "" : "s"}`);
      rest -= count * seconds;
      if (parts.length > (decimals ?? 1)) break;
    }
    return plain((value < 0 ? "-" : "") + parts.join(", "));
  };
}

function clock(unitSeconds: number): Formatter {
  return (value) => {
    const total = Math.round(Math.abs(value * unitSeconds));
    const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
    const sign = value < 0 ? "-" : "";
    return plain(sign + parts.map((part) => String(part).padStart(2, "0")).join(":"));
  };
}

function booleans(yes: string, no: string): Formatter {
  return (value) => plain(value === 0 ? no : yes);
}

function fromNow(value: number): string {
  const seconds = (value - Date.now()) / 1000;
  const { text, suffix } = duration(1)(Math.abs(seconds), 0, "browser");
  return seconds < 0 ? `${text}${suffix} ago` : `in ${text}${suffix}`;
}

const RATES: Record<string, string> = {
  cps: "c/s",
  ops: "ops/s",
  reqps: "req/s",
  rps: "rd/s",
  wps: "wr/s",
  iops: "io/s",
  eps: "evt/s",
  mps: "msg/s",
  recps: "rec/s",
  rowsps: "rows/s",
  cpm: "c/m",
  opm: "ops/m",
  reqpm: "req/m",
  rpm: "rd/m",
  wpm: "wr/m",
  epm: "evt/m",
  mpm: "msg/m",
};

const UNITS: Record<string, Formatter> = {
  none: suffixed(""),
  string: suffixed(""),
  short: scaled(1000, SHORT, "", 0, ""),
  sishort: si(""),
  percent: suffixed("%"),
  percentunit: (value, decimals) => ({ text: fixed(value * 100, decimals), prefix: "", suffix: "%" }),
  humidity: suffixed(" %H"),
  dB: suffixed(" dB"),
  hex: (value) => plain(value.toString(16).toUpperCase()),
  hex0x: (value) => plain(`0x${value.toString(16).toUpperCase()}`),
  sci: (value, decimals) => plain(value.toExponential(decimals)),
  locale: (value, decimals) => plain(value.toLocaleString("en-US", { maximumFractionDigits: decimals ?? 3 })),
  pixel: suffixed(" px"),

  bytes: scaled(1024, IEC, "B"),
  decbytes: scaled(1000, SI, "B"),
  bits: scaled(1024, IEC, "b"),
  decbits: scaled(1000, SI, "b"),
  kbytes: scaled(1024, IEC, "B", 1),
  deckbytes: scaled(1000, SI, "B", 1),
  mbytes: scaled(1024, IEC, "B", 2),
  decmbytes: scaled(1000, SI, "B", 2),
  gbytes: scaled(1024, IEC, "B", 3),
  decgbytes: scaled(1000, SI, "B", 3),
  tbytes: scaled(1024, IEC, "B", 4),
  dectbytes: scaled(1000, SI, "B", 4),
  binBps: scaled(1024, IEC, "B/s"),
  Bps: scaled(1000, SI, "B/s"),
  binbps: scaled(1024, IEC, "b/s"),
  bps: scaled(1000, SI, "b/s"),
  pps: scaled(1000, SI, "p/s"),
  KiBs: scaled(1024, IEC, "B/s", 1),
  KBs: scaled(1000, SI, "B/s", 1),
  MiBs: scaled(1024, IEC, "B/s", 2),
  MBs: scaled(1000, SI, "B/s", 2),
  GiBs: scaled(1024, IEC, "B/s", 3),
  GBs: scaled(1000, SI, "B/s", 3),
  Kbits: scaled(1000, SI, "b/s", 1),
  Mbits: scaled(1000, SI, "b/s", 2),
  Gbits: scaled(1000, SI, "b/s", 3),

  ns: duration(1e-9),
  µs: duration(1e-6),
  ms: duration(1e-3),
  s: duration(1),
  m: duration(60),
  h: duration(3600),
  d: duration(86_400),
  dtdurationms: longDuration(1e-3),
  dtdurations: longDuration(1),
  dthms: clock(1),
  dtdhms: clock(1),
  clockms: clock(1e-3),
  clocks: clock(1),
  timeticks: duration(0.01),
  dateTimeAsIso: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsIsoNoDateIfToday: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsUS: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsUSNoDateIfToday: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsLocal: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsLocalNoDateIfToday: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeAsSystem: (value, _decimals, zone) => plain(formatTime(value, zone)),
  dateTimeFromNow: (value) => plain(fromNow(value)),

  bool: booleans("True", "False"),
  bool_yes_no: booleans("Yes", "No"),
  bool_on_off: booleans("On", "Off"),

  hertz: si("Hz"),
  rothz: si("Hz"),
  rotrpm: suffixed(" rpm"),
  celsius: suffixed(" °C"),
  fahrenheit: suffixed(" °F"),
  kelvin: suffixed(" K"),
  watt: si("W"),
  kwatt: scaled(1000, SI, "W", 1),
  watth: si("Wh"),
  kwatth: scaled(1000, SI, "Wh", 1),
  joule: si("J"),
  amp: si("A"),
  volt: si("V"),
  voltamp: si("VA"),
  lengthm: si("m"),
  lengthmm: scaled(1000, ["m", "", "k"], "m"),
  lengthkm: scaled(1000, SI, "m", 1),
  massg: si("g"),
  masskg: scaled(1000, SI, "g", 1),
  masst: suffixed(" t"),
  litre: si("L"),
  velocityms: suffixed(" m/s"),
  velocitykmh: suffixed(" km/h"),
  pressurebar: si("bar"),
  pressurehpa: suffixed(" hPa"),
  degree: suffixed("°"),
  currencyUSD: currency("$"),
  currencyEUR: currency("€"),
  currencyGBP: currency("£"),
  currencyCHF: currency("CHF "),
  currencyRSD: currency("RSD "),
  ...Object.fromEntries(Object.entries(RATES).map(([id, word]) => [id, rate(word)])),
};
