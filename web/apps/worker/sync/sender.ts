/**
 * Sends what waits, in its order, and keeps what came of it. What got no answer of the gateway's stays, and is sent
 * again under the same `operation_id`: the server counts it once, whatever became of the first.
 */
import type { QueuedRecord } from "../store/records";
import { understood } from "../store/records";
import { DONE_KEPT, type Settlement } from "../store/store";
import type { Base } from "../work/base";
import { WorkError } from "../work/work";
import { answersTo, answersToOne, type Fate, fateOf, settlement } from "./answers";
import { NotReached, Refused } from "./gateway";
import { Keeping } from "./keeping";

/** The most operations that the server takes at once. */
export const BATCH = 500;

/** So many are read from the queue at once, to be sent one batch after the other. */
const AHEAD = 10 * BATCH;

/** Whoever holds it, in whichever tab, is the one who sends, and who reads the tasks: never both at once. */
const LOCK = "magacin-send";

/** Why somebody's operations cannot be sent for now. */
export type Hold = "login_needed" | "rights_ended" | "newer_records";

export interface Sending {
  settled(settlement: Settlement): void;
  /** Whose operations cannot be sent, and why; null once they can. */
  held(owner: string, why: Hold | null): void;
  /** Nothing waits of this person, and nothing is under way: the time to read the tasks. */
  atRest(owner: string): Promise<void>;
  /** Something could not be kept. */
  storeFailed(error: unknown): void;
}

/** Why somebody's queue cannot be sent for now; it stays, and others' are sent. */
class Held extends WorkError {
  constructor(readonly why: Hold) {
    super(why === "rights_ended" ? "forbidden" : why, WHY[why]);
  }
}

/** In whose name somebody's operations are sent, and what keeps what becomes of them. */
interface Way {
  by: string | null;
  onBehalfOf: string | undefined;
  keeping: Keeping;
  /** So much waits behind these operations that none of them will be among what is remembered as done. */
  isFollowed?: boolean;
}

const WHY: Record<Hold, string> = {
  login_needed: "The login is over. Log in again.",
  rights_ended: "Whoever sends it may not. Ask a supervisor.",
  newer_records: "A newer version of the application wrote it. Bring the application up to date.",
};

export class Sender {
  private wanted = false;
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay = 0;
  private closed = false;
  /** How often the server broke on an operation. */
  private readonly tries = new Map<string, number>();

  constructor(
    private readonly base: Pick<Base, "store" | "gateway" | "session" | "clock" | "platform" | "tempo">,
    private readonly sending: Sending,
  ) {}

  get isBusy(): boolean {
    return this.running !== null;
  }

  /** It failed, and waits to try again. */
  get isWaiting(): boolean {
    return this.timer !== undefined;
  }

  /** Something waits. It is sent at once, except while it is known that nothing answers. */
  kick(): void {
    if (this.timer === undefined) void this.run().catch(() => {});
  }

  /** Send all that waits, and read the tasks. Rejects where the gateway could not be reached. */
  async run(): Promise<void> {
    if (this.closed) return;
    this.wanted = true;
    this.running ??= this.work().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Send somebody's queue in the name of the one who hands it in. */
  async handIn(owner: string): Promise<void> {
    await this.base.platform.locks.request(LOCK, async () => {
      await this.base.store.requeue(owner);
      await this.sendQueue(owner, this.base.session.current, owner);
    });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async work(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.wanted && !this.closed) {
      this.wanted = false;
      try {
        await this.base.platform.locks.request(LOCK, () => this.sendAll());
        this.delay = 0;
      } catch (error) {
        this.tryLater(error);
        throw error;
      }
    }
  }

  private tryLater(error: unknown): void {
    if (this.closed) return;
    const { first, longest } = this.base.tempo;
    const most = Math.min(longest, Math.max(first, this.delay * 3));
    this.delay = first + (most - first) * this.base.platform.random();
    const wait = error instanceof NotReached ? Math.max(this.delay, error.wait) : this.delay;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.kick();
    }, wait);
  }

  private async sendAll(): Promise<void> {
    const { current } = this.base.session;
    const waiting = (await this.base.store.waiting()).map((one) => one.owner);
    const owners = waiting.sort((a, b) => Number(b === current) - Number(a === current));
    let broken: NotReached | null = null;
    for (const owner of owners) {
      try {
        await this.sendUnlessHeld(owner);
      } catch (error) {
        if (!isAboutTheOperations(error)) throw error;
        // What the server breaks on again and again may not hold up what others did.
        broken ??= error;
      }
    }
    if (broken) throw broken;
    if (current && (await this.base.store.queued(current, 1)).length === 0) await this.readFor(current);
  }

  private async sendUnlessHeld(owner: string): Promise<void> {
    try {
      await this.sendQueue(owner, owner);
      this.sending.held(owner, null);
    } catch (error) {
      if (!(error instanceof Held)) throw error;
      this.sending.held(owner, error.why);
    }
  }

  private async readFor(owner: string): Promise<void> {
    try {
      await this.sending.atRest(owner);
      this.sending.held(owner, null);
    } catch (error) {
      const held = this.asHeld(error);
      if (!(held instanceof Held)) throw held;
      this.sending.held(owner, held.why);
    }
  }

  private async sendQueue(owner: string, by: string | null, onBehalfOf?: string): Promise<void> {
    for (;;) {
      const waiting = await this.base.store.queued(owner, AHEAD);
      if (waiting.length === 0) return;
      const readable = readableOf(waiting);
      if (readable.length === 0) throw new Held("newer_records");
      const keeping = new Keeping((result) => this.keep(result));
      try {
        await this.sendBatches(readable, { by, onBehalfOf, keeping });
      } finally {
        await keeping.end();
      }
    }
  }

  /** Each batch is sent when the one before was answered; what became of that is kept meanwhile. */
  private async sendBatches(waiting: QueuedRecord[], { keeping, ...whose }: Way): Promise<void> {
    for (let at = 0; at < waiting.length && !keeping.isBroken; at += BATCH) {
      const isFollowed = waiting.slice(at + BATCH).filter(isDone).length >= DONE_KEPT;
      const way = { ...whose, keeping, isFollowed };
      const [orphans, others] = await this.withoutTarget(waiting.slice(at, at + BATCH), way);
      this.settle(
        orphans,
        orphans.map(() => setAside("What it takes back was set aside.")),
        way,
      );
      if (others.length === 0) continue;
      const staying = await this.send(others, way);
      if (staying) throw this.failed("The server could not record everything.");
    }
  }

  /**
   * Part the undos of what was set aside from all else. Without it the server would find nothing to take back, and
   * they would be done with; later it would count.
   */
  private async withoutTarget(
    batch: QueuedRecord[],
    { keeping }: Way,
  ): Promise<[QueuedRecord[], QueuedRecord[]]> {
    if (!batch.some(({ operation }) => operation.kind === "undo")) return [[], batch];
    // One of the batches before may have been set aside.
    await keeping.end();
    const conflicts = await this.base.store.conflicts();
    const aside = new Set(conflicts.filter((one) => one.aside).map((one) => one.operation_id));
    return [batch.filter((one) => takesBack(one, aside)), batch.filter((one) => !takesBack(one, aside))];
  }

  /** It is there, and did not do what it should have: that is to be seen on the screen. */
  private failed(message: string, status = 0): NotReached {
    const error = new NotReached("server_error", message, { ours: true, status });
    this.base.gateway.hearing.failed(error);
    return error;
  }

  /** Send operations and have what became of them kept; return how many stay in the queue. */
  private async send(batch: QueuedRecord[], way: Way): Promise<number> {
    let fates: Fate[];
    try {
      fates = await this.ask(batch, way);
    } catch (error) {
      const fate = fateOfBatch(error);
      if (!fate) throw this.asHeld(error);
      if (batch.length > 1) return this.sendHalves(batch, way);
      fates = [fate];
    }
    return this.settle(batch, this.settingAside(batch, fates), way);
  }

  /** What the server broke on too often is set aside, and with it what takes that back. */
  private settingAside(batch: QueuedRecord[], fates: Fate[]): Fate[] {
    const aside = new Set<string>();
    return batch.map((record, at) => {
      const fate = fates[at] ?? ({ kind: "unknown" } as const);
      if (fate.kind !== "broken") return fate;
      const { operation_id } = record;
      const tries = (this.tries.get(operation_id) ?? 0) + 1;
      this.tries.set(operation_id, tries);
      if (tries < this.base.tempo.tries && !takesBack(record, aside)) return fate;
      aside.add(operation_id);
      return setAside(fate.message);
    });
  }

  /** Have what became of operations kept; return how many stay in the queue. */
  private settle(batch: QueuedRecord[], fates: Fate[], { keeping, isFollowed }: Way): number {
    if (batch.length === 0) return 0;
    const answered = batch.map((record, at) => ({ record, fate: fates[at] as Fate }));
    for (const { record, fate } of answered)
      if (fate.kind !== "broken") this.tries.delete(record.operation_id);
    const result = settlement(
      batch[0]?.owner ?? "",
      answered,
      ({ device_at, offset }) => this.base.clock.corrected(device_at, offset),
      this.base.clock.now(),
    );
    keeping.add(isFollowed ? { ...result, done: [] } : result);
    return batch.length - result.settled.length;
  }

  /** One of them is not what the server takes: find it without holding up the others. */
  private async sendHalves(batch: QueuedRecord[], way: Way): Promise<number> {
    const middle = Math.ceil(batch.length / 2);
    const staying = await this.send(batch.slice(0, middle), way);
    // What stays may be what a later one takes back: that must not come before it.
    return staying ? staying : this.send(batch.slice(middle), way);
  }

  private ask(batch: QueuedRecord[], { by, onBehalfOf }: Way): Promise<Fate[]> {
    const [first] = batch;
    return this.base.session.withToken(by, async (token) => {
      if (first?.operation.kind === "scan" && batch.length === 1 && !onBehalfOf) {
        const { kind, ...scan } = this.asSent(first);
        const request = { method: "POST", token, json: scan, timeout: this.base.tempo.single } as const;
        const { body } = await this.base.gateway.ask("/api/scan", answersToOne(first), request);
        return [{ kind: "counted", result: body }];
      }
      const operations = batch.map((one) => this.asSent(one));
      const json = onBehalfOf ? { operations, on_behalf_of: onBehalfOf } : { operations };
      const request = { method: "POST", token, json, timeout: this.base.tempo.batch } as const;
      const { body } = await this.base.gateway.ask("/api/scans", answersTo(batch), request);
      return body.results.map(fateOf);
    });
  }

  private asSent({ operation, operation_id, device_at, offset }: QueuedRecord) {
    const picked_at = new Date(this.base.clock.corrected(device_at, offset)).toISOString();
    return { ...operation, operation_id, picked_at };
  }

  /** What keeps somebody's queue: something about them, or a gateway that cannot do its part of it. */
  private asHeld(error: unknown): unknown {
    if (error instanceof Held) return error;
    if (error instanceof WorkError && (error.code === "login_needed" || error.status === 401)) {
      return new Held("login_needed");
    }
    if (!(error instanceof Refused)) return error;
    if (ABOUT_THE_PERSON.has(error.code)) return new Held("rights_ended");
    return this.failed(error.message, error.status);
  }

  /** Where there is no room for all of it, what was refused is kept at least, which nobody else has. */
  private async keep(result: Settlement): Promise<void> {
    try {
      await this.base.store.settle(result);
    } catch (error) {
      this.sending.storeFailed(error);
      await this.base.store.settle({ ...result, done: [], undone: [], learn: (tasks) => tasks });
    }
    this.sending.settled(result);
  }
}

const setAside = (message: string): Fate => ({ kind: "set_aside", message });

/** Whether it is remembered once it was sent. */
const isDone = ({ operation }: QueuedRecord) => operation.kind !== "undo";

const takesBack = ({ operation }: QueuedRecord, targets: Set<string>) =>
  operation.kind === "undo" && targets.has(operation.undoes);

/** What an error that is about one of a batch says of it, were it alone; null where it is about something else. */
function fateOfBatch(error: unknown): Fate | null {
  if (error instanceof Refused && isAboutTheBatch(error))
    return { ...error, kind: "refused", message: error.message };
  if (isAboutTheOperations(error) && error.status === 500) return { kind: "broken", message: error.message };
  return null;
}

/** Those before the first that a newer version of the application wrote. */
function readableOf(batch: QueuedRecord[]): QueuedRecord[] {
  const present = batch.map(understood);
  const end = present.indexOf(null);
  return (end < 0 ? present : present.slice(0, end)) as QueuedRecord[];
}

// These are about who asks, whatever they ask.
const ABOUT_THE_PERSON = new Set(["forbidden", "user_inactive"]);
const ABOUT_THE_CONTENT = new Set([400, 403, 404, 409, 413, 422]);
// No endpoint, no operation: an older server, or something in its place.
const ABOUT_THE_ADDRESS = new Set(["not_found", "http_404"]);

function isAboutTheBatch({ status, code }: Refused): boolean {
  return ABOUT_THE_CONTENT.has(status) && !ABOUT_THE_PERSON.has(code) && !ABOUT_THE_ADDRESS.has(code);
}

/** Whether the gateway is there, and broke on what it was sent. */
function isAboutTheOperations(error: unknown): error is NotReached {
  return error instanceof NotReached && error.ours && error.why === "server_error";
}
