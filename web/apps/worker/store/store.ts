/** What is kept on the device, whatever it is kept in. */
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

/** So many operations that were sent are remembered of each person. */
export const DONE_KEPT = 200;

/** What became of some operations that were sent: kept all at once, or not at all. */
export interface Settlement {
  owner: string;
  /** Places in the queue that are done with. */
  settled: number[];
  done: DoneRecord[];
  /** Operations that were taken back. */
  undone: string[];
  conflicts: ConflictRecord[];
  /** Returns the tasks with what the answers say. */
  learn: (tasks: TasksRecord) => TasksRecord;
}

/** What was set aside of somebody's among conflicts, in its order, as it is to be queued again. */
export function asideOf(conflicts: ConflictRecord[], owner: string): NewRecord[] {
  return conflicts
    .flatMap(({ aside }) => (aside?.owner === owner ? [aside] : []))
    .sort((a, b) => a.seq - b.seq)
    .map(({ seq: _, ...record }) => record);
}

export interface Store {
  /** Whether it outlasts the page. */
  readonly lasts: boolean;
  /** Whether there was nothing in it when it was opened. */
  readonly isNew: boolean;

  people(): Promise<PersonRecord[]>;
  /** Of somebody else who had the name before and was erased, nothing is left then. */
  putPerson(person: PersonRecord): Promise<void>;
  /** Keeps what somebody has become, unless they logged out, or in anew, meanwhile; tells whether it was kept. */
  replacePerson(before: PersonRecord, person: PersonRecord): Promise<boolean>;
  /** With what there is to pick for them. */
  removePerson(username: string): Promise<void>;

  setting<K extends keyof Settings>(name: K): Promise<Settings[K] | undefined>;
  putSetting<K extends keyof Settings>(name: K, value: Settings[K]): Promise<void>;

  /** Keeps an operation; it is on the disk when this returns. Rejects with `QuotaExceededError` where that is full. */
  enqueue(record: NewRecord): Promise<QueuedRecord>;
  /** The first in somebody's queue, in their order. */
  queued(owner: string, limit?: number): Promise<QueuedRecord[]>;
  /** Whose operations wait, how many of each, and the first. */
  waiting(): Promise<{ owner: string; count: number; first: QueuedRecord }[]>;
  settle(settlement: Settlement): Promise<void>;

  picture(owner: string): Promise<Picture | null>;
  /** Unless its owner has logged out meanwhile. */
  putPicture(picture: Picture): Promise<void>;

  /** Puts what was set aside of somebody's back into their queue, behind what is there, in its order. */
  requeue(owner: string): Promise<void>;

  conflicts(): Promise<ConflictRecord[]>;
  removeConflict(operationId: string): Promise<void>;
  /** The newest first. */
  done(owner: string): Promise<DoneRecord[]>;

  close(): void;
}

export type { ArticlesRecord };
