import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Happening, type Live, listen } from "./live";

/** What came, in its order; it can be waited for. */
class Heard<T> {
  readonly all: T[] = [];
  private wake = () => {};

  add = (one: T): void => {
    this.all.push(one);
    this.wake();
  };

  async until(isIt: (one: T) => boolean): Promise<T> {
    for (;;) {
      const found = this.all.find(isIt);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  times(count: number): Promise<T> {
    return this.until(() => this.all.length >= count);
  }
}

let http: HttpServer;
let server: Server;
let live: Live | undefined;
/** Sockets as they connected, and what was said on any of them. */
let sockets: Heard<Socket>;
let said: Heard<{ event: string; data: Record<string, unknown> }>;
let connected: Heard<boolean>;
let happened: Heard<{ type: string }>;
let missed: Heard<true>;
let token: () => Promise<string>;

beforeEach(async () => {
  http = createServer();
  server = new Server(http);
  sockets = new Heard();
  said = new Heard();
  connected = new Heard();
  happened = new Heard();
  missed = new Heard();
  token = async () => "a.1";
  server.on("connection", (socket) => {
    socket.onAny((event, data, answer) => {
      answer?.({});
      said.add({ event, data });
    });
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  vi.stubGlobal("location", { protocol: "http:", host: `127.0.0.1:${port}`, hostname: "127.0.0.1", port });
});

afterEach(async () => {
  live?.close();
  live = undefined;
  await server.close();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function follow(): Live {
  live = listen(
    () => token(),
    happened.add,
    connected.add,
    () => missed.add(true),
  );
  return live;
}

const asked = () => said.all.map(({ event, data }) => [event, data.task_id ?? data.token]);

test("it shows a token, and says that it is the application", async () => {
  follow();
  const socket = await sockets.times(1);
  expect(socket.handshake.auth).toEqual({ token: "a.1", client: "app" });
  await connected.until((is) => is);
});

test("without a token the gateway is the one to refuse it", async () => {
  token = () => Promise.reject(new Error("login_needed"));
  follow();
  expect((await sockets.times(1)).handshake.auth).toEqual({ client: "app" });
});

test("what happens is told", async () => {
  follow();
  const socket = await sockets.times(1);
  socket.emit("event", { type: "task.changed", data: {} });
  expect(await happened.times(1)).toEqual({ type: "task.changed", data: {} });
});

test("of what comes together it is told at once, where that is asked for", async () => {
  const briefly = new Heard<(string | undefined)[]>();
  live = listen(
    () => token(),
    happened.add,
    connected.add,
    () => missed.add(true),
    "app",
    { briefly: briefly.add },
  );
  const socket = await sockets.times(1);
  expect(socket.handshake.auth).toEqual({ token: "a.1", client: "app", brief: true });
  socket.emit("brief", { number: 1, operation_ids: ["o1", "o2"], others: 0 });
  socket.emit("brief", { number: 3, operation_ids: ["o3"], others: 2 });
  await briefly.times(2);
  expect(briefly.all).toEqual([
    ["o1", "o2"],
    ["o3", undefined],
  ]);
  expect(missed.all).toHaveLength(1);
});

test("events come several at once, where that is asked for", async () => {
  const together = new Heard<Happening[]>();
  live = listen(
    () => token(),
    happened.add,
    connected.add,
    () => missed.add(true),
    "desk",
    { together: together.add },
  );
  const socket = await sockets.times(1);
  expect(socket.handshake.auth).toEqual({ token: "a.1", client: "desk", together: true });
  const event = { id: 1, source: "task-service", type: "task.changed", subject: "task:1", data: {} };
  socket.emit("events", { number: 1, events: [event, { ...event, id: 2 }] });
  socket.emit("events", { number: 3, events: [{ ...event, id: 4 }] });
  await together.times(2);
  expect(together.all.map((events) => events.map(({ id }) => id))).toEqual([[1, 2], [4]]);
  expect(missed.all).toHaveLength(1);
});

test("where a number is skipped something was missed", async () => {
  follow();
  const socket = await sockets.times(1);
  for (const number of [1, 2, 4, 5]) socket.emit("event", { number, type: "task.changed", data: {} });
  await happened.times(4);
  expect(missed.all).toHaveLength(1);
});

test("the gateway says itself that something was missed", async () => {
  follow();
  const socket = await sockets.times(1);
  socket.emit("missed", { number: 1 });
  socket.emit("event", { number: 2, type: "task.changed", data: {} });
  await happened.times(1);
  expect(missed.all).toHaveLength(1);
});

test("a new connection begins at 1 again", async () => {
  follow();
  const first = await sockets.times(1);
  first.emit("event", { number: 1, type: "task.changed", data: {} });
  await happened.times(1);
  first.conn.close();
  const second = await sockets.until((socket) => socket !== first);
  second.emit("event", { number: 1, type: "task.changed", data: {} });
  await happened.times(2);
  expect(missed.all).toHaveLength(0);
});

test("what happened before a task was watched may have been missed", async () => {
  follow().watch([7]);
  await missed.times(1);
  expect(asked()).toEqual([["watch", 7]]);
});

test("tasks are watched from when it is connected, and left once they are not there any more", async () => {
  const { watch } = follow();
  watch([1, 2]);
  await said.times(2);
  watch([2, 3]);
  await said.times(4);
  expect(asked()).toEqual([
    ["watch", 1],
    ["watch", 2],
    ["watch", 3],
    ["unwatch", 1],
  ]);
});

test("the newest token is shown", async () => {
  const { renew } = follow();
  await connected.until((is) => is);
  token = async () => "a.2";
  renew();
  await said.times(1);
  expect(asked()).toEqual([["authenticate", "a.2"]]);
});

test("a connection that broke comes back, and watches as before", async () => {
  follow().watch([7]);
  const socket = await sockets.times(1);
  await said.times(1);
  socket.conn.close();
  await connected.until((is) => !is);
  await said.times(2);
  expect(sockets.all).toHaveLength(2);
  expect(asked()).toEqual([
    ["watch", 7],
    ["watch", 7],
  ]);
});

test("after the gateway ended it, it comes back with the token of then", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  follow();
  const socket = await sockets.times(1);
  await connected.until((is) => is);
  token = async () => "a.2";
  socket.disconnect(true);
  await sockets.times(2);
  expect(sockets.all[1]?.handshake.auth).toEqual({ token: "a.2", client: "app" });
});

test("refused, it tries again", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  let refusals = 1;
  server.use((_socket, next) => next(refusals-- > 0 ? new Error("unauthorized") : undefined));
  follow();
  await sockets.times(1);
  expect(refusals).toBe(-1);
});

test("closed, it is over", async () => {
  const { close } = follow();
  const socket = await sockets.times(1);
  await connected.until((is) => is);
  const gone = new Promise((resolve) => socket.on("disconnect", resolve));
  close();
  expect(await gone).toBe("client namespace disconnect");
  expect(server.sockets.sockets.size).toBe(0);
});
