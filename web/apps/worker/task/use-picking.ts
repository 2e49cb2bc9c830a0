/** The task in hand: where its worker is in it, what is done there, and what the screen says to that. */
import { useState } from "react";
import { LOOKS } from "../answer/looks";
import type { Voice } from "../answer/voice";
import { useGo } from "../parts/go";
import { useLatest } from "../parts/use-latest";
import { lineToName } from "../tasks/order";
import { isBadge } from "../work/badge";
import { useWork, useWorkState } from "../work/context";
import type { Done, ScanAnswer, ShortageReason, Task, TaskLine } from "../work/work";
import { isCounted } from "./done";
import { type Place, usePlace } from "./use-place";
import { type Saying, useSaid } from "./use-said";

export interface Picking extends Place {
  task: Task;
  voice: Voice;
  /** How often the next scan counts. */
  times: number;
  setTimes: (times: number) => void;
  scan: (code: string) => Promise<void>;
  short: (line: TaskLine, quantity: number, reason: ShortageReason, note: string) => Promise<void>;
  /** What an undo takes back; null where there is nothing. */
  last: Done | null;
  undo: () => Promise<void>;
  error: string | null;
}

export function usePicking(task: Task): Picking {
  const work = useWork();
  const go = useGo();
  const { done } = useWorkState("done");
  const place = usePlace(task);
  const { voice, error, say, fail, hush } = useSaid();
  const [times, setTimes] = useState(1);
  const last = done.find((one) => one.task_id === task.task_id && isCounted(one)) ?? null;

  async function handOver(badge: string) {
    try {
      await work.loginWithBadge(badge);
      go("/", { replace: true });
    } catch (reason) {
      fail(reason);
    }
  }

  async function scan(code: string) {
    if (isBadge(code)) return handOver(code);
    setTimes(1);
    const lineId = place.line ? lineToName(task, place.line) : undefined;
    try {
      say(saidTo(await work.scan(task.task_id, code, { ...(lineId && { lineId }), quantity: times })));
    } catch (reason) {
      // It could not be written down, so it does not count: nobody may believe that it did.
      say({ kind: "not_kept", code, sku: "", quantity: 0, picked: 0, required: 0 });
      fail(reason);
    }
  }

  async function short(of: TaskLine, quantity: number, reason: ShortageReason, note: string) {
    await work.short(task.task_id, of.line_id, quantity, reason, note);
    const { sku, picked, required } = of;
    say({ kind: "short", code: sku, sku, quantity, picked, required });
  }

  const undo = useLatest(async () => {
    if (!last) return;
    try {
      await work.undo(last.operation_id);
      say(saidToUndo(last, task));
    } catch (reason) {
      fail(reason);
    }
  });

  return {
    ...place,
    task,
    voice,
    times,
    setTimes: (wanted) => {
      setTimes(wanted);
      // What counts next takes the place of what was last.
      if (wanted > 1) hush();
    },
    scan,
    short,
    last,
    undo,
    error,
  };
}

function saidTo({ outcome, code, sku, quantity, picked, required }: ScanAnswer): Saying {
  // Where nothing is kept the server may refuse for reasons that are no outcomes of a scan.
  const kind = outcome in LOOKS ? outcome : "not_kept";
  return { kind, code, sku: sku ?? code, quantity, picked: picked ?? 0, required: required ?? 0 };
}

function saidToUndo({ sku, quantity, line_id }: Done, task: Task): Saying {
  const { picked = 0, required = 0 } = task.lines.find((line) => line.line_id === line_id) ?? {};
  return { kind: "undone", code: "", sku: sku ?? "", quantity, picked, required };
}
