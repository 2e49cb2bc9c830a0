import { Button, Checkbox, Modal, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import type { Task, TaskLine, TaskSummary } from "../api/types";
import { apply, type Refused, type Replan } from "../board/changes";
import { Conflicts } from "../board/conflicts";
import { People } from "../board/people";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./replan.module.css";

interface Props {
  /** What was short, by task: of these lines, or of all. */
  wanted: Map<number, ReadonlySet<number> | "all">;
  onDone: (done: TaskSummary[]) => void;
  onClose: () => void;
}

/** Has what was short picked after all: how much of it, where, and by whom. */
export function ReplanDialog({ wanted, onDone, onClose }: Props) {
  const ids = [...wanted.keys()];
  const tasks = useQuery({
    queryKey: ["replan", ...ids],
    // As they are now: what is short may be planned already.
    queryFn: () => Promise.all(ids.map((id) => ask<Task>(`/api/tasks/${id}`))),
    gcTime: 0,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("replan.title")}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={tasks.error} />
      {tasks.isPending && <PageLoading />}
      {tasks.data && <Form tasks={tasks.data} wanted={wanted} onDone={onDone} onClose={onClose} />}
    </Modal>
  );
}

function shortLines(task: Task, wanted: Props["wanted"]): TaskLine[] {
  const meant = wanted.get(task.task_id) ?? "all";
  return task.lines.filter(({ line_id, short }) => short > 0 && (meant === "all" || meant.has(line_id)));
}

function Form({ tasks, wanted, onDone, onClose }: Props & { tasks: Task[] }) {
  const { busy, error, run } = useAction();
  const [tried, setTried] = useState<{ change: Replan; refused: Refused[] } | null>(null);
  const offered = tasks.map((task) => ({ task, lines: shortLines(task, wanted) }));
  const [counts, setCounts] = useState<Record<number, number | string>>({});
  const [location, setLocation] = useState("");
  const [isSame, setSame] = useState(false);
  const [workers, setWorkers] = useState<string[]>([]);
  const count = (line: TaskLine) => Number(counts[line.line_id] ?? line.short);
  const meant = offered
    .map(({ task, lines }) => ({ task, lines: lines.filter((line) => count(line) > 0) }))
    .filter(({ lines }) => lines.length > 0);

  const decide = (subject: TaskSummary[], change: Replan) =>
    run(async () => {
      const outcome = await apply(ask, subject, change);
      onDone(outcome.done);
      if (outcome.refused.length === 0) onClose();
      else setTried({ change, refused: outcome.refused });
    });
  function submit(event: FormEvent): void {
    event.preventDefault();
    const lines = new Map(
      meant.map(({ task, lines }) => [
        task.task_id,
        lines.map((line) => ({ line_id: line.line_id, quantity: count(line) })),
      ]),
    );
    const change: Replan = { kind: "replan", lines, location: location.trim() || null, isSame, workers };
    void decide(
      meant.map(({ task }) => task),
      change,
    );
  }

  if (tried)
    return (
      <Conflicts
        key={tried.refused.map(({ task }) => `${task.task_id}.${task.revision}`).join()}
        {...tried}
        busy={busy}
        onAgain={(again) => void decide(again, tried.change)}
        onClose={onClose}
      />
    );
  if (offered.every(({ lines }) => lines.length === 0)) return <p>{t("replan.nothing")}</p>;
  return (
    <form onSubmit={submit}>
      <Trouble error={error} />
      {offered.map(({ task, lines }) =>
        lines.map((line) => (
          <NumberInput
            key={line.line_id}
            label={`${line.sku} ${line.description}`.trim()}
            description={t("replan.of", { number: task.number, count: line.short })}
            value={counts[line.line_id] ?? line.short}
            onChange={(value) => setCounts({ ...counts, [line.line_id]: value })}
            min={0}
            max={line.short}
            allowDecimal={false}
            hideControls
            mb="xs"
          />
        )),
      )}
      <TextInput
        label={t("replan.location")}
        description={t("replan.location_means")}
        value={location}
        onChange={(event) => setLocation(event.currentTarget.value)}
        mb="xs"
      />
      <Checkbox
        label={t("replan.same")}
        checked={isSame}
        disabled={tasks.some(({ status }) => status === "completed" || status === "cancelled")}
        onChange={(event) => setSame(event.currentTarget.checked)}
        mb="xs"
      />
      {!isSame && <People workers={workers} onChange={setWorkers} />}
      <div className={classes.buttons}>
        <Button type="submit" loading={busy} disabled={meant.length === 0}>
          {t("change.replan")}
        </Button>
      </div>
    </form>
  );
}
