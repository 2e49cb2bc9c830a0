/** Why something did not count, by the words that there are for it. */
import { t } from "../i18n";

const KNOWN = [
  "unknown_code",
  "several_codes",
  "not_in_task",
  "not_on_line",
  "more_than_required",
  "task_not_open",
  "wrong_task_status",
  "not_your_task",
  "version_conflict",
  "quantity_conflict",
  "wrong_location",
  "location_needed",
  "wrong_tote",
  "tote_needed",
  "task_not_found",
  "line_not_found",
  "operation_id_reused",
  "too_late",
  "already_undone",
  "nothing_to_undo",
  "malformed",
  "invalid_input",
] as const;

export function reasonWords(reason: string): string {
  const known = KNOWN.find((one) => one === reason);
  return known ? t(`reason.${known}`) : reason.replaceAll("_", " ");
}
