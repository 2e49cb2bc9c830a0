/** Where somebody is in a task: at which line, and which they left for later. */
import { useState } from "react";
import { useLatest } from "../parts/use-latest";
import { nextLine } from "../tasks/order";
import type { Task, TaskLine } from "../work/work";

/** What was skipped in which task: somebody who looks at another one meanwhile comes back to it as it was. */
const skippedOf = new Map<number, ReadonlySet<number>>();
const NONE: ReadonlySet<number> = new Set();

export interface Place {
  line: TaskLine | null;
  skipped: ReadonlySet<number>;
  /** Leave the line for later. */
  skip: () => void;
  choose: (line: TaskLine) => void;
}

export function usePlace(task: Task): Place {
  const [chosen, setChosen] = useState<number | null>(null);
  const [skipped, setSkipped] = useState(() => skippedOf.get(task.task_id) ?? NONE);
  const line = nextLine(task, skipped, chosen);

  function setAside(lines: ReadonlySet<number>) {
    skippedOf.set(task.task_id, lines);
    setSkipped(lines);
  }
  const skip = useLatest(() => {
    setChosen(null);
    if (line) setAside(aside(task, skipped, line));
  });
  const choose = useLatest(({ line_id }: TaskLine) => {
    setChosen(line_id);
    setAside(new Set([...skipped].filter((id) => id !== line_id)));
  });
  return { line, skipped, skip, choose };
}

/** The lines that are skipped after this one is; once all that is open were, it begins anew. */
function aside(task: Task, skipped: ReadonlySet<number>, line: TaskLine): ReadonlySet<number> {
  const more = new Set([...skipped, line.line_id]);
  const next = nextLine(task, more, null);
  return next && more.has(next.line_id) ? NONE : more;
}
