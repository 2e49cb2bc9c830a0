import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import table from "kit/common/table.module.css";
import { number } from "kit/i18n/format";
import { useState } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import { choosing } from "../parts/choosing";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { aboutWords, type HeldDetails, type HeldOrder } from "./held";
import classes from "./imports.module.css";

interface Props {
  orders: HeldOrder[];
  /** Whether all are of one import, which need not be named then. */
  isOfOne: boolean;
  chosen: ReadonlySet<number>;
  onChoose: (chosen: ReadonlySet<number>) => void;
}

/** Orders that were held back: why, and what is there beside what the file has. */
export function HeldTable({ orders, isOfOne, chosen, onChoose }: Props) {
  const able = orders.map(({ held_id }) => held_id);
  const { areAll, toggle, toggleAll } = choosing(able, chosen, onChoose);
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.lined}`}>
        <thead>
          <tr>
            <th>
              <Checkbox aria-label={t("held.all")} checked={areAll} onChange={toggleAll} />
            </th>
            <th>{t("column.order")}</th>
            <th>{t("held.column.reason")}</th>
            <th>{t("held.column.there")}</th>
            <th>{t("held.column.in_file")}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <tr key={order.held_id}>
              <td>
                <Checkbox
                  aria-label={t("held.choose", { number: order.number })}
                  checked={chosen.has(order.held_id)}
                  onChange={() => toggle(order.held_id)}
                />
              </td>
              <td>
                <b>{order.number}</b> {order.destination}
                {!isOfOne && (
                  <Link href={`/imports/${order.job_id}`} className={classes.file}>
                    {order.filename}
                  </Link>
                )}
                <Content key={order.revision} order={order} />
              </td>
              <td>
                {t(`held.reason.${order.reason}`)}
                {order.hindrance && (
                  <span className={classes.difference}>{t(`held.hindrance.${order.hindrance}`)}</span>
                )}
              </td>
              <Sides order={order} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Both sides of each difference, one below the other; of an order that is not there, what there is of it. */
function Sides({ order }: { order: HeldOrder }) {
  const { differences, difference_count, is_there, line_count, missing_rows } = order;
  const more = difference_count - differences.length;
  return (
    <>
      <td>
        {!is_there && t("held.not_there")}
        {is_there && difference_count === 0 && t("held.same")}
        {differences.map((one) => (
          <span key={`${one.change} ${one.sku}`} className={classes.difference}>
            {aboutWords(one)}: <b>{one.before ?? "–"}</b>
          </span>
        ))}
        {more > 0 && <span className={classes.difference}>{t("held.more", { count: more })}</span>}
      </td>
      <td>
        {differences.map((one) => (
          <span key={`${one.change} ${one.sku}`} className={classes.difference}>
            {aboutWords(one)}: <b>{one.after ?? "–"}</b>
          </span>
        ))}
        {!is_there && <span className={classes.difference}>{t("held.lines", { count: line_count })}</span>}
        {missing_rows > 0 && (
          <span className={classes.difference}>{t("held.missing", { count: missing_rows })}</span>
        )}
      </td>
    </>
  );
}

/** What is in an order, and what is wrong with its other rows; asked for when somebody looks. */
function Content({ order: { held_id, revision } }: { order: HeldOrder }) {
  const [isOpen, setOpen] = useState(false);
  const details = useQuery({
    queryKey: ["held-orders", "details", held_id, revision],
    queryFn: ({ signal }) => ask<HeldDetails>(`/api/held-orders/${held_id}`, { signal }),
    enabled: isOpen,
  });
  const { lines = [], rejects = [] } = details.data ?? {};
  return (
    <details className={classes.content} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("held.content")}</summary>
      <Trouble error={details.error} />
      <ul className={classes.notes}>
        {lines.map(({ sku, quantity, description }) => (
          <li key={sku}>
            <b>{sku}</b> {number(quantity)} {description}
          </li>
        ))}
      </ul>
      {rejects.length > 0 && (
        <>
          {t("held.wrong")}
          <ul className={classes.notes}>
            {rejects.map(({ row, column, message, value }) => (
              <li key={`${row} ${column}`}>
                {t("column.row")} {row}, {column}: {message} {value && `(${value})`}
              </li>
            ))}
          </ul>
        </>
      )}
    </details>
  );
}
