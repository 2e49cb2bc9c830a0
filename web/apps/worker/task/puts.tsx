/** At a place where an article goes into several totes: how many of it into which. */
import { number } from "kit/i18n/format";
import { ShoppingBasket } from "lucide-react";
import { t } from "../i18n";
import { left } from "../tasks/order";
import type { TaskLine } from "../work/work";
import styles from "./puts.module.css";

export default function Puts({ lines }: { lines: readonly TaskLine[] }) {
  return (
    <ul className={styles.puts} aria-label={t("put.title")}>
      {lines.map((line) => (
        <li key={line.line_id} data-tote={line.tote} className={left(line) === 0 ? styles.done : undefined}>
          <ShoppingBasket aria-hidden size={28} />
          <b>{line.tote}</b>
          <span className={styles.amount}>
            {left(line) > 0 ? t("put.left", { count: left(line) }) : t("lines.picked")}
          </span>
          <small>
            {t("line.picked_of", { picked: number(line.picked), required: number(line.required) })}
          </small>
        </li>
      ))}
    </ul>
  );
}
