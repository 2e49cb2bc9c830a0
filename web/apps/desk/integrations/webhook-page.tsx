import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { ShownOnce } from "../parts/shown-once";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { DeliveryLog } from "./delivery-log";
import type { Webhook } from "./integrations";
import { WebhookChip } from "./webhook-chip";
import { type WebhookContent, WebhookFields } from "./webhook-fields";
import { useWebhooks } from "./webhooks";

/** One receiver: what it gets, and what became of what it was sent. */
export default function WebhookPage({ id = "" }: { id?: string }) {
  const webhooks = useWebhooks();
  const webhook = webhooks.data?.find(({ webhook_id }) => String(webhook_id) === id);
  return (
    <Page
      title={webhook?.name ?? t("webhooks.title")}
      actions={<Link href="/webhooks">{t("webhooks.title")}</Link>}
    >
      <Trouble error={webhooks.error} />
      {!webhooks.data && !webhooks.error && <PageLoading />}
      {webhooks.data && !webhook && <p>{t("webhooks.no_such")}</p>}
      {webhook && <Everything key={id} webhook={webhook} onChanged={() => void webhooks.refetch()} />}
    </Page>
  );
}

interface Props {
  webhook: Webhook;
  onChanged: () => void;
}

function Everything({ webhook, onChanged }: Props) {
  const [said, setSaid] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const path = `/api/webhooks/${webhook.webhook_id}`;
  const change = async (json: WebhookContent) => {
    await ask(path, { method: "PATCH", json });
    setSaid(t("webhooks.changed"));
    onChanged();
  };
  return (
    <>
      <p role="status">{said}</p>
      {secret && (
        <ShownOnce title={t("webhooks.new_secret")} secret={secret} onDone={() => setSecret(null)} />
      )}
      <WebhookFields of={webhook} label={t("webhooks.change")} action={t("webhooks.save")} onSend={change} />
      <Actions webhook={webhook} path={path} onSay={setSaid} onSecret={setSecret} onChanged={onChanged} />
      <DeliveryLog path={path} />
    </>
  );
}

interface ActionsProps extends Props {
  path: string;
  onSay: (said: string) => void;
  onSecret: (secret: string) => void;
}

function Actions({ webhook, path, onSay, onSecret, onChanged }: ActionsProps) {
  const client = useQueryClient();
  const [, go] = useLocation();
  const { busy, error, run } = useAction();
  const [asking, setAsking] = useState<"remove" | "secret" | null>(null);
  const enable = (enabled: boolean) =>
    run(async () => {
      await ask(path, { method: "PATCH", json: { enabled } });
      onSay(enabled ? t("webhooks.goes_on") : t("webhooks.now_paused"));
      onChanged();
    });
  const test = () =>
    run(async () => {
      await ask(`${path}/test`, { method: "POST" });
      onSay(t("webhooks.pinged"));
      await client.invalidateQueries({ queryKey: ["deliveries", path] });
    });
  const remove = async () => {
    await ask(path, { method: "DELETE" });
    await client.invalidateQueries({ queryKey: ["webhooks"] });
    go("/webhooks");
  };
  const rotate = async () => {
    onSecret((await ask<{ secret: string }>(`${path}/secret`, { method: "POST" })).secret);
  };
  return (
    <>
      <div className={admin.buttons}>
        <WebhookChip webhook={webhook} />
        <Button variant="default" loading={busy} onClick={() => void test()}>
          {t("webhooks.ping")}
        </Button>
        <Button variant="default" loading={busy} onClick={() => void enable(!webhook.enabled)}>
          {webhook.enabled ? t("webhooks.pause") : t("webhooks.go_on")}
        </Button>
        <Button variant="default" onClick={() => setAsking("secret")}>
          {t("webhooks.replace_secret")}
        </Button>
        <Button variant="default" onClick={() => setAsking("remove")}>
          {t("webhooks.remove")}
        </Button>
      </div>
      <Trouble error={error} />
      {asking && (
        <Confirm
          title={asking === "remove" ? t("webhooks.remove") : t("webhooks.replace_secret")}
          means={asking === "remove" ? t("webhooks.remove_means") : t("webhooks.secret_means")}
          action={asking === "remove" ? t("webhooks.remove") : t("webhooks.replace_secret")}
          onConfirm={asking === "remove" ? remove : rotate}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}
