import { describe, expect, test } from "vitest";
import { formatVariable, interpolate, interpolateUrl, referenced, type Scope, single } from "./interpolate";

const many = { values: ["a.b", "c"], texts: ["A", "C"], all: false, allValue: null, multi: true };
const scope: Scope = {
  service: many,
  one: { ...many, values: ["a.b"], texts: ["A"] },
  plain: single('say "hi"'),
  everything: { ...many, all: true, allValue: ".*" },
  all: { ...many, all: true },
  __range: single("3600s"),
};
const prometheus = (template: string) => interpolate(template, scope, "prometheus");

describe("in PromQL", () => {
  test("several values are an escaped alternative", () =>
    expect(prometheus('up{s=~"$service"}')).toBe('up{s=~"(a\\\\.b|c)"}'));
  test("one value of several possible is escaped, without a group", () =>
    expect(prometheus('up{s=~"$one"}')).toBe('up{s=~"a\\\\.b"}'));
  test("a plain value keeps its characters, its quotes escaped", () =>
    expect(prometheus('up{s="$plain"}')).toBe('up{s="say \\"hi\\""}'));
  test("All with a value of its own is that value", () =>
    expect(prometheus('up{s=~"$everything"}')).toBe('up{s=~".*"}'));
  test("All without one is all there are", () => expect(prometheus("$all")).toBe("(a\\\\.b|c)"));
  test("all three ways to write a variable", () =>
    expect(prometheus("$__range ${__range} [[__range]]")).toBe("3600s 3600s 3600s"));
  test("what is no variable stays", () =>
    expect(prometheus("$1 ${nothing} [[x]]")).toBe("$1 ${nothing} [[x]]"));
});

describe("formats", () => {
  test.each([
    ["regex", "(a\\.b|c)"],
    ["pipe", "a.b|c"],
    ["csv", "a.b,c"],
    ["raw", "a.b,c"],
    ["glob", "{a.b,c}"],
    ["json", '["a.b","c"]'],
    ["doublequote", '"a.b","c"'],
    ["singlequote", "'a.b','c'"],
    ["text", "A + C"],
    ["queryparam", "var-service=a.b&var-service=c"],
    ["percentencode", "%7Ba.b%2Cc%7D"],
    ["distributed", "a.b,service=c"],
    ["join: ", "a.b c"],
  ])("%s", (format, text) => expect(formatVariable("service", many, format)).toBe(text));

  test("named in the text", () =>
    expect(interpolate("${service:pipe} [[service:csv]]", scope, "text")).toBe("a.b|c a.b,c"));
  test("All in a title and in an address", () => {
    expect(interpolate("$everything", scope, "text")).toBe("All");
    expect(formatVariable("x", scope.everything as typeof many, "queryparam")).toBe("var-x=%24__all");
  });
});

test("the variables that a text needs", () =>
  expect(referenced('a{b="$c"} ${d:regex} [[e]] $__range')).toEqual(["c", "d", "e", "__range"]));

describe("in an address", () => {
  const own = {
    "__data.fields.url": "http://a/b?c=d",
    "__value.raw": "x y",
    __url_time_range: "from=1&to=2",
  };
  const url = (template: string) => interpolateUrl(template, { ...scope, base: single("http://a/b") }, own);
  test.each([
    ["/d/x?var-s=$one", "/d/x?var-s=a.b"],
    ["/d/x?var-s=$plain&a=1", "/d/x?var-s=say%20%22hi%22&a=1"],
    ["/d/x?var-s=${plain:raw}", '/d/x?var-s=say "hi"'],
    ["/d/x?var-s=$everything", "/d/x?var-s=.*"],
    ["/d/x?${service:queryparam}", "/d/x?var-service=a.b&var-service=c"],
    ["/d/x?v=${__value.raw}&${__url_time_range}", "/d/x?v=x%20y&from=1&to=2"],
    ["${__data.fields.url:raw}", "http://a/b?c=d"],
    ['/x?u=${__data.fields["url"]}', "/x?u=http%3A%2F%2Fa%2Fb%3Fc%3Dd"],
    ["$base/x?u=$base", "http://a/b/x?u=http%3A%2F%2Fa%2Fb"],
  ])("%s", (template, expected) => expect(url(template)).toBe(expected));
});
