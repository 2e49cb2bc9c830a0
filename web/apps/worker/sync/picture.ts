/** Reading the tasks from the server. */
import type { Session } from "../session/session";
import type { ArticlesRecord, PickingSettings, Picture } from "../store/records";
import { RECORD_VERSION } from "../store/records";
import type { Store } from "../store/store";
import type { Task, TaskSummary } from "../work/work";
import { type Gateway, has, isObject } from "./gateway";

interface Picking {
  taken_at: string;
  settings: PickingSettings;
  tasks: Task[];
  pool: TaskSummary[];
  articles: ArticlesRecord["articles"];
  exceptions: ArticlesRecord["exceptions"];
  is_cut: boolean;
}

const isPicking = (body: unknown): body is Picking =>
  has(body, { taken_at: "string", settings: "object" }) &&
  isObject(body) &&
  ["tasks", "pool", "articles"].every((name) => Array.isArray(body[name]));

/**
 * Read somebody's tasks and keep them. To be called only while nothing of theirs is being sent, and nothing waits that
 * was: it would be in what is read, and counted once more from the queue.
 */
export async function readPicture(
  owner: string,
  store: Store,
  session: Session,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<void> {
  const before = await store.picture(owner);
  const etag = before?.tasks.etag ?? null;
  const { status, body, headers } = await session.withToken(owner, (token) =>
    gateway.ask("/api/picking", isPicking, {
      token,
      signal,
      timeout: 30_000,
      headers: etag ? { "If-None-Match": etag } : {},
    }),
  );
  if (status === 304 && before) return;
  await store.putPicture(pictureOf(owner, body, headers.get("ETag")));
}

function pictureOf(owner: string, body: Picking, etag: string | null): Picture {
  const { taken_at, settings, tasks, pool, articles, exceptions, is_cut } = body;
  return {
    tasks: {
      v: RECORD_VERSION,
      owner,
      part: "tasks",
      taken_at: Date.parse(taken_at),
      etag,
      tasks,
      pool,
      is_cut,
    },
    articles: { v: RECORD_VERSION, owner, part: "articles", settings, articles, exceptions },
  };
}
