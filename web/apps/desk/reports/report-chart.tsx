import { NativeSelect } from "@mantine/core";
import { useSize } from "kit/common/use-size";
import { useEffect, useMemo, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import type { Figure, Report, ReportFigures, ReportRow } from "../api/types";
import { t } from "../i18n";
import { every } from "./asked";
import { compared, figuresOf, marked, shown } from "./figures";
import { draw } from "./plot";
import classes from "./reports.module.css";
import { axisName, comparedInWords, daysInWords, rowName } from "./words";

const HEIGHT = 230;
/** What a bar with a name of its own needs. */
const ROOM = 74;

interface Props {
  report: Report;
  rows: ReportRow[];
  figure: Figure;
  onFigure: (figure: Figure) => void;
}

/** One figure of each row, now and before. */
export function ReportChart({ report, rows, figure, onFigure }: Props) {
  const { by } = report;
  const host = useRef<HTMLDivElement>(null);
  const { width } = useSize(host);
  const [pointed, setPointed] = useState<number | null>(null);
  const meant = useMemo(() => inTime(report, rows) ?? rows.slice(0, fitting(width)), [report, rows, width]);
  useEffect(() => {
    if (!host.current || width === 0) return;
    const bars = meant.map(({ key, figures, before }) => ({
      label: axisName(by, key),
      now: figures[figure],
      before: before[figure],
    }));
    const plot = draw(host.current, {
      bars,
      width,
      height: HEIGHT,
      say: (value) => marked(figure, value),
      onPoint: setPointed,
    });
    const looks = new MutationObserver(() => plot.redraw(false));
    looks.observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
    return () => {
      looks.disconnect();
      plot.destroy();
    };
  }, [meant, by, figure, width]);
  const at = pointed === null ? undefined : meant[pointed];
  const comparison = at && compared(figure, at.figures[figure], at.before[figure]);
  return (
    <section className={classes.chart}>
      <div className={classes.legend}>
        <NativeSelect
          className={classes.screen}
          label={t("reports.chart_of")}
          value={figure}
          onChange={(event) => onFigure(event.currentTarget.value as Figure)}
          data={figuresOf(by).map((one) => ({ value: one, label: t(`reports.figure.${one}`) }))}
        />
        <b className={classes.paper}>{t(`reports.figure.${figure}`)}</b>
        <span className={classes.then}>{daysInWords(report.first_day_before, report.last_day_before)}</span>
        <span className={classes.now}>{daysInWords(report.first_day, report.last_day)}</span>
      </div>
      <div
        ref={host}
        className={classes.plot}
        role="img"
        aria-label={t("reports.chart_label", {
          figure: t(`reports.figure.${figure}`),
          by: t(`reports.by.${by}`),
        })}
      />
      <p className={classes.pointed}>
        {at ? (
          <>
            <b>{rowName(by, at.key)}</b>: {shown(figure, at.figures[figure])} ·{" "}
            {comparison && `${comparedInWords(comparison)} · `}
            {t("reports.before", { value: shown(figure, at.before[figure]) })}
          </>
        ) : (
          meant.length < rows.length && t("reports.first_rows", { number: meant.length })
        )}
      </p>
    </section>
  );
}

const fitting = (width: number) => Math.max(3, Math.floor((width - 60) / ROOM));

/** Rows by day or week in the order of time, those among them on which nothing was done; null for others. */
function inTime({ by, first_day, last_day }: Report, rows: ReportRow[]): ReportRow[] | null {
  if (by !== "day" && by !== "week") return null;
  const found = new Map(rows.map((row) => [row.key, row]));
  return every(by, first_day, last_day).map((key) => found.get(key) ?? { key, figures: NONE, before: NONE });
}

const NONE = Object.fromEntries(figuresOf("day").map((figure) => [figure, null])) as ReportFigures;
