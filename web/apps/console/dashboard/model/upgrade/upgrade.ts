/**
 * Files of earlier Grafanas, brought into today's form as Grafana itself would do it: loaded only where a
 * dashboard needs it.
 */
import { flag, type Json, list, record, records, text } from "../json";
import { upgradeGraph } from "./graph";
import { upgradeHeatmap } from "./heatmap";
import { upgradeMappings } from "./mappings";
import { upgradePie } from "./pie";
import { rowsToGrid, upgradeRepeat } from "./rows";
import { upgradeFieldOptions, upgradeSingleStat } from "./single";
import { upgradeTable } from "./table";

/** Return the dashboard in today's form. What is in it already stays as it is. */
export function upgrade(content: Json): Json {
  const panels =
    records(content.rows).length > 0 && !hasPanels(content)
      ? rowsToGrid(records(content.rows))
      : list(content.panels);
  const { rows: _, ...rest } = content;
  return { ...rest, panels: panels.map((panel) => upgradePanel(record(panel))) };
}

function hasPanels(content: Json): boolean {
  return list(content.panels).length > 0;
}

function upgradePanel(raw: Json): Json {
  if (raw.type === "row")
    return { ...raw, panels: list(raw.panels).map((panel) => upgradePanel(record(panel))) };
  return upgradeMappings(upgradeFieldOptions(upgradeType(upgradeRepeat(raw))));
}

function upgradeType(raw: Json): Json {
  switch (raw.type) {
    case "graph":
    case "graph-old":
      return upgradeGraph(raw);
    case "singlestat":
    case "grafana-singlestat-panel":
      return upgradeSingleStat(raw);
    case "table-old":
      return upgradeTable(raw);
    case "table":
      return isOldTable(raw) ? upgradeTable(raw) : raw;
    case "heatmap":
      return isOldHeatmap(raw) ? upgradeHeatmap(raw) : raw;
    case "grafana-piechart-panel":
      return upgradePie(raw);
    case "text":
    case "text2":
      return upgradeText(raw);
    case "alertlist":
    case "dashlist":
      return upgradeList(raw);
    default:
      return raw;
  }
}

function isOldTable(raw: Json): boolean {
  return "styles" in raw || ("columns" in raw && !("fieldConfig" in raw));
}

function isOldHeatmap(raw: Json): boolean {
  return "dataFormat" in raw || "yBucketBound" in raw || "heatmap" in raw;
}

/** Before schema 26 the words of a text panel stood in the panel itself. */
function upgradeText(raw: Json): Json {
  const options = record(raw.options);
  if (text(options.content) || !text(raw.content)) return { ...raw, type: "text" };
  return { ...raw, type: "text", options: { mode: text(raw.mode, "markdown"), content: raw.content } };
}

/** The options of these lists stood in the panel itself. */
function upgradeList(raw: Json): Json {
  if (Object.keys(record(raw.options)).length > 0) return raw;
  const { limit, show, starred, recent, search, headings } = raw;
  return {
    ...raw,
    options: {
      ...raw,
      maxItems: limit,
      showStarred: flag(starred),
      showRecentlyViewed: flag(recent),
      showSearch: flag(search),
      showHeadings: flag(headings, true),
      stateFilter: show === "changes" ? {} : stateFilter(list(raw.stateFilter)),
    },
  };
}

function stateFilter(states: unknown[]): Json {
  const names: Record<string, string> = { alerting: "firing", pending: "pending", ok: "inactive" };
  return Object.fromEntries(states.map((state) => [names[String(state)] ?? String(state), true]));
}
