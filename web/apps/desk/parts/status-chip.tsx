import { StateChip, type Tone } from "kit/common/chip";
import type { TaskStatus } from "../api/types";
import { t } from "../i18n";

const TONES: Record<TaskStatus, Tone> = {
  open: "warn",
  assigned: "quiet",
  in_progress: "ok",
  completed: "ok",
  cancelled: "bad",
};

export function StatusChip({ status, held }: { status: TaskStatus; held: boolean }) {
  const isClosed = status === "completed" || status === "cancelled";
  if (!held || isClosed) return <StateChip tone={TONES[status]}>{t(`status.${status}`)}</StateChip>;
  return (
    <StateChip tone="quiet">
      {t(`status.${status}`)} · {t("board.held")}
    </StateChip>
  );
}
