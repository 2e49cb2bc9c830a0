import type { PanelData } from "../data/use-panel-data";
import type { Panel } from "../model/dashboard";
import { text } from "../model/json";
import classes from "./messages.module.css";

/** What a panel says that has nothing to draw. */
export function NoData({ data, panel }: { data: PanelData; panel: Panel }) {
  // A failed query says so itself; "no data" beside it would be a guess.
  if (!data.loaded || data.errors.length > 0) return null;
  return (
    <div className={classes.centre} role="status">
      <span className={classes.quiet}>{text(panel.defaults.noValue) || "No data"}</span>
    </div>
  );
}
