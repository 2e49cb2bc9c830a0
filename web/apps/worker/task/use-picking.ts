/** The task in hand: where its worker is in it, what is done there, and what the screen says to that. */
import { useRef, useState } from "react";
import { LOOKS } from "../answer/looks";
import type { Voice } from "../answer/voice";
import { t } from "../i18n";
import { is } from "../ledger/scan";
import { useGo } from "../parts/go";
import { useLatest } from "../parts/use-latest";
import { left, lineToName } from "../tasks/order";
import { isBadge } from "../work/badge";
import { useWork, useWorkState } from "../work/context";
import type { Done, ScanAnswer, ShortageReason, Task, TaskLine } from "../work/work";
import { isCounted } from "./done";
import { openOf, type Put, roleOf, scannedOf, totesOf, withScan } from "./put";
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
  /** There is something to take back, or an article in hand to be dropped. */
  canUndo: boolean;
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

  /** The article in hand of which a place or a tote is to be scanned, and the place that was scanned last. */
  const put = useRef<Put | null>(null);
  const at = useRef<string | null>(null);
  const [hasPut, setHasPut] = useState(false);
  function hold(held: Put | null) {
    put.current = held;
    setHasPut(held !== null);
  }
  const drop = () => hold(null);

  function arrive(code: string) {
    at.current = code;
    const there = task.lines.filter((line) => left(line) > 0 && is(code, line.location));
    if (there[0] && !there.some(({ line_id }) => line_id === place.line?.line_id)) place.choose(there[0]);
    const name = there[0]?.location ?? code;
    say({ ...NOTHING, kind: "asked", code, words: t("put.article", { name }) });
  }

  /** What the screen says to a put: what is still to be scanned, what of it was wrong, or how it counts. */
  function answerTo(wanted: Put, answer: ScanAnswer): Saying {
    const { outcome, sku, quantity, line_id } = answer;
    const asks = ASKS[outcome];
    const open = openOf(task, sku, place.line);
    const name = task.lines.find((line) => line.line_id === line_id)?.location ?? "";
    const asked = { sku, quantity, name: asks === "tote" ? totesOf(open) : name };
    if (outcome === "tote_needed" || outcome === "location_needed") {
      hold({ ...wanted, asks });
      return { ...saidTo(answer), kind: "asked", words: t(`put.${asks}`, asked) };
    }
    if (asks === undefined) {
      drop();
      if (wanted.location) at.current = wanted.location;
      return saidTo(answer);
    }
    // The article is still in hand: only the right one has to be scanned.
    hold({ ...wanted, asks, [asks]: undefined });
    const words = t(`answer.wrong_${asks}.say`, { ...asked, code: wanted[asks] });
    return { ...saidTo(answer), words };
  }

  const scanNow = useLatest(async (code: string) => {
    if (isBadge(code)) return handOver(code);
    setTimes(1);
    const role = roleOf(task, put.current, code, work.means(code));
    if (role === "location" && !put.current) return arrive(code);
    const wanted = withScan(put.current, role, code, times);
    const { line } = place;
    const how = scannedOf(task, wanted, work.means(wanted.code), line, at.current);
    const lineId = line && line.tote === null ? lineToName(task, line) : undefined;
    try {
      const answer = await work.scan(task.task_id, wanted.code, { ...(lineId && { lineId }), ...how });
      say(answerTo(wanted, answer));
    } catch (reason) {
      drop();
      // It could not be written down, so it does not count: nobody may believe that it did.
      say({ ...NOTHING, kind: "not_kept", code });
      fail(reason);
    }
  });
  // One after the other: what a code is depends on the one before it.
  const turn = useRef(Promise.resolve());
  function scan(code: string): Promise<void> {
    turn.current = turn.current.then(() => scanNow(code));
    return turn.current;
  }

  async function short(of: TaskLine, quantity: number, reason: ShortageReason, note: string) {
    await work.short(task.task_id, of.line_id, quantity, reason, note);
    const { sku, picked, required } = of;
    say({ kind: "short", code: sku, sku, quantity, picked, required });
  }

  const undo = useLatest(async () => {
    if (put.current) {
      // Nothing of it counts yet.
      drop();
      return hush();
    }
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
    skip: useLatest(() => {
      drop();
      place.skip();
    }),
    choose: useLatest((line: TaskLine) => {
      drop();
      place.choose(line);
    }),
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
    canUndo: hasPut || last !== null,
    error,
  };
}

const NOTHING = { code: "", sku: "", quantity: 0, picked: 0, required: 0 };

const ASKS: { [outcome in ScanAnswer["outcome"]]?: "location" | "tote" } = {
  location_needed: "location",
  wrong_location: "location",
  tote_needed: "tote",
  wrong_tote: "tote",
};

function saidTo({ outcome, code, sku, quantity, picked, required }: ScanAnswer): Saying {
  // Where nothing is kept the server may refuse for reasons that are no outcomes of a scan.
  const kind = outcome in LOOKS ? (outcome as Saying["kind"]) : "not_kept";
  return { kind, code, sku: sku ?? code, quantity, picked: picked ?? 0, required: required ?? 0 };
}

function saidToUndo({ sku, quantity, line_id }: Done, task: Task): Saying {
  const { picked = 0, required = 0 } = task.lines.find((line) => line.line_id === line_id) ?? {};
  return { kind: "undone", code: "", sku: sku ?? "", quantity, picked, required };
}
