/**
 * Work that lives in memory: to look at the screens and to try them, with no server and no storage.
 *
 * It judges as simply as will do here: by SKU and by the codes of the articles, in walking order. What it begins
 * with is said in the address: `?nobody`, `?offline`, `?troubles=storage_full,proxy_page`, `?update`, `?plain`
 * (without conflicts and waiting ones), `?supervisor`, `?cut`.
 */

import {
  type Article,
  type Conflict,
  type Done,
  type Outcome,
  type Pack,
  type Person,
  type ScanAnswer,
  type Scanned,
  SET_ASIDE,
  type Task,
  type TaskLine,
  type TaskSummary,
  type Trouble,
  type Waiting,
  type Work,
  type WorkState,
} from "../work/work";
import { askedInMemory } from "./memory-desk";

const MINUTE = 60_000;
const REFUSED: string[] = ["unknown_code", "not_in_task", "not_on_line", "wrong_tote", "more_than_required"];

export function memoryWork(wanted: URLSearchParams): Work {
  let state = begun(wanted);
  const listeners = new Set<() => void>();
  function change(by: Partial<WorkState>): void {
    state = { ...state, ...by };
    for (const listener of listeners) listener();
  }
  function come(username: string): void {
    const role = username.startsWith("s") ? "supervisor" : "worker";
    const person: Person = { username, role };
    change({ person, people: [person, ...state.people.filter((one) => one.username !== username)] });
  }
  function count(taskId: number, lineId: number, by: { picked?: number; short?: number }): Task | undefined {
    const tasks = state.tasks.map((task) =>
      task.task_id === taskId ? summed(task, lineId, by.picked ?? 0, by.short ?? 0) : task,
    );
    change({ tasks });
    return tasks.find(({ task_id }) => task_id === taskId);
  }
  function note(done: Omit<Done, "at" | "state">): void {
    const counts = !REFUSED.includes(done.outcome);
    const kept: Done = {
      ...done,
      at: Date.now(),
      state: !counts ? "refused" : state.online ? "sent" : "waiting",
    };
    change({ done: [kept, ...state.done] });
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    now: () => Date.now(),

    async login(username, password) {
      if (password === "wrong") throw Object.assign(new Error("No"), { code: "bad_credentials" });
      come(username);
    },
    async loginWithPin(username, pin) {
      if (pin === "000000") throw Object.assign(new Error("No"), { code: "pin_locked" });
      come(username);
    },
    async loginWithBadge() {
      come("mila");
    },
    async change(username) {
      come(username);
    },
    async logout() {
      change({ person: null, people: state.people.filter((one) => one.username !== state.person?.username) });
    },
    async enrol() {
      change({ enrolled: true, device_id: "d1" });
    },

    ask: askedInMemory(wanted),
    async persist() {
      return false;
    },

    async refresh() {
      change({ taken_at: Date.now() });
    },
    async claim(taskId) {
      const free = state.pool.find(({ task_id }) => task_id === taskId);
      if (!free) throw Object.assign(new Error("Taken"), { code: "wrong_task_status" });
      const lines = [
        line(taskId * 10, "SC-TAPE", 4, "C-01-02"),
        line(taskId * 10 + 1, "SC-BOX", 2, "C-02-09"),
      ];
      change({
        pool: state.pool.filter((one) => one !== free),
        tasks: [...state.tasks, task({ ...free, status: "assigned" }, lines)],
      });
    },
    async start() {},
    async complete(taskId) {
      change({ tasks: state.tasks.filter(({ task_id }) => task_id !== taskId) });
    },

    means: (code) => found(state, code)?.sku ?? null,
    async scan(taskId, code, how = {}) {
      const answer = judge(state, taskId, code, how);
      if (answer.outcome === "tote_needed") return answer;
      if (answer.line_id !== null && answer.outcome === "picked") {
        const after = count(taskId, answer.line_id, { picked: answer.quantity });
        const lines = after?.lines ?? [];
        const done = lines.find(({ line_id }) => line_id === answer.line_id);
        if (done && done.picked + done.short >= done.required) answer.outcome = "line_complete";
        if (lines.every(({ picked, short, required }) => picked + short >= required))
          answer.outcome = "task_complete";
        answer.picked = done?.picked ?? null;
      }
      const { operation_id, line_id, sku, outcome } = answer;
      note({
        operation_id,
        kind: "scan",
        task_id: taskId,
        line_id,
        sku,
        quantity: answer.quantity,
        outcome,
      });
      return answer;
    },
    async short(taskId, lineId, quantity, reason) {
      const after = count(taskId, lineId, { short: quantity });
      const sku = after?.lines.find(({ line_id }) => line_id === lineId)?.sku ?? null;
      note({
        operation_id: crypto.randomUUID(),
        kind: "shortage",
        task_id: taskId,
        line_id: lineId,
        sku,
        quantity,
        outcome: reason,
      });
    },
    async undo(operationId) {
      const undone = state.done.find(({ operation_id }) => operation_id === operationId);
      if (!undone) throw Object.assign(new Error("Unknown"), { code: "nothing_to_undo" });
      if (undone.line_id !== null)
        count(undone.task_id, undone.line_id, {
          [undone.kind === "scan" ? "picked" : "short"]: -undone.quantity,
        });
      change({
        done: state.done.map((one) => (one.operation_id === operationId ? { ...one, state: "undone" } : one)),
      });
    },

    async seen(conflict) {
      change({ conflicts: state.conflicts.filter((one) => one.operation_id !== conflict.operation_id) });
    },
    async sendAgain() {
      change({ conflicts: state.conflicts.filter(({ code }) => code !== SET_ASIDE) });
    },
    async handIn(owner) {
      const without = (queues: Waiting[]) => queues.filter((one) => one.owner !== owner);
      change({ waiting: without(state.waiting), held: without(state.held) });
    },
    evictionSeen() {
      change({ troubles: state.troubles.filter((one) => one !== "storage_evicted") });
    },
    update() {
      change({ update_waits: false });
    },
  };
}

const found = (state: WorkState, code: string) =>
  [...state.articles.values()]
    .flatMap(({ sku, codes }) => [{ sku, code: sku, pieces: 1 }, ...codes.map((one) => ({ sku, ...one }))])
    .find((one) => one.code === code);

function judge(
  state: WorkState,
  taskId: number,
  code: string,
  { quantity: times = 1, lineId, tote }: Scanned,
): ScanAnswer {
  const lines = state.tasks.find(({ task_id }) => task_id === taskId)?.lines ?? [];
  const article = found(state, code);
  const quantity = times * (article?.pieces ?? 1);
  const ofArticle = lines.filter(({ sku }) => sku === article?.sku);
  const into = ofArticle.filter((line) => tote === undefined || line.tote === tote);
  const asked = into.length ? into : ofArticle;
  const named = lineId === undefined ? asked : asked.filter(({ line_id }) => line_id === lineId);
  const open = named.find(({ picked, short, required }) => picked + short + quantity <= required);
  const lacking = open && open.tote !== null && tote === undefined ? "tote_needed" : "picked";
  const outcome: Outcome = !article
    ? "unknown_code"
    : asked.length === 0
      ? "not_in_task"
      : named.length === 0
        ? "not_on_line"
        : !into.length
          ? "wrong_tote"
          : open
            ? lacking
            : "more_than_required";
  const of = open ?? named[0] ?? null;
  return {
    operation_id: crypto.randomUUID(),
    outcome,
    code,
    sku: article?.sku ?? null,
    line_id: of?.line_id ?? null,
    quantity,
    picked: of?.picked ?? null,
    required: of?.required ?? null,
  };
}

function summed(before: Task, lineId: number, picked: number, short: number): Task {
  const lines = before.lines.map((one) =>
    one.line_id === lineId ? { ...one, picked: one.picked + picked, short: one.short + short } : one,
  );
  return task({ ...before, status: "in_progress" }, lines);
}

function task(summary: Omit<TaskSummary, "required" | "picked" | "short">, lines: TaskLine[]): Task {
  const sum = (field: "required" | "picked" | "short") => lines.reduce((all, one) => all + one[field], 0);
  return { ...summary, lines, required: sum("required"), picked: sum("picked"), short: sum("short") };
}

const NAMES: Record<string, string> = {
  "SC-PEN": "Ballpoint pen, blue, 0.7 mm",
  "SC-INK": "Ink cartridge 305 XL, black",
  "SC-TAPE": "Packing tape 48 mm × 66 m, brown",
  "SC-BOX": "Archive box, corrugated, 340 × 250 × 100 mm",
  "SC-NOTE": "Notebook A5, squared, 96 sheets",
};

const PACKS: Record<string, Pack[]> = {
  "SC-PEN": [
    { code: "5012345678900", pieces: 1, level: "each" },
    { code: "15012345678907", pieces: 12, level: "case" },
  ],
  "SC-NOTE": [
    { code: "NOTE-6", pieces: 6, level: "inner" },
    { code: "NOTE-24", pieces: 24, level: "case" },
    { code: "NOTE-480", pieces: 480, level: "pallet" },
  ],
};

function line(line_id: number, sku: string, required: number, location: string | null, more = {}): TaskLine {
  const aisle = location?.split("-")[1] ?? null;
  return {
    line_id,
    requisition_line_id: line_id,
    requisition_id: 1,
    sku,
    description: NAMES[sku] ?? sku,
    required,
    picked: 0,
    short: 0,
    location,
    zone: location?.[0] ?? null,
    aisle,
    tote: null,
    ...more,
  };
}

function begun(wanted: URLSearchParams): WorkState {
  const now = Date.now();
  const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString();
  const summary = (task_id: number, number: string, destination: string, due_at: string | null) => ({
    task_id,
    number,
    destination,
    version: 1,
    status: "assigned" as const,
    workers: ["ana"],
    due_at,
    created_at: at(-300 + task_id),
  });
  const role = wanted.has("supervisor") ? "supervisor" : "worker";
  const ana: Person = { username: "ana", role };
  const plain = wanted.has("plain");
  const conflicts: Conflict[] = (
    ["more_than_required", "version_conflict", SET_ASIDE, "a_new_reason"] as const
  ).map((code, index) => ({
    operation_id: `conflict-${index}`,
    owner: "ana",
    kind: index === 1 ? "undo" : "scan",
    task_id: index + 1,
    sku: "SC-PEN",
    quantity: 12,
    code,
    message: "The pieces are elsewhere.",
    details: {},
    at: now - 42 * MINUTE,
  }));
  const articles: Article[] = Object.entries(NAMES).map(([sku, description]) => ({
    sku,
    description,
    codes: PACKS[sku] ?? [],
  }));
  const waiting = plain
    ? []
    : [
        { owner: "ana", count: 12, since: now - 38 * MINUTE },
        { owner: "marko", count: 23, since: now - 200 * MINUTE },
      ];
  return {
    person: wanted.has("nobody") ? null : ana,
    people: [ana, { username: "marko", role: "worker" }, { username: "svetlana", role: "supervisor" }],
    enrolled: !wanted.has("stranger"),
    device_id: wanted.has("stranger") ? null : "d1",
    online: !wanted.has("offline"),
    taken_at: now - 3 * MINUTE,
    tasks: [
      task({ ...summary(1, "NS-2041", "Store 12, Novi Sad", at(-45)), door: "Door 3" }, [
        line(1, "SC-PEN", 63, "A-03-12", { tote: "T7" }),
        line(2, "SC-NOTE", 553, "A-04-01", { tote: "T7" }),
        line(3, "SC-INK", 5, "B-11-02", { tote: "T7", picked: 2 }),
        line(6, "SC-INK", 2, "B-11-02", { tote: "T8" }),
        line(7, "SC-INK", 1, "B-11-02", { tote: "T9" }),
        line(4, "SC-PEN", 8, "B-12-04", { tote: "T8" }),
        line(5, "SC-TAPE", 4, null, { picked: 3, short: 1 }),
      ]),
      task({ ...summary(2, "BG-77", "Store 3, Beograd", at(25)), priority: 5 }, [
        line(21, "SC-TAPE", 2, "C-01-02"),
      ]),
      task(summary(3, "SU-9", "Subotica", null), [line(31, "SC-BOX", 1, "C-02-09")]),
      task(summary(4, "NI-1500", "Niš, the whole of a very long name of a customer d.o.o.", at(300)), [
        line(41, "SC-BOX", 1200, "C-02-09", { picked: 800 }),
      ]),
    ],
    pool: [
      {
        ...task(summary(5, "KG-31", "Kragujevac", at(90)), [line(51, "SC-TAPE", 6, "C-01-02")]),
        workers: [],
      },
    ],
    is_cut: wanted.has("cut"),
    articles: new Map(articles.map((one) => [one.sku, one])),
    done: [],
    conflicts: plain ? [] : conflicts,
    waiting,
    held: waiting,
    troubles: (wanted.get("troubles")?.split(",") ?? []) as Trouble[],
    update_waits: wanted.has("update"),
  };
}
