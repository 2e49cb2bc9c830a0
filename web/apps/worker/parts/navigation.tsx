import { History, ListChecks, type LucideIcon, Settings, Users } from "lucide-react";
import { t } from "../i18n";
import { useWorkState } from "../work/context";
import { Go } from "./go";
import styles from "./parts.module.css";

/** What there is beside the task in hand; at the foot, where the thumb is. */
export function Navigation({ at }: { at: "tasks" | "done" | "people" | "settings" }) {
  const { conflicts } = useWorkState("conflicts");
  return (
    <nav aria-label={t("nav.label")} className={styles.bar}>
      <Item
        href="/"
        symbol={ListChecks}
        words={t("nav.tasks")}
        here={at === "tasks"}
        badge={conflicts.length}
      />
      <Item href="/done" symbol={History} words={t("nav.done")} here={at === "done"} />
      <Item href="/people" symbol={Users} words={t("nav.people")} here={at === "people"} />
      <Item href="/settings" symbol={Settings} words={t("nav.settings")} here={at === "settings"} />
    </nav>
  );
}

interface ItemProps {
  href: string;
  symbol: LucideIcon;
  words: string;
  here: boolean;
  badge?: number;
}

function Item({ href, symbol: Symbol_, words, here, badge = 0 }: ItemProps) {
  return (
    <Go href={href} className={styles.item} aria-current={here ? "page" : undefined}>
      <Symbol_ aria-hidden size={26} />
      {words}
      {badge > 0 && (
        <span className={styles.badge}>
          {badge}
          <span className="visually-hidden"> {t("nav.conflicts", { count: badge })}</span>
        </span>
      )}
    </Go>
  );
}
