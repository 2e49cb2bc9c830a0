import { useDashboard } from "../../data/context";
import { calculate } from "../../model/calcs";
import { readableOn, textColor, withAlpha } from "../../model/colors";
import { number, record, text } from "../../model/json";
import { formatText } from "../../model/units";
import type { PanelProps } from "../types";
import { fitText } from "./fit";
import { LinkedValue } from "./linked-value";
import classes from "./single.module.css";
import { Sparkline } from "./sparkline";
import { type CellProps, ValuesPanel } from "./values-panel";

/** Big numbers, coloured by what they mean. */
export function StatPanel(props: PanelProps) {
  return (
    <ValuesPanel {...props} ratio={2.6}>
      {(cell) => <Stat {...cell} />}
    </ValuesPanel>
  );
}

function Stat({ panel, value, many, width, height }: CellProps) {
  const { scheme, fillText } = useDashboard();
  const { options } = panel;
  const colorMode = text(options.colorMode, "value");
  const { title, shown, series } = value;
  const textMode = text(options.textMode, "auto");
  const withTitle = textMode === "name" || textMode === "value_and_name" || (textMode === "auto" && many);
  const withValue = textMode !== "name" && textMode !== "none";
  const background = colorMode.startsWith("background");
  const plain = colorMode === "none" ? "var(--text)" : textColor(shown.color, scheme);
  const color = background ? readableOn(shown.color) : plain;
  const sparkline = text(options.graphMode, "area") === "area" && series.length > 1;
  // What a panel of old has written around its number.
  const [before, after] = [text(options.prefix), text(options.postfix)].map((part) => fillText(part, panel));
  const body = `${before}${shown.prefix}${shown.text}${shown.suffix}${after}`;
  const sizes = record(options.text);
  const titleSize = number(sizes.titleSize) ?? Math.min(15, Math.max(11, height * 0.16));
  // In a low cell the title stands beside the value, where it fits there.
  const fits = title.length * titleSize * 0.58 < width * 0.55;
  const wide = withTitle && withValue && height < 76 && width > height * 2 && fits;
  const room = wide || !withTitle ? height * 0.72 : height - titleSize * 1.3 - 14;
  const size =
    number(sizes.valueSize) ?? fitText(body, (wide ? 0.5 : 1) * width - 24, room * (sparkline ? 0.8 : 1), 64);
  const style = background ? { color, background: backgroundOf(shown.color, colorMode) } : { color };
  return (
    <div
      className={classes.stat}
      style={style}
      data-justify={text(options.justifyMode, "auto")}
      data-many={many || undefined}
      data-wide={wide || undefined}
    >
      {sparkline && (
        <Sparkline
          values={series}
          color={background ? color : shown.color}
          width={width}
          height={height}
          soft={background}
        />
      )}
      {withTitle && (
        <div
          className={classes.statTitle}
          style={{ fontSize: titleSize }}
          data-plain={!background || undefined}
        >
          {title}
        </div>
      )}
      {withValue && (
        <div className={classes.statValue} style={{ fontSize: size }}>
          <LinkedValue value={value} panel={panel}>
            {before}
            {shown.prefix}
            {shown.text}
            <span className={classes.suffix}>{shown.suffix}</span>
            {after}
          </LinkedValue>
        </div>
      )}
      {options.showPercentChange === true && <Change series={series} />}
    </div>
  );
}

function backgroundOf(color: string, mode: string): string {
  return mode === "background_solid" ? color : `linear-gradient(120deg, ${color}, ${withAlpha(color, 0.82)})`;
}

function Change({ series }: { series: (number | null)[] }) {
  const change = calculate("diffperc", series);
  if (typeof change !== "number" || !Number.isFinite(change)) return null;
  return (
    <div className={classes.change}>
      {change >= 0 ? "▲" : "▼"} {formatText(Math.abs(change), "percentunit", 1)}
    </div>
  );
}
