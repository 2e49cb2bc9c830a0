import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import { BarGaugePanel } from "./single/bargauge-panel";
import { GaugePanel } from "./single/gauge-panel";
import { StatPanel } from "./single/stat-panel";
import { TablePanel } from "./table/table-panel";
import { TextPanel } from "./text/text-panel";
import { TimeseriesPanel } from "./timeseries/timeseries-panel";
import type { PanelProps } from "./types";

const timeline = lazy(() => import("./timeline/timeline-panel"));

/** The types of panels that the console draws. Rows are no panels: the grid draws them. */
export const PANELS: Record<
  string,
  ComponentType<PanelProps> | LazyExoticComponent<ComponentType<PanelProps>>
> = {
  timeseries: TimeseriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bargauge: BarGaugePanel,
  table: TablePanel,
  text: TextPanel,
  // What few dashboards have is loaded with those that have it.
  "state-timeline": timeline,
  "status-history": timeline,
  heatmap: lazy(() => import("./heatmap/heatmap-panel")),
  piechart: lazy(() => import("./pie/pie-panel")),
  barchart: lazy(() => import("./bars/barchart-panel")),
  histogram: lazy(() => import("./bars/histogram-panel")),
  alertlist: lazy(() => import("./lists/alertlist-panel")),
  dashlist: lazy(() => import("./lists/dashlist-panel")),
};

/** Types that ask nothing. */
export const WITHOUT_DATA: ReadonlySet<string> = new Set(["text", "alertlist", "dashlist"]);
