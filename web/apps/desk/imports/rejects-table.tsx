import table from "kit/common/table.module.css";
import type { Reject, Subject } from "../api/types";
import { t } from "../i18n";

/** Rows that were refused, and why. */
export function RejectsTable({ rejects, subject }: { rejects: Reject[]; subject: Subject }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("column.row")}</th>
            <th>{t(`subject.one.${subject}`)}</th>
            <th>{t("column.column")}</th>
            <th>{t("column.value")}</th>
            <th>{t("column.reason")}</th>
          </tr>
        </thead>
        <tbody>
          {rejects.map(({ row, requisition, column, value, message }) => (
            <tr key={`${row} ${column}`}>
              <td className={table.number}>{row}</td>
              <td>{requisition}</td>
              <td>{column}</td>
              <td>{value}</td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
