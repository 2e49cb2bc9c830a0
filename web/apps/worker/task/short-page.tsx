/** What cannot be picked: how much of it, why, and what whoever plans should know. */
import { type SubmitEvent, useState } from "react";
import { t } from "../i18n";
import { Button, Choice, Failed } from "../parts/controls";
import { useBack } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { left } from "../tasks/order";
import { useAction } from "../work/use-action";
import type { ShortageReason, TaskLine } from "../work/work";
import { articleOf } from "./article";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

export const REASONS: readonly ShortageReason[] = ["short_pick", "not_found", "damaged"];

export const reasonOptions = () => REASONS.map((reason) => [reason, t(`short.${reason}`)] as const);

export function ShortPage({ picking, line }: { picking: Picking; line: TaskLine }) {
  const at = `/task/${picking.task.task_id}`;
  const back = useBack(at);
  const most = left(line);
  const [count, setCount] = useState(most);
  const [reason, setReason] = useState<ShortageReason>("short_pick");
  const [note, setNote] = useState("");
  const { busy, error, run } = useAction();
  // Meanwhile some of it may have been picked.
  const quantity = Math.min(count, most);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (await run(() => picking.short(line, quantity, reason, note.trim()))) back();
  }
  return (
    <Screen title={t("short.title")} back={at}>
      <p className={parts.empty}>
        <strong>{articleOf(line)}</strong> · {line.location ?? t("line.no_location")}
      </p>
      <form onSubmit={submit} className={styles.form}>
        <Choice
          name="reason"
          legend={t("short.why")}
          value={reason}
          onChange={setReason}
          options={reasonOptions()}
        />
        <Stepper
          label={t("short.how_many", { count: most })}
          value={quantity}
          most={most}
          onChange={setCount}
        />
        <label className={parts.field}>
          {t("short.note")}
          <textarea rows={2} maxLength={500} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
        </label>
        <Failed error={error} />
        <Button main full type="submit" disabled={busy || most === 0 || quantity < 1}>
          {t("short.report", { count: quantity })}
        </Button>
      </form>
    </Screen>
  );
}

interface StepperProps {
  label: string;
  value: number;
  most: number;
  onChange: (value: number) => void;
}

function Stepper({ label, value, most, onChange }: StepperProps) {
  const change = (to: number) => onChange(Math.min(most, Math.max(0, to)));
  return (
    <div className={parts.field}>
      <label htmlFor="short-count">{label}</label>
      <div className={styles.stepper}>
        <Button aria-label={t("short.fewer")} onClick={() => change(value - 1)}>
          −
        </Button>
        <input
          id="short-count"
          value={String(value)}
          inputMode="numeric"
          autoComplete="off"
          onInput={(event) => change(Number(event.currentTarget.value.replace(/\D/g, "")))}
        />
        <Button aria-label={t("short.more")} onClick={() => change(value + 1)}>
          +
        </Button>
      </div>
    </div>
  );
}
