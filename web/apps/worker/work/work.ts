/**
 * What the screens know of the work: what it looks like, and what can be done with it.
 *
 * An operation (a scan, a shortage, an undo) is judged on the device, written to the queue, and only then answered
 * on the screen. It is sent when the gateway answers; what the server says otherwise becomes a conflict.
 */

export type Outcome =
  | "picked"
  | "line_complete"
  | "task_complete"
  | "unknown_code"
  | "not_in_task"
  | "more_than_required"
  | "task_not_open"
  | "not_your_task"
  | "not_on_line"
  | "version_conflict"
  | "several_codes"
  | "quantity_conflict"
  | "wrong_location"
  | "location_needed"
  | "wrong_tote"
  | "tote_needed";

export type ShortageReason = "short_pick" | "not_found" | "damaged";

export interface TaskLine {
  line_id: number;
  requisition_line_id: number;
  requisition_id: number;
  sku: string;
  description: string;
  required: number;
  picked: number;
  short: number;
  location: string | null;
  zone: string | null;
  aisle: string | null;
  tote: string | null;
}

export type TaskStatus = "open" | "assigned" | "in_progress" | "completed" | "cancelled";

export interface TaskSummary {
  task_id: number;
  number: string;
  destination: string;
  version: number;
  status: TaskStatus;
  workers: string[];
  /** The highest comes first; 0 is the usual one, and what older servers say. */
  priority?: number;
  due_at: string | null;
  /** Where what was picked is brought to; older servers do not say it. */
  door?: string | null;
  created_at: string;
  required: number;
  picked: number;
  short: number;
}

export interface Task extends TaskSummary {
  /** In walking order. */
  lines: TaskLine[];
}

export interface Pack {
  code: string;
  pieces: number;
  level: "each" | "inner" | "case" | "pallet";
}

export interface Article {
  sku: string;
  description: string;
  codes: Pack[];
}

/** Why something could not be done. Its code says it to the application, its message in English to people. */
export class WorkError extends Error {
  constructor(
    /**
     * The code of the server's error; or of what kept us from an answer of the server's (`offline`, `proxy_page`,
     * `dependency_unavailable`, `too_many_requests`), or from keeping an operation (`storage_full`, `no_storage`,
     * `still_sending`), or from asking at all (`login_needed`, `not_enrolled`).
     */
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    /** The HTTP status of the server's answer; 0 where there was none. */
    readonly status = 0,
  ) {
    super(message);
    this.name = "WorkError";
  }
}

/** What the screen says to a scan. */
export interface ScanAnswer {
  operation_id: string;
  outcome: Outcome;
  code: string;
  sku: string | null;
  line_id: number | null;
  quantity: number;
  picked: number | null;
  required: number | null;
}

/** What was done here lately, the newest first: what can be taken back is. */
export interface Done {
  operation_id: string;
  kind: "scan" | "shortage";
  task_id: number;
  line_id: number | null;
  sku: string | null;
  quantity: number;
  /** Milliseconds since 1970, by the corrected clock. */
  at: number;
  outcome: Outcome | ShortageReason;
  state: "waiting" | "sent" | "refused" | "undone";
}

/**
 * The code of a conflict that is none yet: the server broke on the operation again and again. The device keeps it, it
 * does not count, and it can be sent again.
 */
export const SET_ASIDE = "set_aside";

/** What the server said otherwise than the device; it stays until somebody has seen it. */
export interface Conflict {
  operation_id: string;
  owner: string;
  kind: "scan" | "shortage" | "undo";
  task_id: number | null;
  sku: string | null;
  quantity: number | null;
  /** The code of the server's error, its message and details. */
  code: string;
  message: string;
  details: Record<string, unknown>;
  at: number;
}

/** How many operations of somebody wait on this device, and since when (milliseconds since 1970). */
export interface Waiting {
  owner: string;
  count: number;
  since: number;
}

export interface Person {
  username: string;
  role: "worker" | "supervisor" | "manager" | "admin";
}

export type Trouble =
  | "login_needed" // it ended while offline: work goes on, and is sent after the next login of the same person
  | "rights_ended"
  | "no_storage" // a private window, or storage is off
  | "storage_full"
  | "storage_evicted" // the browser threw away what was kept here: what had not been sent by then is gone
  | "not_persistent"
  | "proxy_page" // something else answers in the gateway's place
  | "device_refused" // the gateway does not know this device any more
  | "slow_network"
  | "server_error"
  | "newer_records"; // kept here by a newer version of the application: they wait for it

export interface WorkState {
  person: Person | null;
  /** People who are logged in on this device, the last one first: it changes hands in two taps. */
  people: Person[];
  enrolled: boolean;
  /** The id under which the gateway knows this device; null where it is not enrolled. */
  device_id: string | null;
  /** Whether the gateway answers; null until that is known. */
  online: boolean | null;
  /** When the tasks were last read from the server; null where they never were. */
  taken_at: number | null;
  /**
   * Mine, with what waits in the queue counted in; by priority and due time, and last those that were completed so
   * lately that their scans can be taken back.
   */
  tasks: Task[];
  /** Open ones that can be claimed. */
  pool: TaskSummary[];
  /** There are more tasks of mine than the device holds. */
  is_cut: boolean;
  articles: Map<string, Article>;
  done: Done[];
  conflicts: Conflict[];
  waiting: Waiting[];
  /** The same with what was set aside: all that would be lost with the device. */
  held: Waiting[];
  troubles: Trouble[];
  /** A newer version of the application is here and waits for a quiet moment. */
  update_waits: boolean;
}

/** How something was scanned: of which line, how many times, and what was scanned besides. */
export interface Scanned {
  lineId?: number;
  quantity?: number;
  tote?: string;
  location?: string;
}

export interface Asked {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  json?: object;
}

export interface Work {
  subscribe(listener: () => void): () => void;
  state(): WorkState;
  now(): number;

  login(username: string, password: string): Promise<void>;
  loginWithPin(username: string, pin: string): Promise<void>;
  loginWithBadge(code: string): Promise<void>;
  /** Have somebody else who is logged in here go on. */
  change(username: string): Promise<void>;
  /** Ends the login; what waits in the queue stays, and is sent after the next login of the same person. */
  logout(): Promise<void>;
  /** Needs a supervisor's login. */
  enrol(name: string): Promise<void>;
  /**
   * Ask the gateway something that concerns nobody's picking, as whoever works here now. Nothing of it is kept: it
   * needs the network, and rejects with a `WorkError` where that is not there. `isOurs` tells a good answer.
   */
  ask<T>(address: string, isOurs: (body: unknown) => body is T, request?: Asked): Promise<T>;
  /** Ask the browser not to delete what is kept here; whether it promises. */
  persist(): Promise<boolean>;
  /** Somebody knows that the browser threw away what was kept here. */
  evictionSeen(): void;

  refresh(): Promise<void>;
  claim(taskId: number): Promise<void>;
  start(taskId: number): Promise<void>;
  complete(taskId: number): Promise<void>;

  /**
   * Never rejects for what was scanned: what is refused is an answer too. It rejects, with a `WorkError`, where the
   * scan could not be kept, and so was not counted. Of what is answered `location_needed` or `tote_needed` nothing was
   * done: it is to be scanned together with that.
   */
  scan(taskId: number, code: string, how?: Scanned): Promise<ScanAnswer>;
  /** The SKU of the article of one's tasks that a code means, if it means one. */
  means(code: string): string | null;
  short(
    taskId: number,
    lineId: number,
    quantity: number,
    reason: ShortageReason,
    note: string,
  ): Promise<void>;
  undo(operationId: string): Promise<void>;

  /** It is forgotten. What was set aside is then on this device no longer, and nowhere else. */
  seen(conflict: Conflict): Promise<void>;
  /** Send what was set aside of whoever works here again. */
  sendAgain(): Promise<void>;
  /** A supervisor hands in what waits here of somebody who cannot, and what was set aside of theirs. */
  handIn(owner: string): Promise<void>;
  /** Take over the newer version of the application now. */
  update(): void;
}
