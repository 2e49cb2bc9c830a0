import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { normaliseBarcode } from "../codes/gtins";
import { decide } from "./decide";
import { type Known, Ledger } from "./ledger";
import type { Operation } from "./operations";
import type { HeldTask, Snapshot } from "./snapshot";

const AT = Date.parse("2026-06-01T08:00:00Z");

const line = (line_id: number, sku: string, required: number) => ({
  line_id,
  requisition_line_id: line_id,
  requisition_id: 1,
  sku,
  description: "",
  required,
  picked: 0,
  short: 0,
  location: null,
  zone: null,
  aisle: null,
  tote: null,
});

const TASK = {
  task_id: 1,
  number: "R1",
  destination: "",
  version: 2,
  status: "assigned",
  workers: ["ana"],
  due_at: null,
  created_at: "2026-06-01T07:00:00Z",
  required: 8,
  picked: 0,
  short: 0,
  lines: [line(1, "A", 2), line(2, "B", 3), line(3, "A", 3)],
} as unknown as HeldTask;

const SNAPSHOT: Snapshot = {
  taken_at: "2026-06-01T07:30:00Z",
  worker: "ana",
  settings: { separators: ["~"], variable_measure_eans: [], undo_seconds: 900 },
  tasks: [TASK],
  articles: [
    { sku: "A", description: "", codes: [{ code: "BOX", pieces: 3, level: "case" }] },
    { sku: "B", description: "", codes: [] },
    { sku: "C", description: "", codes: [] },
  ],
  exceptions: { skus: ["a"], barcodes: [] },
};

let ids = 0;
const scan = (code: string, more: object = {}): Operation => ({
  kind: "scan",
  operation_id: `id-${++ids}`,
  task_id: 1,
  code,
  quantity: 1,
  ...more,
});
const short = (line_id: number, quantity: number): Operation => ({
  kind: "shortage",
  operation_id: `id-${++ids}`,
  task_id: 1,
  line_id,
  quantity,
  reason: "not_found",
});
const undo = (undoes: string): Operation => ({ kind: "undo", operation_id: `id-${++ids}`, undoes });

function open(known: Known = {}, change: Partial<HeldTask> = {}) {
  const ledger = new Ledger({ ...SNAPSHOT, tasks: [{ ...TASK, ...change }] }, known);
  return (operation: Operation, at = AT) => decide(ledger, operation, at);
}

test("pieces go to the first line with room for all of them, and complete lines and the task", () => {
  const done = open();
  expect(done(scan("BOX"))).toMatchObject({ outcome: "line_complete", line_id: 3, quantity: 3, sku: "A" });
  expect(done(scan("A"))).toMatchObject({
    outcome: "picked",
    line_id: 1,
    picked: 1,
    task_status: "in_progress",
  });
  expect(done(scan("A"))).toMatchObject({ outcome: "line_complete", remaining_lines: 1 });
  expect(done(scan("A"))).toMatchObject({ outcome: "more_than_required", accepted: false });
  expect(done(scan("B", { quantity: 3 }))).toMatchObject({
    outcome: "task_complete",
    task_status: "completed",
  });
  expect(done(scan("B"))).toMatchObject({ outcome: "task_not_open" });
  expect(TASK.lines.map(({ picked }) => picked)).toEqual([0, 0, 0]);
});

test.each<[string, Operation, Partial<HeldTask>]>([
  ["not_in_task", scan("C"), {}],
  ["not_in_task", scan("nobody's"), {}],
  ["not_in_task", scan("a"), {}],
  ["not_on_line", scan("A", { line_id: 2 }), {}],
  ["quantity_conflict", scan("BOX", { pieces: 6 }), {}],
  ["several_codes", scan("A\r\nB"), {}],
  ["not_your_task", scan("A"), { workers: ["marko"] }],
  ["task_not_open", scan("A"), { status: "cancelled" }],
  ["version_conflict", scan("A", { version: 1 }), {}],
  ["task_not_found", scan("A", { task_id: 7 }), {}],
  ["line_not_found", short(9, 1), {}],
  ["more_than_required", short(1, 3), {}],
  ["wrong_task_status", short(1, 1), { status: "open" }],
  ["nothing_to_undo", undo("nobody's"), {}],
])("%s", (outcome, operation, change) => {
  expect(open({}, change)(operation)).toMatchObject({ outcome, accepted: false });
});

test("a scan of an earlier version that counts in both counts", () => {
  const earlier = [{ ...TASK, version: 1 }];
  expect(open({ earlier })(scan("A", { version: 1 }))).toMatchObject({ outcome: "picked" });
});

test("the same operation gets the same answer, and another under its id none", () => {
  const done = open();
  const one = scan("A");
  const first = done(one);
  expect(done({ ...one })).toEqual(first);
  expect(done({ ...one, code: "B" } as Operation)).toMatchObject({ outcome: "operation_id_reused" });
  expect(done(scan("A"))).toMatchObject({ picked: 2 });
});

test("what is taken back opens the line and the task, once", () => {
  const done = open({}, { lines: [line(1, "A", 1)] });
  const lack = short(1, 1);
  expect(done(lack)).toMatchObject({ outcome: "reported", task_status: "completed", short: 1 });
  expect(done(undo(lack.operation_id))).toMatchObject({
    outcome: "undone",
    task_status: "in_progress",
    short: 0,
    remaining_lines: 1,
  });
  expect(done(undo(lack.operation_id))).toMatchObject({ outcome: "already_undone" });
  expect(done(scan("A"))).toMatchObject({ outcome: "task_complete" });
});

test("what was refused, is another's, or was too long ago is not taken back", () => {
  const others = { kind: "scan", task_id: 1, line_id: 1, sku: "A", quantity: 1, accepted: true } as const;
  const done = open({ done: new Map([["marko's", { ...others, worker: "marko" }]]) });
  const refused = scan("C");
  done(refused);
  expect(done(undo(refused.operation_id))).toMatchObject({ outcome: "was_refused" });
  expect(done(undo("marko's"))).toMatchObject({ outcome: "not_your_operation" });
  const single = open({}, { lines: [line(1, "A", 1)] });
  const last = scan("A");
  single(last);
  expect(single(undo(last.operation_id), AT + 900_001)).toMatchObject({ outcome: "too_late" });
  expect(single(undo(last.operation_id), AT + 900_000)).toMatchObject({ outcome: "undone" });
});

const ROOT = join(import.meta.dirname, "../../../..");
const TABLE = JSON.parse(readFileSync(join(ROOT, "tests/fixtures/scan-rules.json"), "utf8"));

// What a step says of its answer under the name that this has.
const TOLD = ["outcome", "quantity", "picked", "task_status", "remaining_lines"];

interface Step {
  id: string;
  scan?: string;
  short?: number;
  undo?: string;
  line?: number;
  pieces?: number;
  tote?: string;
  outcome: string;
  of_line?: number;
  short_now?: number;
}

function operationOf({
  id,
  scan: code,
  short: lack,
  undo: undoes,
  line: place,
  pieces,
  tote,
}: Step): Operation {
  const same = { operation_id: id, task_id: 1, ...(place && { line_id: place }) };
  if (undoes) return { kind: "undo", operation_id: id, undoes };
  if (lack) return { kind: "shortage", ...same, line_id: place ?? 0, quantity: lack, reason: "not_found" };
  return {
    kind: "scan",
    ...same,
    code: code ?? "",
    quantity: 1,
    ...(pieces && { pieces }),
    ...(tote && { tote }),
  };
}

test.each<{ name: string; lines: [string, number, string?][]; steps: Step[] }>(TABLE.stories)(
  "as the server is tested: $name",
  ({ lines, steps }) => {
    const held = new Set(lines.map(([sku]) => sku));
    const articles = TABLE.articles
      .filter(({ sku }: { sku: string }) => held.has(sku))
      .map(({ sku, barcodes }: { sku: string; barcodes: { code: string }[] }) => ({
        sku,
        description: "",
        codes: barcodes.map((one) => ({
          pieces: 1,
          level: "each",
          ...one,
          code: normaliseBarcode(one.code),
        })),
      }));
    const task = {
      ...TASK,
      lines: lines.map(([sku, required, tote = null], place) => ({
        ...line(place + 1, sku, required),
        tote,
      })),
    };
    const settings = { ...SNAPSHOT.settings, confirm_totes: true };
    const exceptions = { skus: [], barcodes: [] };
    const ledger = new Ledger({ ...SNAPSHOT, settings, tasks: [task], articles, exceptions });
    for (const step of steps) {
      const told = {
        ...Object.fromEntries(Object.entries(step).filter(([name]) => TOLD.includes(name))),
        ...(step.of_line && { line_id: step.of_line }),
        ...(step.short_now !== undefined && { short: step.short_now }),
      };
      expect(decide(ledger, operationOf(step), AT)).toMatchObject(told);
    }
  },
);
