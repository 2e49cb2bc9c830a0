/** A dashboard as Grafana saves it (the classic model, schemaVersion 16 and later), read tolerantly. */
import { writeFilter } from "./ad-hoc-filters";
import { flag, type Json, list, number, record, records, strings, text } from "./json";

/** What an upgraded panel cannot say in today's form stands in it under this name, a sentence each. */
export const LOST = "_lost";

export class DashboardError extends Error {}

export interface DataSourceRef {
  type: string | null;
  uid: string | null;
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Target {
  refId: string;
  datasource: DataSourceRef | null;
  expr: string;
  legendFormat: string;
  format: "time_series" | "table" | "heatmap";
  instant: boolean;
  range: boolean;
  interval: string;
  intervalFactor: number;
  hide: boolean;
  exemplar: boolean;
  /** The target as it stands in the file. */
  raw: Json;
}

export interface Override {
  matcher: { id: string; options: unknown };
  properties: { id: string; value: unknown }[];
}

export interface Transformation {
  id: string;
  disabled: boolean;
  options: Json;
}

export interface Link {
  title: string;
  url: string;
  targetBlank: boolean;
}

export interface Panel {
  id: number;
  /** Unique on the page also where a panel is repeated; what `viewPanel` names. */
  key: string;
  type: string;
  title: string;
  description: string;
  gridPos: GridPos;
  datasource: DataSourceRef | null;
  targets: Target[];
  transparent: boolean;
  links: Link[];
  options: Json;
  defaults: Json;
  overrides: Override[];
  transformations: Transformation[];
  repeat: string | null;
  repeatDirection: "h" | "v";
  maxPerRow: number;
  maxDataPoints: number | null;
  interval: string;
  timeFrom: string;
  timeShift: string;
  hideTimeOverride: boolean;
  /** Rows only. */
  collapsed: boolean;
  panels: Panel[];
  libraryPanel: string | null;
  /** What of an older file has no counterpart here, a sentence each. */
  lost: string[];
  /** Values of variables that hold for this panel alone: it is one of the copies of a repeated one. */
  scoped: Record<string, string>;
  raw: Json;
}

export type VariableType =
  | "query"
  | "custom"
  | "constant"
  | "interval"
  | "datasource"
  | "textbox"
  | "adhoc"
  | "unsupported";

export interface Variable {
  name: string;
  label: string;
  description: string;
  type: VariableType;
  /** What the file says, for naming what is not supported. */
  rawType: string;
  hide: "nothing" | "label" | "variable";
  multi: boolean;
  includeAll: boolean;
  allValue: string | null;
  query: string;
  definition: string;
  datasource: DataSourceRef | null;
  regex: string;
  sort: number;
  /** 0 never, 1 when the dashboard opens, 2 when the time range changes. */
  refresh: number;
  current: string[];
  auto: boolean;
  autoCount: number;
  autoMin: string;
  skipUrlSync: boolean;
}

export interface AnnotationQuery {
  name: string;
  enable: boolean;
  hide: boolean;
  iconColor: string;
  datasource: DataSourceRef | null;
  expr: string;
  step: string;
  titleFormat: string;
  textFormat: string;
  tagKeys: string[];
  useValueForTime: boolean;
  builtIn: boolean;
}

export interface DashboardLink {
  type: "dashboards" | "link";
  title: string;
  tooltip: string;
  tags: string[];
  url: string;
  asDropdown: boolean;
  includeVars: boolean;
  keepTime: boolean;
  targetBlank: boolean;
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  timezone: string;
  refresh: string;
  time: { from: string; to: string };
  refreshIntervals: string[];
  quickRanges: { display: string; from: string; to: string }[];
  hideTimePicker: boolean;
  /** 0: each chart has its own crosshair, 1: shared, 2: tooltips are shared too. */
  graphTooltip: number;
  links: DashboardLink[];
  annotations: AnnotationQuery[];
  variables: Variable[];
  panels: Panel[];
  raw: Json;
}

const REFRESH_INTERVALS = ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"];

/** Read a dashboard; throws DashboardError for what is none, or in a format of another kind. */
export function readDashboard(content: unknown): Dashboard {
  const raw = unwrap(content);
  refuse(content, raw);
  const time = record(raw.time);
  const picker = record(raw.timepicker);
  const intervals = strings(picker.refresh_intervals);
  return {
    uid: text(raw.uid),
    title: text(raw.title, "Untitled dashboard"),
    description: text(raw.description),
    tags: strings(raw.tags),
    timezone: text(raw.timezone, "browser") || "browser",
    refresh: text(raw.refresh),
    time: { from: text(time.from, "now-6h"), to: text(time.to, "now") },
    refreshIntervals: intervals.length > 0 ? intervals : REFRESH_INTERVALS,
    quickRanges: records(picker.quick_ranges).map((range) => ({
      display: text(range.display),
      from: text(range.from),
      to: text(range.to),
    })),
    hideTimePicker: flag(picker.hidden),
    graphTooltip: number(raw.graphTooltip) ?? 0,
    links: records(raw.links).map(readDashboardLink),
    annotations: records(record(raw.annotations).list).map(readAnnotation),
    variables: records(record(raw.templating).list).map(readVariable),
    panels: readPanels(raw),
    raw,
  };
}

/** The dashboard itself: Grafana's API answers with it inside, and a resource has it as its `spec`. */
export function unwrap(content: unknown): Json {
  const outer = record(content);
  if ("panels" in outer || "rows" in outer) return outer;
  if ("dashboard" in outer) return record(outer.dashboard);
  if (!("apiVersion" in outer) || !("spec" in outer)) return outer;
  return { uid: record(outer.metadata).name, ...record(outer.spec) };
}

// Of schema 36 are Grafana 8.5's files, the first in which nothing of the forms of old is left but some panels.
const SCHEMA = 36;
const OF_OLD = [
  "graph",
  "graph-old",
  "singlestat",
  "grafana-singlestat-panel",
  "table-old",
  "grafana-piechart-panel",
];

/** Whether a dashboard is in today's form throughout, so that nothing needs to be upgraded. */
export function isOfToday(raw: Json): boolean {
  if (!("panels" in raw) || (number(raw.schemaVersion) ?? 0) < SCHEMA) return false;
  const panels = records(raw.panels).flatMap((panel) => [panel, ...records(panel.panels)]);
  return !panels.some(
    (panel) => OF_OLD.includes(text(panel.type)) || "styles" in panel || "dataFormat" in panel,
  );
}

function refuse(content: unknown, raw: Json): void {
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new DashboardError("The file holds no dashboard: a JSON object is expected.");
  }
  if (!("panels" in raw)) {
    throw new DashboardError("The file holds no dashboard: there are no panels in it.");
  }
}

function readPanels(raw: Json): Panel[] {
  const used = new Set<number>();
  const library = record(raw.__elements);
  const panels = withoutClones(records(raw.panels)).map((panel) => readPanel(panel, used, library));
  return panels.map((panel) => ({
    ...followed(panel, panels),
    panels: panel.panels.map((one) => followed(one, panels)),
  }));
}

/** A file may hold the copies that a panel was repeated into when it was saved: they are made anew. */
function withoutClones(panels: Json[]): Json[] {
  return panels.filter((panel) => !panel.repeatPanelId || (panel.repeat && !panel.repeatedByRow));
}

const ANOTHER_PANEL = "-- Dashboard --";

/** A panel that shows what another one asked asks the same itself. */
function followed(panel: Panel, panels: Panel[]): Panel {
  const [target] = panel.targets;
  const own = target?.datasource ?? panel.datasource;
  if (!target || own?.uid !== ANOTHER_PANEL) return panel;
  const source = allPanels(panels).find(({ id }) => id === number(target.raw.panelId));
  if (!source)
    return { ...panel, targets: [], lost: [...panel.lost, "The panel whose data it shows is not there."] };
  const before = target.raw.withTransforms === true ? source.transformations : [];
  return {
    ...panel,
    datasource: source.datasource,
    targets: source.targets,
    transformations: [...before, ...panel.transformations],
    maxDataPoints: panel.maxDataPoints ?? source.maxDataPoints,
    interval: panel.interval || source.interval,
  };
}

function readPanel(source: Json, used: Set<number>, elements: Json): Panel {
  const raw = fromLibrary(source, elements);
  const id = uniqueId(number(raw.id), used);
  const config = record(raw.fieldConfig);
  const library = record(raw.libraryPanel);
  return {
    id,
    key: `panel-${id}`,
    type: text(raw.type, "panel without a type"),
    title: text(raw.title),
    description: text(raw.description),
    gridPos: readGridPos(raw.gridPos, text(raw.type)),
    datasource: readDataSource(raw.datasource),
    targets: records(raw.targets).map(readTarget),
    transparent: flag(raw.transparent),
    links: records(raw.links).map(readLink),
    options: record(raw.options),
    defaults: record(config.defaults),
    overrides: records(config.overrides).map(readOverride),
    transformations: records(raw.transformations).map((item) => ({
      id: text(item.id),
      disabled: flag(item.disabled),
      options: record(item.options),
    })),
    repeat: text(raw.repeat) || null,
    repeatDirection: raw.repeatDirection === "v" ? "v" : "h",
    maxPerRow: number(raw.maxPerRow) ?? 4,
    maxDataPoints: number(raw.maxDataPoints) ?? null,
    interval: text(raw.interval),
    timeFrom: text(raw.timeFrom),
    timeShift: text(raw.timeShift),
    hideTimeOverride: flag(raw.hideTimeOverride),
    collapsed: flag(raw.collapsed),
    panels: withoutClones(records(raw.panels)).map((child) => readPanel(child, used, elements)),
    libraryPanel: "type" in raw && raw.type !== "library-panel-ref" ? null : text(library.name) || null,
    lost: strings(raw[LOST]),
    scoped: {},
    raw: source,
  };
}

/** An export for others has the panels of the library beside the dashboard. */
function fromLibrary(raw: Json, elements: Json): Json {
  const model = record(record(elements[text(record(raw.libraryPanel).uid)]).model);
  return "type" in model
    ? { ...model, id: raw.id, gridPos: raw.gridPos, libraryPanel: raw.libraryPanel }
    : raw;
}

const MADE = 100_000;

function uniqueId(wanted: number | undefined, used: Set<number>): number {
  // Those that are made must not take the number of one that comes later.
  let id = wanted ?? MADE + used.size;
  while (used.has(id)) id += 1000;
  used.add(id);
  return id;
}

function readGridPos(value: unknown, type: string): GridPos {
  const grid = record(value);
  const w = clamp(number(grid.w) ?? (type === "row" ? 24 : 12), 1, 24);
  return {
    w,
    h: type === "row" ? 1 : clamp(number(grid.h) ?? 8, 1, 100),
    x: clamp(number(grid.x) ?? 0, 0, 24 - w),
    y: Math.max(0, number(grid.y) ?? 0),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value)));
}

function readDataSource(value: unknown): DataSourceRef | null {
  if (typeof value === "string") return { type: null, uid: value };
  const source = record(value);
  if (!("type" in source) && !("uid" in source)) return null;
  return { type: text(source.type) || null, uid: text(source.uid) || null };
}

function readTarget(raw: Json): Target {
  const format = text(raw.format);
  const instant = flag(raw.instant);
  return {
    refId: text(raw.refId, "A"),
    datasource: readDataSource(raw.datasource),
    expr: text(raw.expr),
    legendFormat: text(raw.legendFormat, ""),
    format: format === "table" || format === "heatmap" ? format : "time_series",
    instant,
    range: flag(raw.range, !instant),
    interval: text(raw.interval),
    intervalFactor: number(raw.intervalFactor) ?? 1,
    hide: flag(raw.hide),
    exemplar: flag(raw.exemplar),
    raw,
  };
}

function readOverride(raw: Json): Override {
  const matcher = record(raw.matcher);
  return {
    matcher: { id: text(matcher.id), options: matcher.options },
    properties: records(raw.properties).map((item) => ({ id: text(item.id), value: item.value })),
  };
}

/** Read a link of a panel or a value. */
export function readLink(raw: Json): Link {
  return { title: text(raw.title), url: text(raw.url), targetBlank: flag(raw.targetBlank) };
}

function readDashboardLink(raw: Json): DashboardLink {
  return {
    type: raw.type === "dashboards" ? "dashboards" : "link",
    title: text(raw.title),
    tooltip: text(raw.tooltip),
    tags: strings(raw.tags),
    url: text(raw.url),
    asDropdown: flag(raw.asDropdown),
    includeVars: flag(raw.includeVars),
    keepTime: flag(raw.keepTime),
    targetBlank: flag(raw.targetBlank),
  };
}

function readAnnotation(raw: Json): AnnotationQuery {
  // Newer files have the query in a target of its own.
  const query = { ...record(raw.target), ...raw };
  return {
    name: text(raw.name, "Annotations"),
    enable: flag(raw.enable, true),
    hide: flag(raw.hide),
    iconColor: text(raw.iconColor, "blue"),
    datasource: readDataSource(raw.datasource),
    expr: text(query.expr),
    step: text(query.step) || text(record(raw.target).interval),
    titleFormat: text(query.titleFormat),
    textFormat: text(query.textFormat),
    tagKeys: text(query.tagKeys)
      .split(",")
      .map((key) => key.trim())
      .filter(Boolean),
    useValueForTime: query.useValueForTime === true || query.useValueForTime === "on",
    builtIn: Boolean(raw.builtIn),
  };
}

const VARIABLE_TYPES = ["query", "custom", "constant", "interval", "datasource", "textbox", "adhoc"] as const;
const HIDE = ["nothing", "label", "variable"] as const;

function readVariable(raw: Json): Variable {
  const rawType = text(raw.type, "query");
  const query = typeof raw.query === "string" ? raw.query : text(record(raw.query).query);
  return {
    name: text(raw.name),
    label: text(raw.label),
    description: text(raw.description),
    type: VARIABLE_TYPES.find((type) => type === rawType) ?? "unsupported",
    rawType,
    hide: HIDE[number(raw.hide) ?? 0] ?? "variable",
    multi: flag(raw.multi),
    includeAll: flag(raw.includeAll),
    allValue: text(raw.allValue) || null,
    query: query || (rawType === "query" ? text(raw.definition) : ""),
    definition: text(raw.definition),
    datasource: readDataSource(raw.datasource),
    regex: text(raw.regex),
    sort: number(raw.sort) ?? 0,
    refresh: number(raw.refresh) ?? 1,
    current: rawType === "adhoc" ? savedFilters(raw) : strings(record(raw.current).value),
    auto: flag(raw.auto),
    autoCount: number(raw.auto_count) ?? 30,
    autoMin: text(raw.auto_min, "10s"),
    skipUrlSync: flag(raw.skipUrlSync),
  };
}

/** Filters as an address has them. */
function savedFilters(raw: Json): string[] {
  return [...records(raw.baseFilters), ...records(raw.filters)].map(({ key, operator, value }) =>
    writeFilter({ key: text(key), operator: text(operator, "="), value: text(value) }),
  );
}

/** All panels of a dashboard, those inside of collapsed rows too. */
export function allPanels(panels: Panel[]): Panel[] {
  return panels.flatMap((panel) => [panel, ...list(panel.panels).map((child) => child as Panel)]);
}
