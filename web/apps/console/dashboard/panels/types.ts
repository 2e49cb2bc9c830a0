import type { PanelData } from "../data/use-panel-data";
import type { Panel } from "../model/dashboard";

/** What every type of panel is drawn from. */
export interface PanelProps {
  panel: Panel;
  data: PanelData;
  width: number;
  height: number;
}
