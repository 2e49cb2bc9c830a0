import filters from "kit/common/filters.module.css";
import { useMemo } from "react";
import { AdHoc, AdHocPanel } from "../dashboard/ad-hoc";
import { RefreshPicker } from "../dashboard/chrome/refresh-picker";
import { TimePicker } from "../dashboard/chrome/time-picker";
import { useDashboard } from "../dashboard/data/context";
import { OutageBanner } from "../shell/outage-banner";
import classes from "./alerts.module.css";
import { historyDashboard } from "./history-dashboard";

/** What fired and when, as a timeline. */
export default function History() {
  const definition = useMemo(() => historyDashboard(null), []);
  return (
    <AdHoc definition={definition}>
      <div className={filters.filters}>
        <TimePicker />
        <RefreshPicker />
      </div>
      <Recovering />
      <section className={classes.timeline} aria-label="What fired and when">
        <AdHocPanel index={0} height={520} />
      </section>
    </AdHoc>
  );
}

function Recovering() {
  const { time } = useDashboard();
  return <OutageBanner onRecovery={time.refresh} />;
}
