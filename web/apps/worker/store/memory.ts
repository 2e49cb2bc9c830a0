/** The store where the browser keeps nothing: it lasts as long as the page. */
import type {
  ConflictRecord,
  DoneRecord,
  NewRecord,
  PersonRecord,
  Picture,
  QueuedRecord,
  Settings,
} from "./records";
import { asideOf, DONE_KEPT, type Settlement, type Store } from "./store";

export class Memory implements Store {
  readonly lasts = false;
  readonly isNew = true;
  private readonly persons = new Map<string, PersonRecord>();
  private readonly since = new Map<string, number>();
  private readonly values = new Map<string, unknown>();
  private queue: QueuedRecord[] = [];
  private readonly pictures = new Map<string, Picture>();
  private readonly refused = new Map<string, ConflictRecord>();
  private did: DoneRecord[] = [];
  private seq = 0;

  async people() {
    return [...this.persons.values()];
  }
  async putPerson(person: PersonRecord) {
    const { username, since } = person;
    if (since !== undefined) {
      if ((this.since.get(username) ?? since) !== since) this.forget(username);
      this.since.set(username, since);
    }
    this.persons.set(username, person);
  }
  private forget(owner: string) {
    this.pictures.delete(owner);
    this.queue = this.queue.filter((one) => one.owner !== owner);
    this.did = this.did.filter((one) => one.owner !== owner);
    for (const one of [...this.refused.values()]) {
      if (one.owner === owner) this.refused.delete(one.operation_id);
    }
  }
  async replacePerson(before: PersonRecord, person: PersonRecord) {
    const isSame = this.persons.get(before.username)?.refresh_token === before.refresh_token;
    if (isSame) this.persons.set(person.username, person);
    return isSame;
  }
  async removePerson(username: string) {
    this.persons.delete(username);
    this.pictures.delete(username);
  }

  async setting<K extends keyof Settings>(name: K) {
    return this.values.get(name) as Settings[K] | undefined;
  }
  async putSetting<K extends keyof Settings>(name: K, value: Settings[K]) {
    this.values.set(name, value);
  }

  async enqueue(record: NewRecord) {
    const queued = { ...record, seq: ++this.seq };
    this.queue.push(queued);
    return queued;
  }
  async queued(owner: string, limit = Number.POSITIVE_INFINITY) {
    return this.queue.filter((one) => one.owner === owner).slice(0, limit);
  }
  async waiting() {
    const found = new Map<string, { owner: string; count: number; first: QueuedRecord }>();
    for (const one of this.queue) {
      const of = found.get(one.owner);
      if (of) of.count++;
      else found.set(one.owner, { owner: one.owner, count: 1, first: one });
    }
    return [...found.values()];
  }
  async settle({ owner, settled, done, undone, conflicts, learn }: Settlement) {
    const gone = new Set(settled);
    const takenBack = new Set(undone);
    this.queue = this.queue.filter((one) => !gone.has(one.seq));
    for (const one of conflicts) this.refused.set(one.operation_id, one);
    this.did = [...this.did, ...done]
      .slice(-DONE_KEPT)
      .map((one) => (takenBack.has(one.operation_id) ? { ...one, state: "undone" } : one));
    const picture = this.pictures.get(owner);
    if (picture) this.pictures.set(owner, { ...picture, tasks: learn(picture.tasks) });
  }

  async picture(owner: string) {
    return this.pictures.get(owner) ?? null;
  }
  async putPicture(picture: Picture) {
    const { owner } = picture.tasks;
    if (this.persons.has(owner)) this.pictures.set(owner, picture);
  }

  async requeue(owner: string) {
    for (const record of asideOf([...this.refused.values()], owner)) {
      await this.enqueue(record);
      this.refused.delete(record.operation_id);
      this.did = this.did.filter((one) => one.operation_id !== record.operation_id);
    }
  }

  async conflicts() {
    return [...this.refused.values()];
  }
  async removeConflict(operationId: string) {
    this.refused.delete(operationId);
  }
  async done(owner: string) {
    return this.did.filter((one) => one.owner === owner).reverse();
  }

  close() {}
}
