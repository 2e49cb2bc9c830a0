/** What happened, and when: from the samples of a query to points and regions of time. */
import type { Labels, QueryResult } from "../../api/prometheus";
import type { AnnotationQuery } from "./dashboard";
import { fillLegend, sampleValue } from "./prometheus-frames";

export interface Annotation {
  query: string;
  color: string;
  /** Milliseconds since the epoch; equal for a point. */
  from: number;
  to: number;
  title: string;
  text: string;
  tags: string[];
}

/** Each unbroken stretch of a series with a value other than zero is one event. */
export function toAnnotations(query: AnnotationQuery, result: QueryResult, step: number): Annotation[] {
  if (result.resultType !== "matrix") return [];
  const found = result.result.flatMap(({ metric, values = [] }) => {
    const times = values.filter(([, value]) => sampleValue(value) !== 0);
    const moments = query.useValueForTime
      ? [...new Set(times.map(([, value]) => sampleValue(value)))]
      : times.map(([time]) => time * 1000);
    return stretches(moments, query.useValueForTime ? 0 : step).map((stretch) =>
      describe(query, metric, stretch),
    );
  });
  return found.sort((a, b) => a.from - b.from);
}

function stretches(moments: number[], step: number): [number, number][] {
  const found: [number, number][] = [];
  for (const moment of moments) {
    const last = found.at(-1);
    if (last && step > 0 && moment - last[1] <= step * 1.5) last[1] = moment;
    else found.push([moment, moment]);
  }
  return found;
}

function describe(query: AnnotationQuery, labels: Labels, [from, to]: [number, number]): Annotation {
  return {
    query: query.name,
    color: query.iconColor,
    from,
    to,
    title: query.titleFormat ? fillLegend(query.titleFormat, labels) : (labels.alertname ?? query.name),
    text: fillLegend(query.textFormat, labels),
    tags: query.tagKeys.map((key) => labels[key] ?? "").filter(Boolean),
  };
}
