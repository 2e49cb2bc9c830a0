import { useDashboard } from "../../data/context";
import { AnnotationMarkers } from "./annotation-markers";
import classes from "./chart.module.css";
import { Tooltip, type TooltipMode } from "./tooltip";
import { type PlotProps, usePlot } from "./use-plot";

/** A uPlot chart with thresholds, annotations, a tooltip and the crosshair that all charts share. */
export function Chart({ tooltip, ...props }: PlotProps & { tooltip: TooltipMode }) {
  const { label, prepared, range, hidden } = props;
  const { marks } = useDashboard().annotations;
  const { host, plot, area, hover } = usePlot(props);
  return (
    <div className={classes.chart}>
      <div ref={host} role="img" aria-label={label} className={classes.canvas} />
      <AnnotationMarkers marks={marks} range={range} area={area} />
      {plot && hover && (
        <Tooltip plot={plot} hover={hover} prepared={prepared} hidden={hidden} mode={tooltip} />
      )}
    </div>
  );
}
