/** What the server said otherwise than the device, or broke on: what happened, and what can be done. */

import { number, time } from "kit/i18n/format";
import { Sure } from "../desk/sure";
import { t } from "../i18n";
import { Button, Failed, Notice } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import { type Conflict, SET_ASIDE } from "../work/work";
import { knownConflict } from "./known";

export default function ConflictsPage() {
  const { conflicts } = useWorkState("conflicts");
  return (
    <Screen title={t("conflicts.title")} back="/">
      <p className={parts.empty}>{conflicts.length === 0 ? t("conflicts.none") : t("conflicts.intro")}</p>
      <ul className={parts.list}>
        {conflicts.map((one) => (
          <li key={one.operation_id}>
            <OneConflict conflict={one} />
          </li>
        ))}
      </ul>
    </Screen>
  );
}

function OneConflict({ conflict }: { conflict: Conflict }) {
  const work = useWork();
  const { tasks, person } = useWorkState("tasks", "person");
  const now = useNow();
  const { busy, error, run } = useAction();
  const { kind, owner, sku, quantity, task_id, message, at } = conflict;
  const known = knownConflict(conflict.code);
  const task = tasks.find((one) => one.task_id === task_id);
  const what = t(`conflicts.${kind}`, { times: number(quantity ?? 1), sku: sku ?? t("done.unknown") });
  const where = task?.number ?? (task_id === null ? null : t("done.task", { id: task_id }));
  return (
    <Notice tone="bad" title={what}>
      <p>{[where, time(at, now), owner !== person?.username && owner].filter(Boolean).join(" · ")}</p>
      {known ? (
        <>
          <p>
            <strong>{t(`conflict.${known}.happened`)}</strong>
          </p>
          <p>{t(`conflict.${known}.do`)}</p>
        </>
      ) : (
        <p>{t("conflicts.other", { said: message })}</p>
      )}
      <Failed error={error} />
      {task && (
        <Go href={`/task/${task.task_id}`} className={`${parts.button} ${parts.full}`}>
          {t("conflicts.open_task", { number: task.number })}
        </Go>
      )}
      {conflict.code === SET_ASIDE ? (
        <>
          {owner === person?.username && (
            <Button full disabled={busy} onClick={() => run(() => work.sendAgain())}>
              {t("conflicts.send_again")}
            </Button>
          )}
          <Sure
            words={t("conflicts.remove")}
            means={t("conflicts.remove_means")}
            busy={busy}
            act={async () => void (await run(() => work.seen(conflict)))}
          />
        </>
      ) : (
        <Button
          full
          disabled={busy}
          aria-label={t("conflicts.seen_what", { what })}
          onClick={() => run(() => work.seen(conflict))}
        >
          {t("conflicts.seen")}
        </Button>
      )}
    </Notice>
  );
}
