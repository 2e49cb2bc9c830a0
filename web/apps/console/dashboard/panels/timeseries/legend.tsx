import type { TimeZone } from "kit/common/calendar";
import { useState } from "react";
import { useDashboard } from "../../data/context";
import { calcName, calculate } from "../../model/calcs";
import { showCalc } from "../../model/field-config";
import { flag, type Json, number, strings, text } from "../../model/json";
import { compareValues } from "../../model/transformations";
import { textScale } from "./colors";
import classes from "./legend.module.css";
import type { PreparedSeries } from "./prepare";

export interface LegendOptions {
  show: boolean;
  table: boolean;
  right: boolean;
  calcs: string[];
  width: number | null;
  sortBy: string;
  sortDesc: boolean;
}

export function readLegend(raw: Json): LegendOptions {
  return {
    show: flag(raw.showLegend, true) && raw.displayMode !== "hidden",
    table: raw.displayMode === "table",
    right: raw.placement === "right",
    calcs: strings(raw.calcs).filter((id) => calcName(id) !== null),
    width: number(raw.width) ?? null,
    sortBy: text(raw.sortBy),
    sortDesc: flag(raw.sortDesc),
  };
}

interface LegendProps {
  series: PreparedSeries[];
  /** Pixels that there are for it. */
  width: number;
  options: LegendOptions;
  hidden: ReadonlySet<string>;
  /** `only` hides all others, or shows all again. */
  onToggle: (title: string, only: boolean) => void;
}

interface Sorting {
  by: string;
  desc: boolean;
}

/** Names and colours of the series, and what was calculated from them. */
export function Legend({ series, width, options, hidden, onToggle }: LegendProps) {
  const { time } = useDashboard();
  const [sorting, setSorting] = useState<Sorting>(() => initialSorting(options));
  const shown = sortSeries(
    series.filter((one) => !one.style.hidden.legend),
    sorting,
  );
  const item = (one: PreparedSeries) => <LegendName one={one} hidden={hidden} onToggle={onToggle} />;
  if (!options.table) {
    return (
      <ul className={classes.list} data-right={options.right || undefined}>
        {shown.map((one) => (
          <li key={keyOf(one)} className={classes.item}>
            {item(one)}
            <Calcs one={one} calcs={options.calcs} />
          </li>
        ))}
      </ul>
    );
  }
  const calcs = fitting(options.calcs, shown, width, time.zone);
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <LegendHead id="" label="Name" sorting={sorting} onSort={setSorting} />
          {calcs.map((id) => (
            <LegendHead key={id} id={id} label={calcName(id) ?? id} sorting={sorting} onSort={setSorting} />
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.map((one) => (
          <tr key={keyOf(one)}>
            <td>{item(one)}</td>
            <CalcCells one={one} calcs={calcs} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// What a name needs at least, a column has beside its text, and a letter takes.
const [NAME, BESIDE, LETTER] = [120, 14, 7];

/** The calculations that leave room for the names: where it is narrow, the last ones. */
function fitting(calcs: string[], series: PreparedSeries[], width: number, zone: TimeZone): string[] {
  let left = width - NAME * textScale();
  // Enough for any: the usual case.
  if (left > calcs.length * 110 * textScale()) return calcs;
  const fit: string[] = [];
  for (const id of calcs.toReversed()) {
    const texts = [`${calcName(id)} ↓`, ...series.map(({ field }) => showCalc(id, field, zone))];
    left -= (Math.max(...texts.map((one) => one.length)) * LETTER + BESIDE) * textScale();
    if (left < 0 && fit.length > 0) break;
    fit.unshift(id);
  }
  return fit;
}

function keyOf(one: PreparedSeries): string {
  return `${one.field.refId} ${one.field.index} ${one.field.title}`;
}

/** Files name the heading, or the calculation itself. */
function initialSorting({ sortBy, sortDesc, calcs }: LegendOptions): Sorting {
  const by = calcs.find((id) => id === sortBy || calcName(id) === sortBy);
  return { by: by ?? (sortBy === "Name" ? "" : "none"), desc: sortDesc };
}

function sortSeries(series: PreparedSeries[], { by, desc }: Sorting): PreparedSeries[] {
  if (by === "none") return series;
  const keyed = series.map((one) => ({ one, key: by ? calculate(by, one.field.values) : one.field.title }));
  keyed.sort((a, b) => compareValues(a.key, b.key) * (desc ? -1 : 1));
  return keyed.map(({ one }) => one);
}

interface HeadProps {
  id: string;
  label: string;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

function LegendHead({ id, label, sorting, onSort }: HeadProps) {
  const active = sorting.by === id;
  const sorted = active ? (sorting.desc ? "descending" : "ascending") : undefined;
  return (
    <th aria-sort={sorted}>
      <button type="button" onClick={() => onSort({ by: id, desc: active ? !sorting.desc : id !== "" })}>
        {label}
        {active && <span aria-hidden>{sorting.desc ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}

function LegendName({
  one,
  hidden,
  onToggle,
}: { one: PreparedSeries } & Pick<LegendProps, "hidden" | "onToggle">) {
  const { title } = one.field;
  return (
    <button
      type="button"
      className={classes.name}
      aria-pressed={!hidden.has(title)}
      title={`${title}: click to show it alone, with Ctrl to hide it`}
      onClick={(event) => onToggle(title, !(event.ctrlKey || event.metaKey))}
    >
      <span className={classes.swatch} style={{ background: one.color }} />
      <span className={classes.text}>{title}</span>
    </button>
  );
}

function Calcs({ one, calcs }: { one: PreparedSeries; calcs: string[] }) {
  const { time } = useDashboard();
  return calcs.map((id) => (
    <span key={id} className={classes.calc}>
      {calcName(id)}: <b>{showCalc(id, one.field, time.zone)}</b>
    </span>
  ));
}

function CalcCells({ one, calcs }: { one: PreparedSeries; calcs: string[] }) {
  const { time } = useDashboard();
  return calcs.map((id) => (
    <td key={id} className={classes.number}>
      {showCalc(id, one.field, time.zone)}
    </td>
  ));
}
