/** Prometheus' HTTP API, as the console passes it through. */
import { request } from "kit/api/client";
import { askTogether } from "./together";

export type Labels = Record<string, string>;
/** Seconds since the epoch, and the value as Prometheus writes it ("NaN", "+Inf", "0.25"). */
export type Sample = [number, string];

/** A histogram that is kept whole: each bucket with which bounds belong to it, the bounds, and its count. */
export interface NativeHistogram {
  buckets?: [number, string, string, string][];
}

export interface VectorResult {
  resultType: "vector";
  result: { metric: Labels; value?: Sample; histogram?: [number, NativeHistogram] }[];
}
export interface MatrixResult {
  resultType: "matrix";
  result: { metric: Labels; values?: Sample[]; histograms?: [number, NativeHistogram][] }[];
}
export interface ScalarResult {
  resultType: "scalar" | "string";
  result: Sample;
}
export type QueryResult = VectorResult | MatrixResult | ScalarResult;

interface Envelope<T> {
  status: "success";
  data: T;
  warnings?: string[];
  infos?: string[];
}

const BASE = "/api/prometheus/api/v1";

/** Call one of Prometheus' GET endpoints, such as `targets` or `label/job/values`. */
export async function get<T>(path: string, params?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const search = params && params.size > 0 ? `?${params}` : "";
  return (await request<Envelope<T>>(`${BASE}/${path}${search}`, { signal })).data;
}

/** What has nobody who may give it up is asked together with what is asked at the same time. */
async function evaluate(
  path: "query" | "query_range",
  form: Record<string, string>,
  signal?: AbortSignal,
): Promise<QueryResult> {
  const answer = signal
    ? request<Envelope<QueryResult>>(`${BASE}/${path}`, {
        method: "POST",
        form: new URLSearchParams(form),
        signal,
      })
    : askTogether<Envelope<QueryResult>>({ path, form });
  return (await answer).data;
}

/** Evaluate an expression at one moment (seconds since the epoch). */
export function query(expr: string, time: number, signal?: AbortSignal): Promise<QueryResult> {
  return evaluate("query", { query: expr, time: String(time) }, signal);
}

export interface Range {
  /** Seconds since the epoch. */
  start: number;
  end: number;
  /** Seconds. */
  step: number;
}

/** Evaluate an expression over a range. */
export function queryRange(expr: string, range: Range, signal?: AbortSignal): Promise<QueryResult> {
  const { start, end, step } = range;
  const span = { start: String(start), end: String(end), step: String(step) };
  return evaluate("query_range", { query: expr, ...span }, signal);
}

/** The values of a label, of the series that `matcher` selects within the range. */
export function labelValues(
  label: string,
  matcher: string | null,
  range: { start: number; end: number } | null,
  signal?: AbortSignal,
): Promise<string[]> {
  return get(`label/${encodeURIComponent(label)}/values`, selection(matcher, range), signal);
}

/** The names of labels, of the series that `matcher` selects within the range. */
export function labelNames(
  matcher: string | null,
  range: { start: number; end: number } | null,
  signal?: AbortSignal,
): Promise<string[]> {
  return get("labels", selection(matcher, range), signal);
}

function selection(matcher: string | null, range: { start: number; end: number } | null): URLSearchParams {
  const params = new URLSearchParams();
  if (matcher) params.append("match[]", matcher);
  if (range) {
    params.set("start", String(range.start));
    params.set("end", String(range.end));
  }
  return params;
}
