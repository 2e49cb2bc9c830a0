import { describe, expect, test } from "vitest";
import { showCalc, showFrames, showText, showValue, unknownMatchers } from "./field-config";
import { makeField, makeFrame, type ShownField } from "./frames";

const frame = (
  refId: string,
  labels: Record<string, string>,
  values: (number | null)[],
  legend: string | null = null,
) =>
  makeFrame(
    [makeField("Time", "time", [0, 1]), makeField("Value", "number", values, { refId, labels, legend })],
    { refId },
  );
const asIs = (text: string) => text;
const numbers = (
  frames: ReturnType<typeof frame>[],
  defaults = {},
  overrides: Parameters<typeof showFrames>[2] = [],
) => showFrames(frames, defaults, overrides, asIs).map((shown) => shown.fields[1] as ShownField);

describe("titles", () => {
  const x = frame("A", { job: "x", env: "prod" }, [1]);
  const y = frame("A", { job: "y", env: "prod" }, [2]);
  test("the one label in which they differ", () =>
    expect(numbers([x, y]).map(({ title }) => title)).toEqual(["x", "y"]));
  test("the query's own legend", () => expect(numbers([frame("A", {}, [1], "mine")])[0]?.title).toBe("mine"));
  test("by displayName, with labels filled in", () =>
    expect(numbers([x], { displayName: "${__field.labels.job} in ${__field.labels.env}" })[0]?.title).toBe(
      "x in prod",
    ));
});

describe("overrides", () => {
  const frames = [frame("A", {}, [1], "P50"), frame("B", {}, [2], "P95")];
  const unit = (matcher: { id: string; options: unknown }) =>
    numbers(frames, { unit: "s" }, [{ matcher, properties: [{ id: "unit", value: "bytes" }] }]).map(
      ({ config }) => config.unit,
    );
  test.each([
    ["byName", "P95", ["s", "bytes"]],
    ["byRegexp", "/^P5/", ["bytes", "s"]],
    ["byFrameRefID", "B", ["s", "bytes"]],
    ["byType", "number", ["bytes", "bytes"]],
    ["byNames", { mode: "exclude", names: ["P50"] }, ["s", "bytes"]],
    ["byValue", { reducer: "max", op: "gt", value: 1 }, ["s", "bytes"]],
    ["unheardOf", "P95", ["s", "s"]],
  ])("%s", (id, options, units) => expect(unit({ id, options })).toEqual(units));

  test("reach into custom options, and rename", () => {
    const properties = [
      { id: "custom.lineWidth", value: 4 },
      { id: "displayName", value: "slow" },
    ];
    const [shown] = numbers(frames, { custom: { fillOpacity: 10 } }, [
      { matcher: { id: "byName", options: "P50" }, properties },
    ]);
    expect(shown?.config.custom).toEqual({ fillOpacity: 10, lineWidth: 4 });
    expect(shown?.title).toBe("slow");
  });
});

describe("values", () => {
  const field = (defaults: object, values: (number | null)[] = [1]) =>
    numbers([frame("A", {}, values, "v")], defaults)[0] as ShownField;
  test("with unit and decimals", () =>
    expect(showText(0.25, field({ unit: "s", decimals: 1 }), "dark", "utc")).toBe("250.0 ms"));
  test("times are times, whatever the unit of the numbers", () => {
    const [time] = showFrames([frame("A", {}, [1], "v")], { unit: "bytes" }, [], asIs)[0]?.fields ?? [];
    expect(time?.title).toBe("Time");
    expect(showText(0, time as ShownField, "dark", "utc")).toBe("1970-01-01 00:00:00");
  });
  test("what is not there", () => {
    expect(showText(null, field({}), "dark", "utc")).toBe("-");
    expect(showText(null, field({ noValue: "none" }), "dark", "utc")).toBe("none");
  });
  test("mapped, with the mapping's colour", () => {
    const mappings = [{ type: "value", options: { 1: { text: "Up", color: "#00ff00" } } }];
    expect(showValue(1, field({ mappings }), "dark", "utc")).toMatchObject({
      text: "Up",
      color: "#00ff00",
      mapped: true,
    });
  });
  test("coloured by thresholds", () => {
    const thresholds = {
      mode: "absolute",
      steps: [
        { color: "#000001", value: null },
        { color: "#000002", value: 5 },
      ],
    };
    const shown = field({ thresholds, color: { mode: "thresholds" } });
    expect(showValue(4, shown, "dark", "utc").color).toBe("#000001");
    expect(showValue(5, shown, "dark", "utc").color).toBe("#000002");
  });
  test("calculations keep the unit, counts have none", () => {
    const shown = field({ unit: "bytes", decimals: 0 }, [1024, 2048, null]);
    expect(showCalc("max", shown, "utc")).toBe("2 KiB");
    expect(showCalc("count", shown, "utc")).toBe("3");
    expect(showCalc("mean", field({ unit: "bytes" }, [null]), "utc")).toBe("-");
  });
});

test("matchers of overrides that nothing is known of are named once", () => {
  const override = (id: string) => ({ matcher: { id, options: "" }, properties: [] });
  expect(unknownMatchers([override("byName"), override("byMagic"), override("byMagic")])).toEqual([
    "byMagic",
  ]);
});
