import { expect, test } from "vitest";
import type { SentAlert } from "../api/alerting";
import { byUrgency, dashboardPath, fits, sortOut } from "./order";

const alert = (severity: string, startsAt: string): SentAlert => ({
  fingerprint: `${severity} ${startsAt}`,
  labels: { severity },
  annotations: {},
  startsAt,
  status: { state: "active", silencedBy: [], inhibitedBy: [] },
});

test("what wakes somebody comes first, then what began last", () => {
  const early = "2026-01-01T00:00:00Z";
  const late = "2026-01-01T01:00:00Z";
  const sorted = [
    alert("none", late),
    alert("warning", late),
    alert("critical", early),
    alert("critical", late),
  ]
    .sort(byUrgency)
    .map(({ fingerprint }) => fingerprint);
  expect(sorted).toEqual([`critical ${late}`, `critical ${early}`, `warning ${late}`, `none ${late}`]);
});

test.each([
  [{ name: "a", value: "x", isRegex: false, isEqual: true }, true],
  [{ name: "a", value: "x", isRegex: false, isEqual: false }, false],
  [{ name: "a", value: "x|y", isRegex: true, isEqual: true }, true],
  [{ name: "a", value: "xx?y", isRegex: true, isEqual: true }, false],
  [{ name: "none", value: "", isRegex: false, isEqual: true }, true],
  [{ name: "a", value: "(", isRegex: true, isEqual: true }, false],
])("%j", (matcher, expected) => {
  expect(fits({ a: "x" }, [matcher])).toBe(expected);
});

test.each([
  ["http://localhost:3000/d/magacin-overview?var-service=redis", "/d/magacin-overview?var-service=redis"],
  ["https://example.org/else", null],
  ["nonsense", null],
  [undefined, null],
])("the dashboard of %s is %s", (url, path) => {
  expect(dashboardPath(url)).toBe(path);
});

test("whether alerts arrive is told whatever is asked for", () => {
  const watchdog = alert("none", "2026-01-01T00:00:00Z");
  const real = alert("critical", "2026-01-01T00:00:00Z");
  const matchers = [{ name: "severity", value: "critical", isRegex: false, isEqual: true }];
  expect(sortOut([watchdog, real, alert("warning", "2026-01-01T00:00:00Z")], matchers)).toEqual({
    shown: [real],
    watchdogs: [watchdog],
  });
});
