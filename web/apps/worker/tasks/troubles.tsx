/** What stands in the way of the work: what happened, what it means, and what to do. */
import { useState } from "react";
import { t } from "../i18n";
import { Button, Notice, type Tone } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { useWork, useWorkState } from "../work/context";
import type { Trouble } from "../work/work";
import styles from "./tasks.module.css";

const TONES: Record<Trouble, Tone> = {
  login_needed: "warn",
  rights_ended: "bad",
  no_storage: "bad",
  storage_full: "bad",
  storage_evicted: "bad",
  not_persistent: "plain",
  proxy_page: "warn",
  device_refused: "warn",
  slow_network: "plain",
  server_error: "warn",
  newer_records: "warn",
};

const ORDER: Tone[] = ["bad", "warn", "plain"];
const worstFirst = (a: Trouble, b: Trouble) => ORDER.indexOf(TONES[a]) - ORDER.indexOf(TONES[b]);

export function Troubles() {
  const { troubles } = useWorkState("troubles");
  return (
    <>
      {troubles.toSorted(worstFirst).map((trouble) => (
        <OneTrouble key={trouble} trouble={trouble} />
      ))}
    </>
  );
}

function OneTrouble({ trouble }: { trouble: Trouble }) {
  const work = useWork();
  const tone = TONES[trouble];
  const title = t(`trouble.${trouble}.happened`);
  const rest = (
    <>
      <p>{t(`trouble.${trouble}.means`)}</p>
      <p>{t(`trouble.${trouble}.do`)}</p>
      {trouble === "login_needed" && (
        <Go href="/people" className={`${parts.button} ${parts.full}`}>
          {t("login.again")}
        </Go>
      )}
      {trouble === "not_persistent" && <AskForStorage />}
      {trouble === "storage_evicted" && (
        <Button full onClick={() => work.evictionSeen()}>
          {t("conflicts.seen")}
        </Button>
      )}
    </>
  );
  // What may wait until the shift is over takes one line; what is to be done about it must be seen.
  if (tone === "plain" && trouble !== "not_persistent")
    return (
      <Notice tone={tone}>
        <details className={styles.details}>
          <summary>{title}</summary>
          {rest}
        </details>
      </Notice>
    );
  return (
    <Notice tone={tone} title={title} urgent={tone !== "plain"}>
      {rest}
    </Notice>
  );
}

/** Browsers refuse until the application is installed, and must be asked again. Once they agree, this is gone. */
function AskForStorage() {
  const work = useWork();
  const [answer, setAnswer] = useState<boolean | null>(null);
  async function ask() {
    setAnswer(await work.persist());
  }
  return (
    <>
      <Button full onClick={ask}>
        {t("device.ask_storage")}
      </Button>
      <p role="status">{answer === false && t("device.storage_refused")}</p>
    </>
  );
}
