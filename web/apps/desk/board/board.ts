/**
 * The tasks that are not done, kept as they are now. Events change at once what they say something about, and each
 * task that they named is read again a moment later, many at once: what is shown follows the work within a tenth of a
 * second, and what the service says has the last word.
 */
import type { Answer } from "kit/api/client";
import type { Happening } from "kit/live/live";
import { OPEN_STATES, type Page, type TaskSummary } from "../api/types";
import { after, isOpen, tasksOf } from "./tasks";

export interface BoardState {
  tasks: TaskSummary[];
  /** Whether all of them are there. */
  isComplete: boolean;
  error: unknown;
}

type Poll = (path: string, etag: string | null) => Promise<Answer<Page<TaskSummary>> | null>;

/** As many as one request may name. */
const AT_ONCE = 200;
const PAGE = 500;
/** How long what events said may stand before it is compared with what the service says. */
export const COMPARED_MS = 3_000;

export class Board {
  private tasks = new Map<number, TaskSummary>();
  private readonly pages = new Map<string, Answer<Page<TaskSummary>>>();
  private readonly listeners = new Set<() => void>();
  private readonly named = new Set<number>();
  private comparing = false;
  private reading: Promise<void> | null = null;
  private again = false;
  private shown: BoardState = { tasks: [], isComplete: false, error: null };

  constructor(
    private readonly poll: Poll,
    private readonly later: (what: () => void, ms: number) => void = (what, ms) => void setTimeout(what, ms),
  ) {}

  readonly state = (): BoardState => this.shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get(taskId: number): TaskSummary | undefined {
    return this.tasks.get(taskId);
  }

  /** Take tasks as the service has just answered with them. */
  put(tasks: TaskSummary[]): void {
    for (const task of tasks) this.take(task);
    this.show({});
  }

  /** Read all of them; while that goes on, once more afterwards. */
  readonly read = (): Promise<void> => {
    if (this.reading) this.again = true;
    this.reading ??= this.readAll().finally(() => {
      this.reading = null;
      if (!this.again) return;
      this.again = false;
      void this.read();
    });
    return this.reading;
  };

  readonly missed = (): void => void this.read();

  readonly happened = (events: Happening[]): void => {
    const unknown = new Set<number>();
    let changed = false;
    for (const event of events) {
      if (event.type === "scan.refused") continue;
      for (const id of tasksOf(event)) {
        const task = this.tasks.get(id);
        if (!task) unknown.add(id);
        // While all are read, the lists may be of a moment before.
        if (task || this.reading) this.named.add(id);
        if (!task) continue;
        this.tasks.set(id, after(task, event));
        changed = true;
      }
    }
    if (changed) this.show({});
    if (this.named.size > 0) this.compareSoon();
    if (unknown.size > AT_ONCE) void this.read();
    else if (unknown.size > 0) void this.readSome([...unknown]);
  };

  private compareSoon(): void {
    if (this.comparing) return;
    this.comparing = true;
    this.later(() => {
      this.comparing = false;
      const ids = [...this.named];
      this.named.clear();
      void this.readSome(ids);
    }, COMPARED_MS);
  }

  private async readSome(ids: number[]): Promise<void> {
    try {
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const some = ids.slice(from, from + AT_ONCE);
        const query = some.map((id) => `task_id=${id}`).join("&");
        const answer = await this.poll(`/api/tasks?${query}&limit=${AT_ONCE}`, null);
        for (const id of some) this.tasks.delete(id);
        for (const task of answer?.body.items ?? []) this.take(task);
      }
      this.show({ error: null });
    } catch (error) {
      this.show({ error });
    }
  }

  private async readAll(): Promise<void> {
    try {
      const lists = await Promise.all(OPEN_STATES.map((status) => this.readList(status)));
      // One that went from one list to another meanwhile may stand in both: the later state is the true one.
      this.tasks = new Map(lists.flat().map((task) => [task.task_id, task]));
      this.show({ isComplete: true, error: null });
    } catch (error) {
      this.show({ error });
    }
  }

  private async readList(status: string): Promise<TaskSummary[]> {
    const found: TaskSummary[] = [];
    for (let next: number | null = 0; next !== null; ) {
      const page: Page<TaskSummary> = await this.page(
        `/api/tasks?status=${status}&after=${next}&limit=${PAGE}`,
      );
      found.push(...page.items);
      // The first time each page is shown when it is there.
      if (!this.shown.isComplete) this.put(page.items);
      next = page.next_after;
    }
    return found;
  }

  private async page(path: string): Promise<Page<TaskSummary>> {
    const kept = this.pages.get(path);
    const answer = (await this.poll(path, kept?.etag ?? null)) ?? kept;
    if (!answer) throw new Error(`${path} was answered with nothing`);
    this.pages.set(path, answer);
    return answer.body;
  }

  private take(task: TaskSummary): void {
    if (isOpen(task)) this.tasks.set(task.task_id, task);
    else this.tasks.delete(task.task_id);
  }

  private show(change: Partial<BoardState>): void {
    this.shown = { ...this.shown, ...change, tasks: [...this.tasks.values()] };
    for (const listener of this.listeners) listener();
  }
}
