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

/** `suffix:x`, `prefix:x`, `si:x`, `count:x`, `currency:x`, `bool:x/y`, `time:x`. */
function customUnit(unit: string): Formatter | null {
  const colon = unit.indexOf(":");
  if (colon < 1) return null;
  const rest = unit.slice(colon + 1);
  switch (unit.slice(0, colon)) {
    case "suffix":
      return suffixed(rest);
    case "prefix":
      return prefixed(rest);
    case "si": {
      // "mF" is given in millifarads; a letter alone is a unit.
      const power = rest.length > 1 ? SI.indexOf(rest[0] as string) : -1;
      return power < 0 ? si(rest) : si(rest.slice(1), power - BASE);
    }
    case "count":
      return rate(rest);
    case "currency":
      return currency(rest);
    case "bool": {
      const [yes, no = "-"] = rest.split("/");
      return booleans(yes as string, no);
    }
    case "time":
      return moment;
    default:
      return null;
  }
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

const SI = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
// Where nothing stands before the unit.
const BASE = 5;
const LARGE = SI.slice(BASE);
const IEC = LARGE.map((prefix) => prefix && `${prefix.toUpperCase()}i`);
const SHORT = ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"];

/** Numbers that are divided by 1000 or 1024 until they are short, or multiplied, down to a lowest prefix. */
function scaled(
  base: number,
  prefixes: string[],
  unit: string,
  start = 0,
  space = " ",
  lowest = start,
): Formatter {
  return (value, decimals) => {
    let size = value;
    let step = start;
    // What rounds up to the next prefix is shown with it: 999.9 k is 1 M.
    while (Math.abs(size) >= base * 0.99995 && step < prefixes.length - 1) {
      size /= base;
      step += 1;
    }
    while (size !== 0 && Math.abs(size) < 0.99995 && step > lowest) {
      size *= base;
      step -= 1;
    }
    const suffix = `${prefixes[step]}${unit}`;
    return { text: fixed(size, decimals), prefix: "", suffix: suffix.trim() ? space + suffix : "" };
  };
}

/** Also downwards: 0.002 V is 2 mV. What is given in kilos has a power of 1. */
function si(unit: string, power = 0): Formatter {
  return scaled(1000, SI, unit, BASE + power, " ", 0);
}

function rate(word: string): Formatter {
  return scaled(1000, SHORT, word && ` ${word}`, 0, "");
}

function currency(symbol: string, behind = false): Formatter {
  const scale = scaled(1000, ["", "K", "M", "B", "T"], "", 0, "");
  return (value, decimals, zone) => {
    const { text, suffix } = scale(Math.abs(value), decimals, zone);
    const sign = value < 0 ? "-" : "";
    return behind
      ? { text, prefix: sign, suffix: `${suffix} ${symbol}` }
      : { text, prefix: sign + symbol, suffix };
  };
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

const two = (part: number, digits = 2) => String(part).padStart(digits, "0");

/** "26:03:09", or "1 d 02:03:09" with days of their own. */
function hours(days: boolean): Formatter {
  return (value) => {
    const total = Math.round(Math.abs(value));
    const whole = days ? Math.floor(total / 86_400) : 0;
    const parts = [Math.floor(total / 3600) - whole * 24, Math.floor(total / 60) % 60, total % 60];
    const sign = value < 0 ? "-" : "";
    return plain(sign + (whole ? `${whole} d ` : "") + parts.map((part) => two(part)).join(":"));
  };
}

/** "02h:05m:09s:250ms": from the largest that is not nothing, and as many more as there are decimals. */
function clock(unitMs: number): Formatter {
  return (value, decimals = 3) => {
    const total = Math.round(Math.abs(value * unitMs));
    const parts = [
      `${two(Math.floor(total / 3_600_000))}h`,
      `${two(Math.floor(total / 60_000) % 60)}m`,
      `${two(Math.floor(total / 1000) % 60)}s`,
      `${two(total % 1000, 3)}ms`,
    ];
    const first = [3_600_000, 60_000, 1000, 0].findIndex((least) => total >= least);
    return plain((value < 0 ? "-" : "") + parts.slice(first, first + 1 + decimals).join(":"));
  };
}

const moment: Formatter = (value, _decimals, zone) => plain(formatTime(value, zone));

/** The time alone, where the day is this one. */
const today: Formatter = (value, _decimals, zone) => {
  const [day, time] = formatTime(value, zone).split(" ") as [string, string];
  return plain(formatTime(Date.now(), zone).startsWith(day) ? time : `${day} ${time}`);
};

function booleans(yes: string, no: string): Formatter {
  return (value) => plain(value === 0 ? no : yes);
}

function fromNow(value: number): string {
  const seconds = (value - Date.now()) / 1000;
  const { text, suffix } = duration(1)(Math.abs(seconds), 0, "browser");
  return seconds < 0 ? `${text}${suffix} ago` : `in ${text}${suffix}`;
}

/** One unit a word, as `id=what`; where `what` is the id, the id alone. */
function table(units: string, make: (what: string) => Formatter): [string, Formatter][] {
  return units.split(" ").map((unit) => {
    const [id, what = id] = unit.split("=") as [string, string?];
    return [id, make(what)];
  });
}

/** A unit and, behind a comma, the power that it is given in. */
function powers(scale: (unit: string, power: number) => Formatter): (what: string) => Formatter {
  return (what) => {
    const [unit, power = "0"] = what.split(",") as [string, string?];
    return scale(unit, Number(power));
  };
}

const RATES =
  "cps=c/s ops=ops/s reqps=req/s rps=rd/s wps=wr/s iops=io/s eps=evt/s mps=msg/s recps=rec/s rowsps=rows/s " +
  "cpm=c/m opm=ops/m reqpm=req/m rpm=rd/m wpm=wr/m epm=evts/m mpm=msgs/m recpm=rec/m rowspm=rows/m";

// What is never less than one is not divided further: nobody counts thousandths of a byte.
const BINARY =
  "bytes=B bits=b kbytes=B,1 mbytes=B,2 gbytes=B,3 tbytes=B,4 pbytes=B,5 binBps=B/s binbps=b/s " +
  "KiBs=B/s,1 MiBs=B/s,2 GiBs=B/s,3 TiBs=B/s,4 PiBs=B/s,5 " +
  "Kibits=b/s,1 Mibits=b/s,2 Gibits=b/s,3 Tibits=b/s,4 Pibits=b/s,5";
const METRIC =
  "decbytes=B decbits=b deckbytes=B,1 decmbytes=B,2 decgbytes=B,3 dectbytes=B,4 decpbytes=B,5 " +
  "Bps=B/s bps=b/s pps=p/s KBs=B/s,1 MBs=B/s,2 GBs=B/s,3 TBs=B/s,4 PBs=B/s,5 " +
  "Kbits=b/s,1 Mbits=b/s,2 Gbits=b/s,3 Tbits=b/s,4 Pbits=b/s,5";

const PHYSICAL =
  "sishort= flops=FLOPS mflops=FLOPS,2 gflops=FLOPS,3 tflops=FLOPS,4 pflops=FLOPS,5 eflops=FLOPS,6 " +
  "zflops=FLOPS,7 yflops=FLOPS,8 hertz=Hz rothz=Hz rotkhz=Hz,1 rotmhz=Hz,2 rotghz=Hz,3 " +
  "watt=W kwatt=W,1 megwatt=W,2 gwatt=W,3 mwatt=W,-1 Wm2=W/m² voltamp=VA kvoltamp=VA,1 voltampreact=VAr " +
  "kvoltampreact=VAr,1 watth=Wh watthperkg=Wh/kg kwatth=Wh,1 mwatth=Wh,2 kwattm=W-Min,1 amph=Ah kamph=Ah,1 " +
  "mamph=Ah,-1 joule=J ev=eV amp=A kamp=A,1 mamp=A,-1 volt=V kvolt=V,1 mvolt=V,-1 mohm=Ω,-1 ohm=Ω kohm=Ω,1 " +
  "Mohm=Ω,2 farad=F µfarad=F,-2 nfarad=F,-3 pfarad=F,-4 ffarad=F,-5 henry=H mhenry=H,-1 µhenry=H,-2 " +
  "lumens=Lm candela=cd forceNm=Nm forcekNm=Nm,1 forceN=N forcekN=N,1 Hs=H/s KHs=H/s,1 MHs=H/s,2 GHs=H/s,3 THs=H/s,4 " +
  "PHs=H/s,5 EHs=H/s,6 massmg=g,-1 massg=g masskg=g,1 lengthmm=m,-1 lengthm=m lengthkm=m,1 mlitre=L,-1 " +
  "litre=L pressurembar=bar,-1 pressurebar=bar pressurekbar=bar,1 pressurepa=Pa radbq=Bq radci=Ci radgy=Gy " +
  "radrad=rad radsv=Sv radmsv=Sv,-1 radusv=Sv,-2 radrem=rem radexpckg=C/kg radr=R radsvh=Sv/h " +
  "radmsvh=Sv/h,-1 radusvh=Sv/h,-2";

const PLAIN =
  "humidity=%H dB dBm pixel=px accMS2=m/sec² accFS2=f/sec² accG=g degree=° radian=rad grad arcmin arcsec " +
  "areaM2=m² areaF2=ft² areaMI2=mi² acres=ac hectares=ha ppm conppb=ppb conngm3=ng/m³ " +
  "conngNm3=ng/Nm³ conμgm3=μg/m³ conμgNm3=μg/Nm³ conmgm3=mg/m³ conmgNm3=mg/Nm³ congm3=g/m³ congNm3=g/Nm³ " +
  "conmgdL=mg/dL conmmolL=mmol/L flowgpm=gpm flowcms=cms flowcfs=cfs flowcfm=cfm litreh=L/h " +
  "flowlpm=L/min flowmlpm=mL/min lux masslb=lb masst=t lengthin=in lengthft=ft lengthmi=mi " +
  'pressurehpa=hPa pressurekpa=kPa pressurehg="Hg rotrpm=rpm rotrads=rad/s rotdegs=°/s celsius=°C ' +
  "fahrenheit=°F farenheit=°F kelvin=K velocityms=m/s velocitykmh=km/h velocitymph=mph velocityknot=kn " +
  "m3=m³ Nm3=Nm³ dm3=dm³ gallons=gal";

// Those that are written as letters stand apart from the number.
const CURRENCIES =
  "USD=$ GBP=£ EUR=€ JPY=¥ RUB=₽ UAH=₴ BRL=R$ CZK=czk CHF PLN BTC=฿ mBTC μBTC ZAR=R INR=₹ KRW=₩ IDR=Rp PHP " +
  "MYR=RM XPF BGN PYG=₲ UYU ILS=₪ RSD";
const CURRENCIES_BEHIND = "DKK=kr ISK=kr NOK=kr SEK=kr VND=đ TRY=₺";

const UNITS: Record<string, Formatter> = {
  ...Object.fromEntries([
    ...table(RATES, rate),
    ...table(
      BINARY,
      powers((unit, power) => scaled(1024, IEC, unit, power)),
    ),
    ...table(
      METRIC,
      powers((unit, power) => scaled(1000, LARGE, unit, power)),
    ),
    ...table(PHYSICAL, powers(si)),
    ...table(PLAIN, (suffix) => suffixed(suffix === "°" ? suffix : ` ${suffix}`)),
    ...table(CURRENCIES, (symbol) => currency(/\w{2}$/.test(symbol) ? `${symbol} ` : symbol)).map(named),
    ...table(CURRENCIES_BEHIND, (symbol) => currency(symbol, true)).map(named),
    ...table("ns=1e-9 µs=1e-6 ms=1e-3 s=1 m=60 h=3600 d=86400 timeticks=0.01", (unit) =>
      duration(Number(unit)),
    ),
    ...table("dateTimeAsIso dateTimeAsUS dateTimeAsLocal dateTimeAsSystem", () => moment),
    ...table("Iso US Local", () => today).map(([id, format]): [string, Formatter] => [
      `dateTimeAs${id}NoDateIfToday`,
      format,
    ]),
  ]),
  none: suffixed(""),
  string: suffixed(""),
  short: scaled(1000, SHORT, "", 0, ""),
  percent: suffixed("%"),
  percentunit: (value, decimals) => ({ text: fixed(value * 100, decimals), prefix: "", suffix: "%" }),
  hex: (value) => plain(value.toString(16).toUpperCase()),
  hex0x: (value) => plain(`0x${value.toString(16).toUpperCase()}`),
  sci: (value, decimals) => plain(value.toExponential(decimals)),
  locale: (value, decimals) => plain(value.toLocaleString("en-US", { maximumFractionDigits: decimals ?? 3 })),
  pressurepsi: scaled(1000, ["", "k", "M"], "psi"),

  dtdurationms: longDuration(1e-3),
  dtdurations: longDuration(1),
  dthms: hours(false),
  dtdhms: hours(true),
  clockms: clock(1),
  clocks: clock(1000),
  dateTimeFromNow: (value) => plain(fromNow(value)),

  bool: booleans("True", "False"),
  bool_yes_no: booleans("Yes", "No"),
  bool_on_off: booleans("On", "Off"),
};

function named([code, format]: [string, Formatter]): [string, Formatter] {
  return [`currency${code}`, format];
}
