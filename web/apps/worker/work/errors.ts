/** What came in the way of something that somebody asked for, in a sentence. */
import { knownConflict } from "../conflicts/known";
import { t } from "../i18n";

const KNOWN = [
  "bad_credentials",
  "user_inactive",
  "too_many_attempts",
  "too_many_requests",
  "pin_locked",
  "device_refused",
  "not_enrolled",
  "login_needed",
  "offline",
  "proxy_page",
  "still_sending",
  "set_aside",
  "unauthorized",
  "forbidden",
  "wrong_task_status",
  "task_held",
  "lines_remaining",
  "storage_full",
  "no_storage",
  "dependency_unavailable",
] as const;
type Known = (typeof KNOWN)[number];

/** The sentence for an error: by its code where that is known, else what the error itself says. */
export function errorSentence(error: unknown): string {
  const code = codeOf(error);
  const known = KNOWN.find((one) => one === code) ?? alike(code);
  if (known) return t(`error.${known}`);
  const conflict = knownConflict(code);
  if (conflict) return `${t(`conflict.${conflict}.happened`)} ${t(`conflict.${conflict}.do`)}`;
  const said = error instanceof Error ? error.message : String(error);
  return t("error.other", { said });
}

/** The code that an error carries, if it does. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function alike(code: string): Known | null {
  if (/unavailable|timeout|^http_50/.test(code)) return "dependency_unavailable";
  return null;
}
