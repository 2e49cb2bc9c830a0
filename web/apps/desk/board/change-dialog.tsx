import { Button, Checkbox, Modal, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import table from "kit/common/table.module.css";
import { type FormEvent, useState } from "react";
import { errorWords } from "../api/errors";
import type { Colleague, TaskSummary } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./board.module.css";
import { apply, type Change, changedMeanwhile, type Refused } from "./changes";

export type Kind = Change["kind"];

interface Props {
  kind: Kind;
  /** As they were when somebody began to decide. */
  tasks: TaskSummary[];
  get: (taskId: number) => TaskSummary | undefined;
  loads: Map<string, number>;
  onDone: (done: TaskSummary[], change: Change) => void;
  onClose: () => void;
}

/** Asks what is to be done to tasks, does it, and says what stood against it. */
export function ChangeDialog({ kind, tasks, get, loads, onDone, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [tried, setTried] = useState<{ change: Change; refused: Refused[] } | null>(null);
  const decide = (change: Change) =>
    run(async () => {
      const outcome = await apply(ask, tried ? tried.refused.map(({ task }) => task) : tasks, change);
      onDone(outcome.done, change);
      if (outcome.refused.length === 0) onClose();
      else setTried({ change, refused: outcome.refused });
    });
  const count = tasks.length;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(`change.${kind}_title`, { count })}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      {tried ? (
        <Conflicts {...tried} onClose={onClose} />
      ) : (
        <>
          <Meanwhile tasks={tasks} get={get} />
          {kind === "assign" && <Assign tasks={tasks} loads={loads} busy={busy} onDecide={decide} />}
          {kind === "priority" && <Priority tasks={tasks} busy={busy} onDecide={decide} />}
          {kind === "cancel" && <Cancel busy={busy} onDecide={decide} onClose={onClose} />}
        </>
      )}
    </Modal>
  );
}

interface FormProps {
  busy: boolean;
  onDecide: (change: Change) => void;
}

function Assign({
  tasks,
  loads,
  busy,
  onDecide,
}: FormProps & { tasks: TaskSummary[]; loads: Map<string, number> }) {
  const people = useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => ask<Colleague[]>("/api/workers", { signal }),
    staleTime: 60_000,
  });
  const [workers, setWorkers] = useState<string[]>(tasks.length === 1 ? (tasks[0]?.workers ?? []) : []);
  const [words, setWords] = useState("");
  const meant = (people.data ?? []).filter(({ username }) => username.includes(words.trim().toLowerCase()));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDecide({ kind: "assign", workers });
  };
  return (
    <form onSubmit={submit}>
      <Trouble error={people.error} />
      <TextInput
        label={t("change.search_people")}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        data-autofocus
      />
      <Checkbox.Group value={workers} onChange={setWorkers} label={t("column.workers")} mt="sm">
        <div className={classes.people}>
          {meant.map(({ username }) => (
            <Checkbox
              key={username}
              value={username}
              label={`${username} · ${t("change.has_tasks", { count: loads.get(username) ?? 0 })}`}
            />
          ))}
        </div>
      </Checkbox.Group>
      <div className={classes.buttons}>
        <Button variant="default" disabled={busy} onClick={() => onDecide({ kind: "assign", workers: [] })}>
          {t("change.to_nobody")}
        </Button>
        <Button type="submit" loading={busy} disabled={workers.length === 0}>
          {t("change.assign")}
        </Button>
      </div>
    </form>
  );
}

function Priority({ tasks, busy, onDecide }: FormProps & { tasks: TaskSummary[] }) {
  const [priority, setPriority] = useState<number | string>(
    tasks.length === 1 ? (tasks[0]?.priority ?? 0) : 0,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDecide({ kind: "priority", priority: Number(priority) });
  };
  return (
    <form onSubmit={submit}>
      <NumberInput
        label={t("change.priority_label")}
        description={t("change.priority_means")}
        value={priority}
        onChange={setPriority}
        min={-1000}
        max={1000}
        allowDecimal={false}
        hideControls
        data-autofocus
      />
      <div className={classes.buttons}>
        <Button type="submit" loading={busy} disabled={priority === ""}>
          {t("change.priority")}
        </Button>
      </div>
    </form>
  );
}

function Cancel({ busy, onDecide, onClose }: FormProps & { onClose: () => void }) {
  return (
    <>
      <p>{t("change.cancel_means")}</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("change.keep")}
        </Button>
        <Button loading={busy} onClick={() => onDecide({ kind: "cancel" })}>
          {t("change.cancel")}
        </Button>
      </div>
    </>
  );
}

/** Says what somebody else has decided since the dialog was opened. */
function Meanwhile({ tasks, get }: Pick<Props, "tasks" | "get">) {
  const changed = changedMeanwhile(tasks, get);
  if (changed.length === 0) return null;
  return (
    <div className={classes.both} role="status">
      <p>{t("change.meanwhile", { count: changed.length })}</p>
      <Both
        rows={changed.map(({ before, now }) => ({ task: before, first: state(before), second: state(now) }))}
      />
    </div>
  );
}

function Conflicts({
  change,
  refused,
  onClose,
}: {
  change: Change;
  refused: Refused[];
  onClose: () => void;
}) {
  return (
    <div role="alert">
      <p>{t("change.refused", { count: refused.length })}</p>
      <Both
        wanted
        rows={refused.map(({ task, error, now }) => ({
          task,
          first: wanted(change),
          second: now ? state(now) : errorWords(error),
        }))}
      />
      <div className={classes.buttons}>
        <Button onClick={onClose}>{t("app.close")}</Button>
      </div>
    </div>
  );
}

interface BothProps {
  wanted?: boolean;
  rows: { task: TaskSummary; first: string; second: string }[];
}

/** Two sides of the same tasks. */
function Both({ wanted: isWanted = false, rows }: BothProps) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("column.order")}</th>
            <th>{isWanted ? t("change.you_wanted") : t("change.it_was")}</th>
            <th>{t("change.it_is")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ task, first, second }) => (
            <tr key={task.task_id}>
              <th scope="row">{task.number}</th>
              <td>{first}</td>
              <td>{second}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function wanted(change: Change): string {
  if (change.kind === "priority") return `${t("column.priority")}: ${change.priority}`;
  if (change.kind === "cancel") return t("status.cancelled");
  return change.workers.join(", ") || t("board.nobody");
}

/** What is decided of a task, in a line; one that is not on the board any more is done. */
function state(task: TaskSummary | null): string {
  if (!task) return t("change.gone");
  const { status, workers, priority } = task;
  const who = workers.join(", ") || t("board.nobody");
  const words = [t(`status.${status}`), who];
  if (priority !== 0) words.push(`${t("column.priority")}: ${priority}`);
  return words.join(" · ");
}
