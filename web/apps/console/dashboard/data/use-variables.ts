import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { reportFailure } from "../../api/health";
import { get, type Labels, labelNames, labelValues, query } from "../../api/prometheus";
import { type AdHocFilter, readFilters } from "../model/ad-hoc-filters";
import type { Variable } from "../model/dashboard";
import { formatLabels } from "../model/field-config";
import { interpolate, type Scope, single } from "../model/interpolate";
import { timeVariables } from "../model/intervals";
import { plainRegex } from "../model/mappings";
import type { TimeRange } from "../model/time";
import {
  applyRegex,
  chosenValues,
  dependencies,
  dependencyOrder,
  type Option,
  parseVariableQuery,
  resolveDataSource,
  resolveValue,
  sortOptions,
  staticOptions,
} from "../model/variables";

export interface VariableState {
  variable: Variable;
  /** Null while they are on the way. */
  options: Option[] | null;
  error: string | null;
  chosen: string[];
}

export interface Variables {
  states: VariableState[];
  scope: Scope;
  /** Names of those whose values are not known yet. */
  pending: ReadonlySet<string>;
  /** What holds for every query. */
  filters: AdHocFilter[];
}

export interface Loaded {
  /** Null where the first question already failed. */
  options: Option[] | null;
  error: string | null;
}

const NOTHING_KNOWN: ReadonlyMap<string, Loaded> = new Map();

/** Load the options of a dashboard's variables, and work out what is chosen. */
export function useVariables(
  variables: Variable[],
  fromUrl: Record<string, string[]>,
  range: TimeRange,
  tick: number,
): Variables {
  const [loaded, setLoaded] = useState(NOTHING_KNOWN);
  const known = useRef(loaded);
  known.current = loaded;
  const ordered = useMemo(() => dependencyOrder(variables), [variables]);
  const resolved = useMemo(
    () => resolveAll(ordered, loaded, fromUrl, range),
    [ordered, loaded, fromUrl, range],
  );
  const client = useQueryClient();
  // To the minute, so that several variables and viewers ask the same.
  const start = Math.floor(range.from / 60_000) * 60;
  const end = Math.ceil(range.to / 60_000) * 60;
  const urlKey = JSON.stringify(fromUrl);

  // Most panels wait for these answers: they are asked for before the panels are made, and found below.
  useState(() => {
    const { signal } = new AbortController();
    const loader = new Loader(client, ordered, fromUrl, { start, end }, NOTHING_KNOWN, signal);
    void loader.run(() => {});
  });
  useEffect(() => {
    void tick;
    const abort = new AbortController();
    const chosen = JSON.parse(urlKey) as Record<string, string[]>;
    const loader = new Loader(client, ordered, chosen, { start, end }, known.current, abort.signal);
    void loader.run((name, found) => {
      if (!abort.signal.aborted) setLoaded((before) => new Map(before).set(name, found));
    });
    return () => abort.abort();
  }, [client, ordered, urlKey, start, end, tick]);

  const states = useMemo(
    () =>
      variables.map((variable) => resolved.states.get(variable.name)).filter((state) => state !== undefined),
    [variables, resolved],
  );
  return useMemo(() => {
    const adHoc = states.filter(({ variable }) => variable.type === "adhoc");
    const filters = readFilters(adHoc.flatMap(({ chosen }) => chosen));
    return { states, scope: resolved.scope, pending: resolved.pending, filters };
  }, [states, resolved]);
}

interface Resolved {
  states: Map<string, VariableState>;
  scope: Scope;
  pending: Set<string>;
}

function resolveAll(
  ordered: Variable[],
  loaded: ReadonlyMap<string, Loaded>,
  fromUrl: Record<string, string[]>,
  range: TimeRange,
): Resolved {
  const found: Resolved = { states: new Map(), scope: {}, pending: new Set() };
  for (const variable of ordered) {
    const answer = loaded.get(variable.name);
    const options = staticOptions(variable, range) ?? answer?.options ?? null;
    const chosen = chosenValues(variable, options, fromUrl[variable.name] ?? null);
    const value = resolveValue(variable, chosen, options, range);
    if (value) found.scope[variable.name] = value;
    else found.pending.add(variable.name);
    found.states.set(variable.name, { variable, options, error: answer?.error ?? null, chosen });
  }
  return found;
}

/** Asks for the options of all variables: those that need others after them, the rest at the same time. */
export class Loader {
  private readonly loaded = new Map<string, Loaded>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly client: QueryClient,
    private readonly ordered: Variable[],
    private readonly fromUrl: Record<string, string[]>,
    private readonly range: { start: number; end: number },
    private readonly before: ReadonlyMap<string, Loaded>,
    private readonly signal: AbortSignal,
  ) {}

  async run(report: (name: string, loaded: Loaded) => void): Promise<void> {
    for (const variable of this.ordered) {
      if (variable.type !== "query") continue;
      this.running.set(variable.name, this.load(variable, report));
    }
    await Promise.all(this.running.values());
  }

  private async load(variable: Variable, report: (name: string, loaded: Loaded) => void): Promise<void> {
    await Promise.all(dependencies(variable).map((name) => this.running.get(name)));
    if (this.signal.aborted) return;
    const loaded = await this.ask(variable);
    this.loaded.set(variable.name, loaded);
    report(variable.name, loaded);
  }

  private async ask(variable: Variable): Promise<Loaded> {
    const range = { from: this.range.start * 1000, to: this.range.end * 1000 };
    const { scope, pending } = resolveAll(this.ordered, this.loaded, this.fromUrl, range);
    const missing = dependencies(variable).find((name) => pending.has(name));
    if (missing) return this.failed(variable, this.loaded.get(missing)?.error ?? `$${missing} has no value.`);
    const source = resolveDataSource(variable.datasource, scope);
    if (source.kind !== "prometheus") {
      const name = source.kind === "unsupported" ? source.name : source.kind;
      return { options: [], error: `The data source “${name}” is not supported.` };
    }
    for (const [name, value] of Object.entries(timeVariables(range, null))) scope[name] = single(value);
    const text = interpolate(variable.query, scope, "prometheus");
    try {
      const answered = await this.client.fetchQuery({
        queryKey: ["variable", text, this.range.start, this.range.end],
        queryFn: ({ signal }) => askPrometheus(text, this.range, signal),
        staleTime: 5000,
        gcTime: 60_000,
      });
      const options = applyRegex(answered, interpolate(variable.regex, scope, "regex"));
      return { options: sortOptions(options, variable.sort), error: null };
    } catch (error) {
      reportFailure(error);
      return this.failed(variable, error instanceof Error ? error.message : String(error));
    }
  }

  /** What was known stays: none at all would have every panel ask for nothing, and show that as the answer. */
  private failed(variable: Variable, error: string): Loaded {
    return { options: this.before.get(variable.name)?.options ?? null, error };
  }
}

async function askPrometheus(
  text: string,
  range: { start: number; end: number },
  signal: AbortSignal,
): Promise<string[]> {
  const asked = parseVariableQuery(text);
  switch (asked.kind) {
    case "label_values":
      return labelValues(asked.label, asked.matcher, range, signal);
    case "label_names":
      return labelNames(asked.matcher, range, signal);
    case "metrics": {
      const pattern = plainRegex(asked.pattern);
      const names = await labelValues("__name__", null, range, signal);
      return names.filter((name) => pattern?.test(name) ?? false);
    }
    case "query_result":
      return queryResult(asked.expr, range.end, signal);
    case "series": {
      const params = new URLSearchParams({ "match[]": asked.matcher });
      params.set("start", String(range.start));
      params.set("end", String(range.end));
      const series = await get<Labels[]>("series", params, signal);
      return series.map(formatLabels);
    }
  }
}

/** Each result in one line, as the pattern of a variable expects it: `name{labels} value time`. */
async function queryResult(expr: string, time: number, signal: AbortSignal): Promise<string[]> {
  const answer = await query(expr, time, signal);
  switch (answer.resultType) {
    case "vector":
      return answer.result.map(
        ({ metric, value: [time, text] = [0, ""] }) => `${formatLabels(metric)} ${text} ${time * 1000}`,
      );
    case "matrix":
      return answer.result.map(({ metric }) => formatLabels(metric));
    default:
      return [answer.result[1]];
  }
}
