import { Button } from "@mantine/core";
import { useState } from "react";
import { t } from "../i18n";
import classes from "./shown-once.module.css";

interface Props {
  title: string;
  secret: string;
  onDone: () => void;
}

/** What is shown this once: nobody can read it later. */
export function ShownOnce({ title, secret, onDone }: Props) {
  const [copied, setCopied] = useState(false);
  // Browsers have no clipboard for pages without TLS, this machine's own excepted.
  const { clipboard } = navigator;
  const copy = async () => {
    await clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <section className={classes.once} aria-label={title}>
      <p role="status">
        <b>{title}</b> {t("once.means")}
      </p>
      <code className={classes.secret}>{secret}</code>
      <div className={classes.buttons}>
        {clipboard && (
          <Button variant="default" size="xs" onClick={() => void copy()}>
            {copied ? t("once.copied") : t("once.copy")}
          </Button>
        )}
        <Button variant="default" size="xs" onClick={onDone}>
          {t("once.done")}
        </Button>
      </div>
    </section>
  );
}
