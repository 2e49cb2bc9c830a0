/** From the targets of a panel to the queries that are sent to Prometheus. */
import { type AdHocFilter, withFilters } from "../model/ad-hoc-filters";
import type { Dashboard, Panel, Target } from "../model/dashboard";
import { interpolate, referenced, type Scope } from "../model/interpolate";
import { alignRange, computeStep, SCRAPE_INTERVAL } from "../model/intervals";
import { parseDuration, type TimeRange } from "../model/time";
import { resolveDataSource } from "../model/variables";
import { panelScope } from "./scope";

export interface PanelRequest {
  target: Target;
  expr: string;
  legendFormat: string;
  instant: boolean;
  range: TimeRange;
  step: number;
  /** Whether the panel can show histograms that Prometheus keeps whole. */
  histograms: boolean;
}

/** What keeps a target from being asked. */
export interface Problem {
  refId: string;
  kind: "unsupported" | "waiting";
  message: string;
}

export interface Plan {
  requests: PanelRequest[];
  problems: Problem[];
}

export interface PlanOptions {
  dashboard: Dashboard;
  panel: Panel;
  scope: Scope;
  /** The names of variables whose values are not known yet. */
  pending: ReadonlySet<string>;
  range: TimeRange;
  /** What holds for every query. */
  filters?: AdHocFilter[];
  /** Pixels. */
  width: number;
}

/** Work out what a panel asks. */
export function planRequests(options: PlanOptions): Plan {
  const plan: Plan = { requests: [], problems: [] };
  const range = panelRange(options.panel, options.range);
  for (const target of options.panel.targets) {
    if (target.hide) continue;
    const problem = problemOf(target, options);
    if (problem) plan.problems.push(problem);
    else if (target.expr.trim() !== "") plan.requests.push(makeRequest(target, options, range));
  }
  return plan;
}

// What queries of other data sources have, where a file does not say of which one they are.
const OTHER_QUERIES = [
  "rawSql",
  "measurement",
  "metricName",
  "target",
  "bucketAggs",
  "scenarioId",
  "rawQuery",
];

function problemOf(target: Target, { panel, scope, pending }: PlanOptions): Problem | null {
  const { refId } = target;
  const own = resolveDataSource(target.datasource ?? panel.datasource, scope);
  if (own.kind === "expression") {
    return {
      refId,
      kind: "unsupported",
      message: `Query ${refId} is an expression, which only Grafana evaluates.`,
    };
  }
  if (own.kind === "unsupported") {
    const message = `Query ${refId} asks the data source “${own.name}”. The console knows Prometheus only.`;
    return { refId, kind: "unsupported", message };
  }
  if (target.expr.trim() === "" && OTHER_QUERIES.some((key) => key in target.raw)) {
    const message = `Query ${refId} is none of Prometheus. The console knows Prometheus only.`;
    return { refId, kind: "unsupported", message };
  }
  const waitsFor = referenced(target.expr).find((name) => pending.has(name) && !(name in panel.scoped));
  if (waitsFor) return { refId, kind: "waiting", message: `Waiting for the values of $${waitsFor}.` };
  return null;
}

function makeRequest(target: Target, options: PlanOptions, range: TimeRange): PanelRequest {
  const { dashboard, panel, scope, width } = options;
  const basic = panelScope(dashboard, scope, range, panel, null);
  const minInterval = interpolate(target.interval || panel.interval, basic, "raw");
  const step = computeStep({
    range,
    points: panel.maxDataPoints ?? Math.max(100, width),
    minInterval,
    factor: target.intervalFactor,
  });
  const full = panelScope(dashboard, scope, range, panel, step);
  const instant = target.instant && (!target.range || target.format === "table");
  return {
    target,
    expr: withFilters(interpolate(target.expr, full, "prometheus"), options.filters ?? []),
    legendFormat: interpolate(target.legendFormat, full, "text"),
    instant,
    // "Now" is not the last step, which may be an hour old; but all who look within a scrape ask the same.
    range: alignRange(range, instant ? Math.min(step.step, SCRAPE_INTERVAL) : step.step),
    step: step.step,
    histograms: panel.type === "heatmap",
  };
}

/** The range of a panel with a time of its own: `timeFrom` and `timeShift`. */
export function panelRange(panel: Panel, range: TimeRange): TimeRange {
  let { from, to } = range;
  const own = parseDuration(panel.timeFrom.replace(/^now-/, ""));
  if (panel.timeFrom && own !== null) from = to - own;
  const shift = parseDuration(panel.timeShift);
  if (panel.timeShift && shift !== null) {
    from -= shift;
    to -= shift;
  }
  return { from, to };
}
