import type { ComponentType } from "react";
import { BarGaugePanel } from "./single/bargauge-panel";
import { GaugePanel } from "./single/gauge-panel";
import { StatPanel } from "./single/stat-panel";
import { TablePanel } from "./table/table-panel";
import { TextPanel } from "./text/text-panel";
import { TimelinePanel } from "./timeline/timeline-panel";
import { TimeseriesPanel } from "./timeseries/timeseries-panel";
import type { PanelProps } from "./types";

/** The types of panels that the console draws. Rows are no panels: the grid draws them. */
export const PANELS: Record<string, ComponentType<PanelProps>> = {
  timeseries: TimeseriesPanel,
  stat: StatPanel,
  gauge: GaugePanel,
  bargauge: BarGaugePanel,
  table: TablePanel,
  "state-timeline": TimelinePanel,
  "status-history": TimelinePanel,
  text: TextPanel,
};

/** Types that ask nothing. */
export const WITHOUT_DATA: ReadonlySet<string> = new Set(["text"]);
