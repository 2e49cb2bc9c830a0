import { Checkbox } from "@mantine/core";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { number } from "kit/i18n/format";
import { Link } from "wouter";
import type { ListedShortage } from "../api/types";
import { t } from "../i18n";
import { choosing } from "../parts/choosing";
import { When } from "../parts/when";

interface Props {
  shortages: ListedShortage[];
  /** By their operations. */
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}

/** Shortages of all tasks, of which those can be chosen that are still short. */
export function ShortageTable({ shortages, chosen, onChoose }: Props) {
  const now = useNow(15_000);
  const able = shortages.filter(({ still_short }) => still_short > 0).map(({ operation_id }) => operation_id);
  const { areAll, toggle, toggleAll } = choosing(able, chosen, onChoose);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>
              <Checkbox
                aria-label={t("shortages.all")}
                checked={areAll}
                disabled={able.length === 0}
                onChange={toggleAll}
              />
            </th>
            <th>{t("column.when")}</th>
            <th>{t("column.article")}</th>
            <th>{t("column.location")}</th>
            <th>{t("column.short")}</th>
            <th>{t("shortages.still")}</th>
            <th>{t("column.reason")}</th>
            <th>{t("column.worker")}</th>
            <th>{t("column.order")}</th>
          </tr>
        </thead>
        <tbody>
          {shortages.map((one) => (
            <tr key={one.operation_id}>
              <td>
                {one.still_short > 0 && (
                  <Checkbox
                    aria-label={t("shortages.choose", {
                      sku: one.sku ?? "–",
                      number: one.number ?? one.task_id,
                    })}
                    checked={chosen.has(one.operation_id)}
                    onChange={() => toggle(one.operation_id)}
                  />
                )}
              </td>
              <td>
                <When at={one.made_at} now={now} />
              </td>
              <td>
                <b>{one.sku ?? "–"}</b> {one.description}
              </td>
              <td>{one.location ?? "–"}</td>
              <td className={table.number}>{number(one.quantity)}</td>
              <td className={table.number}>{number(one.still_short)}</td>
              <td>{[t(`short_reason.${one.reason}`), one.note].filter(Boolean).join(" · ")}</td>
              <td>{one.worker}</td>
              <td>
                <Link href={`/tasks/${one.task_id}`}>{one.number ?? one.task_id}</Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
