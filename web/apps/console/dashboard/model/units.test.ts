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
  expect(isKnownUnit("suffix:x")).toBe(true);
  expect(isKnownUnit("apples")).toBe(false);
});
