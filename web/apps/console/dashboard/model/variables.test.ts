import { describe, expect, test } from "vitest";
import { readDashboard, type Variable } from "./dashboard";
import {
  ALL,
  applyRegex,
  chosenValues,
  dependencyOrder,
  parseCustom,
  parseVariableQuery,
  resolveDataSource,
  resolveValue,
  sortOptions,
  staticOptions,
} from "./variables";

const HOUR = { from: 0, to: 3_600_000 };
const variable = (raw: object): Variable =>
  readDashboard({ panels: [], templating: { list: [{ name: "v", type: "query", ...raw }] } })
    .variables[0] as Variable;
const options = (...values: string[]) => values.map((value) => ({ text: value, value }));

describe("queries", () => {
  test.each([
    ["label_values(up, job)", { kind: "label_values", matcher: "up", label: "job" }],
    ["label_values(job)", { kind: "label_values", matcher: null, label: "job" }],
    [
      'label_values(up{a="x, y", b=~"z"}, job)',
      { kind: "label_values", matcher: 'up{a="x, y", b=~"z"}', label: "job" },
    ],
    ["label_names()", { kind: "label_names", matcher: null }],
    ["metrics(node_.*)", { kind: "metrics", pattern: "node_.*" }],
    ["query_result(topk(3, up))", { kind: "query_result", expr: "topk(3, up)" }],
    ['up{job="x"}', { kind: "series", matcher: 'up{job="x"}' }],
  ])("%s", (query, parsed) => expect(parseVariableQuery(query)).toEqual(parsed));
});

describe("patterns", () => {
  test("without a group they filter", () => expect(applyRegex(["ab", "b"], "/^a/")).toEqual(options("ab")));
  test("a group is the value", () =>
    expect(applyRegex(["x=1", "x=2", "x=1"], "/x=(.*)/")).toEqual(options("1", "2")));
  test("named groups are value and text", () =>
    expect(applyRegex(["id:7 name:box"], "/id:(?<value>\\d+) name:(?<text>\\w+)/")).toEqual([
      { text: "box", value: "7" },
    ]));
});

test("sorting", () => {
  const sorted = (sort: number, ...values: string[]) =>
    sortOptions(options(...values), sort).map(({ value }) => value);
  expect(sorted(0, "b", "a")).toEqual(["b", "a"]);
  expect(sorted(1, "b", "a", "B")).toEqual(["B", "a", "b"]);
  expect(sorted(2, "a", "b")).toEqual(["b", "a"]);
  expect(sorted(3, "n10", "n9")).toEqual(["n9", "n10"]);
  expect(sorted(4, "n9", "n10")).toEqual(["n10", "n9"]);
  expect(sorted(5, "b", "A")).toEqual(["A", "b"]);
  expect(sorted(7, "x10", "x9")).toEqual(["x9", "x10"]);
});

test("custom options", () => {
  expect(parseCustom("a, Two words : b, c\\,d")).toEqual([
    { text: "a", value: "a" },
    { text: "Two words", value: "b" },
    { text: "c,d", value: "c,d" },
  ]);
});

test("intervals, and the automatic one", () => {
  const interval = variable({
    type: "interval",
    query: "1m,5m",
    auto: true,
    auto_count: 30,
    auto_min: "10s",
  });
  expect(staticOptions(interval, HOUR)?.map(({ text }) => text)).toEqual(["auto (2m)", "1m", "5m"]);
  expect(resolveValue(interval, ["$__auto_interval_v"], null, HOUR)?.values).toEqual(["2m"]);
});

test("data sources of other kinds have no options", () => {
  expect(staticOptions(variable({ type: "datasource", query: "prometheus" }), HOUR)).toHaveLength(1);
  expect(staticOptions(variable({ type: "datasource", query: "loki" }), HOUR)).toEqual([]);
});

describe("what is chosen", () => {
  const multi = variable({ multi: true, includeAll: true, current: { value: ["a", "gone"] } });
  test("by the address first", () => {
    expect(chosenValues(multi, options("a"), ["x", "y"])).toEqual(["x", "y"]);
    expect(chosenValues(multi, options("a"), ["All"])).toEqual([ALL]);
  });
  test("then by the file, as far as there is such a value", () =>
    expect(chosenValues(multi, options("a", "b"), null)).toEqual(["a"]));
  test("else All, or the first", () => {
    expect(chosenValues(multi, options("b"), null)).toEqual([ALL]);
    expect(chosenValues(variable({}), options("b", "c"), null)).toEqual(["b"]);
  });
  test("All needs the options unless it has a value of its own", () => {
    expect(resolveValue(multi, [ALL], null, HOUR)).toBeNull();
    const own = variable({ multi: true, includeAll: true, allValue: ".*" });
    expect(resolveValue(own, [ALL], null, HOUR)?.allValue).toBe(".*");
  });
});

test("variables come after those that they need, circles do not hang", () => {
  const { variables } = readDashboard({
    panels: [],
    templating: {
      list: [
        { name: "c", type: "query", query: 'label_values(up{b="$b"}, c)' },
        { name: "b", type: "query", query: 'label_values(up{a="$a"}, b)' },
        { name: "a", type: "custom", query: "1" },
        { name: "x", type: "query", query: "$y" },
        { name: "y", type: "query", query: "$x" },
      ],
    },
  });
  const names = dependencyOrder(variables).map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(["a", "b", "c"]);
  expect(names).toHaveLength(5);
});

test("data sources as files name them", () => {
  const kind = (source: { type: string | null; uid: string | null } | null) =>
    resolveDataSource(source, {}).kind;
  expect(kind(null)).toBe("prometheus");
  expect(kind({ type: "prometheus", uid: "whatever" })).toBe("prometheus");
  expect(kind({ type: null, uid: "${DS_PROMETHEUS}" })).toBe("prometheus");
  expect(kind({ type: null, uid: "Prometheus" })).toBe("prometheus");
  expect(kind({ type: "loki", uid: "x" })).toBe("unsupported");
  expect(kind({ type: null, uid: "my-influx" })).toBe("unsupported");
  expect(kind({ type: "__expr__", uid: "__expr__" })).toBe("expression");
});
