/**
 * Requests to the gateway. Only an answer of its own counts as one: in a warehouse's network something else may
 * answer in its place, with a page, a redirection or an error of its own.
 */
import type { Platform } from "../work/platform";
import { WorkError } from "../work/work";
import type { Clock } from "./clock";

interface Circumstances {
  /** Nothing came in time, as opposed to at once. */
  late?: boolean;
  /** The gateway itself said so. */
  ours?: boolean;
  /** How long to wait before asking again, at least, in milliseconds. */
  wait?: number;
  status?: number;
}

const CODES = {
  no_answer: "offline",
  proxy_page: "proxy_page",
  server_error: "dependency_unavailable",
  too_many_requests: "too_many_requests",
} as const;

/** No answer that says what became of what was asked. */
export class NotReached extends WorkError {
  readonly late: boolean;
  readonly ours: boolean;
  readonly wait: number;

  constructor(
    readonly why: keyof typeof CODES,
    message: string,
    { late = false, ours = false, wait = 0, status = 0 }: Circumstances = {},
  ) {
    super(CODES[why], message, {}, status);
    this.name = "NotReached";
    this.late = late;
    this.ours = ours;
    this.wait = wait;
  }
}

/** The gateway's answer that it will not do it. */
export class Refused extends WorkError {
  override name = "Refused";
}

export interface Request {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  token?: string | null;
  json?: unknown;
  headers?: Record<string, string>;
  /** Milliseconds, until the whole answer is here. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface Reply<T> {
  status: number;
  body: T;
  headers: Headers;
  /** By the device's clock. */
  asked: number;
  answered: number;
}

/** What was heard of the gateway, with each request. */
export interface Hearing {
  reached(milliseconds: number): void;
  failed(why: NotReached): void;
}

const USUAL_TIMEOUT = 10_000;

export class Gateway {
  constructor(
    private readonly platform: Platform,
    private readonly clock: Clock,
    readonly hearing: Hearing,
  ) {}

  /**
   * Ask. Throws `Refused` for an error of the gateway's, `NotReached` for everything that is no answer of its own,
   * which `isOurs` tells by the body of a success.
   */
  async ask<T>(
    address: string,
    isOurs: (body: unknown) => body is T,
    request: Request = {},
  ): Promise<Reply<T>> {
    const asked = this.platform.clock();
    try {
      const reply = await this.send(address, request, isOurs, asked);
      this.heard(reply.headers, asked);
      return reply;
    } catch (error) {
      if (error instanceof NotReached) this.hearing.failed(error);
      throw error;
    }
  }

  private heard(headers: Headers, asked: number): void {
    const answered = this.platform.clock();
    this.clock.measureCoarsely(headers.get("Date"), asked, answered);
    this.hearing.reached(answered - asked);
  }

  private async send<T>(
    address: string,
    request: Request,
    isOurs: (body: unknown) => body is T,
    asked: number,
  ): Promise<Reply<T>> {
    const { response, text } = await this.exchange(address, request);
    const { status, headers } = response;
    const body = status === 204 || status === 304 ? null : readJson(text);
    const answered = this.platform.clock();
    if (status === 304 || (response.ok && isOurs(body))) {
      return { status, body: body as T, headers, asked, answered };
    }
    if (!isError(body)) throw notOurs(status);
    // Whatever it says, it is the gateway that says it.
    this.heard(headers, asked);
    const { code, message, details } = body.error;
    const circumstances = { ours: true, wait: waitOf(headers), status };
    if (status >= 500) throw new NotReached("server_error", message, circumstances);
    if (status === 429) throw new NotReached("too_many_requests", message, circumstances);
    throw new Refused(code, message, details ?? {}, status);
  }

  private async exchange(address: string, request: Request): Promise<{ response: Response; text: string }> {
    const { method = "GET", token, json, headers = {}, timeout = USUAL_TIMEOUT, signal } = request;
    const stop = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stop.abort();
    }, timeout);
    const abort = () => stop.abort();
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      const response = await this.platform.fetch(address, {
        method,
        headers: {
          Accept: "application/json",
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...(json === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: json === undefined ? null : JSON.stringify(json),
        // The gateway sends nobody elsewhere; a login page of the network does.
        redirect: "manual",
        cache: "no-store",
        signal: stop.signal,
      });
      return { response, text: await response.text() };
    } catch (error) {
      if (signal?.aborted) throw error;
      throw late
        ? new NotReached("no_answer", `No answer came within ${timeout / 1000} seconds.`, { late })
        : new NotReached("no_answer", "There is no connection to the warehouse's server.");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

function notOurs(status: number): NotReached {
  if (status >= 500) return new NotReached("server_error", `The server answered ${status}.`, { status });
  return new NotReached("proxy_page", "Something else answered in the server's place.", { status });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `Retry-After` says, in milliseconds. */
function waitOf(headers: Headers): number {
  const seconds = Number(headers.get("Retry-After"));
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

interface OurError {
  error: { code: string; message: string; details?: Record<string, unknown> };
}

function isError(body: unknown): body is OurError {
  return isObject(body) && isObject(body.error) && has(body.error, { code: "string", message: "string" });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an object with fields of these types. */
export function has(value: unknown, fields: Record<string, "string" | "number" | "object">): boolean {
  return isObject(value) && Object.entries(fields).every(([name, type]) => typeof value[name] === type);
}

/** For where the answer has no body. */
export const isNothing = (body: unknown): body is null => body === null;
