import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { Choices } from "./choices";
import { EVENTS, type Webhook } from "./integrations";
import classes from "./integrations.module.css";
import { eventWords } from "./words";

export type WebhookContent = Pick<Webhook, "name" | "url" | "events">;

const NOTHING: WebhookContent = { name: "", url: "", events: ["requisition.closed"] };

interface Props {
  /** What is there already; nothing of a new one. */
  of?: WebhookContent;
  label: string;
  action: string;
  onSend: (content: WebhookContent) => Promise<void>;
}

/** Where events are sent, and which. */
export function WebhookFields({ of, label, action, onSend }: Props) {
  const { busy, error, run } = useAction();
  const [content, setContent] = useState(of ?? NOTHING);
  const { name, url, events } = content;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await onSend({ name: name.trim(), url: url.trim(), events });
      if (!of) setContent(NOTHING);
    });
  };
  return (
    <form onSubmit={submit} className={admin.form} aria-label={label}>
      <TextInput
        label={t("webhooks.name")}
        value={name}
        onChange={(event) => setContent({ ...content, name: event.currentTarget.value })}
        maxLength={100}
      />
      <TextInput
        className={classes.wide}
        label={t("webhooks.url")}
        placeholder="https://erp.example/hooks/magacin"
        value={url}
        onChange={(event) => setContent({ ...content, url: event.currentTarget.value })}
        inputMode="url"
        autoComplete="off"
        maxLength={2000}
      />
      <Choices
        label={t("webhooks.events")}
        all={EVENTS}
        chosen={events}
        words={eventWords}
        onChoose={(chosen) => setContent({ ...content, events: chosen })}
      />
      <Button
        type="submit"
        loading={busy}
        disabled={name.trim() === "" || url.trim() === "" || events.length === 0}
      >
        {action}
      </Button>
      <div className={admin.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}
