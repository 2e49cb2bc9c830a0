/** All lines of a task in walking order, and one of them found by what somebody knows of it. */

import { number } from "kit/i18n/format";
import { memo, useState } from "react";
import { t } from "../i18n";
import { useBack } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { left } from "../tasks/order";
import type { TaskLine } from "../work/work";
import { Actions } from "./actions";
import { articleOf } from "./article";
import { matches } from "./search";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

export function LinesPage({ picking }: { picking: Picking }) {
  const at = `/task/${picking.task.task_id}`;
  const back = useBack(at);
  return (
    <Screen title={t("lines.title")} back={at} foot={<Actions picking={picking} />}>
      <Lines
        {...linesOf(picking)}
        onChoose={(line) => {
          picking.choose(line);
          back();
        }}
      />
    </Screen>
  );
}

interface LinesProps {
  lines: readonly TaskLine[];
  currentId: number | null;
  skipped: ReadonlySet<number>;
  onChoose: (line: TaskLine) => void;
}

/** What the lines are drawn by. */
export const linesOf = ({ task, line, skipped }: Picking) => ({
  lines: task.lines,
  currentId: line?.line_id ?? null,
  skipped,
});

export const Lines = memo(function Lines({ lines, currentId, skipped, onChoose }: LinesProps) {
  const [wanted, setWanted] = useState("");
  const found = wanted === "" ? lines : lines.filter((line) => matches(line, wanted));
  return (
    <>
      <label className={parts.field}>
        {t("lines.search")}
        <input
          type="search"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      </label>
      <ul className={styles.lines}>
        {found.map((line) => (
          <OneLine
            key={line.line_id}
            line={line}
            current={line.line_id === currentId}
            skipped={skipped.has(line.line_id)}
            onChoose={onChoose}
          />
        ))}
      </ul>
      <p className={parts.empty} role="status">
        {found.length === 0 ? t("lines.nothing") : ""}
      </p>
    </>
  );
});

interface OneLineProps {
  line: TaskLine;
  current: boolean;
  skipped: boolean;
  onChoose: (line: TaskLine) => void;
}

/** Drawn anew only where it changed: there may be hundreds, and a scan is of one. */
const OneLine = memo(function OneLine({ line, current, skipped, onChoose }: OneLineProps) {
  const open = left(line) > 0;
  return (
    <li>
      <button
        type="button"
        className={styles.one}
        disabled={!open}
        aria-current={current ? "true" : undefined}
        onClick={() => onChoose(line)}
      >
        <b>{line.location ?? t("line.no_location")}</b>
        <span className={styles.amount}>
          {number(line.picked)} / {number(line.required)}
        </span>
        <small>{articleOf(line)}</small>
        <small>
          {[
            !open && line.short === 0 && t("lines.picked"),
            line.short > 0 && t("tasks.short", { count: line.short }),
            open && skipped && t("lines.skipped"),
            current && t("lines.current"),
          ]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </button>
    </li>
  );
});
