/** What the device keeps, as it was read from there: the tasks with what waits done to them, and what was done. */
import type { ConflictRecord, DoneRecord, Picture, QueuedRecord } from "../store/records";
import type { Settlement } from "../store/store";
import { Bench } from "../sync/bench";
import type { Base } from "./base";
import type { Conflict, Done, TaskSummary, Waiting } from "./work";

/** So many of what was done are shown. */
const SHOWN = 200;
const NOBODY = { username: "", role: "worker" } as const;
const NO_TASKS: TaskSummary[] = [];

export class Kept {
  /** The tasks, as operations are judged on them. */
  bench: Bench;
  waiting: Waiting[] = [];
  private conflicts: ConflictRecord[] = [];
  private picture: Picture | null = null;
  private queue: QueuedRecord[] = [];
  /** Operations that something in the queue takes back. */
  private takenBack = new Set<string>();
  private did: DoneRecord[] = [];
  /** What was done on this device, as far as it was read, and since: more than is shown, as all of it is told back. */
  private known = new Set<string>();

  constructor(private readonly base: Pick<Base, "store" | "session" | "clock">) {
    this.bench = this.benchOf();
  }

  /** Read all of it. */
  async load(): Promise<void> {
    const { store, session, clock } = this.base;
    const owner = session.current ?? "";
    const [picture, queue, did, conflicts, waiting] = await Promise.all([
      store.picture(owner),
      store.queued(owner),
      store.done(owner),
      store.conflicts(),
      store.waiting(),
    ]);
    this.picture = picture;
    this.setQueue(queue);
    this.did = did;
    this.known = new Set([...queue, ...did].map((one) => one.operation_id));
    this.conflicts = conflicts;
    this.waiting = waiting.map(({ owner: whose, count, first }) => ({
      owner: whose,
      count,
      since: clock.corrected(first.device_at, first.offset),
    }));
    this.fold();
  }

  /** Do what waits to the tasks as the server had them. */
  fold(): void {
    this.bench = this.benchOf();
  }

  /** What the screens are shown of it. */
  look() {
    return {
      taken_at: this.picture?.tasks.taken_at ?? null,
      tasks: this.bench.tasks(),
      pool: this.picture?.tasks.pool ?? NO_TASKS,
      is_cut: this.picture?.tasks.is_cut ?? false,
      articles: this.bench.articles,
      done: this.doneLately(),
      conflicts: this.conflicts.map(({ v: _, aside: __, ...one }) => one),
      waiting: this.waiting,
      held: this.held(),
    };
  }

  taskIds(): number[] {
    return this.bench.tasks().map((task) => task.task_id);
  }

  /** How many operations of whoever works here wait. */
  get queued(): number {
    return this.queue.length;
  }

  /** Whether it was done here, by whoever works here. */
  knows(operationId: string): boolean {
    return this.known.has(operationId);
  }

  waits(operationId: string): boolean {
    return this.queue.some((one) => one.operation_id === operationId);
  }

  /** Whether something that was done for a task waits. */
  waitsFor(taskId: number): boolean {
    return this.queue.some(({ told }) => told.task_id === taskId);
  }

  doneOf(operationId: string): DoneRecord | undefined {
    return this.did.find((one) => one.operation_id === operationId);
  }

  conflictOf(operationId: string): ConflictRecord | undefined {
    return this.conflicts.find((one) => one.operation_id === operationId);
  }

  /** An operation was written to the queue. */
  add(record: QueuedRecord): void {
    this.queue.push(record);
    this.known.add(record.operation_id);
    if (record.operation.kind === "undo") this.takenBack.add(record.operation.undoes);
    const { owner } = record;
    const mine = this.waiting.find((one) => one.owner === owner);
    const others = this.waiting.filter((one) => one.owner !== owner);
    this.waiting = [
      { owner, count: (mine?.count ?? 0) + 1, since: mine?.since ?? this.at(record) },
      ...others,
    ];
  }

  /** It was decided what became of some operations. */
  settle(result: Settlement): void {
    const gone = new Set(result.settled);
    const since = this.waiting.find((one) => one.owner === result.owner);
    if (since) since.count -= gone.size;
    this.waiting = this.waiting.filter((one) => one.count > 0).map((one) => ({ ...one }));
    this.conflicts = [...this.conflicts, ...result.conflicts];
    if (result.owner !== this.base.session.current) return;
    this.setQueue(this.queue.filter((one) => !gone.has(one.seq)));
    const takenBack = new Set(result.undone);
    this.did = [...result.done.toReversed(), ...this.did]
      .slice(0, SHOWN)
      .map((one) => (takenBack.has(one.operation_id) ? { ...one, state: "undone" } : one));
    this.picture = this.picture && { ...this.picture, tasks: result.learn(this.picture.tasks) };
    // While more waits, the tasks look as they did: what was counted ahead is counted now.
    if (result.conflicts.length || (this.queue.length === 0 && !this.isAsAnswered(result))) this.fold();
  }

  /** What waits, and what was set aside, by whose it is. */
  held(): Waiting[] {
    const all = new Map(this.waiting.map((one) => [one.owner, { ...one }]));
    for (const { aside } of this.conflicts) {
      if (!aside) continue;
      const { owner } = aside;
      const of = all.get(owner) ?? { owner, count: 0, since: Number.POSITIVE_INFINITY };
      all.set(owner, { owner, count: of.count + 1, since: Math.min(of.since, this.at(aside)) });
    }
    return [...all.values()];
  }

  /** Somebody has seen a conflict. */
  async forget({ operation_id }: Conflict): Promise<void> {
    await this.base.store.removeConflict(operation_id);
    this.conflicts = this.conflicts.filter((one) => one.operation_id !== operation_id);
  }

  /** What was done here lately, the newest first. */
  private doneLately(): Done[] {
    const waiting = this.queue
      .slice(-SHOWN)
      .reverse()
      .flatMap((one) => asDone(one, this.at(one)));
    const sent = this.did.map(({ v: _, owner: __, ...one }) => one);
    return [...waiting, ...sent].slice(0, SHOWN).map((one) => this.asShown(one));
  }

  private asShown(one: Done): Done {
    const isUndone = one.state !== "refused" && this.takenBack.has(one.operation_id);
    return { ...one, state: isUndone ? "undone" : one.state };
  }

  private setQueue(queue: QueuedRecord[]): void {
    this.queue = queue;
    const undos = queue.flatMap(({ operation }) => (operation.kind === "undo" ? [operation.undoes] : []));
    this.takenBack = new Set(undos);
  }

  /** Whether the tasks already look as the server says of them. */
  private isAsAnswered({ undone }: Settlement): boolean {
    return undone.length === 0 && this.bench.agrees(this.picture?.tasks.tasks ?? []);
  }

  private benchOf(): Bench {
    const { person } = this.base.session;
    return new Bench(this.picture, person ?? NOBODY, this.did, this.queue, (one) => this.at(one), this.bench);
  }

  private at({ device_at, offset }: QueuedRecord): number {
    return this.base.clock.corrected(device_at, offset);
  }
}

/** What waits, as something that was done. */
function asDone({ operation, operation_id, told }: QueuedRecord, at: number): Done[] {
  if (operation.kind === "undo") return [];
  const isRefused = operation.kind === "scan" && operation.refused_as !== undefined;
  return [
    {
      operation_id,
      kind: operation.kind,
      task_id: operation.task_id,
      line_id: told.line_id,
      sku: told.sku,
      quantity: told.quantity,
      at,
      outcome: told.outcome as Done["outcome"],
      state: isRefused ? "refused" : "waiting",
    },
  ];
}
