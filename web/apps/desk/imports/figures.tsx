import { number } from "kit/i18n/format";
import type { ImportCounts, Subject } from "../api/types";
import { t } from "../i18n";
import classes from "./imports.module.css";

const ROWS = ["rows_read", "rows_accepted", "rows_rejected", "rows_held_back", "rows_duplicate"] as const;
const ORDERS = [
  "requisitions_created",
  "requisitions_replaced",
  "requisitions_differing",
  "requisitions_held_back",
] as const;
const TONES: Partial<Record<keyof ImportCounts, "bad" | "warn">> = {
  rows_rejected: "bad",
  rows_held_back: "warn",
  requisitions_held_back: "warn",
  requisitions_differing: "warn",
};

/** What becomes of rows and orders; what there is none of is left out, but for what is usual. */
export function Figures({ counts, subject }: { counts: ImportCounts; subject: Subject }) {
  const usual = ["rows_read", "rows_accepted", "rows_rejected"];
  const shown = [...ROWS, ...ORDERS].filter((name) => usual.includes(name) || counts[name] > 0);
  return (
    <dl className={classes.figures}>
      {shown.map((name) => (
        <div key={name} data-tone={counts[name] > 0 ? TONES[name] : undefined}>
          <dt>
            {name === "rows_duplicate" && subject !== "orders"
              ? t("count.rows_unchanged")
              : t(`count.${name}`)}
          </dt>
          <dd>{number(counts[name])}</dd>
        </div>
      ))}
    </dl>
  );
}
