import { span, time } from "kit/i18n/format";
import { due } from "kit/work/due";
import { Clock, TriangleAlert } from "lucide-react";
import { t } from "../i18n";
import type { TaskSummary } from "../work/work";
import styles from "./tasks.module.css";

/** Until when a task is to be done; that it is late is said in words, and not only by a colour. */
export function DueWords({ task, now }: { task: TaskSummary; now: number }) {
  const when = due(task, now);
  switch (when.kind) {
    case "none":
      return <span className={styles.due}>{t("due.none")}</span>;
    case "late":
      return (
        <span className={`${styles.due} ${styles.late}`}>
          <TriangleAlert aria-hidden size={18} /> {t("due.late", { span: span(when.by) })}
        </span>
      );
    case "soon":
      return (
        <span className={`${styles.due} ${styles.soon}`}>
          <Clock aria-hidden size={18} /> {t("due.soon", { span: span(when.left) })}
        </span>
      );
    case "later":
      return <span className={styles.due}>{t("due.later", { time: time(when.at, now) })}</span>;
  }
}
