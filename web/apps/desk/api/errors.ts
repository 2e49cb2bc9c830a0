/** What went wrong, in the language that is spoken where there are words for it. */
import { ApiError } from "kit/api/client";
import { t } from "../i18n";

const KNOWN = [
  "server_unavailable",
  "bad_credentials",
  "user_inactive",
  "login_needed",
  "too_many_requests",
  "forbidden",
  "wrong_task_status",
  "task_not_found",
  "task_exists",
  "body_too_large",
  "task_changed",
  "pieces_gone",
  "location_not_found",
  "article_not_found",
  "barcode_taken",
  "pack_differs",
  "screen_code_unknown",
  "barcode_not_found",
  "pack_impossible",
  "location_in_use",
  "user_exists",
  "last_admin",
  "name_being_erased",
  "name_kept_free",
  "own_user",
  "user_active",
  "operations_waiting",
  "login_not_found",
  "webhook_address_refused",
  "too_many_webhooks",
  "webhooks_not_set_up",
  "webhook_not_found",
  "key_name_taken",
  "unprintable",
  "changed_meanwhile",
  "name_taken",
  "too_many_days",
  "held_order_changed",
  "held_order_hindered",
  "held_order_refused",
] as const;

export function errorWords(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const code = error.code === "not_that_many" ? "pieces_gone" : error.code;
  const known = KNOWN.find((one) => one === code);
  return known ? t(`error.${known}`) : error.message;
}
