import { useMemo, useState } from "react";
import { useDashboard } from "../../data/context";
import { calculate } from "../../model/calcs";
import { readableOn, textColor } from "../../model/colors";
import { boundsOf, showCalc, showValue } from "../../model/field-config";
import type { ShownField, ShownFrame } from "../../model/frames";
import { flag, type Json, number, record, records, strings, text } from "../../model/json";
import { compareValues } from "../../model/transformations";
import { DataLink } from "../data-link";
import { NoData } from "../no-data";
import type { PanelProps } from "../types";
import { FrameSelect, Pager } from "./controls";
import classes from "./table.module.css";

interface Sorting {
  /** Its title, or its place where the file counts columns. */
  column: string | number;
  desc: boolean;
}

const PAGE = 100;

export function TablePanel({ panel, data }: PanelProps) {
  const { options } = panel;
  const [chosen, setChosen] = useState<number>(number(options.frameIndex) ?? 0);
  const [sorting, setSorting] = useState<Sorting | null>(() => initialSorting(options));
  const [page, setPage] = useState(0);
  const frame = data.frames[chosen] ?? data.frames[0];
  const rows = useMemo(() => (frame ? sortRows(frame, sorting) : []), [frame, sorting]);
  if (!frame || rows.length === 0) return <NoData data={data} panel={panel} />;

  const columns = frame.fields.filter((field) => !flag(field.config.custom.hidden) && !hiddenFrom(field));
  const first = Math.min(page, Math.floor((rows.length - 1) / PAGE)) * PAGE;
  const footer = record(options.footer);
  return (
    <div className={classes.panel}>
      <div className={classes.scroll}>
        <table className={classes.table} data-size={text(options.cellHeight, "sm")}>
          <caption className="visually-hidden">{panel.title}</caption>
          {flag(options.showHeader, true) && <Head columns={columns} sorting={sorting} onSort={setSorting} />}
          <tbody>
            {rows.slice(first, first + PAGE).map((row) => (
              <Row key={row} panel={panel} frame={frame} columns={columns} row={row} />
            ))}
          </tbody>
          {flag(footer.show) && <Foot columns={columns} options={footer} count={rows.length} />}
        </table>
      </div>
      {(rows.length > PAGE || data.frames.length > 1) && (
        <div className={classes.controls}>
          {data.frames.length > 1 && (
            <FrameSelect frames={data.frames} chosen={chosen} onChoose={setChosen} />
          )}
          {rows.length > PAGE && <Pager first={first} size={PAGE} total={rows.length} onPage={setPage} />}
        </div>
      )}
    </div>
  );
}

function hiddenFrom(field: ShownField): boolean {
  return flag(record(field.config.custom.hideFrom).viz);
}

function initialSorting(options: Json): Sorting | null {
  const [sort] = records(options.sortBy);
  return sort ? { column: number(sort.index) ?? text(sort.displayName), desc: flag(sort.desc) } : null;
}

function sortRows(frame: ShownFrame, sorting: Sorting | null): number[] {
  const order = Array.from({ length: frame.length }, (_, row) => row);
  const field =
    sorting &&
    (typeof sorting.column === "number"
      ? frame.fields[sorting.column]
      : frame.fields.find(({ title, name }) => title === sorting.column || name === sorting.column));
  if (!field) return order;
  order.sort((a, b) => compareValues(field.values[a], field.values[b]));
  return sorting.desc ? order.reverse() : order;
}

function alignment(field: ShownField): "start" | "center" | "end" {
  const align = text(field.config.custom.align, "auto");
  if (align === "left") return "start";
  if (align === "right") return "end";
  return align === "center" ? "center" : field.type === "number" ? "end" : "start";
}

interface HeadProps {
  columns: ShownField[];
  sorting: Sorting | null;
  onSort: (sorting: Sorting | null) => void;
}

function Head({ columns, sorting, onSort }: HeadProps) {
  const next = (column: string): Sorting | null => {
    if (sorting?.column !== column) return { column, desc: false };
    return sorting.desc ? null : { column, desc: true };
  };
  return (
    <thead>
      <tr>
        {columns.map((field) => {
          const active = sorting?.column === field.title;
          return (
            <th
              key={`${field.refId} ${field.title}`}
              aria-sort={active ? (sorting.desc ? "descending" : "ascending") : undefined}
              style={{ textAlign: alignment(field), width: number(field.config.custom.width) }}
            >
              <button
                type="button"
                onClick={() => onSort(next(field.title))}
                title={field.config.description}
              >
                {field.title}
                {active && <span aria-hidden>{sorting.desc ? " ↓" : " ↑"}</span>}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface RowProps {
  panel: PanelProps["panel"];
  frame: ShownFrame;
  columns: ShownField[];
  row: number;
}

function Row({ panel, frame, columns, row }: RowProps) {
  const { scheme, time } = useDashboard();
  // One column may give its colour to all of them.
  const whole = columns.find(
    ({ config, values }) =>
      flag(record(config.custom.cellOptions).applyToRow) && typeof values[row] === "number",
  );
  const background = whole && showValue(whole.values[row], whole, scheme, time.zone, boundsOf(whole)).color;
  return (
    <tr style={background ? { background, color: readableOn(background) } : undefined}>
      {columns.map((field) => (
        <Cell key={`${field.refId} ${field.title}`} panel={panel} frame={frame} field={field} row={row} />
      ))}
    </tr>
  );
}

function Cell({ panel, frame, field, row }: Omit<RowProps, "columns"> & { field: ShownField }) {
  const { scheme, time } = useDashboard();
  const value = field.values[row];
  const bounds = boundsOf(field);
  const shown = showValue(value, field, scheme, time.zone, bounds);
  const type = cellType(field.config.custom);
  const background = type.startsWith("color-background") && hasColor(field, value);
  const ownColor = type === "color-text" ? textColor(shown.color, scheme) : undefined;
  const body = `${shown.prefix}${shown.text}${shown.suffix}`;
  const [link] = field.config.links;
  const cells = () => Object.fromEntries(frame.fields.map((other) => [other.title, other.values[row]]));
  return (
    <td
      title={body.length > 24 ? body : undefined}
      style={{
        textAlign: alignment(field),
        background: background ? shown.color : undefined,
        color: background ? readableOn(shown.color) : ownColor,
      }}
      data-number={field.type === "number" || undefined}
    >
      {type === "gauge" && typeof value === "number" && (
        <CellGauge value={value} color={shown.color} bounds={bounds} />
      )}
      {link ? (
        <DataLink link={link} panel={panel} field={field} value={value} row={cells()}>
          {body}
        </DataLink>
      ) : (
        body
      )}
    </td>
  );
}

/** A text has a colour only where a mapping gives it one. */
function hasColor(field: ShownField, value: unknown): boolean {
  return typeof value === "number" || field.config.mappings.length > 0;
}

function cellType(custom: Json): string {
  const type = text(record(custom.cellOptions).type) || text(custom.displayMode, "auto");
  return type === "basic" || type === "lcd-gauge" || type === "gradient-gauge" ? "gauge" : type;
}

function CellGauge({
  value,
  color,
  bounds,
}: {
  value: number;
  color: string;
  bounds: { min: number; max: number };
}) {
  const share = Math.min(1, Math.max(0, (value - bounds.min) / (bounds.max - bounds.min || 1)));
  return (
    <span className={classes.gauge} aria-hidden="true">
      <span style={{ width: `${share * 100}%`, background: color }} />
    </span>
  );
}

function Foot({ columns, options, count }: { columns: ShownField[]; options: Json; count: number }) {
  const { time } = useDashboard();
  const [reducer = "sum"] = strings(options.reducer);
  const fields = strings(options.fields);
  const rows = flag(options.countRows);
  return (
    <tfoot>
      <tr>
        {columns.map((field, index) => {
          const wanted = field.type === "number" && (fields.length === 0 || fields.includes(field.title));
          const label = index === 0 ? (rows ? "Count" : reducer) : "";
          const known = wanted && !rows && calculate(reducer, field.values) !== null;
          return (
            <td key={`${field.refId} ${field.title}`} style={{ textAlign: alignment(field) }}>
              {rows && index === 1 ? count : known ? showCalc(reducer, field, time.zone) : label}
            </td>
          );
        })}
      </tr>
    </tfoot>
  );
}
