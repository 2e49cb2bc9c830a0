import calm from "kit/common/calm.module.css";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import admin from "../parts/admin.module.css";
import { ShownOnce } from "../parts/shown-once";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import type { Webhook } from "./integrations";
import { WebhookChip } from "./webhook-chip";
import { type WebhookContent, WebhookFields } from "./webhook-fields";
import { useWebhooks } from "./webhooks";
import { eventWords } from "./words";

/** Other systems that are told of what happens here. */
export default function WebhooksPage() {
  const webhooks = useWebhooks();
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  const create = async (json: WebhookContent) => {
    setMade(await ask<Webhook & { secret: string }>("/api/webhooks", { method: "POST", json }));
    await webhooks.refetch();
  };
  return (
    <Page title={t("webhooks.title")} actions={<Link href="/keys">{t("keys.title")}</Link>}>
      <p>{t("webhooks.means")}</p>
      {made && (
        <ShownOnce
          title={t("webhooks.secret_of", { name: made.name })}
          secret={made.secret}
          onDone={() => setMade(null)}
        />
      )}
      <WebhookFields label={t("webhooks.new")} action={t("webhooks.create")} onSend={create} />
      <Trouble error={webhooks.error} />
      {!webhooks.data && !webhooks.error && <PageLoading />}
      {webhooks.data?.length === 0 && <p className={calm.calm}>{t("webhooks.none")}</p>}
      {webhooks.data && webhooks.data.length > 0 && <Webhooks webhooks={webhooks.data} />}
    </Page>
  );
}

function Webhooks({ webhooks }: { webhooks: Webhook[] }) {
  const now = useNow(15_000);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("webhooks.name")}</th>
            <th>{t("column.state")}</th>
            <th>{t("webhooks.events")}</th>
            <th>{t("webhooks.last")}</th>
            <th>{t("webhooks.since")}</th>
          </tr>
        </thead>
        <tbody>
          {webhooks.map((webhook) => (
            <tr key={webhook.webhook_id}>
              <td>
                <Link href={`/webhooks/${webhook.webhook_id}`}>{webhook.name}</Link>
                <div className={`${admin.soft} ${admin.code}`}>{webhook.url}</div>
              </td>
              <td>
                <WebhookChip webhook={webhook} />
              </td>
              <td>{webhook.events.map(eventWords).join(", ")}</td>
              <td>{webhook.delivered_at ? <When at={webhook.delivered_at} now={now} /> : "–"}</td>
              <td>{webhook.oldest_waiting_at ? <When at={webhook.oldest_waiting_at} now={now} /> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
