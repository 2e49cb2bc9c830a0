import { useDashboard } from "../../data/context";
import { namedColor, textColor } from "../../model/colors";
import { flag } from "../../model/json";
import { absoluteSteps } from "../../model/thresholds";
import { formatText } from "../../model/units";
import type { PanelProps } from "../types";
import { fitText } from "./fit";
import { LinkedValue } from "./linked-value";
import classes from "./single.module.css";
import type { SingleValue } from "./values";
import { type CellProps, ValuesPanel } from "./values-panel";

// The dial is open at the bottom: from 7 to 5 on the clock, in degrees from the top.
const START = -125;
const END = 125;
const LOW = 64;

/** Dials. */
export function GaugePanel(props: PanelProps) {
  return (
    <ValuesPanel {...props} ratio={1.25}>
      {(cell) => <Gauge {...cell} />}
    </ValuesPanel>
  );
}

function Gauge({ panel, value, many, width, height }: CellProps) {
  const { scheme } = useDashboard();
  const { bounds, field, shown, title } = value;
  // In a low cell the dial has all of it: a name below would be cut, and so would the dial.
  const named = many && height > LOW;
  const radius = Math.max(8, Math.min(width / 2 - 8, (height - (named ? 20 : 0) - 8) / 1.62));
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
    <div className={classes.gauge} title={named ? undefined : title}>
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
          color: textColor(shown.color, scheme),
          marginTop: -radius * 0.86,
          height: radius * 0.86,
        }}
      >
        <LinkedValue value={value} panel={panel}>
          {body}
        </LinkedValue>
      </div>
      {flag(panel.options.showThresholdLabels) && <Limits value={value} />}
      {named && <div className={classes.gaugeTitle}>{title}</div>}
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
