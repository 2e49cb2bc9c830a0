/** A gateway for tests: a real HTTP server that answers as ours does, counts each operation once, and can fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Line {
  line_id: number;
  sku: string;
  required: number;
  picked: number;
  short: number;
}
interface ServedTask {
  task_id: number;
  workers: string[];
  status: string;
  version: number;
  lines: Line[];
}
interface Sent {
  kind?: "scan" | "shortage" | "undo";
  operation_id: string;
  task_id: number;
  code?: string;
  quantity: number;
  line_id?: number;
  undoes?: string;
  refused_as?: string;
  picked_at?: string;
}
interface Answer {
  operation_id: string;
  status: number;
  result?: object;
  error?: { code: string; message: string; details: object };
}

/** What a request meets with: before it is done, or after. */
export type Fault = (meets: {
  request: IncomingMessage;
  response: ServerResponse;
  /** Does what was asked, and returns the status and body that it should be answered with. */
  done: () => [number, unknown, string?];
  /** Ends the connection without an answer. */
  cut: () => void;
}) => void | Promise<void>;

export const cutBefore: Fault = ({ cut }) => cut();
export const cutAfter: Fault = ({ done, cut }) => {
  done();
  cut();
};
export const page: Fault = ({ response }) => {
  response.writeHead(200, { "Content-Type": "text/html" }).end("<html>Log in to the network</html>");
};
export const pageAfter: Fault = (meets) => {
  meets.done();
  return page(meets);
};
export const redirection: Fault = ({ response }) => {
  response.writeHead(302, { Location: "http://127.0.0.1:1/login" }).end();
};
export const unavailable: Fault = ({ response }) => {
  const error = { code: "dependency_unavailable", message: "PostgreSQL does not answer.", details: {} };
  response.writeHead(503, { "Content-Type": "application/json" }).end(JSON.stringify({ error }));
};
export const unavailableAfter: Fault = (meets) => {
  meets.done();
  return unavailable(meets);
};
export const FAULTS = [cutBefore, cutAfter, page, pageAfter, redirection, unavailable, unavailableAfter];

/** Since when everybody is there, in seconds since 1970. */
export const SINCE = 1_760_000_000;

export class TestGateway {
  readonly tasks = new Map<number, ServedTask>();
  readonly answers = new Map<string, Answer>();
  /** In the order in which they were recorded. */
  readonly recorded: Sent[] = [];
  readonly requests: { method: string; path: string; body: never; headers: IncomingMessage["headers"] }[] =
    [];
  readonly undone = new Set<string>();
  /** Who handed in what, by operation. */
  readonly handedIn = new Map<string, string>();
  /** Whose account was deactivated. */
  readonly inactive = new Set<string>();
  /** Ids of devices that were ended. */
  readonly endedDevices = new Set<string>();
  /** Whether everybody has more tasks than are told. */
  hasMore = false;
  /** Access and refresh tokens that are good, and whose they are. */
  readonly tokens = new Map<string, string>();
  tokenLife = 900;
  /** What the coming requests to these paths meet with, one after the other. */
  faults: { path: string; fault: Fault }[] = [];
  /** What every request meets with while it is set. */
  always: Fault | null = null;
  /** Codes that are no operation at all. */
  malformed = new Set<string>();
  /** Operations that fail by a fault of the server's. */
  broken = new Set<string>();
  private server!: Server;
  private issued = 0;
  address = "";

  static async start(): Promise<TestGateway> {
    const gateway = new TestGateway();
    gateway.server = createServer((request, response) => void gateway.serve(request, response));
    await new Promise<void>((resolve) => gateway.server.listen(0, "127.0.0.1", resolve));
    gateway.address = `http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`;
    return gateway;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  addTask(task_id: number, workers: string[], lines: [sku: string, required: number][]): ServedTask {
    const task = {
      task_id,
      workers,
      status: "assigned",
      version: 1,
      lines: lines.map(([sku, required], at) => ({
        line_id: task_id * 1000 + at,
        sku,
        required,
        picked: 0,
        short: 0,
      })),
    };
    this.tasks.set(task_id, task);
    return task;
  }

  picked(task_id: number): number {
    return this.tasks.get(task_id)?.lines.reduce((sum, line) => sum + line.picked, 0) ?? 0;
  }

  /** Have the next request to a path meet with something. */
  next(path: string, fault: Fault): void {
    this.faults.push({ path, fault });
  }

  /** Forget all logins, or those of access alone. */
  endTokens(kind: "access" | "all"): void {
    for (const token of this.tokens.keys()) {
      if (kind === "all" || token.startsWith("a.")) this.tokens.delete(token);
    }
  }

  asked(path: string): number {
    return this.requests.filter((one) => one.path === path).length;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request) text += part;
    const path = request.url ?? "";
    const method = request.method ?? "";
    const body = (text ? JSON.parse(text) : null) as never;
    this.requests.push({ method, path, body, headers: request.headers });
    const done = () => this.answer(method, path, body, request);
    const at = this.faults.findIndex((one) => one.path === path);
    const fault = at >= 0 ? this.faults.splice(at, 1)[0]?.fault : this.always;
    if (fault) return fault({ request, response, done, cut: () => request.socket.destroy() });
    reply(response, done());
  }

  private answer(
    method: string,
    path: string,
    body: never,
    request: IncomingMessage,
  ): [number, unknown, string?] {
    if (path === "/health/live") return [200, { status: "alive" }];
    if (path.startsWith("/api/auth/")) return this.auth(path, body);
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const who = token.startsWith("a.") ? this.tokens.get(token) : undefined;
    if (!who) return error(401, "token_expired", "The access token has expired.");
    if (path === "/api/picking") return this.picking(who, request.headers["if-none-match"]);
    if (path === "/api/devices") return [201, { device_id: "d1", name: "x", secret: "s.1" }];
    const [, contact] = /^\/api\/devices\/(\w+)\/contact$/.exec(path) ?? [];
    if (contact && this.endedDevices.has(contact)) return deviceRefused();
    if (contact) return [200, { server_time: new Date().toISOString() }];
    if (path.endsWith("/pin")) {
      const isProved = (body as { password?: string }).password !== "wrong";
      return isProved ? [204, null] : error(401, "bad_credentials", "Wrong.");
    }
    if (path === "/api/scan") return this.single(who, body);
    if (path === "/api/scans") return this.batch(who, body);
    const [, taskId, what] = /^\/api\/tasks\/(\d+)\/(\w+)$/.exec(path) ?? [];
    const task = this.tasks.get(Number(taskId));
    if (method === "POST" && task && what) return this.command(task, what, who);
    return error(404, "not_found", "Not Found");
  }

  private auth(path: string, body: Record<string, string>): [number, unknown] {
    if (path === "/api/auth/logout") {
      this.tokens.delete(body.refresh_token ?? "");
      return [204, null];
    }
    if (path === "/api/auth/refresh") {
      const who = this.tokens.get(body.refresh_token ?? "");
      this.tokens.delete(body.refresh_token ?? "");
      return who ? [200, this.issue(who)] : error(401, "refresh_refused", "Log in again.");
    }
    const who = path === "/api/auth/badge" ? "ana" : (body.username ?? "");
    if (this.inactive.has(who)) return error(403, "user_inactive", "This user was deactivated.");
    if (body.device_id && this.endedDevices.has(body.device_id)) return deviceRefused();
    if (body.password === "wrong") return error(401, "bad_credentials", "Wrong.");
    return [200, this.issue(who)];
  }

  private issue(who: string) {
    const role = who.startsWith("boss") ? "supervisor" : "worker";
    const claims = { sub: who, role, since: SINCE, n: ++this.issued };
    const access = `a.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
    const refresh = `r.${this.issued}`;
    this.tokens.set(access, who).set(refresh, who);
    return { access_token: access, refresh_token: refresh, token_type: "bearer", expires_in: this.tokenLife };
  }

  private picking(who: string, known?: string): [number, unknown, string?] {
    const tasks = [...this.tasks.values()].filter(
      (task) => task.workers.includes(who) && task.status !== "cancelled",
    );
    const skus = new Set(tasks.flatMap((task) => task.lines.map((line) => line.sku)));
    const content = {
      worker: who,
      settings: { separators: [], variable_measure_eans: [], undo_seconds: 900 },
      is_cut: this.hasMore,
      tasks: tasks.map(asServed),
      pool: [],
      articles: [...skus].map((sku) => ({ sku, description: sku, codes: [] })),
      exceptions: { skus: [], barcodes: [] },
    };
    const etag = `"${Buffer.from(JSON.stringify(content)).toString("base64")}"`;
    if (known === etag) return [304, null, etag];
    return [200, { taken_at: new Date().toISOString(), ...content }, etag];
  }

  private command(task: ServedTask, what: string, who: string): [number, unknown] {
    if (what === "claim") task.workers.push(who);
    if (what === "complete" && task.lines.some(leftOf))
      return error(409, "lines_remaining", "Something is left.");
    if (what === "complete") task.status = "completed";
    return [200, asServed(task)];
  }

  private single(who: string, sent: Sent): [number, unknown] {
    if (this.malformed.has(sent.code ?? "")) return error(422, "invalid_input", "The request is not valid.");
    const { status, result, error: refusal } = this.record(who, { ...sent, kind: "scan" });
    return result ? [status, result] : [status, { error: refusal }];
  }

  private batch(who: string, body: { operations: Sent[]; on_behalf_of?: string }): [number, unknown] {
    const { operations, on_behalf_of } = body;
    if (operations.some((one) => this.malformed.has(one.code ?? ""))) {
      return error(422, "invalid_input", "The request is not valid.");
    }
    const owner = on_behalf_of ?? who;
    const results = operations.map((one) => {
      if (on_behalf_of) this.handedIn.set(one.operation_id, who);
      // What takes back what failed fails with it.
      const isOfFailed = operations.some(
        (other) => other.operation_id === one.undoes && this.broken.has(other.operation_id),
      );
      return isOfFailed ? failed(one, 500, "internal_error", {}) : this.record(owner, one);
    });
    return [200, { results }];
  }

  /** Count an operation, or refuse it; once, whatever comes. */
  private record(who: string, sent: Sent): Answer {
    const earlier = this.answers.get(sent.operation_id);
    if (earlier) return earlier;
    if (this.broken.has(sent.operation_id)) return failed(sent, 500, "internal_error", {});
    const answer = this.decide(who, sent);
    this.answers.set(sent.operation_id, answer);
    this.recorded.push(sent);
    return answer;
  }

  private decide(who: string, sent: Sent): Answer {
    if (sent.kind === "undo") return this.takeBack(sent);
    const task = this.tasks.get(sent.task_id);
    if (!task) return failed(sent, 404, "task_not_found", { task_id: sent.task_id });
    const line =
      task.lines.find((one) =>
        sent.line_id === undefined ? one.sku === sent.code : one.line_id === sent.line_id,
      ) ?? null;
    const refused = (code: string, status = 409) => failed(sent, status, code, factsOf(task, line, sent));
    if (sent.refused_as) return refused(sent.refused_as);
    if (!task.workers.includes(who)) return refused("not_your_task", 403);
    if (!["assigned", "in_progress"].includes(task.status)) return refused("task_not_open");
    if (!line) return refused("not_in_task");
    if (sent.quantity > leftOf(line)) return refused("more_than_required");
    line[sent.kind === "shortage" ? "short" : "picked"] += sent.quantity;
    task.status = task.lines.some(leftOf) ? "in_progress" : "completed";
    const result = {
      ...factsOf(task, line, sent),
      outcome: sent.kind === "shortage" ? "reported" : "picked",
    };
    return { operation_id: sent.operation_id, status: 200, result };
  }

  private takeBack(sent: Sent): Answer {
    const target = this.recorded.find((one) => one.operation_id === sent.undoes);
    const task = this.tasks.get(target?.task_id ?? 0);
    if (!target || !task) return failed(sent, 404, "nothing_to_undo", {});
    if (this.answers.get(target.operation_id)?.status !== 200) return failed(sent, 409, "was_refused", {});
    if (this.undone.has(target.operation_id)) return failed(sent, 409, "already_undone", {});
    const line = task.lines.find((one) =>
      target.line_id === undefined ? one.sku === target.code : one.line_id === target.line_id,
    );
    if (!line) return failed(sent, 409, "pieces_moved", {});
    line[target.kind === "shortage" ? "short" : "picked"] -= target.quantity;
    if (task.status === "completed") task.status = "in_progress";
    this.undone.add(target.operation_id);
    const result = { ...factsOf(task, line, sent), outcome: "undone", undoes: sent.undoes };
    return { operation_id: sent.operation_id, status: 200, result };
  }
}

const leftOf = (line: Line) => line.required - line.picked - line.short;

function factsOf(task: ServedTask, line: Line | null, { operation_id, quantity }: Sent) {
  const { line_id = null, sku = null, picked = null, short = null, required = null } = line ?? {};
  const facts = { operation_id, task_id: task.task_id, task_status: task.status, line_id, sku, quantity };
  return { ...facts, picked, short, required, remaining_lines: task.lines.filter(leftOf).length };
}

function failed({ operation_id }: Sent, status: number, code: string, details: object): Answer {
  return { operation_id, status, error: { code, message: `It is ${code}.`, details } };
}

function asServed(task: ServedTask) {
  const sum = (field: "required" | "picked" | "short") =>
    task.lines.reduce((all, line) => all + line[field], 0);
  return {
    ...task,
    number: `R-${task.task_id}`,
    destination: "Store 1",
    due_at: null,
    created_at: "2026-11-29T06:00:00Z",
    completed_at: null,
    required: sum("required"),
    picked: sum("picked"),
    short: sum("short"),
    lines: task.lines.map((line) => ({
      ...line,
      remaining: leftOf(line),
      requisition_line_id: line.line_id,
      requisition_id: task.task_id,
      description: line.sku,
      location: null,
      zone: null,
      aisle: null,
      tote: null,
    })),
  };
}

const deviceRefused = () => error(403, "device_refused", "This device is not enrolled, or was ended.");

function error(status: number, code: string, message: string): [number, unknown] {
  return [status, { error: { code, message, details: {} } }];
}

function reply(response: ServerResponse, [status, body, etag]: [number, unknown, string?]): void {
  const headers = { "Content-Type": "application/json", ...(etag ? { ETag: etag } : {}) };
  response.writeHead(status, headers).end(body === null ? undefined : JSON.stringify(body));
}
