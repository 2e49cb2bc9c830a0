import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { day, number } from "kit/i18n/format";
import { language } from "kit/i18n/language";
import { Page, PageLoading } from "kit/shell/page";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import type { Page as PageOf, Shortage, Task, TaskScans } from "../api/types";
import { tasksOf } from "../board/tasks";
import { t } from "../i18n";
import { feed } from "../live/current";
import { useAction } from "../parts/action";
import { DueWords } from "../parts/due-words";
import { StatusChip } from "../parts/status-chip";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ReplanDialog } from "../replan/replan-dialog";
import { ask, download } from "../session/current";
import { DoorForm } from "./door-form";

/** One task: its lines as they are now, and what was reported short. */
export default function TaskPage({ id = "" }: { id?: string }) {
  const client = useQueryClient();
  const taskId = Number(id);
  const task = useQuery({
    queryKey: ["task", taskId, "task"],
    queryFn: ({ signal }) => ask<Task>(`/api/tasks/${taskId}`, { signal }),
  });
  const shortages = useQuery({
    queryKey: ["task", taskId, "shortages"],
    queryFn: ({ signal }) => ask<PageOf<Shortage>>(`/api/tasks/${taskId}/shortages`, { signal }),
  });
  useEffect(() => {
    const readAgain = () => void client.invalidateQueries({ queryKey: ["task", taskId] });
    return feed.follow({
      happened: (events) => {
        if (events.some((event) => tasksOf(event).includes(taskId))) readAgain();
      },
      missed: readAgain,
    });
  }, [client, taskId]);

  const printing = useAction();
  const print = () =>
    download(`/api/prints/pick-lists.pdf?task_id=${taskId}&language=${language()}`, `task-${taskId}.pdf`);
  const isClosed = task.data?.status === "completed" || task.data?.status === "cancelled";
  const [isReplanning, setReplanning] = useState(false);
  const title = task.data ? t("task.title", { number: task.data.number }) : t("task.task");
  return (
    <Page
      title={title}
      actions={
        <>
          <Link href="/">{t("nav.board")}</Link>
          {task.data && !isClosed && (
            <Button
              size="xs"
              variant="default"
              loading={printing.busy}
              onClick={() => void printing.run(print)}
            >
              {t("task.print")}
            </Button>
          )}
          {(task.data?.short ?? 0) > 0 && (
            <Button size="xs" onClick={() => setReplanning(true)}>
              {t("change.replan")}
            </Button>
          )}
        </>
      }
    >
      <Trouble error={task.error ?? shortages.error ?? printing.error} />
      {!task.data && !task.error && <PageLoading />}
      {task.data && <Facts task={task.data} />}
      {task.data && task.data.status !== "completed" && task.data.status !== "cancelled" && (
        <DoorForm
          // Somebody else may have said another one.
          key={task.data.door}
          task={task.data}
          onDone={() => void client.invalidateQueries({ queryKey: ["task", taskId] })}
        />
      )}
      {task.data && <Lines task={task.data} />}
      {isClosed && <RemovedScans taskId={taskId} />}
      {shortages.data && <Shortages shortages={shortages.data.items} />}
      {isReplanning && (
        <ReplanDialog
          wanted={new Map([[taskId, "all"]])}
          onDone={() => void client.invalidateQueries({ queryKey: ["task", taskId] })}
          onClose={() => setReplanning(false)}
        />
      )}
    </Page>
  );
}

/** Says since when scans are kept, where some of a closed task may be missing for that. */
function RemovedScans({ taskId }: { taskId: number }) {
  const scans = useQuery({
    queryKey: ["task", taskId, "scans"],
    queryFn: ({ signal }) => ask<TaskScans>(`/api/tasks/${taskId}/scans?limit=1`, { signal }),
  });
  const removed = scans.data?.removed_before;
  return (
    <>
      <Trouble error={scans.error} />
      {removed && <p>{t("task.removed", { day: day(Date.parse(removed)) })}</p>}
    </>
  );
}

function Facts({ task }: { task: Task }) {
  const now = useNow(15_000);
  return (
    <p>
      <StatusChip status={task.status} held={task.held} /> {task.destination} ·{" "}
      {task.workers.join(", ") || t("board.nobody")} ·{" "}
      <DueWords at={task.due_at} now={now} late={undefined} soon={undefined} />
      {task.door && ` · ${t("task.to_door", { door: task.door })}`}
    </p>
  );
}

function Lines({ task }: { task: Task }) {
  const hasTotes = task.lines.some(({ tote }) => tote !== null);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("column.article")}</th>
            <th>{t("column.location")}</th>
            {hasTotes && <th>{t("column.tote")}</th>}
            <th>{t("column.required")}</th>
            <th>{t("column.picked")}</th>
            <th>{t("column.short")}</th>
          </tr>
        </thead>
        <tbody>
          {task.lines.map((line) => (
            <tr key={line.line_id}>
              <td>
                <b>{line.sku}</b> {line.description}
              </td>
              <td>{line.location ?? "–"}</td>
              {hasTotes && <td>{line.tote ?? "–"}</td>}
              <td className={table.number}>{number(line.required)}</td>
              <td className={table.number}>{number(line.picked)}</td>
              <td className={table.number}>{number(line.short)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Shortages({ shortages }: { shortages: Shortage[] }) {
  const now = useNow(15_000);
  const counted = shortages.filter(({ outcome, undone_by }) => outcome === "reported" && undone_by === null);
  return (
    <section>
      <h2>{t("task.shortages")}</h2>
      {counted.length === 0 && <p className={calm.calm}>{t("task.no_shortages")}</p>}
      {counted.length > 0 && (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>{t("column.when")}</th>
                <th>{t("column.article")}</th>
                <th>{t("column.short")}</th>
                <th>{t("column.reason")}</th>
                <th>{t("column.worker")}</th>
              </tr>
            </thead>
            <tbody>
              {counted.map((one) => (
                <tr key={one.operation_id}>
                  <td>
                    <When at={one.picked_at} now={now} />
                  </td>
                  <td>{one.sku ?? "–"}</td>
                  <td className={table.number}>{number(one.quantity)}</td>
                  <td>
                    {t(`short_reason.${one.reason}`)} {one.note}
                  </td>
                  <td>{one.worker}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
