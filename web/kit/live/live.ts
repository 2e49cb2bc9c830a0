/** What happens elsewhere, as it happens. Loaded after the first screen is there. */
import { io } from "socket.io-client";

/** Messages have the numbers 1, 2, 3 … on each connection: where one is skipped, something was lost. */
interface Numbered {
  number?: number;
}

/** An event. Ids of one `source` and `subject` only grow: what is not newer was seen before. */
export interface Happening extends Numbered {
  id: number;
  source: string;
  type: string;
  subject: string;
  data: { operation_id?: string; worker?: string; [more: string]: unknown };
}

/** What came together. */
interface Brief extends Numbered {
  operation_ids: string[];
  /** Events that are of no operation. */
  others: number;
}

/** Several events, in their order. */
interface Several extends Numbered {
  events: Happening[];
}

/** How to be told of much at once: of all events together, or only of which operations they are. */
export type Manner =
  | { together: (events: Happening[]) => void }
  | { briefly: (operations: (string | undefined)[]) => void };

export interface Live {
  /** Follow just these tasks, besides what concerns the person. */
  watch(tasks: number[]): void;
  /** Have the newest token shown, before the one before it is over. */
  renew(): void;
  close(): void;
}

/** The longest that a reconnection waits. */
const LONGEST_WAIT = 20_000;

/**
 * Listens to what concerns one person; supervisors hear of everything. `token` is asked for whenever the gateway has to
 * be shown one. `missed` says that there may be events that did not come here: what is shown has to be read anew.
 *
 * With a `manner` the gateway is asked for one message for all that came together; `briefly` gets undefined where there
 * were events of no operation. A gateway of before tells of each by `happened` all the same.
 */
export function listen(
  token: () => Promise<string>,
  happened: (what: Happening) => void,
  connected: (isConnected: boolean) => void,
  missed: () => void,
  client: "app" | "desk" | "wall" = "app",
  manner?: Manner,
): Live {
  const together = manner && "together" in manner ? manner.together : undefined;
  const briefly = manner && "briefly" in manner ? manner.briefly : undefined;
  const who = { client, ...(together && { together: true }), ...(briefly && { brief: true }) };
  const socket = io({
    transports: ["websocket"],
    auth: (show) => {
      token().then(
        (shown) => show({ token: shown, ...who }),
        // The gateway refuses it, and it is tried again later.
        () => show(who),
      );
    },
    reconnectionDelayMax: LONGEST_WAIT,
    randomizationFactor: 0.5,
  });
  let watched: number[] = [];
  let last = 0;
  const tell = (event: string, data: object, done = () => {}) => {
    if (socket.connected) socket.emit(event, data, done);
  };
  // What happened to a task between its reading and this is not told.
  const watchOne = (task_id: number) => tell("watch", { task_id }, missed);
  const isNext = ({ number }: Numbered) => {
    const expected = last + 1;
    // A gateway of before has no numbers.
    last = number ?? expected;
    return last === expected;
  };
  let retry: ReturnType<typeof setTimeout> | undefined;

  socket.on("connect", () => {
    for (const task_id of watched) watchOne(task_id);
    connected(true);
  });
  socket.on("disconnect", (reason) => {
    last = 0;
    connected(false);
    // It does not come back by itself from this one; a token that was over is another by then.
    if (reason === "io server disconnect") again();
  });
  socket.on("connect_error", () => {
    if (!socket.active) again();
  });
  socket.on("event", (what: Happening) => {
    if (!isNext(what)) missed();
    happened(what);
  });
  socket.on("events", (what: Several) => {
    if (!isNext(what)) missed();
    together?.(what.events);
  });
  socket.on("brief", (what: Brief) => {
    if (!isNext(what)) missed();
    briefly?.([...what.operation_ids, ...(what.others ? [undefined] : [])]);
  });
  socket.on("missed", (what: Numbered) => {
    isNext(what);
    missed();
  });

  function again() {
    clearTimeout(retry);
    retry = setTimeout(() => socket.connect(), 1_000 + Math.random() * LONGEST_WAIT);
  }

  return {
    watch(tasks) {
      for (const task_id of tasks) if (!watched.includes(task_id)) watchOne(task_id);
      for (const task_id of watched) if (!tasks.includes(task_id)) tell("unwatch", { task_id });
      watched = tasks;
    },
    renew() {
      token().then(
        (shown) => tell("authenticate", { token: shown }),
        () => {},
      );
    },
    close() {
      clearTimeout(retry);
      socket.disconnect();
    },
  };
}
