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

export function StatusChip({ status }: { status: TaskStatus }) {
  return <StateChip tone={TONES[status]}>{t(`status.${status}`)}</StateChip>;
}
