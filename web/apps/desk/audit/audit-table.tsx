import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { Link } from "wouter";
import type { AuditEntry } from "../api/types";
import { t } from "../i18n";
import { When } from "../parts/when";
import classes from "./audit.module.css";
import { sides } from "./sides";
import { actionWords } from "./words";

export function AuditTable({ entries }: { entries: AuditEntry[] }) {
  const now = useNow(15_000);
  return (
    <section className={table.scroll} aria-label={t("audit.title")}>
      <table className={`${table.table} ${classes.entries}`}>
        <thead>
          <tr>
            <th>{t("column.when")}</th>
            <th>{t("audit.who")}</th>
            <th>{t("audit.change")}</th>
            <th>{t("audit.of")}</th>
            <th>{`${t("audit.before")} → ${t("audit.after")}`}</th>
            <th>{t("audit.address")}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id} data-entry={entry.id}>
              <td className={table.number}>
                <When at={entry.at} now={now} />
              </td>
              <td>
                {entry.actor}
                {entry.role && <div className={classes.soft}>{t(`role.${entry.role}`)}</div>}
              </td>
              <td>{actionWords(entry.action)}</td>
              <td>
                <Subject entry={entry} />
              </td>
              <td>
                <Sides entry={entry} />
              </td>
              <td>
                {entry.address ?? "–"}
                {entry.request_id && (
                  <div className={classes.soft}>
                    {t("audit.request", { id: entry.request_id.slice(0, 8) })}
                  </div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const PAGES: Record<string, string> = { task: "/tasks/", import: "/imports/", user: "/people/" };

function Subject({ entry }: { entry: AuditEntry }) {
  const page = PAGES[entry.subject_kind];
  return page ? <Link href={page + entry.subject_id}>{entry.subject_id}</Link> : entry.subject_id;
}

function Sides({ entry }: { entry: AuditEntry }) {
  const found = sides(entry.before, entry.after);
  if (found.length === 0) return "–";
  return (
    <table className={classes.sides}>
      <thead className="visually-hidden">
        <tr>
          <th>{t("audit.change")}</th>
          <th>{t("audit.before")}</th>
          <th>{t("audit.after")}</th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ name, before, after }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{before}</td>
            <td>{after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
