/** The next line: where it is, what it is, and how much of it, as large as the screen is. */

import { number } from "kit/i18n/format";
import { List, MapPin, ShoppingBasket, SkipForward } from "lucide-react";
import { lazy, memo, Suspense } from "react";
import { AnswerBar } from "../answer/answer-bar";
import { t } from "../i18n";
import { Button, Failed, Progress } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useWide } from "../parts/use-wide";
import { left } from "../tasks/order";
import { useWorkState } from "../work/context";
import type { Task, TaskLine } from "../work/work";
import { Actions } from "./actions";
import { Lines, linesOf } from "./lines-page";
import { PacksPicture } from "./packs-picture";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

const Puts = lazy(() => import("./puts"));

export function PickingPage({ picking }: { picking: Picking }) {
  const { task, line, voice, times, error, skipped } = picking;
  const isWide = useWide();
  const at = `/task/${task.task_id}`;
  return (
    <Screen title={task.number} back="/" wide foot={<Actions picking={picking} />}>
      <div className={styles.answer}>
        <AnswerBar voice={voice} times={times} />
      </div>
      <div className={styles.columns}>
        <div className={styles.now}>
          <Failed error={error} />
          {line && <NextLine line={line} group={groupOf(task, line)} />}
          <Elsewhere at={at} canSkip={line !== null} skip={picking.skip} areLinesHere={isWide} />
          {skipped.size > 0 && <p className={parts.empty}>{t("picking.skipped", { count: skipped.size })}</p>}
          <TaskProgress picking={picking} />
          <Finish at={at} />
        </div>
        {isWide && (
          <section aria-label={t("lines.title")}>
            <Lines {...linesOf(picking)} onChoose={picking.choose} />
          </section>
        )}
      </div>
    </Screen>
  );
}

interface ElsewhereProps {
  /** The address of the task. */
  at: string;
  canSkip: boolean;
  skip: () => void;
  /** All lines are on the screen already. */
  areLinesHere: boolean;
}

/** Other lines than this one. */
const Elsewhere = memo(function Elsewhere({ at, canSkip, skip, areLinesHere }: ElsewhereProps) {
  return (
    <div className={parts.row}>
      {canSkip && (
        <Button onClick={skip}>
          <SkipForward aria-hidden size={24} /> {t("picking.skip")}
        </Button>
      )}
      {!areLinesHere && (
        <Go href={`${at}/lines`} className={parts.button}>
          <List aria-hidden size={24} /> {t("picking.all_lines")}
        </Go>
      )}
    </div>
  );
});

const Finish = memo(function Finish({ at }: { at: string }) {
  return (
    <Go href={`${at}/finish`} className={`${parts.button} ${parts.full}`}>
      {t("finish.title")}
    </Go>
  );
});

/** What is picked at once: of an article that goes into totes all that lies at the place, else the line. */
function groupOf(task: Task, line: TaskLine): TaskLine[] {
  if (line.tote === null) return [line];
  return task.lines.filter(
    ({ sku, location, tote }) => sku === line.sku && location === line.location && tote !== null,
  );
}

const sum = (lines: readonly TaskLine[], of: (line: TaskLine) => number) =>
  lines.reduce((all, line) => all + of(line), 0);

function NextLine({ line, group }: { line: TaskLine; group: readonly TaskLine[] }) {
  const { articles } = useWorkState("articles");
  const picked = sum(group, (one) => one.picked);
  const short = sum(group, (one) => one.short);
  const required = sum(group, (one) => one.required);
  const packs = articles.get(line.sku)?.codes ?? [];
  const place = [
    line.zone !== null && t("line.zone", { zone: line.zone }),
    line.aisle !== null && t("line.aisle", { aisle: line.aisle }),
  ].filter((part) => part !== false);
  return (
    <section className={styles.line} aria-label={t("picking.next_line")} data-line={line.line_id}>
      <p className={styles.place}>
        <MapPin aria-hidden size={34} />
        <span className={styles.location}>{line.location ?? t("line.no_location")}</span>
        {place.length > 0 && <span className={styles.aisle}>{place.join(" · ")}</span>}
      </p>
      <p className={styles.article}>
        <strong>{line.sku}</strong>
        <span>{line.description}</span>
      </p>
      <PacksPicture quantity={sum(group, left)} packs={packs} />
      {group.length > 1 && (
        <Suspense>
          <Puts lines={group} />
        </Suspense>
      )}
      {line.tote !== null && group.length === 1 && (
        <p className={styles.tote}>
          <ShoppingBasket aria-hidden size={28} /> {t("line.into", { tote: line.tote })}
        </p>
      )}
      {(picked > 0 || short > 0) && (
        <p className={styles.counts}>
          {t("line.picked_of", { picked: number(picked), required: number(required) })}
          {short > 0 && ` · ${t("tasks.short", { count: short })}`}
        </p>
      )}
      <Progress value={picked} most={required} label={t("line.progress", { sku: line.sku })} />
    </section>
  );
}

function TaskProgress({ picking: { task } }: { picking: Picking }) {
  const open = task.lines.filter((line) => left(line) > 0).length;
  return (
    <div>
      <p className={styles.counts}>
        {t("picking.lines_left", { count: open })} ·{" "}
        {t("tasks.pieces", { picked: number(task.picked), count: task.required })}
        {task.door && ` · ${t("line.to_door", { door: task.door })}`}
      </p>
      <Progress
        value={task.picked}
        most={task.required}
        label={t("tasks.progress", { number: task.number })}
      />
    </div>
  );
}
