import { StateChip } from "kit/common/chip";
import { t } from "../i18n";
import type { Webhook } from "./integrations";

export function WebhookChip({ webhook: { enabled, gone, waiting } }: { webhook: Webhook }) {
  if (gone) return <StateChip tone="bad">{t("webhooks.gone")}</StateChip>;
  if (!enabled) return <StateChip tone="quiet">{t("webhooks.paused")}</StateChip>;
  if (waiting > 0) return <StateChip tone="warn">{t("webhooks.some_wait", { count: waiting })}</StateChip>;
  return <StateChip tone="ok">{t("webhooks.in_order")}</StateChip>;
}
