import { expect, test } from "vitest";
import en from "../i18n/en.json";
import { LOOKS } from "./looks";

const looks = Object.values(LOOKS);
const pairs = looks.flatMap((one, at) => looks.slice(at + 1).map((other) => [one, other] as const));

/** The three channels of `#rrggbb` as light, from 0 to 1. */
const light = (colour: string) =>
  [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];

function contrast(one: string, other: string): number {
  const luminance = ([red, green, blue]: number[]) =>
    0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
  const [dark, bright] = [luminance(light(one)), luminance(light(other))].sort((a, b) => a - b);
  return ((bright ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** Where a colour is in Oklab: distances there are about what people see. */
function oklab(colour: string): [number, number, number] {
  const [r, g, b] = light(colour);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function distance(one: string, other: string): number {
  const [a, b] = [oklab(one), oklab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

test("eighteen answers: fifteen to scans, an undo, a shortage, and what could not be kept", () => {
  expect(looks).toHaveLength(18);
});

test("no two have a symbol, a tune or a vibration in common", () => {
  for (const [one, other] of pairs) {
    expect(one.symbol).not.toBe(other.symbol);
    expect(one.notes).not.toEqual(other.notes);
    expect(one.vibration).not.toEqual(other.vibration);
  }
});

test("no two have a word in common", () => {
  const words = Object.values(en.answer).map(({ word }) => word);
  expect(Object.keys(en.answer).sort()).toEqual(Object.keys(LOOKS).sort());
  expect(new Set(words).size).toBe(words.length);
});

test("no two colours are near each other", () => {
  for (const [one, other] of pairs) expect(distance(one.colour, other.colour)).toBeGreaterThan(0.1);
});

test("what is written on them can be read in the sun", () => {
  for (const { colour, ink } of looks) expect(contrast(colour, ink)).toBeGreaterThanOrEqual(7);
});

test("each is heard in less than a second, and felt in less than two", () => {
  for (const { notes, vibration } of looks) {
    expect(notes.reduce((sum, [, lasts]) => sum + lasts, 0)).toBeLessThan(1000);
    expect(vibration.reduce((sum, lasts) => sum + lasts, 0)).toBeLessThan(2000);
    // It ends with something that is felt, not with a rest.
    expect(vibration.length % 2).toBe(1);
  }
});
