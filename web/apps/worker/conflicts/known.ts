/** The reasons of the server for which there are words of our own, under `conflict` in i18n/. */
export const KNOWN_CONFLICTS = [
  "task_not_open",
  "not_your_task",
  "more_than_required",
  "version_conflict",
  "quantity_conflict",
  "not_in_task",
  "unknown_code",
  "several_codes",
  "not_on_line",
  "wrong_location",
  "wrong_tote",
  "too_late",
  "already_undone",
  "pieces_moved",
  "nothing_to_undo",
  "not_your_operation",
  "was_refused",
  "task_not_found",
  "line_not_found",
  "operation_id_reused",
  "operation_not_kept",
  "invalid_input",
  "forbidden",
  "internal_error",
  "set_aside",
] as const;

export type KnownConflict = (typeof KNOWN_CONFLICTS)[number];

const OTHER_NAMES: Record<string, KnownConflict> = {
  malformed: "invalid_input",
  malformed_json: "invalid_input",
  bad_request: "invalid_input",
  repeated_operation: "invalid_input",
  body_too_large: "invalid_input",
  not_found: "task_not_found",
  user_inactive: "forbidden",
  wrong_task_status: "task_not_open",
  location_needed: "wrong_location",
  tote_needed: "wrong_tote",
};

/** By which words a reason is told; null where there are none for it. */
export function knownConflict(code: string): KnownConflict | null {
  return KNOWN_CONFLICTS.find((one) => one === code) ?? OTHER_NAMES[code] ?? null;
}
