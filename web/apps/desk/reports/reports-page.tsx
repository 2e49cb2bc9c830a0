import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import { time } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import type { Report } from "../api/types";
import { t } from "../i18n";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { behind, daysAndWorker, read, sorted } from "./asked";
import { Mailed } from "./mailed";
import { ReportActions } from "./report-actions";
import { ReportChart } from "./report-chart";
import { ReportFilters } from "./report-filters";
import { ReportTable } from "./report-table";
import classes from "./reports.module.css";
import { Totals } from "./totals";
import { usePrinted } from "./use-printed";
import { rowsOf, useReport } from "./use-report";
import { daysInWords } from "./words";

/** More rows than that are for a file, and not for paper. */
const ON_PAPER = 2_000;

/** What was done, by whatever a manager asks for, and what it came to beside the time before. */
export default function ReportsPage() {
  const [search, setSearch] = useSearchParams();
  const asked = read(search);
  const found = useReport(asked);
  const isPrinted = usePrinted();
  const report = found.data?.pages[0];
  const rows = useMemo(() => rowsOf(found.data?.pages), [found.data]);
  const change = (what: Record<string, string | null>) =>
    setSearch(changeUrl(search, what), { replace: true });
  const print = async () => {
    let there = found;
    while (there.hasNextPage && rowsOf(there.data?.pages).length < ON_PAPER) {
      there = (await there.fetchNextPage()) as typeof found;
    }
    window.print();
  };
  return (
    <Page
      title={t("reports.title")}
      actions={<ReportActions query={String(daysAndWorker(asked))} report={report} onPrint={print} />}
    >
      <ReportFilters asked={asked} shown={report} onChange={change} />
      <Trouble error={found.error}>{report && t("app.as_last_seen")}</Trouble>
      {!report && !found.error && <PageLoading />}
      {report && (
        <div className={classes.report} aria-busy={found.isPlaceholderData}>
          <About report={report} count={rows.length} isAll={!found.hasNextPage} />
          {rows.length === 0 ? (
            <p className={calm.calm}>{t("reports.nothing")}</p>
          ) : (
            <>
              <Totals report={report} />
              <ReportChart
                report={report}
                rows={rows}
                figure={asked.figure}
                onFigure={(figure) => change({ figure })}
              />
              <ReportTable
                report={report}
                rows={rows}
                asked={asked}
                onSort={(by) => change(sorted(asked, by))}
                behind={(row) => behind(report.by, row, search)}
                isPrinted={isPrinted}
              />
              <More
                has={found.hasNextPage}
                busy={found.isFetchingNextPage}
                onMore={() => void found.fetchNextPage()}
              />
            </>
          )}
          <Mailed report={report} />
        </div>
      )}
    </Page>
  );
}

interface AboutProps {
  report: Report;
  count: number;
  isAll: boolean;
}

/** What it is of, with what it is compared, and how new it is. */
function About({ report, count, isAll }: AboutProps) {
  const { by, first_day, last_day, first_day_before, last_day_before, worker, time_zone, read } = report;
  const at = Date.parse(read.at);
  const missing = read.seconds_behind >= 1;
  return (
    <div className={classes.about}>
      <p role="status">
        <b>{daysInWords(first_day, last_day)}</b>
        {" · "}
        {t(`reports.by.${by}`)}
        {worker && ` · ${worker}`}
        {" · "}
        {t("reports.compared_with", { days: daysInWords(first_day_before, last_day_before) })}
        {" · "}
        {isAll ? t("reports.count", { count }) : t("reports.first_rows", { number: count })}
      </p>
      <p className={classes.hint}>
        {t("reports.as_of", { time: time(at, Date.now()), zone: time_zone })}{" "}
        {missing
          ? t("reports.behind", { time: time(at - read.seconds_behind * 1000, Date.now()) })
          : t("reports.not_behind")}
      </p>
    </div>
  );
}
