/** The store in the browser's database. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type {
  ArticlesRecord,
  ConflictRecord,
  DoneRecord,
  NewRecord,
  PersonRecord,
  Picture,
  QueuedRecord,
  Settings,
  TasksRecord,
} from "./records";
import { understood } from "./records";
import { asideOf, DONE_KEPT, type Settlement, type Store } from "./store";

const NAME = "magacin-work";
/** Rises when stores or indexes are added. What is in a record has a version of its own. */
const SCHEMA_VERSION = 1;

interface Schema extends DBSchema {
  people: { key: string; value: PersonRecord };
  settings: { key: string; value: unknown };
  queue: {
    key: number;
    value: QueuedRecord;
    indexes: { owner: string; operation_id: string };
  };
  pictures: { key: [string, string]; value: TasksRecord | ArticlesRecord };
  conflicts: { key: string; value: ConflictRecord };
  done: { key: string; value: DoneRecord; indexes: { owner_at: [string, number] } };
}

type Name = "people" | "settings" | "queue" | "pictures" | "conflicts" | "done";

/** Opens it; rejects where the browser has none, as some private windows. */
export async function openIndexed(whenClosed: () => void = () => {}): Promise<Store> {
  let isNew = false;
  const database = await openDB<Schema>(NAME, SCHEMA_VERSION, {
    upgrade(db, from) {
      isNew = from === 0;
      db.createObjectStore("people", { keyPath: "username" });
      db.createObjectStore("settings");
      const queue = db.createObjectStore("queue", { keyPath: "seq", autoIncrement: true });
      queue.createIndex("owner", "owner");
      queue.createIndex("operation_id", "operation_id", { unique: true });
      db.createObjectStore("pictures", { keyPath: ["owner", "part"] });
      db.createObjectStore("conflicts", { keyPath: "operation_id" });
      const done = db.createObjectStore("done", { keyPath: "operation_id" });
      done.createIndex("owner_at", ["owner", "at"]);
    },
    // A newer version in another tab waits for this one to let go.
    blocking: (_from, _to, event) => {
      (event.target as IDBDatabase).close();
      whenClosed();
    },
    terminated: whenClosed,
  });
  return new Indexed(database, isNew);
}

const everythingOf = (owner: string) => IDBKeyRange.bound([owner, 0], [owner, Number.MAX_VALUE]);

class Indexed implements Store {
  readonly lasts = true;

  constructor(
    private readonly db: IDBPDatabase<Schema>,
    readonly isNew: boolean,
  ) {}

  async people() {
    return (await this.db.getAll("people")).map(understood).filter((one) => one !== null);
  }

  async putPerson(person: PersonRecord) {
    await this.write(["people", "settings", "queue", "pictures", "conflicts", "done"], async (tx) => {
      const { username, since } = person;
      const known = ((await tx.objectStore("settings").get("since")) ?? {}) as Settings["since"];
      if (since !== undefined) {
        if ((known[username] ?? since) !== since) await this.forget(tx, username);
        await tx.objectStore("settings").put({ ...known, [username]: since }, "since");
      }
      await tx.objectStore("people").put(person);
    });
  }

  private async forget(tx: ReturnType<typeof this.begin>, owner: string) {
    const [queued, done, conflicts] = await Promise.all([
      tx.objectStore("queue").index("owner").getAllKeys(owner),
      tx.objectStore("done").index("owner_at").getAllKeys(everythingOf(owner)),
      tx.objectStore("conflicts").getAll(),
    ]);
    const theirs = conflicts.filter((one) => one.owner === owner).map((one) => one.operation_id);
    await Promise.all([
      tx.objectStore("pictures").delete(IDBKeyRange.bound([owner], [owner, []])),
      ...queued.map((seq) => tx.objectStore("queue").delete(seq)),
      ...done.map((id) => tx.objectStore("done").delete(id)),
      ...theirs.map((id) => tx.objectStore("conflicts").delete(id)),
    ]);
  }

  async replacePerson(before: PersonRecord, person: PersonRecord) {
    return this.write(["people"], async (tx) => {
      const people = tx.objectStore("people");
      const isSame = (await people.get(before.username))?.refresh_token === before.refresh_token;
      if (isSame) await people.put(person);
      return isSame;
    });
  }

  async removePerson(username: string) {
    await this.write(["people", "pictures"], (tx) =>
      Promise.all([
        tx.objectStore("people").delete(username),
        tx.objectStore("pictures").delete(IDBKeyRange.bound([username], [username, []])),
      ]),
    );
  }

  async setting<K extends keyof Settings>(name: K) {
    return (await this.db.get("settings", name)) as Settings[K] | undefined;
  }

  async putSetting<K extends keyof Settings>(name: K, value: Settings[K]) {
    await this.write(["settings"], (tx) => tx.objectStore("settings").put(value, name));
  }

  async enqueue(record: NewRecord) {
    const seq = await this.write(["queue"], (tx) => {
      const added = tx.objectStore("queue").add(record as QueuedRecord);
      // Nothing follows: it need not come back here before it goes to the disk.
      tx.commit();
      return added;
    });
    return { ...record, seq };
  }

  queued(owner: string, limit?: number) {
    return this.db.getAllFromIndex("queue", "owner", owner, limit);
  }

  async waiting() {
    const index = this.db.transaction("queue").store.index("owner");
    const found: { owner: string; count: number; first: QueuedRecord }[] = [];
    for (let at = await index.openCursor(null, "nextunique"); at; at = await at.continue()) {
      found.push({ owner: at.value.owner, count: await index.count(at.value.owner), first: at.value });
    }
    return found;
  }

  async settle({ owner, settled, done, undone, conflicts, learn }: Settlement) {
    await this.write(["queue", "done", "conflicts", "pictures"], async (tx) => {
      const queue = tx.objectStore("queue");
      const kept = tx.objectStore("done");
      const pictures = tx.objectStore("pictures");
      const writes: Promise<unknown>[] = [
        ...runs(settled).map(([first, last]) => queue.delete(IDBKeyRange.bound(first, last))),
        ...conflicts.map((one) => tx.objectStore("conflicts").put(one)),
        ...done.slice(-DONE_KEPT).map((one) => kept.put(one)),
      ];
      const tasks = await pictures.get([owner, "tasks"]);
      if (tasks?.part === "tasks") writes.push(pictures.put(learn(tasks)));
      for (const id of undone) {
        const target = await kept.get(id);
        if (target) writes.push(kept.put({ ...target, state: "undone" }));
      }
      await Promise.all(writes);
      if (done.length === 0) return;
      const byAge = kept.index("owner_at");
      const over = (await byAge.count(everythingOf(owner))) - DONE_KEPT;
      const oldest = over > 0 ? await byAge.getAllKeys(everythingOf(owner), over) : [];
      await Promise.all(oldest.map((id) => kept.delete(id)));
    });
  }

  async picture(owner: string): Promise<Picture | null> {
    const [tasks, articles] = await Promise.all([
      this.db.get("pictures", [owner, "tasks"]),
      this.db.get("pictures", [owner, "articles"]),
    ]);
    if (tasks?.part !== "tasks" || articles?.part !== "articles") return null;
    const present = [understood(tasks), understood(articles)] as const;
    return present[0] && present[1] && { tasks: present[0], articles: present[1] };
  }

  async putPicture({ tasks, articles }: Picture) {
    await this.write(["people", "pictures"], async (tx) => {
      if (!(await tx.objectStore("people").get(tasks.owner))) return;
      const pictures = tx.objectStore("pictures");
      await Promise.all([pictures.put(tasks), pictures.put(articles)]);
    });
  }

  async requeue(owner: string) {
    await this.write(["queue", "conflicts", "done"], async (tx) => {
      const conflicts = tx.objectStore("conflicts");
      const again = asideOf(await conflicts.getAll(), owner);
      await Promise.all(
        again.flatMap((record) => [
          tx.objectStore("queue").add(record as QueuedRecord),
          conflicts.delete(record.operation_id),
          tx.objectStore("done").delete(record.operation_id),
        ]),
      );
    });
  }

  async conflicts() {
    return (await this.db.getAll("conflicts")).map(understood).filter((one) => one !== null);
  }

  async removeConflict(operationId: string) {
    await this.write(["conflicts"], (tx) => tx.objectStore("conflicts").delete(operationId));
  }

  async done(owner: string) {
    const all = await this.db.getAllFromIndex("done", "owner_at", everythingOf(owner));
    return all
      .map(understood)
      .filter((one) => one !== null)
      .reverse();
  }

  close() {
    this.db.close();
  }

  /** All of it or nothing, and on the disk when it is done: a battery may die in the next moment. */
  private async write<T>(
    stores: Name[],
    body: (tx: ReturnType<typeof this.begin>) => Promise<T>,
  ): Promise<T> {
    const tx = this.begin(stores);
    const ended = tx.done;
    // Awaited below, where it says why; until then a failure is not one that nobody looks at.
    ended.catch(() => {});
    try {
      const result = await body(tx);
      await ended;
      return result;
    } catch (error) {
      try {
        tx.abort();
      } catch {
        // It is over already.
      }
      throw tx.error ?? error;
    }
  }

  private begin(stores: Name[]) {
    return this.db.transaction(stores, "readwrite", { durability: "strict" });
  }
}

/** Rising places in the queue, as first and last of those that follow each other: between these is nobody else's. */
function runs(places: number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const place of places) {
    const run = found.at(-1);
    if (run && place === run[1] + 1) run[1] = place;
    else found.push([place, place]);
  }
  return found;
}
