/** What is done with whole tasks: the gateway has to answer, and the tasks are read after it. */
import { nobodyLoggedIn } from "../session/session";
import type { TasksRecord } from "../store/records";
import type { Settlement } from "../store/store";
import { has } from "../sync/gateway";
import type { Sender } from "../sync/sender";
import type { Base } from "./base";
import type { Reading } from "./reading";
import type { Troubles } from "./troubles";
import type { Task, TaskSummary } from "./work";

const isTask = (body: unknown): body is Task =>
  has(body, { task_id: "number", status: "string", workers: "object" });

export class Commands {
  constructor(
    private readonly base: Pick<Base, "session" | "gateway" | "store">,
    private readonly reading: Reading,
    private readonly sender: Sender,
    private readonly troubles: Troubles,
    private readonly learned: (result: Settlement) => void,
  ) {}

  async give(taskId: number, what: "claim" | "start" | "complete"): Promise<void> {
    const { session, gateway } = this.base;
    const owner = session.currentOrThrow();
    const { body } = await session.withToken(owner, (token) =>
      gateway.ask(`/api/tasks/${taskId}/${what}`, isTask, { method: "POST", token }),
    );
    try {
      await this.refresh();
    } catch {
      // It is done all the same, and what cannot be sent or read just now is said elsewhere.
      await this.learn(owner, body);
    }
  }

  /** Keep what is known of a task until the tasks are read. */
  private async learn(owner: string, { task_id, status, workers }: Task): Promise<void> {
    const known = <T extends TaskSummary>(one: T) =>
      one.task_id === task_id ? { ...one, status, workers } : one;
    const learn = (all: TasksRecord) => ({
      ...all,
      etag: null,
      tasks: all.tasks.map(known),
      pool: all.pool.map(known),
    });
    const result = { owner, settled: [], done: [], undone: [], conflicts: [], learn };
    await this.base.store.settle(result);
    this.learned(result);
  }

  /** Send what waits, and read the tasks. */
  async refresh(): Promise<void> {
    this.reading.want();
    await this.sender.run();
    const { current } = this.base.session;
    if (current && this.troubles.holdOn(current) === "login_needed") throw nobodyLoggedIn();
  }
}
