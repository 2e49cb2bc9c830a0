import { expect, test } from "vitest";
import { parseMatchers, problemOf, showMatchers, silenceLink } from "./matchers";

const equal = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });

test.each([
  [
    '{alertname="ServiceDown",service="redis"}',
    [equal("alertname", "ServiceDown"), equal("service", "redis")],
  ],
  ["alertname=ServiceDown", [equal("alertname", "ServiceDown")]],
  [
    '{ a != "x" , b=~"api-.*|web" }',
    [
      { name: "a", value: "x", isRegex: false, isEqual: false },
      { name: "b", value: "api-.*|web", isRegex: true, isEqual: true },
    ],
  ],
  ['{a!~"x,}y"}', [{ name: "a", value: "x,}y", isRegex: true, isEqual: false }]],
  ['{a="say \\"hi\\" \\\\ "}', [equal("a", 'say "hi" \\ ')]],
  ["{}", []],
])("%s is read", (filter, matchers) => {
  expect(parseMatchers(filter)).toEqual(matchers);
});

test.each(["{a}", '{="x"}', '{a="x" b="y"}', '{1a="x"}'])("%s is no filter", (filter) => {
  expect(parseMatchers(filter)).toBeNull();
});

test("what is shown is read as the same", () => {
  const matchers = [equal("a", 'quo"te \\ back'), { name: "b", value: "x.*", isRegex: true, isEqual: false }];
  expect(parseMatchers(showMatchers(matchers))).toEqual(matchers);
});

test("the link of an alert names what it is about", () => {
  const link = silenceLink({ alertname: "A", service: "s", severity: "critical", instance: "h:1" });
  expect(new URLSearchParams(link.split("?")[1]).get("filter")).toBe(
    '{alertname="A",service="s",instance="h:1"}',
  );
});

test.each([
  [[], false],
  [[equal("a", "x")], true],
  [[equal("a", "")], false],
  [[{ name: "a", value: ".*", isRegex: true, isEqual: true }], false],
  [[{ name: "a", value: ".+", isRegex: true, isEqual: true }], true],
  [[equal("a", ""), equal("b", "x")], true],
  [[equal("a b", "x")], false],
])("%j can be silenced: %s", (matchers, fine) => {
  expect(problemOf(matchers) === null).toBe(fine);
});
