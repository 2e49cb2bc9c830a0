// biome-ignore-all lint/a11y/useSemanticElements: a table cannot have rows that are placed where they are seen
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is the grid's, which names the active row
import { useMediaQuery } from "@mantine/hooks";
import { number } from "kit/i18n/format";
import Check from "lucide-react/icons/check";
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useRef } from "react";
import { Link } from "wouter";
import type { TaskSummary } from "../api/types";
import { t } from "../i18n";
import { DueWords } from "../parts/due-words";
import { StatusChip } from "../parts/status-chip";
import classes from "./board.module.css";
import { all, type Move, moved, NOTHING, type Selection, stretched, toggled } from "./selection";
import { useWindow } from "./use-window";

const MOVES: Record<string, Move> = {
  ArrowUp: "up",
  ArrowDown: "down",
  PageUp: "page_up",
  PageDown: "page_down",
  Home: "first",
  End: "last",
};
const HEAD = 36;
const ROW = 44;
const CARD = 84;

interface Props {
  tasks: TaskSummary[];
  now: number;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onOpen: (taskId: number) => void;
  /** A key that is none of the list's own. */
  onKey: (key: string) => void;
}

/** The tasks, of which only those are drawn that are seen; all of it works by keyboard. */
export function TaskGrid({ tasks, now, selection, onSelect, onOpen, onKey }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const isNarrow = useMediaQuery("(width < 900px)") ?? false;
  const [height, head] = isNarrow ? [CARD, 0] : [ROW, HEAD];
  const { first, last } = useWindow(box, tasks.length, height);
  const rows = () => tasks.map(({ task_id }) => task_id);
  const at = tasks.findIndex(({ task_id }) => task_id === selection.active);

  useEffect(() => {
    const element = box.current;
    if (!element || at < 0) return;
    const top = at * height;
    const room = element.clientHeight - head;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + room) element.scrollTop = top + height - room;
  }, [at, height, head]);

  function press(event: KeyboardEvent): void {
    // Links and the like have keys of their own.
    if (event.target !== box.current || event.altKey) return;
    const move = MOVES[event.key];
    if (move) onSelect(moved(selection, rows(), move, event.shiftKey));
    else if (event.key === " " && selection.active !== null) onSelect(toggled(selection, selection.active));
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) onSelect(all(selection, rows()));
    else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === "Enter" && selection.active !== null) onOpen(selection.active);
    else if (event.key === "Escape") onSelect({ ...NOTHING, active: selection.active });
    else if (/^[a-z/]$|^Delete$/.test(event.key)) onKey(event.key);
    else return;
    event.preventDefault();
  }

  function click(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-task]");
    if (!row || (event.target as Element).closest("a")) return;
    const id = Number(row.dataset.task);
    if (event.shiftKey) onSelect(stretched(selection, rows(), id));
    else onSelect(toggled(selection, id));
  }

  return (
    <div
      ref={box}
      className={classes.grid}
      role="grid"
      aria-label={t("board.title")}
      aria-multiselectable
      aria-rowcount={tasks.length + 1}
      aria-activedescendant={at >= 0 ? `task-${selection.active}` : undefined}
      tabIndex={0}
      onKeyDown={press}
      onClick={click}
    >
      <Head />
      <div className={classes.rows} role="rowgroup" style={{ height: tasks.length * height }}>
        {tasks.slice(first, last).map((task, place) => (
          <Row
            key={task.task_id}
            task={task}
            now={now}
            place={first + place}
            top={(first + place) * height}
            isChosen={selection.chosen.has(task.task_id)}
            isActive={selection.active === task.task_id}
          />
        ))}
      </div>
    </div>
  );
}

const COLUMNS = ["chosen", "order", "state", "workers", "due", "priority", "progress"] as const;

function Head() {
  return (
    <div role="rowgroup">
      <div className={classes.head} role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader">
            {column === "chosen" ? (
              <span className="visually-hidden">{t("column.chosen")}</span>
            ) : (
              t(`column.${column}`)
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  task: TaskSummary;
  now: number;
  place: number;
  top: number;
  isChosen: boolean;
  isActive: boolean;
}

const Row = memo(function Row({ task, now, place, top, isChosen, isActive }: RowProps) {
  const { task_id, number: name, destination, status, held, workers, due_at, priority } = task;
  return (
    <div
      id={`task-${task_id}`}
      className={classes.row}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      data-active={isActive || undefined}
      data-task={task_id}
      style={{ top }}
    >
      <Cell className={classes.check}>
        <span className={classes.box}>
          <Check size={14} strokeWidth={3} aria-hidden />
        </span>
      </Cell>
      <Cell className={classes.what}>
        <Link href={`/tasks/${task_id}`} tabIndex={-1}>
          {name}
        </Link>{" "}
        <span>{destination}</span>
      </Cell>
      <Cell className={classes.chip}>
        <StatusChip status={status} held={held} />
      </Cell>
      <Cell className={`${classes.cell} ${classes.who}`}>
        {workers.length > 0 ? workers.join(", ") : t("board.nobody")}
      </Cell>
      <Cell className={`${classes.cell} ${classes.due}`}>
        <DueWords at={due_at} now={now} late={classes.late} soon={classes.soon} />
      </Cell>
      <Cell className={`${classes.number} ${classes.priority} ${priority > 0 ? classes.urgent : ""}`}>
        {number(priority)}
      </Cell>
      <Cell className={`${classes.number} ${classes.progress}`}>
        <Progress task={task} />
      </Cell>
    </div>
  );
});

function Cell({ className, children }: { className: string | undefined; children: React.ReactNode }) {
  return (
    <span role="gridcell" className={className}>
      {children}
    </span>
  );
}

function Progress({ task: { picked, required, short } }: { task: TaskSummary }) {
  const words = t("board.progress", { picked: number(picked), required: number(required) });
  return <>{short > 0 ? `${words} · ${t("board.short", { count: short })}` : words}</>;
}
