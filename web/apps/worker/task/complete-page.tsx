/** A task of which nothing is left: what is short comes first, then what was picked. */
import { Trophy, Undo2 } from "lucide-react";
import { AnswerBar } from "../answer/answer-bar";
import { useLastSaid } from "../answer/voice";
import { t } from "../i18n";
import { Button, Failed, Notice } from "../parts/controls";
import { Go, useGo } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { inOrder, left } from "../tasks/order";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { Task } from "../work/work";
import { articleOf } from "./article";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

export function CompletePage({ picking }: { picking: Picking }) {
  const work = useWork();
  const go = useGo();
  const { tasks } = useWorkState("tasks");
  const { busy, error, run } = useAction();
  const { task, last, voice } = picking;
  const said = useLastSaid(voice);
  const totes = new Set(
    task.lines.flatMap(({ tote, picked }) => (tote !== null && picked > 0 ? [tote] : [])),
  );
  const next = inOrder(tasks).find((one) => one.task_id !== task.task_id && left(one) > 0);
  return (
    <Screen title={task.number} back="/">
      {said && (
        <div className={styles.answer}>
          <AnswerBar voice={voice} times={1} />
        </div>
      )}
      <ShortLines task={task} />
      <div className={styles.complete}>
        <Trophy aria-hidden size={56} />
        <p className={styles.big}>{t("complete.title")}</p>
        <p>{task.destination}</p>
        {task.door && <p className={styles.big}>{t("line.to_door", { door: task.door })}</p>}
        {totes.size > 0 && <p>{t("complete.totes", { totes: [...totes].join(", ") })}</p>}
        <p>{t("complete.picked", { count: task.picked })}</p>
      </div>
      <Failed error={error ?? picking.error} />
      {task.status === "in_progress" && (
        <Button full disabled={busy} onClick={() => run(() => work.complete(task.task_id))}>
          {t("complete.complete")}
        </Button>
      )}
      {next ? (
        <Button main full onClick={() => go(`/task/${next.task_id}`, { replace: true })}>
          {t("complete.next", { number: next.number })}
        </Button>
      ) : (
        <Button main full onClick={() => go("/", { replace: true })}>
          {t("task.to_tasks")}
        </Button>
      )}
      {last && (
        <Button full onClick={() => picking.undo()}>
          <Undo2 aria-hidden size={24} /> {t("complete.undo", { sku: last.sku ?? "", count: last.quantity })}
        </Button>
      )}
      <Go href="/done" className={`${parts.button} ${parts.full}`}>
        {t("done.title")}
      </Go>
    </Screen>
  );
}

/** What of a task is short, if something is. */
export function ShortLines({ task }: { task: Task }) {
  const short = task.lines.filter((line) => line.short > 0);
  if (short.length === 0) return null;
  return (
    <Notice tone="warn" title={t("complete.short", { count: short.length })}>
      <ul className={parts.list}>
        {short.map((line) => (
          <li key={line.line_id}>
            <strong>{articleOf(line)}</strong>: {t("finish.missing", { count: line.short })}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
