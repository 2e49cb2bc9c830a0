/** What there is to pick: mine first, then what can be taken; and what stands in the way of it. */

import { number, time } from "kit/i18n/format";
import { Zap } from "lucide-react";
import { useEffect } from "react";
import { t } from "../i18n";
import { Button, Failed, Notice, Progress } from "../parts/controls";
import { Go, useGo } from "../parts/go";
import { Navigation } from "../parts/navigation";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { TaskSummary } from "../work/work";
import { DueWords } from "./due-words";
import { inOrder, left } from "./order";
import styles from "./tasks.module.css";
import { Troubles } from "./troubles";
import { UpdateNotice, WaitingNotice } from "./waiting-notice";

export function TasksPage() {
  const work = useWork();
  const { tasks, pool, is_cut, taken_at, conflicts, enrolled, person } = useWorkState(
    "tasks",
    "pool",
    "is_cut",
    "taken_at",
    "conflicts",
    "enrolled",
    "person",
  );
  const now = useNow();
  const refreshing = useAction();
  useEffect(() => {
    // What it cannot reach is said by the state itself.
    work.refresh().catch(() => {});
  }, [work]);
  return (
    <Screen title={t("tasks.title")} foot={<Navigation at="tasks" />}>
      <Troubles />
      {conflicts.length > 0 && (
        <Notice tone="bad" title={t("tasks.conflicts", { count: conflicts.length })}>
          <p>{t("tasks.conflicts_mean")}</p>
          <Go href="/conflicts" className={`${parts.button} ${parts.full}`}>
            {t("tasks.see_conflicts")}
          </Go>
        </Notice>
      )}
      <WaitingNotice />
      <UpdateNotice />
      {!enrolled && person?.role !== "worker" && (
        <Notice tone="plain" title={t("tasks.not_enrolled")}>
          <Go href="/waiting" className={`${parts.button} ${parts.full}`}>
            {t("device.enrol")}
          </Go>
        </Notice>
      )}
      <h2 className={parts.section}>{t("tasks.mine", { name: person?.username ?? "" })}</h2>
      {tasks.length === 0 && <p className={parts.empty}>{t("tasks.none")}</p>}
      <ul className={parts.list}>
        {inOrder(tasks).map((task) => (
          <li key={task.task_id}>
            <Go href={`/task/${task.task_id}`} className={`${parts.card} ${styles.task}`}>
              <Summary task={task} now={now} />
            </Go>
          </li>
        ))}
      </ul>
      {is_cut && (
        <Notice tone="plain" title={t("tasks.cut")}>
          <p>{t("tasks.cut_means")}</p>
        </Notice>
      )}
      <h2 className={parts.section}>{t("tasks.pool")}</h2>
      {pool.length === 0 && <p className={parts.empty}>{t("tasks.pool_empty")}</p>}
      <ul className={parts.list}>
        {inOrder(pool).map((task) => (
          <Claimable key={task.task_id} task={task} now={now} />
        ))}
      </ul>
      <p className={parts.empty}>
        {taken_at === null ? t("tasks.never_read") : t("tasks.read_at", { time: time(taken_at, now) })}
      </p>
      <Failed error={refreshing.error} />
      <Button full disabled={refreshing.busy} onClick={() => refreshing.run(() => work.refresh())}>
        {t("tasks.refresh")}
      </Button>
    </Screen>
  );
}

function Claimable({ task, now }: { task: TaskSummary; now: number }) {
  const work = useWork();
  const go = useGo();
  const { busy, error, run } = useAction();
  const { person } = useWorkState("person");
  const isMine = task.workers.includes(person?.username ?? "");
  async function take() {
    if (isMine || (await run(() => work.claim(task.task_id)))) go(`/task/${task.task_id}`);
  }
  return (
    <li className={parts.card}>
      <Summary task={task} now={now} />
      <Failed error={error} />
      <Button full disabled={busy} onClick={take}>
        {t("tasks.take")}
        <span className="visually-hidden">{task.number}</span>
      </Button>
    </li>
  );
}

function Summary({ task, now }: { task: TaskSummary; now: number }) {
  const remaining = left(task);
  return (
    <>
      <span className={styles.top}>
        <span className={styles.number}>{task.number}</span>
        {remaining > 0 && (task.priority ?? 0) > 0 && (
          <span className={styles.urgent}>
            <Zap aria-hidden size={18} /> {t("tasks.urgent")}
          </span>
        )}
        {remaining > 0 && <DueWords task={task} now={now} />}
      </span>
      <span className={styles.where}>{task.destination}</span>
      <Progress
        value={task.picked}
        most={task.required}
        label={t("tasks.progress", { number: task.number })}
      />
      <span className={styles.count}>
        {t("tasks.pieces", { picked: number(task.picked), count: task.required })}
        {task.short > 0 && ` · ${t("tasks.short", { count: task.short })}`}
        {remaining === 0 && ` · ${t("tasks.all_done")}`}
      </span>
    </>
  );
}
