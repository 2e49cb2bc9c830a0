import { useDashboard } from "../../data/context";
import { showText } from "../../model/field-config";
import type { ShownField } from "../../model/frames";
import { record, text } from "../../model/json";
import { formatText } from "../../model/units";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { BarPlot } from "./bar-plot";
import { barsOf, histogramOf } from "./bars";

/** Groups of bars: one for each row of a table, or for each time. */
export default function BarChartPanel(props: PanelProps) {
  const { scheme, time } = useDashboard();
  const { panel, data } = props;
  const label = (value: unknown, field: ShownField) => showText(value, field, scheme, time.zone);
  const bars = barsOf(data.frames, panel.options, label);
  if (!bars || bars.labels.length === 0 || bars.series.length === 0)
    return <NoData data={data} panel={panel} />;
  return (
    <BarPlot
      {...props}
      bars={bars}
      stacking={text(panel.options.stacking, "none")}
      horizontal={panel.options.orientation === "horizontal"}
    />
  );
}

/** How often which values occur. */
export function HistogramPanel(props: PanelProps) {
  const { panel, data } = props;
  const label = (value: number) => formatText(value, text(panel.defaults.unit) || "short");
  const bars = histogramOf(data.frames, panel.options, label);
  if (!bars) return <NoData data={data} panel={panel} />;
  const stacking = text(record(panel.options.stacking).mode, text(panel.options.stacking, "none"));
  return <BarPlot {...props} bars={bars} stacking={stacking} horizontal={false} counts />;
}
