import { Button, Modal, NumberInput, TextInput } from "@mantine/core";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { type FormEvent, useState } from "react";
import type { TaskSummary } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./board.module.css";
import { apply, type Change, changedMeanwhile, type Refused } from "./changes";
import { Conflicts, stateWords } from "./conflicts";
import { inField, inZone } from "./moments";
import { People } from "./people";

export const KINDS = ["assign", "priority", "due", "hold", "split", "cancel"] as const;
export type Kind = (typeof KINDS)[number];

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
  const decide = (subject: TaskSummary[], change: Change) =>
    run(async () => {
      const outcome = await apply(ask, subject, change);
      onDone(outcome.done, change);
      if (outcome.refused.length === 0) onClose();
      else setTried({ change, refused: outcome.refused });
    });
  const form = { tasks, loads, busy, onDecide: (change: Change) => void decide(tasks, change), onClose };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(`change.${kind}_title`, { count: tasks.length })}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      {tried ? (
        <Conflicts
          // What is chosen is of these, and of no others.
          key={tried.refused.map(({ task }) => `${task.task_id}.${task.revision}`).join()}
          {...tried}
          busy={busy}
          onAgain={(again) => void decide(again, tried.change)}
          onClose={onClose}
        />
      ) : (
        <>
          <Meanwhile tasks={tasks} get={get} />
          <Form kind={kind} {...form} />
        </>
      )}
    </Modal>
  );
}

interface FormProps {
  tasks: TaskSummary[];
  loads: Map<string, number>;
  busy: boolean;
  onDecide: (change: Change) => void;
  onClose: () => void;
}

function Form({ kind, ...form }: FormProps & { kind: Kind }) {
  switch (kind) {
    case "assign":
      return <Assign {...form} />;
    case "priority":
      return <Priority {...form} />;
    case "due":
      return <DueTime {...form} />;
    case "hold":
      return <Hold {...form} />;
    case "split":
      return <Split {...form} />;
    case "cancel":
      return <Cancel {...form} />;
  }
}

/** What all of them have in common, if they do. */
function common<T>(tasks: TaskSummary[], of: (task: TaskSummary) => T, otherwise: T): T {
  const [first, ...others] = tasks.map(of);
  return first !== undefined && others.every((one) => one === first) ? first : otherwise;
}

function Assign({ tasks, loads, busy, onDecide }: FormProps) {
  const [workers, setWorkers] = useState<string[]>(tasks.length === 1 ? (tasks[0]?.workers ?? []) : []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDecide({ kind: "assign", workers });
  };
  return (
    <form onSubmit={submit}>
      <People loads={loads} workers={workers} onChange={setWorkers} />
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

function Priority({ tasks, busy, onDecide }: FormProps) {
  const [priority, setPriority] = useState<number | string>(common(tasks, (task) => task.priority, 0));
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

function DueTime({ tasks, busy, onDecide }: FormProps) {
  const [written, setWritten] = useState(inField(common(tasks, (task) => task.due_at, null)));
  const due_at = inZone(written);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (due_at !== null) onDecide({ kind: "due", due_at });
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        type="datetime-local"
        label={t("change.due_label")}
        description={t("change.due_means")}
        value={written}
        onChange={(event) => setWritten(event.currentTarget.value)}
        min="2000-01-02T00:00"
        max="2199-12-30T00:00"
        data-autofocus
      />
      <div className={classes.buttons}>
        <Button variant="default" disabled={busy} onClick={() => onDecide({ kind: "due", due_at: null })}>
          {t("change.due_as_ordered")}
        </Button>
        <Button type="submit" loading={busy} disabled={due_at === null}>
          {t("change.due")}
        </Button>
      </div>
    </form>
  );
}

function Hold({ tasks, busy, onDecide }: FormProps) {
  const areHeld = tasks.every(({ held }) => held);
  const decide = (held: boolean) => onDecide({ kind: "hold", held });
  return (
    <>
      <p>{t("change.hold_means")}</p>
      <div className={classes.buttons}>
        <Button
          variant={areHeld ? "filled" : "default"}
          disabled={busy || tasks.every(({ held }) => !held)}
          onClick={() => decide(false)}
          data-autofocus={areHeld || undefined}
        >
          {t("change.let_go")}
        </Button>
        <Button
          variant={areHeld ? "default" : "filled"}
          disabled={busy || areHeld}
          onClick={() => decide(true)}
          data-autofocus={!areHeld || undefined}
        >
          {t("change.hold")}
        </Button>
      </div>
    </>
  );
}

function Split({ tasks, loads, busy, onDecide }: FormProps) {
  const [workers, setWorkers] = useState<string[]>(tasks.length === 1 ? (tasks[0]?.workers ?? []) : []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDecide({ kind: "split", workers });
  };
  return (
    <form onSubmit={submit}>
      <p>{t("change.split_means")}</p>
      <People loads={loads} workers={workers} onChange={setWorkers} />
      <div className={classes.buttons}>
        <Button type="submit" loading={busy} disabled={workers.length < 2}>
          {t("change.split")}
        </Button>
      </div>
    </form>
  );
}

function Cancel({ busy, onDecide, onClose }: FormProps) {
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
  const moment = useNow(60_000);
  const changed = changedMeanwhile(tasks, get);
  if (changed.length === 0) return null;
  return (
    <div className={classes.both} role="status">
      <p>{t("change.meanwhile", { count: changed.length })}</p>
      <div className={table.scroll}>
        <table className={`${table.table} ${classes.sides}`}>
          <thead>
            <tr>
              <th>{t("column.order")}</th>
              <th>{t("change.it_was")}</th>
              <th>{t("change.it_is")}</th>
            </tr>
          </thead>
          <tbody>
            {changed.map(({ before, now }) => (
              <tr key={before.task_id}>
                <th scope="row">{before.number}</th>
                <td data-side={t("change.it_was")}>{stateWords(before, moment)}</td>
                <td data-side={t("change.it_is")}>{stateWords(now, moment)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
