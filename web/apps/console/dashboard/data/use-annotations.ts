import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { queryRange } from "../../api/prometheus";
import { type Annotation, toAnnotations } from "../model/annotations";
import type { AnnotationQuery, Dashboard } from "../model/dashboard";
import { interpolate } from "../model/interpolate";
import { alignRange, computeStep } from "../model/intervals";
import { resolveDataSource } from "../model/variables";
import { panelScope } from "./scope";
import type { DashboardTime } from "./use-time";
import type { Variables } from "./use-variables";

export interface AnnotationState {
  query: AnnotationQuery;
  enabled: boolean;
  error: string | null;
}

export interface Annotations {
  states: AnnotationState[];
  marks: Annotation[];
  toggle: (name: string, enabled: boolean) => void;
}

const NONE: Annotation[] = [];
// As many columns as a wide screen has: finer ones could not be told apart.
const POINTS = 1500;

/** Ask for what happened in the range, to be marked on all charts. */
export function useAnnotations(dashboard: Dashboard, variables: Variables, time: DashboardTime): Annotations {
  const [switched, setSwitched] = useState<Record<string, boolean>>({});
  const [found, setFound] = useState<Record<string, { marks: Annotation[]; error: string | null }>>({});
  const queries = useMemo(
    () => dashboard.annotations.filter((query) => !query.builtIn && query.expr !== ""),
    [dashboard],
  );
  const states = useMemo(
    () =>
      queries.map((query) => ({
        query,
        enabled: switched[query.name] ?? query.enable,
        error: found[query.name]?.error ?? null,
      })),
    [queries, switched, found],
  );
  const asked = states.filter((state) => state.enabled).map((state) => state.query);
  const requests = asked.flatMap((query) => planAnnotation(query, dashboard, variables, time));
  const key = JSON.stringify([requests, time.tick]);
  const current = useRef(requests);
  current.current = requests;

  useEffect(() => {
    void key;
    const abort = new AbortController();
    for (const { query, expr, start, end, step } of current.current) {
      queryRange(expr, { start, end, step }, abort.signal).then(
        (result) => {
          const marks = toAnnotations(query, result, step * 1000);
          setFound((before) => ({ ...before, [query.name]: { marks, error: null } }));
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          const message = error instanceof Error ? error.message : String(error);
          setFound((before) => ({
            ...before,
            [query.name]: { marks: before[query.name]?.marks ?? [], error: message },
          }));
        },
      );
    }
    return () => abort.abort();
  }, [key]);

  const shown = asked.map((query) => query.name).join("\n");
  const marks = useMemo(() => {
    const names = new Set(shown.split("\n"));
    const all = Object.entries(found).flatMap(([name, { marks: own }]) => (names.has(name) ? own : NONE));
    return all.length > 0 ? all : NONE;
  }, [found, shown]);
  const toggle = useCallback((name: string, enabled: boolean) => {
    setSwitched((all) => ({ ...all, [name]: enabled }));
  }, []);
  return useMemo(() => ({ states, marks, toggle }), [states, marks, toggle]);
}

interface AnnotationRequest {
  query: AnnotationQuery;
  expr: string;
  /** Seconds, all three. */
  start: number;
  end: number;
  step: number;
}

function planAnnotation(
  query: AnnotationQuery,
  dashboard: Dashboard,
  variables: Variables,
  time: DashboardTime,
): AnnotationRequest[] {
  if (resolveDataSource(query.datasource, variables.scope).kind !== "prometheus") return [];
  const step = computeStep({ range: time.range, points: POINTS, minInterval: query.step, factor: 1 });
  const scope = panelScope(dashboard, variables.scope, time.range, null, step);
  const range = alignRange(time.range, step.step);
  const expr = interpolate(query.expr, scope, "prometheus");
  return [{ query, expr, start: range.from / 1000, end: range.to / 1000, step: step.step / 1000 }];
}
