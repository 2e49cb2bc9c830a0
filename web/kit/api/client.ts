/** Requests to the application's own API: one place for the CSRF token, errors and a session that ended. */
import { begunAnswer } from "../early";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether asking again later may help: the other side is away, not the request wrong. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  /** Whether the other side was waited for already, in vain: asking again at once only delays saying so. */
  get hangs(): boolean {
    return typeof this.details === "object" && this.details !== null && "hangs" in this.details;
  }
}

/** What answers the requests, as people know it. */
export const server = { name: "server" };

let csrfToken: string | null = null;
let whenSessionEnds: () => void = () => {};

/** Give the token that requests which change something (and POSTed queries) carry. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Say what happens when it answers that nobody is logged in (any more). */
export function onSessionEnd(handler: () => void): void {
  whenSessionEnds = handler;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a form, as Prometheus takes its queries. */
  form?: URLSearchParams;
  /** Sent as a form with files. */
  upload?: FormData;
  /** Sent besides, such as who asks. */
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Ask the server, and return the parsed body; throws ApiError, or AbortError as fetch does. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await ask<T>(path, options)).body;
}

export interface Answer<T> {
  body: T;
  etag: string | null;
}

/** Ask, and return what tells this answer from another as well; with `If-None-Match`, null for what is as it was. */
export async function askIfChanged<T>(
  path: string,
  etag: string | null,
  options: RequestOptions = {},
): Promise<Answer<T> | null> {
  const headers: Record<string, string> = etag === null ? {} : { "If-None-Match": etag };
  const answer = await ask<T>(path, { ...options, headers: { ...options.headers, ...headers } });
  return answer.status === 304 ? null : answer;
}

/** Ask, and hand over each line of the answer as it comes: JSON, one value a line. */
export async function requestLines<T>(
  path: string,
  options: RequestOptions,
  take: (line: T) => void,
): Promise<void> {
  const response = await respond(path, options);
  if (!response.ok) throw await refused(response);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const more = decoder.decode(value, { stream: true });
    rest += more;
    // A long line comes in many pieces: it is looked at once, when it has ended.
    if (!more.includes("\n")) continue;
    const lines = rest.split("\n");
    rest = lines.pop() as string;
    for (const line of lines) take(JSON.parse(line));
  }
}

async function ask<T>(path: string, options: RequestOptions): Promise<Answer<T> & { status: number }> {
  const response = await respond(path, options);
  const { status } = response;
  const etag = response.headers.get("ETag");
  if (status === 204 || status === 304) return { status, etag, body: undefined as T };
  if (!response.ok) throw await refused(response);
  return { status, etag, body: (await readJson(response)) as T };
}

async function refused(response: Response): Promise<ApiError> {
  const error = await errorOf(response);
  if (error.status === 401 && error.code === "unauthorized") whenSessionEnds();
  return error;
}

function respond(path: string, options: RequestOptions): Promise<Response> {
  const { method = "GET", json, form, upload, signal } = options;
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (method !== "GET" && csrfToken) headers["X-CSRF-Token"] = csrfToken;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  return send(path, {
    method,
    headers,
    body: json !== undefined ? JSON.stringify(json) : (form ?? upload ?? null),
    signal: signal ?? null,
    credentials: "same-origin",
  });
}

/** What an answer that is not what was asked for says. */
export async function errorOf(response: Response): Promise<ApiError> {
  return asApiError(response.status, await readJson(response), response.statusText);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await ((init.method === "GET" && begunAnswer(path)) || fetch(path, init));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unavailable();
  }
}

/** What is said where no answer comes. */
export function unavailable(): ApiError {
  const { name } = server;
  return new ApiError(0, `${name}_unavailable`, `The ${name} does not answer. Is it running?`);
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

interface OurError {
  error: { code: string; message: string; details?: unknown };
}
interface PrometheusError {
  status: "error";
  errorType: string;
  error: string;
}

/** The error that a body of this status stands for. */
export function asApiError(status: number, body: unknown, statusText = ""): ApiError {
  if (isOurError(body)) {
    const { code, message, details } = body.error;
    return new ApiError(status, code, message, details);
  }
  if (isPrometheusError(body)) return new ApiError(status, body.errorType, body.error);
  const text = typeof body === "string" ? body : statusText || "no reason given";
  return new ApiError(status, `http_${status}`, `HTTP ${status}: ${text}`);
}

function isOurError(body: unknown): body is OurError {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  return typeof body.error === "object" && body.error !== null && "message" in body.error;
}

function isPrometheusError(body: unknown): body is PrometheusError {
  return typeof body === "object" && body !== null && "errorType" in body && "error" in body;
}
