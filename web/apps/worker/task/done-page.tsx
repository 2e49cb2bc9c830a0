/** What I did here lately; each of it can be taken back. */

import { number, time } from "kit/i18n/format";
import { Undo2 } from "lucide-react";
import { signal } from "../answer/senses";
import { t } from "../i18n";
import { Button, Failed } from "../parts/controls";
import { Navigation } from "../parts/navigation";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { Done } from "../work/work";
import { isCounted } from "./done";
import styles from "./done.module.css";

export function DonePage() {
  const { done } = useWorkState("done");
  return (
    <Screen title={t("done.title")} foot={<Navigation at="done" />}>
      {done.length === 0 && <p className={parts.empty}>{t("done.none")}</p>}
      <ul className={parts.list}>
        {done.map((one) => (
          <OneDone key={one.operation_id} done={one} />
        ))}
      </ul>
    </Screen>
  );
}

function OneDone({ done }: { done: Done }) {
  const work = useWork();
  const { tasks } = useWorkState("tasks");
  const now = useNow();
  const { busy, error, run } = useAction();
  const task = tasks.find(({ task_id }) => task_id === done.task_id);
  const what = t("done.what", { times: number(done.quantity), sku: done.sku ?? t("done.unknown") });
  async function undo() {
    if (await run(() => work.undo(done.operation_id))) signal("undone");
  }
  return (
    <li className={`${parts.card} ${styles.done}`}>
      <div>
        <strong>{what}</strong>
        <p>
          {done.kind === "shortage"
            ? t(`short.${done.outcome as "damaged"}`)
            : t(`answer.${done.outcome as "picked"}.word`)}
          {" · "}
          {t(`done.${done.state}`)}
        </p>
        <p>
          {time(done.at, now)}
          {" · "}
          {task?.number ?? t("done.task", { id: done.task_id })}
        </p>
      </div>
      {isCounted(done) && (
        <Button disabled={busy} onClick={undo} aria-label={t("done.undo", { what })}>
          <Undo2 aria-hidden size={26} /> <span>{t("picking.undo")}</span>
        </Button>
      )}
      <Failed error={error} />
    </li>
  );
}
