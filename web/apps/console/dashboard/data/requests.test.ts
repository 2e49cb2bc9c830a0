import { expect, test } from "vitest";
import { readDashboard } from "../model/dashboard";
import { type PanelRequest, planRequests } from "./requests";

const HOUR = 3_600_000;
const NOW = 1_790_003_599_000;

function plan(target: object, hours: number) {
  const panel = { type: "stat", title: "Up", targets: [{ refId: "A", expr: "up", ...target }] };
  const dashboard = readDashboard({ panels: [panel] });
  const range = { from: NOW - hours * HOUR, to: NOW };
  return planRequests({
    dashboard,
    panel: dashboard.panels[0] as (typeof dashboard.panels)[0],
    scope: {},
    pending: new Set(),
    range,
    width: 200,
  });
}

const ask = (target: object, hours: number) => plan(target, hours).requests[0] as PanelRequest;

test.each([1, 200])("a value of now is of this scrape, whatever the range: %d h", (hours) => {
  const { range, instant } = ask({ instant: true }, hours);
  expect(instant).toBe(true);
  expect(NOW - range.to).toBeLessThan(15_000);
  expect(range.to % 15_000).toBe(0);
});

test("a range keeps to its steps", () => {
  const { range, step } = ask({}, 200);
  expect(step).toBe(HOUR);
  expect(range.to % step).toBe(0);
});

test("a query of another data source, in a file that does not say of which, is named", () => {
  const { requests, problems } = plan({ expr: "", rawSql: "SELECT 1" }, 1);
  expect(requests).toEqual([]);
  expect(problems).toEqual([expect.objectContaining({ refId: "A", kind: "unsupported" })]);
});

test.each([
  ["Metrics", 1],
  ["${DS_PROMETHEUS}", 1],
  ["Loki", 0],
  ["${DS_LOKI}", 0],
  ["InfluxDB (trending)", 0],
  ["TemporalMetrics", 1],
  [{ type: "victoriametrics-metrics-datasource", uid: "x" }, 1],
  [{ type: "grafana-amazonprometheus-datasource", uid: "x" }, 1],
  [{ type: "loki", uid: "Prometheus" }, 0],
])("the data source %j is asked: %j", (datasource, asked) =>
  expect(plan({ datasource }, 1).requests).toHaveLength(asked),
);
