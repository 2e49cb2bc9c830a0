import { describe, expect, test } from "vitest";
import { continuousStops, interpolateColor, namedColor, readableOn, withAlpha } from "./colors";
import { mapValue, readMappings } from "./mappings";
import { absoluteSteps, activeStep, readThresholds } from "./thresholds";

describe("thresholds", () => {
  const steps = readThresholds({
    mode: "absolute",
    steps: [
      { color: "red", value: 90 },
      { color: "green", value: null },
      { color: "yellow", value: 60 },
    ],
  });
  test.each([
    [-5, "green"],
    [59.9, "green"],
    [60, "yellow"],
    [100, "red"],
  ])("%f is %s", (value, color) => expect(activeStep(steps, value, 0, 100).color).toBe(color));

  test("percentages are of the range", () => {
    const shares = readThresholds({
      mode: "percentage",
      steps: [
        { color: "green", value: null },
        { color: "red", value: 80 },
      ],
    });
    expect(absoluteSteps(shares, 100, 200).at(-1)).toEqual({ color: "red", value: 180 });
    expect(activeStep(shares, 170, 100, 200).color).toBe("green");
  });

  test("without any there is one", () => expect(readThresholds(undefined).steps).toHaveLength(1));
});

describe("mappings", () => {
  const mappings = readMappings([
    { type: "value", options: { 0: { text: "Down", color: "red" }, ok: { text: "Fine" } } },
    { type: "range", options: { from: 1, to: 5, result: { text: "Some" } } },
    { type: "regex", options: { pattern: "/^srv-(\\d+)$/", result: { text: "Server $1" } } },
    { type: "special", options: { match: "null+nan", result: { text: "Nothing" } } },
    { type: "unheard-of", options: {} },
  ]);
  test.each([
    [0, "Down"],
    ["ok", "Fine"],
    [3, "Some"],
    ["srv-12", "Server 12"],
    [null, "Nothing"],
    [Number.NaN, "Nothing"],
    [9, undefined],
    ["other", undefined],
  ])("%s is %s", (value, text) => expect(mapValue(mappings, value)?.text).toBe(text));
});

describe("colours", () => {
  test("names have shades, and are others in the dark", () => {
    expect(namedColor("dark-red", "dark")).not.toBe(namedColor("red", "dark"));
    expect(namedColor("green", "light")).not.toBe(namedColor("green", "dark"));
  });
  test("what CSS knows is left as it is", () => {
    expect(namedColor("#abcdef", "dark")).toBe("#abcdef");
    expect(namedColor("rgba(1, 2, 3, 0.5)", "dark")).toBe("rgba(1, 2, 3, 0.5)");
  });
  test("what is no colour is one of the palette", () => expect(namedColor("url(x)", "dark")).toMatch(/^#/));
  test("scales flow from one to the other", () => {
    expect(interpolateColor(["#000000", "#ffffff"], 0.5)).toBe("#808080");
    expect(continuousStops("continuous-GrYlRd", "dark")).toHaveLength(3);
    expect(continuousStops("fixed", "dark")).toBeNull();
  });
  test("opacity and what can be read", () => {
    expect(withAlpha("#ff0000", 0.5)).toBe("rgba(255, 0, 0, 0.5)");
    expect(withAlpha("rgb(1, 2, 3)", 0.5)).toBe("rgba(1, 2, 3, 0.5)");
    expect(readableOn("#ffffff")).not.toBe(readableOn("#000000"));
  });
});
