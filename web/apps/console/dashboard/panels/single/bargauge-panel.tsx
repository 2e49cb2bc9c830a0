import { useDashboard } from "../../data/context";
import { namedColor, textColor, withAlpha } from "../../model/colors";
import { colorOf } from "../../model/field-config";
import { text } from "../../model/json";
import { absoluteSteps } from "../../model/thresholds";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { LinkedValue } from "./linked-value";
import classes from "./single.module.css";
import type { SingleValue } from "./values";
import { useSingleValues } from "./values-panel";

// Below this a name beside its bar would be cut to a few letters: it stands above, where there is room for both.
const NARROW = 340;
const LOW = 40;

/** Bars side by side or below each other, as long as their values. */
export function BarGaugePanel({ panel, data, width, height }: PanelProps) {
  const values = useSingleValues({ panel, data });
  if (values.length === 0) return <NoData data={data} panel={panel} />;
  const orientation = text(panel.options.orientation, "auto");
  const horizontal = orientation === "auto" ? width > height : orientation === "horizontal";
  const narrow = horizontal && width < NARROW && height > LOW;
  const line = Math.min(64, Math.max(narrow ? 40 : 26, height / values.length - 4));
  return (
    <div className={classes.bars} data-horizontal={horizontal || undefined} data-narrow={narrow || undefined}>
      {values.map((value) => (
        <Bar key={value.key} panel={panel} value={value} horizontal={horizontal} line={line} />
      ))}
    </div>
  );
}

interface BarProps {
  panel: PanelProps["panel"];
  value: SingleValue;
  horizontal: boolean;
  line: number;
}

function Bar({ panel, value, horizontal, line }: BarProps) {
  const { scheme } = useDashboard();
  const { bounds, shown, title } = value;
  const numeric = typeof value.value === "number" && !Number.isNaN(value.value) ? value.value : bounds.min;
  const share = Math.min(1, Math.max(0, (numeric - bounds.min) / (bounds.max - bounds.min)));
  const percent = `${(share * 100).toFixed(2)}%`;
  const mode = text(panel.options.displayMode, "gradient");
  const filled = text(panel.options.valueMode, "color");
  const track =
    text(panel.options.showUnfilled) === "" && panel.options.showUnfilled === false ? "none" : undefined;
  const body = `${shown.prefix}${shown.text}${shown.suffix}`;
  return (
    <div className={classes.bar} style={horizontal ? { minHeight: line } : undefined}>
      <div className={classes.barTitle} title={title}>
        {title}
      </div>
      <div
        className={classes.barTrack}
        style={{ background: track }}
        role="img"
        aria-label={`${title}: ${body}`}
      >
        {mode === "lcd" ? (
          <Cells value={value} share={share} horizontal={horizontal} />
        ) : (
          <Filled value={value} percent={percent} horizontal={horizontal} gradient={mode === "gradient"} />
        )}
      </div>
      {filled !== "hidden" && (
        <div
          className={classes.barValue}
          style={{ color: filled === "text" ? undefined : textColor(shown.color, scheme) }}
        >
          <LinkedValue value={value} panel={panel}>
            {body}
          </LinkedValue>
        </div>
      )}
    </div>
  );
}

interface FilledProps {
  value: SingleValue;
  percent: string;
  horizontal: boolean;
  gradient: boolean;
}

function Filled({ value, percent, horizontal, gradient }: FilledProps) {
  const { scheme } = useDashboard();
  const { color } = value.shown;
  const background = gradient ? gradientOf(value, horizontal, scheme) : color;
  const size = horizontal ? { width: percent, height: "100%" } : { height: percent, width: "100%" };
  return <div className={classes.barFill} style={{ ...size, background, borderColor: color }} />;
}

function gradientOf(value: SingleValue, horizontal: boolean, scheme: "light" | "dark"): string {
  const { field, bounds, shown } = value;
  const direction = horizontal ? "90deg" : "0deg";
  if (field.config.color.mode !== "thresholds") {
    return `linear-gradient(${direction}, ${withAlpha(shown.color, 0.35)}, ${shown.color})`;
  }
  const numeric = typeof value.value === "number" ? value.value : bounds.min;
  const reached = absoluteSteps(field.config.thresholds, bounds.min, bounds.max).filter(
    (step) => step.value <= numeric,
  );
  const colors = reached.map((step) => namedColor(step.color, scheme));
  if (colors.length < 2)
    return `linear-gradient(${direction}, ${withAlpha(shown.color, 0.45)}, ${shown.color})`;
  return `linear-gradient(${direction}, ${colors.join(", ")})`;
}

const CELLS = 24;

/** Cells that light up one after the other, each in the colour of its own value. */
function Cells({ value, share, horizontal }: { value: SingleValue; share: number; horizontal: boolean }) {
  const { scheme } = useDashboard();
  const { bounds, field } = value;
  const cells = Array.from({ length: CELLS }, (_, index) => index);
  return (
    <div className={classes.cells} data-horizontal={horizontal || undefined}>
      {cells.map((index) => {
        const at = bounds.min + ((bounds.max - bounds.min) * (index + 0.5)) / CELLS;
        const color = colorOf(at, field, scheme, bounds);
        return (
          <span key={index} style={{ background: withAlpha(color, index / CELLS < share ? 1 : 0.18) }} />
        );
      })}
    </div>
  );
}
