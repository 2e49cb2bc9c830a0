import { span, time } from "kit/i18n/format";
import { due } from "kit/work/due";
import { t } from "../i18n";

interface Props {
  at: string | null;
  now: number;
  late: string | undefined;
  soon: string | undefined;
}

/** Until when something is to be done; that it is late is said in words, and not only by a colour. */
export function DueWords({ at, now, late, soon }: Props) {
  const when = due({ due_at: at }, now);
  switch (when.kind) {
    case "none":
      return <span>{t("due.none")}</span>;
    case "late":
      return <span className={late}>{t("due.late", { span: span(when.by) })}</span>;
    case "soon":
      return <span className={soon}>{t("due.soon", { span: span(when.left) })}</span>;
    case "later":
      return <span>{t("due.later", { time: time(when.at, now) })}</span>;
  }
}
