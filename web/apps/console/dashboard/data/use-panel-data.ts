import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "kit/api/client";
import { useEffect, useMemo, useRef, useState } from "react";
import { reportFailure } from "../../api/health";
import { type QueryResult, query, queryRange } from "../../api/prometheus";
import type { Panel } from "../model/dashboard";
import { showFrames, unknownMatchers } from "../model/field-config";
import type { Frame, ShownFrame } from "../model/frames";
import { toFrames } from "../model/prometheus-frames";
import type { RawRange, TimeRange } from "../model/time";
import { transform } from "../model/transformations";
import { useDashboard } from "./context";
import { type PanelRequest, type Problem, panelRange, planRequests } from "./requests";
import { fill, panelScope } from "./scope";

/** How a query went, for the inspector. */
export interface QueryTrace {
  refId: string;
  expr: string;
  instant: boolean;
  range: TimeRange;
  step: number;
  milliseconds: number;
  series: number;
  error: string | null;
  /** Whether the error is one that passes: what was there before is still shown. */
  temporary: boolean;
}

export interface PanelData {
  frames: ShownFrame[];
  range: TimeRange;
  /** While something is on the way; what was there before is still in `frames`. */
  loading: boolean;
  /** Whether an answer has ever come. */
  loaded: boolean;
  errors: string[];
  /** What the answer lacks and why: series left out, transformations that there are none of. */
  notices: string[];
  problems: Problem[];
  traces: QueryTrace[];
}

interface Answer {
  frames: Frame[];
  range: TimeRange;
  traces: QueryTrace[];
  notices: string[];
  /** What was asked for, whenever that is: `now-1h`. */
  raw: RawRange;
}

// More than these nobody tells apart, and drawing them keeps the page busy for seconds.
const MOST_SERIES = 200;
const MOST_ROWS = 2000;

const NOTHING: Answer = {
  frames: [],
  range: { from: 0, to: 0 },
  traces: [],
  notices: [],
  raw: { from: "", to: "" },
};

/** Ask what a panel shows, and ask again when range, variables or width change or a refresh is due. */
export function usePanelData(panel: Panel, width: number, active: boolean): PanelData {
  const { dashboard, variables, time } = useDashboard();
  const { scope, pending, filters } = variables;
  const { range, tick } = time;
  const client = useQueryClient();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [loading, setLoading] = useState(false);
  const running = useRef<{ shape: string; abort: AbortController } | null>(null);

  const plan = useMemo(
    () => planRequests({ dashboard, panel, scope, pending, range, filters, width }),
    [dashboard, panel, scope, pending, range, filters, width],
  );
  const key = `${tick} ${JSON.stringify(plan.requests.map(identity))}`;
  const shape = JSON.stringify([time.raw, plan.requests.map(({ expr, step }) => [expr, step])]);
  const planned = useRef({ plan, raw: time.raw });
  planned.current = { plan, raw: time.raw };
  const ready = active && width > 0 && plan.requests.length > 0;

  useEffect(() => {
    if (!ready) return;
    void key;
    // What only moves on with time waits for its turn: a slow query would never end otherwise.
    if (running.current?.shape === shape) return;
    running.current?.abort.abort();
    const mine = { shape, abort: new AbortController() };
    running.current = mine;
    setLoading(true);
    const { plan, raw } = planned.current;
    void askAll(client, plan.requests, raw, mine.abort.signal).then((found) => {
      if (running.current !== mine) return;
      running.current = null;
      setLoading(false);
      setAnswer((before) => (before ? keepWhatFailed(before, found) : found));
    });
  }, [ready, key, shape, client]);

  // React mounts twice while developing: what was given up then has to be asked again.
  useEffect(
    () => () => {
      running.current?.abort.abort();
      running.current = null;
    },
    [],
  );

  const shown = useMemo(() => {
    const { frames, traces, range: answered, notices } = answer ?? NOTHING;
    const shownRange = answer ? answered : panelRange(panel, range);
    const names = panelScope(dashboard, scope, shownRange, panel, null);
    const interpolate = (template: string) => fill(template, names);
    const changed = transform(frames, panel.transformations);
    const unsupported = changed.unsupported.map((id) => `The transformation “${id}” is not supported.`);
    unsupported.push(...panel.lost);
    for (const id of unknownMatchers(panel.overrides))
      unsupported.push(`Overrides “${id}” are not supported.`);
    return {
      frames: showFrames(changed.frames, panel.defaults, panel.overrides, interpolate, colorModeOf(panel)),
      range: shownRange,
      loaded: answer !== null,
      errors: traces.flatMap(({ refId, error }) =>
        error ? [traces.length > 1 ? `${refId}: ${error}` : error] : [],
      ),
      notices: [...notices, ...unsupported],
      traces,
    };
  }, [answer, panel, dashboard, scope, range]);
  // Apart, for these change more often, and a chart of the same frames need not be drawn again.
  return useMemo(() => ({ ...shown, loading, problems: plan.problems }), [shown, loading, plan.problems]);
}

const BY_SERIES = ["timeseries", "piechart", "barchart", "histogram"];

/** What Grafana colours by where a file does not say it. */
function colorModeOf(panel: Panel): string {
  return BY_SERIES.includes(panel.type) ? "palette-classic" : "thresholds";
}

function identity({ expr, instant, range, step, target }: PanelRequest): unknown[] {
  return [target.refId, target.format, expr, instant, range.from, range.to, step];
}

async function askAll(
  client: QueryClient,
  requests: PanelRequest[],
  raw: RawRange,
  signal: AbortSignal,
): Promise<Answer> {
  const tables = requests.filter(({ target }) => target.format === "table").length;
  const asked = await Promise.all(requests.map((request) => askOne(client, request, tables > 1, signal)));
  // What a chart spans is the range on its own grid, where there is one.
  const last = (requests.findLast(({ instant }) => !instant) ?? requests.at(-1)) as PanelRequest;
  return {
    frames: asked.flatMap(({ frames }) => frames),
    traces: asked.map(({ trace }) => trace),
    notices: asked.flatMap(({ notice }) => (notice ? [notice] : [])),
    range: last.range,
    raw,
  };
}

/** Where the other side was away, what it said before to the same question. */
export function keepWhatFailed(before: Answer, found: Answer): Answer {
  if (before.raw.from !== found.raw.from || before.raw.to !== found.raw.to) return found;
  const asked = new Map(before.traces.map(({ refId, expr }) => [refId, expr]));
  const same = found.traces.filter(({ temporary, refId, expr }) => temporary && asked.get(refId) === expr);
  const away = new Set(same.map(({ refId }) => refId));
  const kept = before.frames.filter((frame) => away.has(frame.refId));
  if (kept.length === 0) return found;
  return { ...found, frames: [...found.frames, ...kept], range: before.range };
}

interface Asked {
  frames: Frame[];
  trace: QueryTrace;
  notice: string | null;
}

async function askOne(
  client: QueryClient,
  request: PanelRequest,
  manyTables: boolean,
  signal: AbortSignal,
): Promise<Asked> {
  const { target, expr, instant, range, step, legendFormat } = request;
  const started = performance.now();
  const trace = (series: number, error: string | null, temporary = false): QueryTrace => ({
    refId: target.refId,
    expr,
    instant,
    range,
    step,
    milliseconds: Math.round(performance.now() - started),
    series,
    error,
    temporary,
  });
  try {
    const result = await send(client, request, signal);
    const limit = target.format === "table" ? MOST_ROWS : MOST_SERIES;
    const framed = toFrames(result, { target, expr, legendFormat, range, step, manyTables, limit });
    const word = target.format === "table" ? "rows" : "series";
    const notice =
      framed.series > limit
        ? `${framed.series.toLocaleString("en-US")} ${word} match; the first ${limit.toLocaleString("en-US")} are shown.`
        : framed.native && !request.histograms
          ? "The answer has native histograms, which only heatmaps show."
          : null;
    return { frames: framed.frames, trace: trace(framed.series, null), notice };
  } catch (error) {
    reportFailure(error);
    const message = error instanceof Error ? error.message : String(error);
    const temporary = error instanceof ApiError && error.temporary;
    return { frames: [], trace: trace(0, message, temporary), notice: null };
  }
}

/** Panels that ask the same at the same time share one answer. */
function send(client: QueryClient, request: PanelRequest, signal: AbortSignal): Promise<QueryResult> {
  const { expr, instant, range, step } = request;
  if (signal.aborted) return Promise.reject(new DOMException("given up", "AbortError"));
  const end = Math.floor(range.to / 1000);
  return client.fetchQuery({
    queryKey: ["query", expr, instant, range.from, range.to, step],
    queryFn: () =>
      instant
        ? query(expr, end)
        : queryRange(expr, { start: range.from / 1000, end: range.to / 1000, step: step / 1000 }),
    staleTime: 1000,
    gcTime: 2000,
  });
}
