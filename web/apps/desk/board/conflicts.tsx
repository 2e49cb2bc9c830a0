import { Button, Checkbox } from "@mantine/core";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { time } from "kit/i18n/format";
import { useState } from "react";
import { errorWords } from "../api/errors";
import type { TaskSummary } from "../api/types";
import { t } from "../i18n";
import classes from "./board.module.css";
import { type Change, canBeDone, type Refused } from "./changes";

interface Props {
  change: Change;
  refused: Refused[];
  busy: boolean;
  /** Do it to these nevertheless, as they are now. */
  onAgain: (tasks: TaskSummary[]) => void;
  onClose: () => void;
}

/** What was not done, by all sides; and for what somebody else has changed, whether to do it nevertheless. */
export function Conflicts({ change, refused, busy, onAgain, onClose }: Props) {
  const now = useNow(60_000);
  const able = refused.filter(canBeDone);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set(able.map(({ task }) => task.task_id)));
  const again = able.filter(({ task }) => chosen.has(task.task_id)).map((one) => one.now as TaskSummary);
  const choose = (taskId: number) => {
    const others = new Set(chosen);
    if (!others.delete(taskId)) others.add(taskId);
    setChosen(others);
  };
  return (
    <div role="alert">
      <p>{t("change.refused", { count: refused.length })}</p>
      <div className={table.scroll}>
        <table className={`${table.table} ${classes.sides}`}>
          <thead>
            <tr>
              {able.length > 0 && <th>{t("change.nevertheless")}</th>}
              <th>{t("column.order")}</th>
              <th>{t("change.it_was")}</th>
              <th>{t("change.you_wanted")}</th>
              <th>{t("change.it_is")}</th>
            </tr>
          </thead>
          <tbody>
            {refused.map((one) => (
              <tr key={one.task.task_id}>
                {able.length > 0 && (
                  <td>
                    {canBeDone(one) && (
                      <Checkbox
                        aria-label={t("change.do_it", { number: one.task.number })}
                        checked={chosen.has(one.task.task_id)}
                        onChange={() => choose(one.task.task_id)}
                      />
                    )}
                  </td>
                )}
                <th scope="row">{one.task.number}</th>
                <td data-side={t("change.it_was")}>{stateWords(one.task, now)}</td>
                <td data-side={t("change.you_wanted")}>{wantedWords(change, now)}</td>
                <td data-side={t("change.it_is")}>{nowWords(one, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={classes.buttons}>
        <Button variant="default" disabled={busy} onClick={onClose} data-autofocus>
          {able.length > 0 ? t("change.leave") : t("app.close")}
        </Button>
        {able.length > 0 && (
          <Button loading={busy} disabled={again.length === 0} onClick={() => onAgain(again)}>
            {t("change.again", { count: again.length })}
          </Button>
        )}
      </div>
    </div>
  );
}

function nowWords({ error, now: task }: Refused, now: number): string {
  if (!task) return errorWords(error);
  const by = task.changed_by ? t("change.by", { name: task.changed_by }) : "";
  return [stateWords(task, now), by].filter(Boolean).join(" · ");
}

export function wantedWords(change: Change, now: number): string {
  switch (change.kind) {
    case "assign":
      return whoWords(change.workers);
    case "priority":
      return `${t("column.priority")}: ${change.priority}`;
    case "due":
      return change.due_at === null
        ? t("change.due_as_ordered")
        : t("due.later", { time: time(Date.parse(change.due_at), now) });
    case "hold":
      return change.held ? t("board.held") : t("change.let_go");
    case "split":
      return `${t("change.split")}: ${whoWords(change.workers)}`;
    case "replan":
      return t("change.replan");
    case "cancel":
      return t("status.cancelled");
  }
}

const whoWords = (workers: string[]) => workers.join(", ") || t("board.nobody");

/** What is decided of a task, in a line; one that is not on the board any more is done. */
export function stateWords(task: TaskSummary | null, now: number): string {
  if (!task) return t("change.gone");
  const words = [t(`status.${task.status}`), whoWords(task.workers)];
  if (task.held) words.push(t("board.held"));
  if (task.priority !== 0) words.push(`${t("column.priority")}: ${task.priority}`);
  if (task.due_at !== null) words.push(t("due.later", { time: time(Date.parse(task.due_at), now) }));
  return words.join(" · ");
}
