import { describe, expect, test } from "vitest";
import { decimalsFor, formatText, isKnownUnit } from "./units";

describe("numbers", () => {
  test.each([
    [0, 0],
    [5, 0],
    [0.0333, 4],
    [12.3456, 1],
    [123.4, 0],
    [0.1, 3],
    [1.5, 2],
  ])("%f says something with %i decimals", (value, decimals) => expect(decimalsFor(value)).toBe(decimals));

  test.each([
    [1234, "short", undefined, "1.23 K"],
    [999_960, "short", 2, "1.00 Mil"],
    [1_500_000_000, "short", 1, "1.5 Bil"],
    [-1200, "short", 1, "-1.2 K"],
    [0.25, "percentunit", undefined, "25%"],
    [12.5, "percent", 1, "12.5%"],
    [3.2, "reqps", 1, "3.2 req/s"],
    [4200, "ops", 1, "4.2 K ops/s"],
    [7, "none", undefined, "7"],
    [7, "apples", undefined, "7 apples"],
    [-0.0001, "none", 1, "0.0"],
    [255, "hex0x", undefined, "0xFF"],
    [Number.NaN, "s", undefined, "NaN"],
    [Number.POSITIVE_INFINITY, "s", undefined, "∞"],
  ])("%f in %s", (value, unit, decimals, text) => expect(formatText(value, unit, decimals)).toBe(text));
});

describe("sizes", () => {
  test.each([
    [1536, "bytes", 1, "1.5 KiB"],
    [1500, "decbytes", 1, "1.5 kB"],
    [2048, "kbytes", 0, "2 MiB"],
    [1_250_000, "Bps", 2, "1.25 MB/s"],
    [1024 ** 3 * 4, "bytes", 0, "4 GiB"],
    [512, "bytes", 0, "512 B"],
    [8000, "bps", 0, "8 kb/s"],
  ])("%f in %s", (value, unit, decimals, text) => expect(formatText(value, unit, decimals)).toBe(text));
});

describe("time", () => {
  test.each([
    [0.3, "s", 0, "300 ms"],
    [0.000_25, "s", 0, "250 µs"],
    [90, "s", 1, "1.5 min"],
    [3600, "s", 0, "1 hour"],
    [7200, "s", 0, "2 hours"],
    [172_800, "s", 0, "2 days"],
    [0, "s", undefined, "0 s"],
    [1500, "ms", 1, "1.5 s"],
    [61, "dtdurations", undefined, "1 minute, 1 second"],
    [3725, "dthms", undefined, "01:02:05"],
    [86_400, "dtdurations", undefined, "1 day"],
  ])("%f in %s", (value, unit, decimals, text) => expect(formatText(value, unit, decimals)).toBe(text));

  test("a moment is written in its zone", () => {
    expect(formatText(0, "dateTimeAsIso", undefined, "utc")).toBe("1970-01-01 00:00:00");
    expect(formatText(0, "dateTimeAsIso", undefined, "Europe/Belgrade")).toBe("1970-01-01 01:00:00");
  });
});

test("words for true and false", () => {
  expect(formatText(1, "bool")).toBe("True");
  expect(formatText(0, "bool_yes_no")).toBe("No");
  expect(formatText(1, "bool_on_off")).toBe("On");
});

test("units that a file makes up itself", () => {
  expect(formatText(3, "suffix: boxes")).toBe("3 boxes");
  expect(formatText(3, "prefix:~")).toBe("~3");
  expect(formatText(2500, "si:m", 1)).toBe("2.5 km");
  expect(formatText(2500, "currency:RSD ", 1)).toBe("RSD 2.5K");
  expect(formatText(2, "si:mF", 0)).toBe("2 mF");
  expect(formatText(0.5, "si:kW", 0)).toBe("500 W");
  expect(formatText(1500, "count:boxes", 1)).toBe("1.5 K boxes");
  expect([1, 0].map((value) => formatText(value, "bool:Open/Shut"))).toEqual(["Open", "Shut"]);
  expect(isKnownUnit("suffix:x")).toBe(true);
  expect(isKnownUnit("apples")).toBe(false);
});

describe("what Grafana's own ids mean", () => {
  test.each([
    [5000, "mwatt", 0, "5 W"],
    [5, "megwatt", 0, "5 MW"],
    [0.5, "kwatth", 0, "500 Wh"],
    [20, "µfarad", 0, "20 µF"],
    [2, "tflops", 0, "2 TFLOPS"],
    [3, "GHs", 0, "3 GH/s"],
    [2, "lengthmm", 0, "2 mm"],
    [0.5, "lengthmm", 0, "500 µm"],
    [40, "conppb", 0, "40 ppb"],
    [90, "degree", 0, "90°"],
    [2, "pbytes", 0, "2 PiB"],
    [0.5, "Bps", 1, "0.5 B/s"],
    [3, "Tbits", 0, "3 Tb/s"],
    [3, "Mibits", 0, "3 Mib/s"],
    [1500, "pressurepsi", 1, "1.5 kpsi"],
    [3, "recpm", 0, "3 rec/m"],
    [-1500, "currencyUSD", 1, "-$1.5K"],
    [1500, "currencySEK", 1, "1.5K kr"],
    [12, "currencyPLN", 0, "PLN 12"],
    [93_784, "dtdhms", undefined, "1 d 02:03:04"],
    [93_784, "dthms", undefined, "26:03:04"],
    [500, "clockms", undefined, "500ms"],
    [61.5, "clocks", undefined, "01m:01s:500ms"],
    [3_723_004, "clockms", 1, "01h:02m"],
    [100, "timeticks", 0, "1 s"],
    [1e18, "short", 0, "1 Quint"],
  ])("%f in %s", (value, unit, decimals, text) => expect(formatText(value, unit, decimals)).toBe(text));

  test("a moment of today is a time alone where a file wants it so", () => {
    expect(formatText(0, "dateTimeAsUSNoDateIfToday", undefined, "utc")).toBe("1970-01-01 00:00:00");
    expect(formatText(Date.now(), "dateTimeAsIsoNoDateIfToday", undefined, "utc")).toMatch(/^[\d:]{8}$/);
  });

  // Those that its editor offers, of all versions up to 12.
  const OFFERED =
    `none string short sishort percent percentunit humidity dB candela hex0x hex sci locale pixel
    accMS2 accFS2 accG degree radian grad arcmin arcsec areaM2 areaF2 areaMI2 acres hectares flops mflops gflops
    tflops pflops eflops zflops yflops ppm conppb conngm3 conngNm3 conμgm3 conμgNm3 conmgm3 conmgNm3 congm3 congNm3
    conmgdL conmmolL currencyUSD currencyGBP currencyEUR currencyJPY currencyRUB currencyUAH currencyBRL currencyDKK
    currencyISK currencyNOK currencySEK currencyCZK currencyCHF currencyPLN currencyBTC currencymBTC currencyμBTC
    currencyZAR currencyINR currencyKRW currencyIDR currencyPHP currencyVND currencyTRY currencyMYR currencyXPF
    currencyBGN currencyPYG currencyUYU currencyILS bytes decbytes bits decbits kbytes deckbytes mbytes decmbytes
    gbytes decgbytes tbytes dectbytes pbytes decpbytes pps binBps Bps binbps bps KiBs Kibits KBs Kbits MiBs Mibits MBs
    Mbits GiBs Gibits GBs Gbits TiBs Tibits TBs Tbits PiBs Pibits PBs Pbits dateTimeAsIso dateTimeAsIsoNoDateIfToday
    dateTimeAsUS dateTimeAsUSNoDateIfToday dateTimeAsLocal dateTimeAsLocalNoDateIfToday dateTimeAsSystem
    dateTimeFromNow watt kwatt megwatt gwatt mwatt Wm2 voltamp kvoltamp voltampreact kvoltampreact watth watthperkg
    kwatth kwattm mwatth amph kamph mamph joule ev amp kamp mamp volt kvolt mvolt dBm mohm ohm kohm Mohm farad µfarad
    nfarad pfarad ffarad henry mhenry µhenry lumens flowgpm flowcms flowcfs flowcfm litreh flowlpm flowmlpm lux forceNm
    forcekNm forceN forcekN Hs KHs MHs GHs THs PHs EHs massmg massg masslb masskg masst lengthmm lengthin lengthft
    lengthm lengthkm lengthmi pressurembar pressurebar pressurekbar pressurepa pressurehpa pressurekpa pressurehg
    pressurepsi radbq radci radgy radrad radsv radmsv radusv radrem radexpckg radr radsvh radmsvh radusvh rotrpm rothz
    rotkhz rotmhz rotghz rotrads rotdegs celsius fahrenheit farenheit kelvin hertz ns µs ms s m h d dtdurationms
    dtdurations dthms dtdhms timeticks clockms clocks cps ops reqps rps wps iops eps mps recps rowsps cpm opm reqpm rpm
    wpm epm mpm recpm rowspm velocityms velocitykmh velocitymph velocityknot mlitre litre m3 Nm3 dm3 gallons bool
    bool_yes_no bool_on_off`.split(/\s+/);

  test("all of them are known", () => {
    expect(OFFERED.filter((unit) => !isKnownUnit(unit))).toEqual([]);
  });
});
