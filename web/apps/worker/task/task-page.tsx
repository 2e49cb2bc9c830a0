/** A task from its first scan to its end; a code that is scanned on any of its screens counts. */
import { lazy, useRef } from "react";
import { t } from "../i18n";
import { Button, Failed, Notice } from "../parts/controls";
import { Go, useGo } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useScanner } from "../parts/use-scanner";
import { left } from "../tasks/order";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { Task, TaskSummary } from "../work/work";
import { CodePage } from "./code-page";
import { CompletePage } from "./complete-page";
import { FinishPage } from "./finish-page";
import { LinesPage } from "./lines-page";
import { PickingPage } from "./picking-page";
import { QuantityPage } from "./quantity-page";
import { ShortPage } from "./short-page";
import { usePicking } from "./use-picking";

const CameraPage = lazy(() => import("./camera-page"));

/** `part` is what of the task is open: nothing for the next line, else `lines`, `short/7`, … */
export function TaskPage({ id, part }: { id: string; part: string }) {
  const taskId = Number(id);
  const { tasks, pool, taken_at, person } = useWorkState("tasks", "pool", "taken_at", "person");
  const found = tasks.find(({ task_id }) => task_id === taskId);
  // A task that was finished leaves the list; whoever finished it is to see that it is.
  const last = useRef<Task | undefined>(undefined);
  if (found) last.current = found;
  const task = found ?? last.current;
  if (!task) {
    if (taken_at === null) return <NotReadYet number={t("tasks.title")} said={t("tasks.never_read")} />;
    const other = pool.find(({ task_id }) => task_id === taskId);
    if (!other) return <NotHere />;
    return other.workers.includes(person?.username ?? "") ? (
      <NotReadYet number={other.number} said={t("task.mine_unread")} />
    ) : (
      <NotMineYet task={other} />
    );
  }
  if (!found && left(task) > 0) return <NotHere />;
  return <OpenTask task={task} part={part} />;
}

function OpenTask({ task, part }: { task: Task; part: string }) {
  const picking = usePicking(task);
  const go = useGo();
  useScanner((code) => {
    void picking.scan(code);
    // The answer is to be seen, whatever else was open.
    if (part !== "" && part !== "camera") go(`/task/${task.task_id}`, { replace: true });
  });
  const [name, lineId] = part.split("/");
  const props = { picking };
  switch (name) {
    case "lines":
      return <LinesPage {...props} />;
    case "quantity":
      return <QuantityPage {...props} />;
    case "code":
      return <CodePage {...props} />;
    case "camera":
      return <CameraPage {...props} />;
    case "finish":
      return <FinishPage {...props} />;
    case "short": {
      const line = task.lines.find(({ line_id }) => String(line_id) === lineId);
      if (line) return <ShortPage {...props} line={line} />;
    }
  }
  return left(task) > 0 ? <PickingPage {...props} /> : <CompletePage {...props} />;
}

function NotMineYet({ task }: { task: TaskSummary }) {
  const work = useWork();
  const { busy, error, run } = useAction();
  return (
    <Screen title={task.number} back="/">
      <Notice tone="plain" title={t("task.free")}>
        <p>{task.destination}</p>
      </Notice>
      <Failed error={error} />
      <Button main full disabled={busy} onClick={() => run(() => work.claim(task.task_id))}>
        {t("tasks.take")}
      </Button>
    </Screen>
  );
}

function NotReadYet({ number, said }: { number: string; said: string }) {
  const work = useWork();
  const { busy, error, run } = useAction();
  return (
    <Screen title={number} back="/">
      <p role="status">{said}</p>
      <Failed error={error} />
      <Button full disabled={busy} onClick={() => run(() => work.refresh())}>
        {t("tasks.refresh")}
      </Button>
    </Screen>
  );
}

function NotHere() {
  const work = useWork();
  const go = useGo();
  const { busy, error, run } = useAction();
  return (
    <Screen title={t("task.not_here")} back="/">
      <Notice tone="warn" title={t("task.not_here")}>
        <p>{t("task.not_here_means")}</p>
        <p>{t("task.not_here_do")}</p>
      </Notice>
      <Failed error={error} />
      <Button full disabled={busy} onClick={() => run(() => work.refresh())}>
        {t("tasks.refresh")}
      </Button>
      <Button main full onClick={() => go("/", { replace: true })}>
        {t("task.to_tasks")}
      </Button>
      <Go href="/conflicts" className={`${parts.button} ${parts.full}`}>
        {t("conflicts.title")}
      </Go>
    </Screen>
  );
}
