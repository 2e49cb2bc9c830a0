import { number } from "kit/i18n/format";
import { Camera, Keyboard, PackageMinus, Undo2, X } from "lucide-react";
import { memo } from "react";
import { t } from "../i18n";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

/** What is done with the thumb; the undo is always there. */
export function Actions({ picking: { task, line, canUndo, times, undo } }: { picking: Picking }) {
  return (
    <Bar
      at={`/task/${task.task_id}`}
      lineId={line?.line_id ?? null}
      canUndo={canUndo}
      times={times}
      undo={undo}
    />
  );
}

interface BarProps {
  /** The address of the task. */
  at: string;
  lineId: number | null;
  canUndo: boolean;
  times: number;
  undo: () => Promise<void>;
}

const Bar = memo(function Bar({ at, lineId, canUndo, times, undo }: BarProps) {
  return (
    <nav aria-label={t("picking.actions")} className={parts.bar}>
      <button type="button" className={parts.item} aria-disabled={!canUndo} onClick={() => void undo()}>
        <Undo2 aria-hidden size={28} />
        {t("picking.undo")}
      </button>
      <Go href={`${at}/camera`} className={parts.item}>
        <Camera aria-hidden size={28} />
        {t("picking.camera")}
      </Go>
      <Go href={`${at}/code`} className={parts.item}>
        <Keyboard aria-hidden size={28} />
        {t("picking.code")}
      </Go>
      <Go href={`${at}/quantity`} className={parts.item}>
        <span className={styles.times}>
          <X aria-hidden size={22} strokeWidth={3} />
          {number(times)}
        </span>
        {t("picking.quantity")}
      </Go>
      {lineId !== null && (
        <Go href={`${at}/short/${lineId}`} className={parts.item}>
          <PackageMinus aria-hidden size={28} />
          {t("picking.short")}
        </Go>
      )}
    </nav>
  );
});
