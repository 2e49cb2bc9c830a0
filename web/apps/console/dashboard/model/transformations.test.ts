import { describe, expect, test } from "vitest";
import type { Frame } from "./frames";
import { makeField, makeFrame } from "./frames";
import { transform } from "./transformations";

const step = (id: string, options: Record<string, unknown> = {}) => ({ id, disabled: false, options });
const run = (frames: Frame[], ...steps: ReturnType<typeof step>[]) => transform(frames, steps).frames;
/** Columns by name, of the first frame. */
const columns = ([frame]: Frame[]) =>
  Object.fromEntries((frame?.fields ?? []).map((field) => [field.legend ?? field.name, field.values]));

const table = (refId: string, jobs: string[], values: number[]) =>
  makeFrame([
    makeField(
      "Time",
      "time",
      jobs.map(() => 1000),
      { refId },
    ),
    makeField("job", "string", jobs, { refId }),
    makeField(`Value #${refId}`, "number", values, { refId }),
  ]);
const series = (labels: Record<string, string>, values: number[], legend: string | null = null) =>
  makeFrame(
    [
      makeField(
        "Time",
        "time",
        values.map((_, index) => index * 1000),
      ),
      makeField("Value", "number", values, { labels, legend }),
    ],
    { step: 1000 },
  );

const A = table("A", ["x", "y"], [1, 2]);
const B = table("B", ["y", "z"], [20, 30]);

test("merge loses no row: those that differ stay beside each other", () => {
  const many = table("A", ["x", "x"], [1, 2]);
  expect(columns(run([many, table("B", ["x", "y"], [10, 20])], step("merge")))).toEqual({
    Time: [1000, 1000, 1000],
    job: ["x", "x", "y"],
    "Value #A": [1, 2, null],
    "Value #B": [10, null, 20],
  });
});

test("merge puts rows together that agree in what they share", () => {
  expect(columns(run([A, B], step("merge")))).toEqual({
    Time: [1000, 1000, 1000],
    job: ["x", "y", "z"],
    "Value #A": [1, 2, null],
    "Value #B": [null, 20, 30],
  });
});

describe("joinByField", () => {
  test("outer", () =>
    expect(columns(run([A, B], step("joinByField", { byField: "job" })))).toMatchObject({
      job: ["x", "y", "z"],
      "Value #A": [1, 2, null],
      "Value #B": [null, 20, 30],
    }));
  test("inner", () =>
    expect(columns(run([A, B], step("joinByField", { byField: "job", mode: "inner" }))).job).toEqual(["y"]));
});

test("organize leaves out, renames and orders", () => {
  const options = {
    excludeByName: { Time: true },
    renameByName: { "Value #A": "Count" },
    indexByName: { "Value #A": 0, job: 1 },
  };
  const [frame] = run([A], step("organize", options));
  expect(frame?.fields.map((field) => field.legend ?? field.name)).toEqual(["Count", "job"]);
});

test("filterFieldsByName by names and by pattern", () => {
  expect(Object.keys(columns(run([A], step("filterFieldsByName", { include: { names: ["job"] } }))))).toEqual(
    ["job"],
  );
  expect(
    Object.keys(columns(run([A], step("filterFieldsByName", { include: { pattern: "/^Val/" } })))),
  ).toEqual(["Value #A"]);
});

test.each([
  ["greater", { value: 1 }, "include", ["y"]],
  ["lowerOrEqual", { value: 1 }, "exclude", ["y"]],
  ["between", { from: 1, to: 2 }, "include", ["x", "y"]],
  ["equal", { value: 2 }, "include", ["y"]],
])("filterByValue %s", (id, options, type, jobs) => {
  const filters = [{ fieldName: "Value #A", config: { id, options } }];
  expect(columns(run([A], step("filterByValue", { type, match: "any", filters }))).job).toEqual(jobs);
});

describe("joinByField", () => {
  const twice = table("C", ["x", "x", "z"], [7, 8, 9]);
  const joined = (mode: string) => columns(run([A, twice], step("joinByField", { byField: "job", mode })));
  test("inner has every pair", () =>
    expect(joined("inner")).toMatchObject({ job: ["x", "x"], "Value #A": [1, 1], "Value #C": [7, 8] }));
  test("outerTabular has the rest of both, too", () =>
    expect(joined("outerTabular")).toMatchObject({
      job: ["x", "x", "y", "z"],
      "Value #A": [1, 1, 2, null],
      "Value #C": [7, 8, null, 9],
    }));
});

test("reduceFields keeps one row of fields, one for each calculation", () => {
  const options = { mode: "reduceFields", reducers: ["min", "max"] };
  expect(columns(run([A], step("reduce", options)))).toEqual({ "Value #A Min": [1], "Value #A Max": [2] });
});

test("sortBy, then limit", () => {
  const sorted = run(
    [A],
    step("sortBy", { sort: [{ field: "Value #A", desc: true }] }),
    step("limit", { limitField: 1 }),
  );
  expect(columns(sorted).job).toEqual(["y"]);
});

test("reduce makes a row of each series", () => {
  const frames = [series({ job: "x" }, [1, 3]), series({ job: "y" }, [5, 4])];
  expect(
    columns(run(frames, step("reduce", { reducers: ["max", "lastNotNull"], labelsToFields: true }))),
  ).toEqual({
    Field: ["Value", "Value"],
    job: ["x", "y"],
    Max: [3, 5],
    "Last *": [3, 4],
  });
});

test("groupBy", () => {
  const frame = table("A", ["x", "y", "x"], [1, 2, 5]);
  const fields = {
    job: { operation: "groupby" },
    "Value #A": { operation: "aggregate", aggregations: ["sum", "max"] },
  };
  expect(columns(run([frame], step("groupBy", { fields })))).toEqual({
    job: ["x", "y"],
    "Value #A (sum)": [6, 2],
    "Value #A (max)": [5, 2],
  });
});

test("labelsToFields", () => {
  const frames = [series({ job: "x" }, [1]), series({ job: "y" }, [2])];
  expect(columns(run(frames, step("labelsToFields")))).toEqual({
    Time: [0, 0],
    job: ["x", "y"],
    Value: [1, 2],
  });
});

test("renameByRegex", () => {
  const options = { regex: "/^Value #(.)$/", renamePattern: "Query $1" };
  expect(Object.keys(columns(run([A], step("renameByRegex", options))))).toContain("Query A");
  const named = (regex: string) =>
    Object.keys(columns(run([A], step("renameByRegex", { regex, renamePattern: "_" }))));
  expect(named("/[lu]/")).toContain("Va_ue #A");
  expect(named("/[lu]/g")).toContain("Va__e #A");
  // Without slashes it has to fit the whole of a name.
  expect(named("Value")).toContain("Value #A");
});

describe("calculateField", () => {
  test("binary", () => {
    const options = {
      mode: "binary",
      binary: { left: "Value #A", operator: "*", right: "10" },
      alias: "Tenfold",
    };
    expect(columns(run([A], step("calculateField", options))).Tenfold).toEqual([10, 20]);
  });
  test("a mode that there is none of is named", () =>
    expect(transform([A], [step("calculateField", { mode: "windowFunctions" })])).toEqual({
      frames: [A],
      unsupported: ["calculateField, windowFunctions"],
    }));
  const apart = [series({ job: "x" }, [10, 20], "Errors"), series({ job: "y" }, [5, 4], "Total")];
  test("of series that stand apart, with nothing else left", () => {
    const binary = { left: "Errors", operator: "/", right: "Total" };
    const options = { mode: "binary", binary, alias: "Rate", replaceFields: true };
    const frames = run(apart, step("calculateField", options));
    expect(frames).toHaveLength(1);
    expect(columns(frames)).toEqual({ Time: [0, 1000], Rate: [2, 5] });
  });
  test("the sum of all series is one series", () => {
    const options = { mode: "reduceRow", reduce: { reducer: "sum" }, alias: "All", replaceFields: true };
    expect(columns(run(apart, step("calculateField", options)))).toEqual({ Time: [0, 1000], All: [15, 24] });
  });
  test.each([
    [{ mode: "unary", unary: { operator: "abs", fieldName: "Value #A" } }, [1, 2]],
    [{ mode: "cumulativeFunctions", cumulative: { field: "Value #A", reducer: "sum" } }, [1, 3]],
    [{ mode: "index" }, [0, 1]],
  ])("%j", (options, values) =>
    expect(columns(run([A], step("calculateField", { ...options, alias: "New" }))).New).toEqual(values),
  );
  test("over a row", () => {
    const options = { mode: "reduceRow", reduce: { reducer: "sum" }, alias: "Sum" };
    expect(columns(run(run([A, B], step("merge")), step("calculateField", options))).Sum).toEqual([
      1, 22, 30,
    ]);
  });
});

test("seriesToRows leaves a table as it is", () => expect(run([A], step("seriesToRows"))).toEqual([A]));

test("seriesToRows", () => {
  const frames = [series({ job: "x" }, [1, 2])];
  expect(columns(run(frames, step("seriesToRows"))).Value).toEqual([2, 1]);
});

test("what is not supported is named, the rest goes on, what is switched off is passed over", () => {
  const off = { id: "alsoUnknown", disabled: true, options: {} };
  const { frames, unsupported } = transform([A], [step("heatmap"), off, step("limit", { limitField: 1 })]);
  expect(unsupported).toEqual(["heatmap"]);
  expect(frames[0]?.length).toBe(1);
});
