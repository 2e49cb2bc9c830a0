import { useDashboard } from "../../data/context";
import { namedColor } from "../../model/colors";
import { flag, record, text } from "../../model/json";
import { absoluteSteps } from "../../model/thresholds";
import { formatText } from "../../model/units";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { fitText } from "./fit";
import { ValueGrid } from "./grid";
import { LinkedValue } from "./linked-value";
import classes from "./single.module.css";
import { type SingleValue, singleValues } from "./values";

// The dial is open at the bottom: from 7 to 5 on the clock, in degrees from the top.
const START = -125;
const END = 125;

export function GaugePanel({ panel, data, width, height }: PanelProps) {
  const { scheme, time } = useDashboard();
  const reduce = record(panel.options.reduceOptions);
  const values = singleValues({ frames: data.frames, reduce, scheme, zone: time.zone });
  if (values.length === 0) return <NoData data={data} panel={panel} />;
  return (
    <ValueGrid
      values={values}
      width={width}
      height={height}
      orientation={text(panel.options.orientation, "auto")}
      ratio={1.25}
    >
      {(value, cellWidth, cellHeight) => (
        <Gauge panel={panel} value={value} many={values.length > 1} width={cellWidth} height={cellHeight} />
      )}
    </ValueGrid>
  );
}

interface GaugeProps {
  panel: PanelProps["panel"];
  value: SingleValue;
  many: boolean;
  width: number;
  height: number;
}

function Gauge({ panel, value, many, width, height }: GaugeProps) {
  const { scheme } = useDashboard();
  const { bounds, field, shown, title } = value;
  const titleHeight = many ? 20 : 0;
  const radius = Math.max(24, Math.min(width / 2 - 8, (height - titleHeight - 8) / 1.62));
  const numeric = typeof value.value === "number" && !Number.isNaN(value.value) ? value.value : bounds.min;
  const angle = (amount: number) => {
    const share = Math.min(1, Math.max(0, (amount - bounds.min) / (bounds.max - bounds.min)));
    return START + share * (END - START);
  };
  const steps = absoluteSteps(field.config.thresholds, bounds.min, bounds.max);
  const centre = { x: radius + 4, y: radius + 4 };
  const thick = radius * 0.2;
  const body = `${shown.prefix}${shown.text}${shown.suffix}`;
  const markers = flag(panel.options.showThresholdMarkers, true);
  return (
    <div className={classes.gauge}>
      <svg width={radius * 2 + 8} height={radius * 1.6 + 8} role="img" aria-label={`${title}: ${body}`}>
        <Arc
          centre={centre}
          radius={radius - thick * 0.75}
          thick={thick}
          from={START}
          to={END}
          className={classes.track}
        />
        <Arc
          centre={centre}
          radius={radius - thick * 0.75}
          thick={thick}
          from={START}
          to={angle(numeric)}
          color={shown.color}
        />
        {markers &&
          steps.map((step, index) => (
            <Arc
              key={step.value}
              centre={centre}
              radius={radius - 1}
              thick={Math.max(2, radius * 0.035)}
              from={angle(Math.max(step.value, bounds.min))}
              to={angle(steps[index + 1]?.value ?? bounds.max)}
              color={namedColor(step.color, scheme)}
            />
          ))}
      </svg>
      <div
        className={classes.gaugeValue}
        style={{
          fontSize: fitText(body, radius * 1.15, radius * 0.5, 52),
          color: shown.color,
          marginTop: -radius * 0.86,
          height: radius * 0.86,
        }}
      >
        <LinkedValue value={value} panel={panel}>
          {body}
        </LinkedValue>
      </div>
      {flag(panel.options.showThresholdLabels) && <Limits value={value} />}
      {many && <div className={classes.gaugeTitle}>{title}</div>}
    </div>
  );
}

function Limits({ value }: { value: SingleValue }) {
  const { config } = value.field;
  return (
    <div className={classes.limits}>
      <span>{formatText(value.bounds.min, config.unit, config.decimals)}</span>
      <span>{formatText(value.bounds.max, config.unit, config.decimals)}</span>
    </div>
  );
}

interface ArcProps {
  centre: { x: number; y: number };
  radius: number;
  thick: number;
  from: number;
  to: number;
  color?: string;
  className?: string | undefined;
}

function Arc({ centre, radius, thick, from, to, color, className }: ArcProps) {
  if (to - from < 0.1) return null;
  const point = (degrees: number) => {
    const radians = ((degrees - 90) * Math.PI) / 180;
    return `${(centre.x + radius * Math.cos(radians)).toFixed(2)} ${(centre.y + radius * Math.sin(radians)).toFixed(2)}`;
  };
  const large = to - from > 180 ? 1 : 0;
  const path = `M${point(from)}A${radius} ${radius} 0 ${large} 1 ${point(to)}`;
  return <path d={path} fill="none" stroke={color} strokeWidth={thick} className={className} />;
}
