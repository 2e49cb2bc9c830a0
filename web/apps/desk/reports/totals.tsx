import type { Figure, Report } from "../api/types";
import { t } from "../i18n";
import { Difference } from "./difference";
import { figuresOf, shown } from "./figures";
import classes from "./reports.module.css";

/** What all of it came to, and the time before beside it. */
export function Totals({ report }: { report: Report }) {
  return (
    <dl className={classes.totals}>
      {figuresOf("day").map((figure) => (
        <Total
          key={figure}
          figure={figure}
          now={report.totals[figure]}
          before={report.totals_before[figure]}
        />
      ))}
    </dl>
  );
}

function Total({ figure, now, before }: { figure: Figure; now: number | null; before: number | null }) {
  return (
    <div className={classes.total}>
      <dt>{t(`reports.figure.${figure}`)}</dt>
      <dd>
        <b>{shown(figure, now)}</b>
        <Difference figure={figure} now={now} before={before} />
        <span className={classes.before}>{t("reports.before", { value: shown(figure, before) })}</span>
      </dd>
    </div>
  );
}
