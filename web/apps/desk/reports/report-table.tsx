import table from "kit/common/table.module.css";
import ArrowDown from "lucide-react/icons/arrow-down";
import ArrowUp from "lucide-react/icons/arrow-up";
import { type ReactNode, useRef } from "react";
import { Link } from "wouter";
import type { By, Figure, Report, ReportFigures, ReportRow } from "../api/types";
import { useWindow } from "../board/use-window";
import { t } from "../i18n";
import type { Asked } from "./asked";
import { Difference } from "./difference";
import { figuresOf, shown } from "./figures";
import classes from "./reports.module.css";
import { rowName } from "./words";

/** The height of a row, as the style sheet has it. */
const ROW = 50;
/** So many are drawn all at once; of more, those that are seen. */
const DRAWN = 100;

interface Props {
  report: Report;
  rows: ReportRow[];
  asked: Asked;
  onSort: (by: Asked["sort"]) => void;
  /** Where a row leads to. */
  behind: (row: ReportRow) => string | null;
  /** On paper nothing is scrolled to: all rows are drawn. */
  isPrinted: boolean;
}

/** The rows of a report; each figure with what it came to beside that of before. */
export function ReportTable({ report, rows, asked, onSort, behind, isPrinted }: Props) {
  const box = useRef<HTMLElement>(null);
  const isLong = rows.length > DRAWN && !isPrinted;
  const seen = useWindow(box, rows.length, ROW);
  const { first, last } = isLong ? seen : { first: 0, last: rows.length };
  const figures = figuresOf(report.by);
  return (
    <section
      ref={box}
      className={`${table.scroll} ${classes.box}`}
      data-long={isLong || undefined}
      aria-label={t("reports.rows")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by keyboard
      tabIndex={0}
    >
      <table className={`${table.table} ${classes.table}`} aria-rowcount={rows.length + 2}>
        <thead>
          <tr aria-rowindex={1}>
            <Head name="key" asked={asked} onSort={onSort}>
              {t(`reports.one.${report.by}`)}
            </Head>
            {figures.map((figure) => (
              <Head key={figure} name={figure} asked={asked} onSort={onSort}>
                {t(`reports.figure.${figure}`)}
              </Head>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap rows={first} columns={figures.length + 1} />
          {rows.slice(first, last).map((row, place) => (
            <Row
              key={row.key}
              place={first + place}
              by={report.by}
              row={row}
              figures={figures}
              to={behind(row)}
            />
          ))}
          <Gap rows={rows.length - last} columns={figures.length + 1} />
        </tbody>
        <tfoot>
          <tr aria-rowindex={rows.length + 2}>
            <th scope="row">{t("reports.together")}</th>
            <Cells figures={figures} now={report.totals} before={report.totals_before} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

interface HeadProps {
  name: Asked["sort"];
  asked: Asked;
  onSort: Props["onSort"];
  children: ReactNode;
}

function Head({ name, asked: { sort, descending }, onSort, children }: HeadProps) {
  const order = sort === name ? (descending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" aria-sort={order}>
      <button type="button" onClick={() => onSort(name)}>
        {children}
        {order === "descending" && <ArrowDown size={12} aria-hidden />}
        {order === "ascending" && <ArrowUp size={12} aria-hidden />}
      </button>
    </th>
  );
}

interface RowProps {
  place: number;
  by: By;
  row: ReportRow;
  figures: Figure[];
  to: string | null;
}

function Row({ place, by, row, figures, to }: RowProps) {
  const name = rowName(by, row.key);
  return (
    <tr aria-rowindex={place + 2} data-row={row.key}>
      <th scope="row" title={name}>
        {to ? <Link href={to}>{name}</Link> : name}
      </th>
      <Cells figures={figures} now={row.figures} before={row.before} />
    </tr>
  );
}

function Cells({ figures, now, before }: { figures: Figure[]; now: ReportFigures; before: ReportFigures }) {
  return figures.map((figure) => (
    <td key={figure} className={table.number} data-figure={figure}>
      {shown(figure, now[figure])}
      <Difference figure={figure} now={now[figure]} before={before[figure]} />
    </td>
  ));
}

/** What stands for rows that are not drawn. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden className={classes.gap}>
      <td colSpan={columns} style={{ height: rows * ROW }} />
    </tr>
  );
}
