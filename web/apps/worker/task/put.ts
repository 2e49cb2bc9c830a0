/** A put: an article is scanned, and then what is to be confirmed of it: its place, its tote. Then it counts. */
import { is } from "../ledger/scan";
import { left } from "../tasks/order";
import type { Scanned, Task, TaskLine } from "../work/work";

/** An article that was scanned, and what was scanned besides so far. */
export interface Put {
  code: string;
  times: number;
  /** What is to be scanned next. */
  asks?: "location" | "tote";
  location?: string;
  tote?: string;
}

type Role = "article" | "again" | "location" | "tote";

/** What a code is, to somebody who has `put` in hand. `sku` is the article that it means, if it means one. */
export function roleOf(task: Task, put: Put | null, code: string, sku: string | null): Role {
  const isOne = (of: "location" | "tote") =>
    task.lines.some((line) => line[of] !== null && is(code, line[of]));
  if (put?.asks && isOne(put.asks)) return put.asks;
  if (sku !== null) return put?.code === code ? "again" : "article";
  if (isOne("location")) return "location";
  return put?.asks ?? "article";
}

/** The put after one more scan. */
export function withScan(put: Put | null, role: Role, code: string, times: number): Put {
  if (!put || role === "article") return { code, times };
  return role === "again" ? { ...put, times: put.times + times } : { ...put, [role]: code };
}

/** Open lines of an article, those at the place of a line alone where there are such. */
export function openOf(task: Task, sku: string | null, line: TaskLine | null): TaskLine[] {
  const open = task.lines.filter((one) => one.sku === sku && left(one) > 0);
  const here = open.filter((one) => one.location === line?.location);
  return here.length ? here : open;
}

/** How a put is scanned by somebody who is at `line`, and who scanned the place `at` before. */
export function scannedOf(
  task: Task,
  put: Put,
  sku: string | null,
  line: TaskLine | null,
  at: string | null,
): Scanned {
  const open = openOf(task, sku, line);
  const place =
    put.location ??
    (at !== null && open.some((one) => one.location !== null && is(at, one.location)) ? at : undefined);
  const { tote } = put;
  const into = tote === undefined ? undefined : open.find((one) => is(tote, one.tote));
  return {
    quantity: put.times,
    ...(into && { lineId: into.line_id }),
    ...(place !== undefined && { location: place }),
    ...(tote !== undefined && { tote }),
  };
}

/** The totes of lines, with how much goes into which where there are several. */
export function totesOf(lines: readonly TaskLine[]): string {
  const totes = lines.filter(({ tote }) => tote !== null);
  return totes.map((line) => (totes.length > 1 ? `${line.tote} (${left(line)})` : line.tote)).join(" / ");
}
