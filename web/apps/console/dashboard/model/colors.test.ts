import { describe, expect, test } from "vitest";
import { namedColor, paletteColor, readableOn, type Scheme, textColor } from "./colors";

const GROUND: Record<Scheme, string> = { light: "#ffffff", dark: "#161b23" };
const HUES = ["green", "yellow", "orange", "red", "blue", "purple"];
const NAMES = HUES.flatMap((hue) =>
  ["super-light-", "light-", "", "semi-dark-", "dark-"].map((shade) => `${shade}${hue}`),
);

/** As WCAG has it. */
function contrast(a: string, b: string): number {
  const [low, high] = [a, b]
    .map((color) => {
      const [red, green, blue] = [1, 3, 5]
        .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
        .map((share) => (share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
      return 0.2126 * (red as number) + 0.7152 * (green as number) + 0.0722 * (blue as number) + 0.05;
    })
    .sort((one, other) => one - other) as [number, number];
  return high / low;
}

describe.each(["light", "dark"] as const)("in the %s scheme", (scheme) => {
  const palette = Array.from({ length: 16 }, (_, index) => paletteColor(index, scheme));
  const colors = [...palette, ...NAMES.map((name) => namedColor(name, scheme)), "#ffffff", "#000000", "#888"];

  test.each(colors)("%s can be read as text", (color) => {
    expect(contrast(textColor(color, scheme), GROUND[scheme])).toBeGreaterThanOrEqual(4.5);
  });
  test("what can be read already stays", () => {
    const good = scheme === "light" ? "#0a6438" : "#4fcf86";
    expect(textColor(good, scheme)).toBe(good);
  });
  test.each(palette)("on %s a text can be read", (color) => {
    expect(contrast(readableOn(color), color)).toBeGreaterThanOrEqual(4.5);
  });
});
