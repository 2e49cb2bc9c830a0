/** Events and scopes by the words that there are for them. */
import { t } from "../i18n";
import { EVENTS, type Scope } from "./integrations";

export function eventWords(type: string): string {
  if (type === "ping") return t("webhook_event.ping");
  const known = EVENTS.find((one) => one === type)?.replace(".", "_") as
    | "task_completed"
    | "shortage_reported"
    | "import_finished"
    | "requisition_closed"
    | undefined;
  return known ? t(`webhook_event.${known}`) : type;
}

type What = "articles" | "imports" | "reports" | "requisitions" | "shortages" | "tasks";

export function scopeWords(scope: Scope): string {
  const [what, how] = scope.split(":") as [What, "read" | "write"];
  return `${t(`scope_of.${what}`)}: ${t(`scope_to.${how}`)}`;
}
