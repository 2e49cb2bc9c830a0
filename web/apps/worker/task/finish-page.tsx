/** The end of a task of which something is left: what will be short comes first, before anything is said to be done. */

import { number } from "kit/i18n/format";
import { useState } from "react";
import { t } from "../i18n";
import { Button, Choice, Failed, Notice } from "../parts/controls";
import { Go, useGo } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { left } from "../tasks/order";
import { useAction } from "../work/use-action";
import type { ShortageReason } from "../work/work";
import { Actions } from "./actions";
import { articleOf } from "./article";
import { CompletePage, ShortLines } from "./complete-page";
import { reasonOptions } from "./short-page";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

export function FinishPage({ picking }: { picking: Picking }) {
  const { task } = picking;
  const at = `/task/${task.task_id}`;
  const go = useGo();
  const [reason, setReason] = useState<ShortageReason | null>(null);
  const { busy, error, run } = useAction();
  const open = task.lines.filter((line) => left(line) > 0);
  if (open.length === 0) return <CompletePage picking={picking} />;

  async function reportAll(why: ShortageReason) {
    // One after the other: each is kept before the next, so that what fails in the middle leaves the rest to do.
    const all = async () => {
      for (const line of open) await picking.short(line, left(line), why, "");
    };
    if (await run(all)) go(at, { replace: true });
  }
  return (
    <Screen title={t("finish.title")} back={at} foot={<Actions picking={picking} />}>
      <ShortLines task={task} />
      <Notice tone="warn" title={t("finish.left", { count: open.length })}>
        <p>{t("finish.left_means")}</p>
      </Notice>
      <ul className={styles.lines}>
        {open.map((line) => (
          <li key={line.line_id}>
            <Go href={`${at}/short/${line.line_id}`} className={`${parts.card} ${styles.one}`}>
              <b>{line.location ?? t("line.no_location")}</b>
              <span className={styles.amount}>{t("finish.missing", { count: left(line) })}</span>
              <small>
                {articleOf(line)} · {number(line.picked)} / {number(line.required)}
              </small>
            </Go>
          </li>
        ))}
      </ul>
      <Choice
        name="all"
        legend={t("finish.why_all")}
        value={reason}
        onChange={setReason}
        options={reasonOptions()}
      />
      <Failed error={error} />
      <Button full main disabled={busy || reason === null} onClick={() => reason && reportAll(reason)}>
        {t("finish.report_all", { count: open.length })}
      </Button>
      <Go href={at} className={`${parts.button} ${parts.full}`}>
        {t("finish.go_on")}
      </Go>
    </Screen>
  );
}
