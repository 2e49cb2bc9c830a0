/** One query as a dashboard's file would have it: a graph over the range, or a table of now. */

export type Show = "graph" | "table";

export function exploreDashboard(expr: string, show: Show) {
  const graph = {
    id: 1,
    type: "timeseries",
    title: expr,
    gridPos: { x: 0, y: 0, w: 24, h: 12 },
    targets: [{ refId: "A", expr, legendFormat: "__auto" }],
    fieldConfig: {
      defaults: { custom: { lineWidth: 1.5, fillOpacity: 6, showPoints: "auto" } },
      overrides: [],
    },
    options: {
      legend: {
        showLegend: true,
        displayMode: "table",
        placement: "bottom",
        calcs: ["lastNotNull", "min", "max"],
      },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
  const table = {
    id: 2,
    type: "table",
    title: expr,
    gridPos: { x: 0, y: 0, w: 24, h: 12 },
    targets: [{ refId: "A", expr, format: "table", instant: true }],
    fieldConfig: { defaults: { custom: { filterable: false } }, overrides: [] },
    options: { showHeader: true },
  };
  return {
    title: "Explore",
    time: { from: "now-1h", to: "now" },
    refresh: "",
    panels: [show === "graph" ? graph : table],
  };
}
