import { useQuery } from "@tanstack/react-query";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { Fragment } from "react";
import type { MailedReport, Report } from "../api/types";
import { t } from "../i18n";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import { changedFigures, shown } from "./figures";
import classes from "./reports.module.css";
import { daysInWords } from "./words";

/** What was mailed of the days that are shown, and what of that is not so any more. */
export function Mailed({ report: { first_day, last_day } }: { report: Report }) {
  const mails = useQuery({
    queryKey: ["report-mails", first_day, last_day],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ first_day, last_day });
      return (await ask<{ items: MailedReport[] }>(`/api/report-mails?${query}`, { signal })).items;
    },
  });
  const changed = mails.data?.filter(isOther) ?? [];
  return (
    <section className={classes.mailed}>
      <h2>{t("reports.mail.title")}</h2>
      <Trouble error={mails.error} />
      {mails.data && <p>{summary(mails.data, changed)}</p>}
      {changed.length > 0 && <Changed mails={changed} />}
      <p className={`${classes.hint} ${classes.screen}`}>{t("reports.mail.set_where")}</p>
    </section>
  );
}

const isOther = ({ told, now, changed }: MailedReport) =>
  changed && told !== null && changedFigures(told, now).length > 0;

function summary(mails: MailedReport[], changed: MailedReport[]): string {
  const sent = mails.filter(({ status }) => status === "sent").length;
  if (changed.length > 0) return t("reports.mail.changed");
  return sent > 0 ? t("reports.mail.unchanged", { count: sent }) : t("reports.mail.none");
}

function Changed({ mails }: { mails: MailedReport[] }) {
  const now = useNow(60_000);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t("reports.mail.days")}</th>
            <th scope="col">{t("reports.mail.sent")}</th>
            <th scope="col">{t("reports.mail.figure")}</th>
            <th scope="col">{t("reports.mail.was")}</th>
            <th scope="col">{t("reports.mail.is")}</th>
          </tr>
        </thead>
        <tbody>
          {mails.map((mail) => (
            <Fragment key={`${mail.each} ${mail.first_day}`}>
              {mail.told &&
                changedFigures(mail.told, mail.now).map((figure) => (
                  <tr key={figure} data-changed={figure}>
                    <td>{daysInWords(mail.first_day, mail.last_day)}</td>
                    <td>
                      {mail.sent_at ? (
                        <When at={mail.sent_at} now={now} />
                      ) : (
                        t(`reports.mail.status.${mail.status}`)
                      )}
                    </td>
                    <td>{t(`reports.figure.${figure}`)}</td>
                    <td className={table.number}>{shown(figure, mail.told?.[figure] ?? null)}</td>
                    <td className={table.number}>{shown(figure, mail.now[figure])}</td>
                  </tr>
                ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}
